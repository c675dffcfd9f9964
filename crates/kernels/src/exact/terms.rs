//! What of an element is summed.

use half::f16;

/// A float that can be summed exactly, or a part of a complex one.
pub trait Term: Copy + Send + Sync + 'static {
    /// Zero.
    const ZERO: Self;
    /// How many levels its plain sums usually need.
    const LEVELS: usize;

    /// Its value; an infinity instead of NaN will do.
    fn value(self) -> f64;

    /// Its value, NaN too.
    fn to_f64(self) -> f64;
}

impl Term for f64 {
    const ZERO: Self = 0.0;
    const LEVELS: usize = 2;

    #[inline(always)]
    fn value(self) -> f64 {
        self
    }

    fn to_f64(self) -> f64 {
        self
    }
}

impl Term for f32 {
    const ZERO: Self = 0.0;
    const LEVELS: usize = 1;

    #[inline(always)]
    fn value(self) -> f64 {
        f64::from(self)
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Term for f16 {
    const ZERO: Self = f16::ZERO;
    const LEVELS: usize = 1;

    /// Exponent and mantissa moved to where they are in an `f64`, and the bias corrected by a
    /// multiplication, which takes care of subnormal numbers.
    #[inline(always)]
    fn value(self) -> f64 {
        const BIAS: f64 = f64::from_bits((1023 + 1008) << 52);
        let bits = u64::from(self.to_bits());
        let magnitude = f64::from_bits((bits & 0x7fff) << 42) * BIAS;
        let magnitude = if bits & 0x7c00 == 0x7c00 { f64::INFINITY } else { magnitude };
        f64::from_bits(magnitude.to_bits() | (bits & 0x8000) << 48)
    }

    fn to_f64(self) -> f64 {
        f64::from(self.to_f32())
    }
}

/// What of an element of type `T` is summed: `STREAMS` floats, each of which has its own window.
pub trait Terms<T: Term, const STREAMS: usize>: Send + Sync + 'static {
    /// The number of sums that are kept.
    const SUMS: usize;
    /// Which of the sums each of the floats goes to.
    const TARGETS: [usize; STREAMS];
    /// The exponent that the last unit of each window must have at least, so that no float that
    /// fits was rounded.
    const LEAST_UNITS: [i32; STREAMS];
    /// How many levels are usually needed.
    const LEVELS: usize;

    /// The floats; `FMA` says whether the processor multiplies and adds in one instruction.
    fn split<const FMA: bool>(item: T) -> [f64; STREAMS];

    /// The same as an exact sum of integers times powers of two: sum, integer, exponent. For finite
    /// elements.
    fn integers(item: T) -> impl Iterator<Item = (usize, i128, i32)>;
}

/// The elements themselves.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<T: Term> Terms<T, 1> for Plain {
    const SUMS: usize = 1;
    const TARGETS: [usize; 1] = [0];
    const LEAST_UNITS: [i32; 1] = [-1074];
    const LEVELS: usize = T::LEVELS;

    #[inline(always)]
    fn split<const FMA: bool>(item: T) -> [f64; 1] {
        [item.value()]
    }

    fn integers(item: T) -> impl Iterator<Item = (usize, i128, i32)> {
        let (mantissa, exponent) = integer(item.to_f64());
        std::iter::once((0, i128::from(mantissa), exponent))
    }
}

/// The elements and their squares. The sums are those of the elements and those of the squares.
#[derive(Clone, Copy, Debug)]
pub struct Squared;

fn with_square<T: Term>(item: T) -> impl Iterator<Item = (usize, i128, i32)> {
    let (mantissa, exponent) = integer(item.to_f64());
    let mantissa = i128::from(mantissa);
    [(0, mantissa, exponent), (1, mantissa * mantissa, 2 * exponent)].into_iter()
}

/// Squares that fit are one float.
impl<T: Term> Terms<T, 2> for Squared {
    const SUMS: usize = 2;
    const TARGETS: [usize; 2] = [0, 1];
    const LEAST_UNITS: [i32; 2] = [-1074, -1074];
    const LEVELS: usize = 2;

    #[inline(always)]
    fn split<const FMA: bool>(item: T) -> [f64; 2] {
        let value = item.value();
        [value, value * value]
    }

    fn integers(item: T) -> impl Iterator<Item = (usize, i128, i32)> {
        with_square(item)
    }
}

/// Other squares are a float and its rounding error, which is a float too, provided that all bits
/// of the element are those of `2^-537` and above.
impl Terms<f64, 3> for Squared {
    const SUMS: usize = 2;
    const TARGETS: [usize; 3] = [0, 1, 1];
    const LEAST_UNITS: [i32; 3] = [-537, -1074, -1074];
    const LEVELS: usize = 2;

    #[inline(always)]
    fn split<const FMA: bool>(item: f64) -> [f64; 3] {
        let (square, error) = product::<FMA>(item, item);
        [item, square, error]
    }

    fn integers(item: f64) -> impl Iterator<Item = (usize, i128, i32)> {
        with_square(item)
    }
}

/// A product and its rounding error.
#[inline(always)]
pub(super) fn product<const FMA: bool>(left: f64, right: f64) -> (f64, f64) {
    let product = left * right;
    let error = if FMA {
        left.mul_add(right, -product)
    } else {
        // Dekker's: halves of 26 bits, whose products are exact.
        let ((left_high, left_low), (right_high, right_low)) = (halves(left), halves(right));
        let rest = left_high * right_high - product;
        ((rest + left_high * right_low) + left_low * right_high) + left_low * right_low
    };
    (product, error)
}

#[inline(always)]
fn halves(value: f64) -> (f64, f64) {
    // 2^27 + 1.
    let scaled = 134_217_729.0 * value;
    let high = scaled - (scaled - value);
    (high, value - high)
}

/// A finite float as an integer of 53 bits times a power of two.
pub(crate) fn integer(value: f64) -> (i64, i32) {
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    (if bits >> 63 == 0 { mantissa } else { -mantissa }, exponent.max(1) - 1075)
}
