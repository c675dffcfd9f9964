//! Cube roots and the hypotenuse.

use super::super::arithmetic::Isa;
use super::super::loops::Function;
use super::super::roots::{Cbrt, Hypot};
use super::arithmetic::{exact_fma, flip, fma, is_below, magnitude, sign};

/// About `x^(-1/3)`, from its bits: the exponent and, roughly, the mantissa are divided by -3.
#[inline(always)]
fn inverse_guess(x: f32) -> f32 {
    /// Added to a number below it, it rounds that to a whole number in the last bits.
    const ROOM: f32 = (1_u32 << 23) as f32;
    /// What the bits of 1 become, in units of 2^8.
    const SHIFT: f32 = 5_546_746.0;
    let third = ((x.to_bits() >> 8) as i32 as f32) * (1.0 / 3.0);
    f32::from_bits((ROOM + (SHIFT - third)).to_bits() << 8)
}

impl Function<f32, 1> for Cbrt {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        const LEAST: i32 = f32::from_bits((127 - 100) << 23).to_bits() as i32;
        let size = x.abs();
        let guess = inverse_guess(size);
        let error = fma::<I>(-(size * guess), guess * guess, 1.0);
        let step = fma::<I>(error, fma::<I>(error, 14.0 / 81.0, 2.0 / 9.0), 1.0 / 3.0);
        let inverse = fma::<I>(guess * error, step, guess);
        let square = inverse * inverse;
        let root = size * square;
        // Newton's step with the error of the cube.
        let area = root * root;
        let cube_low = exact_fma::<I>(root, root, -area) * root;
        let error = -exact_fma::<I>(area, root, -size) - cube_low;
        let root = fma::<I>(error * square, 1.0 / 3.0, root);
        (flip(root, sign(x)), (magnitude(x) >= LEAST) & is_below(x, f32::INFINITY))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).cbrt() as f32
    }
}

impl Function<f32, 2> for Hypot {
    #[inline(always)]
    fn usual<I: Isa>([a, b]: [f32; 2]) -> (f32, bool) {
        // Where the square of the greater is normal; that of the other may be too small to count.
        const LEAST: i32 = f32::from_bits((127 - 45) << 23).to_bits() as i32;
        const LIMIT: i32 = f32::from_bits((127 + 63) << 23).to_bits() as i32;
        let greater = magnitude(a).max(magnitude(b));
        let is_usual = ((greater >= LEAST) & (greater < LIMIT)) | (greater == 0);
        (fma::<I>(a, a, b * b).sqrt(), is_usual)
    }

    fn unusual([a, b]: [f32; 2]) -> f32 {
        f64::from(a).hypot(b.into()) as f32
    }
}
