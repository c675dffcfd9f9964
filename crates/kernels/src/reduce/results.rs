//! From exact sums to results: what is computed exactly is rounded once.

use half::f16;
use num_complex::Complex;

use super::floats::{Exactly, Float, is_complex};
use super::memory;
use super::partial::{Ending, no_loop};
use crate::exact::{Accumulator, Number, Quotient, Rounded, Squared, Totals, integer};
use crate::{Block, DType, FloatFlags, Reduction, Result};

/// What was summed exactly.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    /// The sums; those of a complex result are neighbours.
    pub totals: Totals,
    /// The number of floats of which an element consists.
    pub parts: usize,
    /// How many elements went into each result.
    pub counts: Counts,
}

impl Exact {
    /// The sums of nothing, whose results are of a dtype.
    pub(super) fn nothing(dtype: DType, shape: &[usize]) -> Self {
        let parts = if is_complex(dtype) { 2 } else { 1 };
        let results: usize = shape.iter().product();
        let totals = Accumulator::<f64, Squared, 3>::new(results * parts).into_totals();
        Self { totals, parts, counts: Counts::Every(0) }
    }

    /// Whether these are the sums that are asked for, or more.
    pub(super) fn suits(&self, exactly: Exactly) -> bool {
        let sums = self.totals.sums();
        self.totals.slots() == 0 || sums >= if exactly == Exactly::Squares { 2 } else { 1 }
    }

    /// Writes the sums as bytes.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let counts = match &self.counts {
            Counts::Every(count) => std::slice::from_ref(count),
            Counts::Each(counts) => counts,
        };
        let is_each = matches!(self.counts, Counts::Each(_));
        bytes.extend_from_slice(&[self.parts as u8, u8::from(is_each)]);
        bytes.extend(counts.iter().flat_map(|count| count.to_ne_bytes()));
        bytes.extend_from_slice(&self.totals.to_bytes());
    }

    /// Reads the sums of so many results; `None` if the bytes are something else.
    pub(super) fn read(bytes: &[u8], results: usize) -> Option<Self> {
        let (&[parts, is_each], bytes) = bytes.split_first_chunk()?;
        let len = if is_each == 1 { results } else { 1 };
        let (counts, bytes) = bytes.split_at_checked(len.checked_mul(size_of::<u64>())?)?;
        let counts = counts.as_chunks().0.iter().map(|&count| u64::from_ne_bytes(count));
        let counts =
            if is_each == 1 { Counts::Each(counts.collect()) } else { Counts::Every(counts.sum()) };
        let parts = usize::from(parts);
        let totals = Totals::from_bytes(bytes)?;
        let fits = (1..=2).contains(&parts) && totals.slots() == results.checked_mul(parts)?;
        fits.then_some(Self { totals, parts, counts })
    }
}

/// How many elements went into results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// As many into each.
    Every(u64),
    /// These.
    Each(Vec<u64>),
}

impl Counts {
    fn of(&self, result: usize) -> u64 {
        match self {
            Self::Every(count) => *count,
            Self::Each(counts) => counts[result],
        }
    }

    /// Adds the numbers of others.
    pub(super) fn merge(&mut self, other: &Self, results: usize) {
        if let (Self::Every(count), Self::Every(more)) = (&mut *self, other) {
            *count += more;
            return;
        }
        let sums = (0..results).map(|result| self.of(result) + other.of(result)).collect();
        *self = Self::Each(sums);
    }
}

/// The floats that results consist of.
trait Parts: Float<Part: Rounded> {
    fn of_parts(parts: impl FnMut(usize) -> Self::Part) -> Self;
}

macro_rules! parts {
    ($($float:ty)*) => {$(
        impl Parts for $float {
            fn of_parts(mut parts: impl FnMut(usize) -> $float) -> Self {
                parts(0)
            }
        }
    )*};
}

parts!(f16 f32 f64);

macro_rules! complex_parts {
    ($($float:ty)*) => {$(
        impl Parts for Complex<$float> {
            fn of_parts(mut parts: impl FnMut(usize) -> $float) -> Self {
                Complex::new(parts(0), parts(1))
            }
        }
    )*};
}

complex_parts!(f32 f64);

/// How results are computed.
struct Finish {
    reduction: Reduction,
    exact: Exact,
    ddof: f64,
    flags: FloatFlags,
}

/// The results: a contiguous block, and the floating-point exceptions that NumPy would meet.
pub(super) fn finish(
    reduction: Reduction,
    dtype: DType,
    shape: &[usize],
    mut exact: Exact,
    ending: Ending,
) -> Result<(Block, FloatFlags)> {
    if let Some(initial) = ending.initial {
        let initial = initial.as_complex();
        for (part, value) in [initial.re, initial.im].into_iter().take(exact.parts).enumerate() {
            exact.totals.add(value, (part..exact.totals.slots()).step_by(exact.parts));
        }
    }
    exact.totals.settle();
    let mut finish = Finish { reduction, exact, ddof: ending.ddof, flags: FloatFlags::default() };
    let block = match dtype {
        DType::Float16 => finish.block::<f16>(shape),
        DType::Float32 => finish.block::<f32>(shape),
        DType::Float64 => finish.block::<f64>(shape),
        DType::Complex64 => finish.block::<Complex<f32>>(shape),
        DType::Complex128 => finish.block::<Complex<f64>>(shape),
        _ => Err(no_loop(reduction, dtype)),
    }?;
    Ok((block, finish.flags))
}

impl Finish {
    fn block<E: Parts>(&mut self, shape: &[usize]) -> Result<Block> {
        let mut block = memory::filled(shape, E::DTYPE, E::NOTHING)?;
        for (result, item) in memory::items_mut::<E>(&mut block).iter_mut().enumerate() {
            *item = E::of_parts(|part| match self.reduction {
                // A float summed in a complex dtype was converted to it.
                Reduction::Sum | Reduction::Mean => self.sum(result, part),
                _ => self.of_squares(result),
            });
        }
        // A norm does not ask for the sum of the elements themselves.
        self.flags.invalid |= self.reduction != Reduction::Norm && self.exact.totals.is_invalid();
        Ok(block)
    }

    /// A sum or a mean.
    fn sum<R: Rounded>(&mut self, result: usize, part: usize) -> R {
        let slot = result * self.exact.parts + part;
        let parts = result * self.exact.parts..(result + 1) * self.exact.parts;
        let special = |slot: usize| self.exact.totals.special(0, slot);
        // A complex division by a number multiplies each part with the other one's zero.
        let is_divided = self.reduction == Reduction::Mean;
        if is_divided && parts.into_iter().any(|other| other != slot && special(other) != 0.0) {
            return R::of_special(f64::NAN);
        }
        if special(slot) != 0.0 {
            return R::of_special(special(slot));
        }
        let sum = self.exact.totals.head(slot);
        if self.reduction == Reduction::Sum {
            return self.rounded(sum);
        }
        match self.exact.counts.of(result) {
            0 => R::of_special(f64::NAN),
            // What is left out of the first bits may decide how a quotient is rounded.
            count if sum.is_inexact => {
                let sum = self.exact.totals.number(0, slot);
                self.rounded(sum.over([count]))
            }
            count => self.rounded(sum.over(count)),
        }
    }

    /// What is computed of squares.
    fn of_squares<R: Rounded>(&mut self, result: usize) -> R {
        let slots = || result * self.exact.parts..(result + 1) * self.exact.parts;
        let totals = &self.exact.totals;
        let special = |sum: usize| slots().map(|slot| totals.special(sum, slot).abs()).sum::<f64>();
        let squares =
            || slots().map(|slot| totals.number(1, slot)).fold(Number::default(), Number::plus);
        if self.reduction == Reduction::Norm {
            if special(1) != 0.0 {
                return R::of_special(special(1));
            }
            let squares = squares();
            return self.rounded(squares.over([]).root());
        }
        if special(0) != 0.0 {
            // An infinity less an infinite mean is not a number.
            self.flags.invalid |= special(0).is_infinite();
            return R::of_special(f64::NAN);
        }
        // The squared distances from the mean are the squares less the mean's square, as often as
        // there are elements. Nothing is rounded, so nothing cancels.
        let count = self.exact.counts.of(result);
        let means = slots().map(|slot| totals.number(0, slot).squared());
        let distances = squares().times(count).less(means.fold(Number::default(), Number::plus));
        let divisor = (count as f64 - self.ddof).max(0.0);
        if count == 0 || divisor == 0.0 || divisor.is_nan() {
            let infinite = count > 0 && divisor == 0.0 && !distances.is_zero();
            return R::of_special(if infinite { f64::INFINITY } else { f64::NAN });
        }
        if divisor.is_infinite() {
            return R::of_special(0.0);
        }
        let (mantissa, exponent) = integer(divisor);
        // As one divisor, if it has room.
        let zeros = mantissa.trailing_zeros();
        let (mantissa, exponent) = ((mantissa >> zeros) as u64, exponent + zeros as i32);
        let variance = match count.checked_mul(mantissa) {
            Some(divisor) => distances.over([divisor]),
            None => distances.over([count, mantissa]),
        };
        let variance = variance.scaled(-exponent);
        if self.reduction == Reduction::StandardDeviation {
            return self.rounded(variance.root());
        }
        self.rounded(variance)
    }

    fn rounded<R: Rounded>(&mut self, quotient: Quotient) -> R {
        let result: R = quotient.rounded();
        self.flags.overflow |= result.to_f64().is_infinite();
        result
    }
}
