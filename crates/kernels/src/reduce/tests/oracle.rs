//! The brute force: one element after the other, by the definition.

use num_complex::Complex;

use super::*;

/// What is reduced, and how.
pub struct Question<'a> {
    pub reduction: Reduction,
    pub input: &'a Block,
    pub reduced: &'a [bool],
    pub mask: Option<&'a Block>,
    pub labels: &'a [Labels],
    pub global_shape: &'a [usize],
}

/// The values of a block in C order.
pub fn values(block: &Block) -> Vec<Complex<f64>> {
    cast(block, DType::Complex128).to_vec().unwrap()
}

/// Every index of a shape, in C order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut indices = vec![vec![]];
    for &len in shape {
        indices = indices
            .iter()
            .flat_map(|index| (0..len).map(move |last| [&index[..], &[last]].concat()))
            .collect();
    }
    indices
}

fn is_nan(value: Complex<f64>) -> bool {
    value.re.is_nan() || value.im.is_nan()
}

fn is_less(left: Complex<f64>, right: Complex<f64>) -> bool {
    (left.re, left.im) < (right.re, right.im)
}

impl Question<'_> {
    /// The answer as values in C order; positions and counts are real.
    ///
    /// Exact for as long as all sums and products are small integers.
    pub fn answer(&self) -> Vec<Complex<f64>> {
        let shape = self.input.shape();
        let out: Vec<usize> = shape
            .iter()
            .zip(self.reduced)
            .map(|(&len, &reduced)| if reduced { 1 } else { len })
            .collect();
        let mask =
            self.mask.map(|mask| mask.broadcast_to(&shape).unwrap()).map(|mask| values(&mask));
        let mut groups = vec![Vec::new(); out.iter().product()];
        for (flat, (index, value)) in
            indices(&shape).into_iter().zip(values(self.input)).enumerate()
        {
            if mask.as_ref().is_some_and(|mask| mask[flat] == Complex::ZERO) {
                continue;
            }
            let (mut group, mut position) = (0, 0);
            for (axis, &at) in index.iter().enumerate() {
                if self.reduced[axis] {
                    position =
                        position * self.global_shape[axis] as i64 + self.labels[axis].get(at);
                } else {
                    group = group * shape[axis] + at;
                }
            }
            groups[group].push((value, position));
        }
        groups.iter().map(|group| self.of_group(group)).collect()
    }

    fn of_group(&self, group: &[(Complex<f64>, i64)]) -> Complex<f64> {
        let items = group.iter().map(|item| item.0);
        let truths = || group.iter().map(|item| item.0 != Complex::ZERO);
        let real = |value: f64| Complex::new(value, 0.0);
        let better = |left: Complex<f64>, right: Complex<f64>| match self.reduction {
            Reduction::Min | Reduction::ArgMin => is_less(left, right),
            _ => is_less(right, left),
        };
        match self.reduction {
            Reduction::Sum => items.sum(),
            Reduction::Prod => items.product(),
            Reduction::Any => real(f64::from(u8::from(truths().any(|truth| truth)))),
            Reduction::All => real(f64::from(u8::from(truths().all(|truth| truth)))),
            Reduction::CountNonzero => real(truths().filter(|&truth| truth).count() as f64),
            Reduction::Mean => items.sum::<Complex<f64>>() / group.len() as f64,
            Reduction::Norm => real(items.map(|item| item.norm_sqr()).sum::<f64>().sqrt()),
            Reduction::Variance | Reduction::StandardDeviation => {
                let count = group.len() as f64;
                let squares: f64 = items.clone().map(|item| item.norm_sqr()).sum();
                let sum: Complex<f64> = items.sum();
                let variance = (count * squares - sum.norm_sqr()) / (count * count);
                let is_variance = self.reduction == Reduction::Variance;
                real(if is_variance { variance } else { variance.sqrt() })
            }
            Reduction::Min | Reduction::Max | Reduction::ArgMin | Reduction::ArgMax => {
                let mut best = group[0];
                for &item in &group[1..] {
                    let wins = match (is_nan(item.0), is_nan(best.0)) {
                        (true, false) => true,
                        (false, true) => false,
                        (true, true) => item.1 < best.1,
                        (false, false) => {
                            better(item.0, best.0) || (item.0 == best.0 && item.1 < best.1)
                        }
                    };
                    if wins {
                        best = item;
                    }
                }
                if self.reduction.is_position() { real(best.1 as f64) } else { best.0 }
            }
        }
    }

    /// Compares a result with the answer.
    pub fn check(&self, result: &Block) {
        let answer = Block::from_slice(&self.answer(), &[result.size()]).unwrap();
        let (found, expected) = (values(result), values(&cast(&answer, result.dtype())));
        assert_eq!(found.len(), expected.len());
        for (place, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
            // Which of several complex NaNs is the result depends on the order.
            let mut same = found == expected || (is_nan(found) && is_nan(expected));
            if self.reduction == Reduction::StandardDeviation {
                // Of a variance that was rounded already.
                same |= (found - expected).norm() <= 2.0 * f64::EPSILON * expected.norm();
            }
            assert!(
                same,
                "{:?} of {} {:?} along {:?}: result {place} is {found}, not {expected}",
                self.reduction,
                self.input.dtype(),
                self.input.shape(),
                self.reduced,
            );
        }
    }
}
