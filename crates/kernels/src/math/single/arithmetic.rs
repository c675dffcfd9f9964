//! What the formulas are made of, as for double precision.

use super::super::arithmetic::Isa;

/// The bit of the sign.
pub(super) const SIGN: u32 = 1 << 31;

/// `a * b + c`, rounded once where the instruction set can.
#[inline(always)]
pub(super) fn fma<I: Isa>(a: f32, b: f32, c: f32) -> f32 {
    if I::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// `a * b + c`, rounded once: in double precision, which has room for the product, where the
/// instruction set can't.
#[inline(always)]
pub(super) fn exact_fma<I: Isa>(a: f32, b: f32, c: f32) -> f32 {
    if I::FUSED { a.mul_add(b, c) } else { (f64::from(a) * f64::from(b) + f64::from(c)) as f32 }
}

/// The sum of two numbers and what its rounding lost; the first must be the larger one, or zero.
#[inline(always)]
pub(super) fn fast_sum(large: f32, small: f32) -> [f32; 2] {
    let sum = large + small;
    [sum, (large - sum) + small]
}

/// A polynomial, its constant coefficient first.
#[inline(always)]
pub(super) fn polynomial<I: Isa, const N: usize>(x: f32, coefficients: &[f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    let mut index = N - 1;
    while index > 0 {
        index -= 1;
        sum = fma::<I>(sum, x, coefficients[index]);
    }
    sum
}

/// One of two numbers.
#[inline(always)]
pub(super) fn select(condition: bool, yes: f32, no: f32) -> f32 {
    if condition { yes } else { no }
}

/// The bits of the magnitude; they are ordered as magnitudes are, infinity and NaN last.
#[inline(always)]
pub(super) fn magnitude(x: f32) -> i32 {
    (x.to_bits() & !SIGN) as i32
}

/// Whether a magnitude is below a limit; NaN is not.
#[inline(always)]
pub(super) fn is_below(x: f32, limit: f32) -> bool {
    magnitude(x) < limit.to_bits() as i32
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

/// The sign bit alone.
#[inline(always)]
pub(super) fn sign(x: f32) -> u32 {
    x.to_bits() & SIGN
}

/// A number with its sign changed if a sign bit is set.
#[inline(always)]
pub(super) fn flip(x: f32, sign: u32) -> f32 {
    f32::from_bits(x.to_bits() ^ sign)
}

/// A number that is not negative with a sign.
#[inline(always)]
pub(super) fn with_sign(x: f32, sign: u32) -> f32 {
    f32::from_bits(x.to_bits() | sign)
}

/// Added to a number below 2^22, it rounds that to a whole number, which is then in the last bits.
const ROOM: f32 = (3_u32 << 22) as f32;

/// The whole number next to `x`, and bits that end with it. The magnitude must be below 2^22.
#[inline(always)]
pub(super) fn nearest(x: f32) -> (f32, u32) {
    let shifted = x + ROOM;
    (shifted - ROOM, shifted.to_bits())
}

/// The whole number next to `a * b`, and bits that end with it.
#[inline(always)]
pub(super) fn nearest_product<I: Isa>(a: f32, b: f32) -> (f32, u32) {
    let shifted = fma::<I>(a, b, ROOM);
    (shifted - ROOM, shifted.to_bits())
}

/// 2 to the power of an integer that bits end with; it must be normal.
#[inline(always)]
pub(super) fn power_of_two(exponent: u32) -> f32 {
    f32::from_bits((exponent << 23).wrapping_add(1.0_f32.to_bits()))
}

/// `x` times 2 to the power of an integer that bits end with; both must be normal.
#[inline(always)]
pub(super) fn scale(x: f32, exponent: u32) -> f32 {
    f32::from_bits(x.to_bits().wrapping_add(exponent << 23))
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
