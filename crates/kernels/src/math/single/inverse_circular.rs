//! Inverse circular functions.

use super::super::arithmetic::Isa;
use super::super::inverse_circular::{Arccos, Arcsin, Arctan, Arctan2};
use super::super::loops::Function;
use super::arithmetic::{SIGN, flip, fma, is_number, magnitude, polynomial, select, sign};

/// pi / 2 in two parts.
const HALF_PI: [f32; 2] = [std::f32::consts::FRAC_PI_2, -4.371_139e-8];

/// `(arcsin(x) / x - 1) / x^2` as a function of `x^2` for `x <= 1/2`, to 2^-27.
const ARCSIN: [f32; 5] = [0.166_667_52, 0.074_953_094, 0.045_469_154, 0.024_184_743, 0.042_158_388];

/// For `|x| <= 1/2` the arcsine of `|x|`; for greater ones the half of the arccosine, which is
/// the arcsine of a root: the number in front, and what its arcsine is more than itself.
#[inline(always)]
fn near_or_root<I: Isa>(x: f32) -> (bool, [f32; 2]) {
    let is_near = magnitude(x) <= 0.5_f32.to_bits() as i32;
    // Exact.
    let rest = fma::<I>(x.abs(), -0.5, 0.5);
    let square = select(is_near, x * x, rest);
    let front = select(is_near, x.abs(), rest.sqrt());
    (is_near, [front, front * square * polynomial::<I, _>(square, &ARCSIN)])
}

/// Whether a number is within [-1, 1].
#[inline(always)]
fn is_within(x: f32) -> bool {
    magnitude(x) <= 1.0_f32.to_bits() as i32
}

impl Function<f32, 1> for Arcsin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (is_near, [front, more]) = near_or_root::<I>(x);
        let high = fma::<I>(front, -2.0, HALF_PI[0]);
        let low = fma::<I>(front, -2.0, HALF_PI[0] - high) + HALF_PI[1];
        let far = high + fma::<I>(more, -2.0, low);
        (flip(select(is_near, front + more, far), sign(x)), is_within(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).asin() as f32
    }
}

impl Function<f32, 1> for Arccos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (is_near, [front, more]) = near_or_root::<I>(x);
        // For small numbers pi / 2 - arcsin(x); for greater ones twice the half, or pi without it.
        let turns = sign(x) ^ if is_near { SIGN } else { 0 };
        let factor = select(is_near, 1.0, 2.0);
        let quarters = select(!is_near & (sign(x) != SIGN), 0.0, factor);
        let (front, more) = (flip(front, turns), flip(more, turns));
        let high = fma::<I>(front, factor, HALF_PI[0] * quarters);
        (high + fma::<I>(more, factor, HALF_PI[1] * quarters), is_within(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).acos() as f32
    }
}

/// `(arctan(t) / t - 1) / t^2` as a function of `t^2` for `t <= 1`, to 2^-28.
const ARCTAN: [f32; 9] = [
    -0.333_333,
    0.199_985_3,
    -0.142_640_14,
    0.109_508_61,
    -0.083_992_08,
    0.057_878_87,
    -0.031_093_534,
    0.010_866_276,
    -0.001_782_145_1,
];

/// The arctangent of a number up to 1.
#[inline(always)]
fn small_arctan<I: Isa>(t: f32) -> f32 {
    let square = t * t;
    fma::<I>(t * square, polynomial::<I, _>(square, &ARCTAN), t)
}

impl Function<f32, 1> for Arctan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let is_far = magnitude(x) > 1.0_f32.to_bits() as i32;
        let t = select(is_far, 1.0, x.abs()) / select(is_far, x.abs(), 1.0);
        let small = small_arctan::<I>(t);
        let far = HALF_PI[0] - (small - HALF_PI[1]);
        (flip(select(is_far, far, small), sign(x)), is_number(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).atan() as f32
    }
}

impl Function<f32, 2> for Arctan2 {
    #[inline(always)]
    fn usual<I: Isa>([y, x]: [f32; 2]) -> (f32, bool) {
        // Quotients of numbers between them are neither too small nor too large.
        const LEAST: i32 = f32::from_bits((127 - 62) << 23).to_bits() as i32;
        const LIMIT: i32 = f32::from_bits((127 + 62) << 23).to_bits() as i32;
        let less = magnitude(y).min(magnitude(x));
        let greater = magnitude(y).max(magnitude(x));
        let is_usual = (greater >= LEAST) & (greater < LIMIT) & ((less >= LEAST) | (less == 0));
        let small = small_arctan::<I>(f32::from_bits(less as u32) / f32::from_bits(greater as u32));
        let is_high = magnitude(y) > magnitude(x);
        let is_left = sign(x) == SIGN;
        let quarters = select(is_high, 1.0, select(is_left, 2.0, 0.0));
        let turned = flip(small, sign(x) ^ if is_high { SIGN } else { 0 });
        let angle = fma::<I>(quarters, HALF_PI[0], fma::<I>(quarters, HALF_PI[1], turned));
        (flip(angle, sign(y)), is_usual)
    }

    fn unusual([y, x]: [f32; 2]) -> f32 {
        f64::from(y).atan2(x.into()) as f32
    }
}
