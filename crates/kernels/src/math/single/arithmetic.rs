//! What the formulas are made of, as for double precision.

use super::super::arithmetic::{Isa, steps};

steps!(f32, u32, i32);

/// `a * b + c`, rounded once: in double precision, which has room for the product, where the
/// instruction set can't.
#[inline(always)]
pub(super) fn exact_fma<I: Isa>(a: f32, b: f32, c: f32) -> f32 {
    if I::FUSED { a.mul_add(b, c) } else { (f64::from(a) * f64::from(b) + f64::from(c)) as f32 }
}

/// Whether a magnitude is not that of NaN.
#[inline(always)]
pub(super) fn is_number(x: f32) -> bool {
    magnitude(x) <= f32::INFINITY.to_bits() as i32
}

/// The magnitude, or a limit that it exceeds.
#[inline(always)]
pub(super) fn clamp(x: f32, limit: f32) -> f32 {
    f32::from_bits(magnitude(x).min(limit.to_bits() as i32) as u32)
}

/// A number that is not negative with a sign.
#[inline(always)]
pub(super) fn with_sign(x: f32, sign: u32) -> f32 {
    f32::from_bits(x.to_bits() | sign)
}

/// A positive normal number as a mantissa between the roots of 1/2 and 2 and a power of two, both
/// as a float and as bits that end with it.
#[inline(always)]
pub(super) fn split(x: f32) -> (f32, f32, u32) {
    const ROOT: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    let exponent = (x.to_bits().wrapping_sub(ROOT) as i32) >> 23;
    let mantissa = f32::from_bits(x.to_bits().wrapping_sub((exponent as u32) << 23));
    (mantissa, exponent as f32, exponent as u32)
}

/// Whether a number is positive, normal and finite.
#[inline(always)]
pub(super) fn is_positive_normal(x: f32) -> bool {
    const LEAST: i32 = f32::MIN_POSITIVE.to_bits() as i32;
    let bits = x.to_bits() as i32;
    (bits >= LEAST) & (bits < f32::INFINITY.to_bits() as i32)
}
