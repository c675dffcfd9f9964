//! Numbers for a few hundred indices at a time.

use super::normal::Normals;
use super::threefry::{Each, Run, Words};
use super::variate::{UniformRun, Uniforms, Variate, below};
use crate::DType;
use crate::simd::widest;

/// How many numbers are made at a time.
pub(super) const COUNT: usize = 512;

/// The indices whose numbers are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Indices<'a> {
    /// As many as asked for, from this one on.
    From(u64),
    /// These.
    Each(&'a [u64]),
}

impl Indices<'_> {
    #[inline]
    fn get(self, position: usize) -> u64 {
        match self {
            Self::From(first) => first + position as u64,
            Self::Each(indices) => indices[position],
        }
    }
}

/// Makes numbers.
pub(super) struct Source {
    variate: Variate,
    key: Words,
    /// The bits of a uniform number.
    bits: u32,
    /// The words of pairs, the first apart from the second.
    left: Vec<u64>,
    right: Vec<u64>,
    /// Bits of floats, or integers.
    numbers: Vec<u64>,
}

impl Source {
    /// A source of numbers that are going to have this dtype.
    pub(super) fn new(variate: Variate, key: Words, dtype: DType) -> Self {
        let bits = match dtype {
            DType::Float16 => 11,
            DType::Float32 => 24,
            _ => 53,
        };
        // Pairs may stick out at both ends of a run.
        let [left, right] = [(); 2].map(|()| vec![0; COUNT + 1]);
        Self { variate, key, bits, left, right, numbers: vec![0; COUNT + 2] }
    }

    /// The numbers of up to [`COUNT`] indices: 64 bit floats as their bits, or integers.
    pub(super) fn numbers(&mut self, indices: Indices<'_>, count: usize) -> &[u64] {
        if let (Variate::Uniform, Indices::From(first)) = (self.variate, indices) {
            // The most frequent case, in one pass.
            let start = (first % 2) as usize;
            let (pairs, _) = self.numbers.as_chunks_mut::<2>();
            let pairs = &mut pairs[..(start + count).div_ceil(2)];
            widest(UniformRun { key: self.key, first: first / 2, bits: self.bits, pairs });
            return &self.numbers[start..start + count];
        }
        let pairs = self.pairs(indices, count);
        let (left, right) = (&mut self.left[..pairs], &mut self.right[..pairs]);
        if let Variate::Normal { .. } = self.variate {
            widest(Normals { left, right });
        }
        let start = match indices {
            Indices::From(first) => {
                let (numbers, _) = self.numbers.as_chunks_mut::<2>();
                for (number, pair) in
                    numbers.iter_mut().zip(self.left.iter().zip(&self.right).take(pairs))
                {
                    *number = [*pair.0, *pair.1];
                }
                (first % 2) as usize
            }
            Indices::Each(indices) => {
                let pairs = self.left.iter().zip(&self.right).zip(indices);
                for (number, ((&left, &right), &index)) in self.numbers.iter_mut().zip(pairs) {
                    *number = if index % 2 == 0 { left } else { right };
                }
                0
            }
        };
        let numbers = &mut self.numbers[start..start + count];
        match self.variate {
            Variate::Uniform => widest(Uniforms { words: numbers, bits: self.bits }),
            Variate::Normal { loc, scale } => {
                for number in &mut *numbers {
                    *number = (loc + scale * f64::from_bits(*number)).to_bits();
                }
            }
            Variate::Integers { low, high } => {
                let range = high.wrapping_sub(low) as u64;
                for (position, number) in numbers.iter_mut().enumerate() {
                    let offset = below(range, self.key, indices.get(position), *number);
                    *number = (low as u64).wrapping_add(offset);
                }
            }
        }
        numbers
    }

    /// Makes the words of the pairs that the indices belong to, and says how many there are.
    fn pairs(&mut self, indices: Indices<'_>, count: usize) -> usize {
        match indices {
            Indices::From(first) => {
                let pairs = (first % 2) as usize + count;
                let pairs = pairs.div_ceil(2);
                let (left, right) = (&mut self.left[..pairs], &mut self.right[..pairs]);
                widest(Run { key: self.key, first: first / 2, left, right });
                pairs
            }
            Indices::Each(indices) => {
                let (left, right) = (&mut self.left[..], &mut self.right[..]);
                widest(Each { key: self.key, indices, left, right });
                indices.len()
            }
        }
    }
}
