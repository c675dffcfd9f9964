//! Cube roots and the hypotenuse.

use super::arithmetic::{Isa, flip, fma, magnitude, residue, sign};
use super::loops::Function;

/// The cube root.
pub(crate) struct Cbrt;

/// About `x^(-1/3)`, from its bits: the exponent and, roughly, the mantissa are divided by -3.
#[inline(always)]
fn inverse_guess(x: f64) -> f64 {
    // The high half of the bits is enough, and only shorter integers are multiplied fast.
    const SHIFT: u64 = 0x553e_f0ff;
    let third = ((x.to_bits() >> 32) * 0xaaaa_aaab) >> 33;
    f64::from_bits(SHIFT.wrapping_sub(third) << 32)
}

impl Function<f64, 1> for Cbrt {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let wide = x.abs();
        let mut inverse = inverse_guess(wide);
        for _ in 0..2 {
            let error = fma::<I>(-(wide * inverse), inverse * inverse, 1.0);
            let step = fma::<I>(error, fma::<I>(error, 14.0 / 81.0, 2.0 / 9.0), 1.0 / 3.0);
            inverse = fma::<I>(inverse * error, step, inverse);
        }
        let scaled = wide * inverse;
        let root = scaled * inverse;
        // Newton's step with the error of the cube.
        let square = root * root;
        let square_low = residue::<I>(root, root, square);
        let cube = square * root;
        let cube_low = fma::<I>(square_low, root, residue::<I>(square, root, cube));
        let error = (wide - cube) - cube_low;
        let root = fma::<I>(error * (inverse * inverse), 1.0 / 3.0, root);
        (flip(root, sign(x)), is_scaled(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.cbrt()
    }
}

/// Whether products of a few numbers of this size are normal.
#[inline(always)]
fn is_scaled(x: f64) -> bool {
    const LEAST: i64 = f64::from_bits((1023 - 500) << 52).to_bits() as i64;
    const LIMIT: i64 = f64::from_bits((1023 + 500) << 52).to_bits() as i64;
    (magnitude(x) >= LEAST) & (magnitude(x) < LIMIT)
}

/// The length of the hypotenuse.
pub(crate) struct Hypot;

impl Hypot {
    /// The square of the length as it is computed with, and whether the length is its root.
    #[inline(always)]
    pub(super) fn square<I: Isa>([a, b]: [f64; 2]) -> (f64, bool) {
        (fma::<I>(a, a, b * b), (is_scaled(a) | (a == 0.0)) & (is_scaled(b) | (b == 0.0)))
    }
}

impl Function<f64, 2> for Hypot {
    #[inline(always)]
    fn usual<I: Isa>(legs: [f64; 2]) -> (f64, bool) {
        let (square, is_usual) = Self::square::<I>(legs);
        (square.sqrt(), is_usual)
    }

    fn unusual([a, b]: [f64; 2]) -> f64 {
        a.hypot(b)
    }
}
