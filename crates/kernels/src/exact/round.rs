//! The one rounding at the end.

use half::f16;

use super::number::Quotient;
use super::terms::Term;

/// A float that results are rounded to.
pub(crate) trait Rounded: Term {
    /// What its significand and exponents have room for.
    const PRECISION: Precision;

    /// The float with a sign, an exponent field and a fraction as [`Precision::round`] gives them.
    fn from_bits(negative: bool, bits: u64) -> Self;

    /// The nearest to an infinity, a NaN or zero.
    fn of_special(value: f64) -> Self;
}

/// The format of a float.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Precision {
    /// The number of bits of a significand, with the first one.
    digits: i32,
    /// The exponent of the lowest bit of a subnormal number.
    least: i32,
    /// The bits of infinity.
    infinity: u64,
}

impl Precision {
    /// The bits of the magnitude nearest to a quotient that is not zero; ties go to even ones.
    pub(crate) fn round(self, quotient: Quotient) -> u64 {
        const HALF: u128 = 1 << 127;
        let Quotient { magnitude, is_inexact, exponent, .. } = quotient;
        debug_assert!(magnitude >> 127 == 1);
        let unit = (exponent + 128 - self.digits).max(self.least);
        let dropped = (unit - exponent) as u32;
        let (kept, rest) = match dropped {
            0..128 => (magnitude >> dropped, magnitude << (128 - dropped)),
            128 => (0, magnitude),
            _ => return 0,
        };
        let up = rest > HALF || (rest == HALF && (is_inexact || kept & 1 == 1));
        // The hidden bit adds one to the exponent of the least normal numbers, and so does a carry.
        let exponent = (unit - self.least) as u64;
        let bits = (exponent << (self.digits - 1)) + kept as u64 + u64::from(up);
        bits.min(self.infinity)
    }
}

impl Rounded for f64 {
    const PRECISION: Precision = Precision { digits: 53, least: -1074, infinity: 0x7ff << 52 };

    fn from_bits(negative: bool, bits: u64) -> Self {
        Self::from_bits(bits | u64::from(negative) << 63)
    }

    fn of_special(value: f64) -> Self {
        value
    }
}

impl Rounded for f32 {
    const PRECISION: Precision = Precision { digits: 24, least: -149, infinity: 0xff << 23 };

    fn from_bits(negative: bool, bits: u64) -> Self {
        Self::from_bits(bits as u32 | u32::from(negative) << 31)
    }

    fn of_special(value: f64) -> Self {
        value as f32
    }
}

impl Rounded for f16 {
    const PRECISION: Precision = Precision { digits: 11, least: -24, infinity: 0x1f << 10 };

    fn from_bits(negative: bool, bits: u64) -> Self {
        Self::from_bits(bits as u16 | u16::from(negative) << 15)
    }

    fn of_special(value: f64) -> Self {
        Self::from_f32(value as f32)
    }
}

impl Quotient {
    /// The nearest float.
    pub(crate) fn rounded<R: Rounded>(self) -> R {
        let bits = if self.magnitude == 0 { 0 } else { R::PRECISION.round(self) };
        R::from_bits(self.negative && (self.magnitude != 0 || self.is_inexact), bits)
    }
}
