//! Exponentials.

use super::super::arithmetic::Isa;
use super::super::exponential::{Exp, Exp2, Expm1};
use super::super::loops::Function;
use super::arithmetic::{
    exact_fma, fma, is_below, nearest, nearest_product, polynomial, power_of_two, scale, sign,
    with_sign,
};

/// `(exp(r) - 1 - r) / r^2` for half the logarithm of 2, to 2^-28.
const EXP: [f32; 5] = [0.499_999_94, 0.166_665_15, 0.041_668_084, 0.008_369_349, 0.001_384_039_9];

/// The logarithm of 2, in two parts.
pub(super) const LN_2: [f32; 2] = [std::f32::consts::LN_2, -1.904_654_2e-9];

/// What is left of `x` without the multiple of the logarithm of 2, and bits that end with the
/// multiple.
#[inline(always)]
pub(super) fn reduce<I: Isa>(x: f32) -> (f32, u32) {
    let (multiple, bits) = nearest_product::<I>(x, std::f32::consts::LOG2_E);
    // The first step is exact: what is left has no more digits than the number.
    (fma::<I>(multiple, -LN_2[1], exact_fma::<I>(multiple, -LN_2[0], x)), bits)
}

impl Function<f32, 1> for Exp {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (r, multiple) = reduce::<I>(x);
        let power = 1.0 + fma::<I>(r * r, polynomial::<I, _>(r, &EXP), r);
        (scale(power, multiple), is_below(x, 87.0))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).exp() as f32
    }
}

/// `(2^r - 1) / r` for `|r| <= 1/2`, to 2^-26.
const EXP2: [f32; 6] = [
    std::f32::consts::LN_2,
    0.240_225_94,
    0.055_503_663,
    0.009_625_44,
    0.001_338_795_6,
    1.333_799e-4,
];

/// `2^r` for `|r| <= 1/2`.
#[inline(always)]
pub(super) fn small_exp2<I: Isa>(r: f32) -> f32 {
    fma::<I>(r, polynomial::<I, _>(r, &EXP2), 1.0)
}

impl Function<f32, 1> for Exp2 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (whole, bits) = nearest(x);
        (scale(small_exp2::<I>(x - whole), bits), is_below(x, 126.0))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).exp2() as f32
    }
}

/// `(exp(r) - 1 - r) / r^2` for half the logarithm of 2, with the least error of `exp(r) - 1`
/// instead, to 2^-28.
const EXPM1: [f32; 6] =
    [0.5, 0.166_666_36, 0.041_666_51, 0.008_341_51, 0.001_393_054_3, 1.501_614_4e-4];

/// `exp(x) - 1` for `|x| < 87`: `2^k (exp(r) - 1) + (2^k - 1)`. Zero loses its sign.
#[inline(always)]
pub(super) fn exponential_less_one<I: Isa>(x: f32) -> f32 {
    let (r, multiple) = reduce::<I>(x);
    let part = fma::<I>(r * r, polynomial::<I, _>(r, &EXPM1), r);
    let power = power_of_two(multiple);
    fma::<I>(power, part, power - 1.0)
}

impl Function<f32, 1> for Expm1 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        (with_sign(exponential_less_one::<I>(x), sign(x)), is_below(x, 87.0))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).exp_m1() as f32
    }
}
