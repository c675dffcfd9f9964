//! Inverse circular functions: polynomials near zero, and the identities that lead there.

use super::arithmetic::{Isa, SIGN, fast_sum, flip, fma, magnitude, polynomial, select, sign};
use super::loops::Function;

/// pi / 2 in two parts.
const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];

/// `(arcsin(x) / x - 1) / x^2` as a function of `x^2` for `x <= 1/2`, to 2^-58.
const ARCSIN: [f64; 13] = [
    0.166_666_666_666_667_02,
    0.074_999_999_999_845_11,
    0.044_642_857_163_635_94,
    0.030_381_943_144_576_987,
    0.022_372_204_933_033_62,
    0.017_351_756_627_662_262,
    0.013_979_471_035_153_014,
    0.011_407_153_963_814_419,
    0.010_748_063_085_250_314,
    0.003_780_689_950_393_743,
    0.021_629_907_438_076_84,
    -0.021_020_611_104_274_12,
    0.032_716_104_830_782_92,
];

/// For `|x| <= 1/2` the arcsine of `|x|`; for greater ones the half of the arccosine, which is
/// the arcsine of a root: the number in front, and what its arcsine is more than itself.
#[inline(always)]
fn near_or_root<I: Isa, const N: usize>(x: f64, coefficients: &[f64; N]) -> (bool, [f64; 2]) {
    let is_near = magnitude(x) <= 0.5_f64.to_bits() as i64;
    // Exact.
    let rest = fma::<I>(x.abs(), -0.5, 0.5);
    let square = select(is_near, x * x, rest);
    let front = select(is_near, x.abs(), rest.sqrt());
    (is_near, [front, front * square * polynomial::<I, _>(square, coefficients)])
}

/// Whether a number is within [-1, 1].
#[inline(always)]
fn is_within(x: f64) -> bool {
    magnitude(x) <= 1.0_f64.to_bits() as i64
}

/// The inverse of the sine.
pub(crate) struct Arcsin;

impl Function<f64, 1> for Arcsin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (is_near, [front, more]) = near_or_root::<I, _>(x, &ARCSIN);
        let [high, low] = fast_sum(HALF_PI[0], -2.0 * front);
        let far = high + fma::<I>(more, -2.0, low + HALF_PI[1]);
        (flip(select(is_near, front + more, far), sign(x)), is_within(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.asin()
    }
}

/// The inverse of the cosine.
pub(crate) struct Arccos;

impl Function<f64, 1> for Arccos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (is_near, [front, more]) = near_or_root::<I, _>(x, &ARCSIN);
        // For small numbers pi / 2 - arcsin(x); for greater ones twice the half, or pi without it.
        let turns = sign(x) ^ if is_near { SIGN } else { 0 };
        let factor = select(is_near, 1.0, 2.0);
        let (front, more) = (flip(front, turns) * factor, flip(more, turns) * factor);
        let factor = select(!is_near & (sign(x) != SIGN), 0.0, factor);
        let [base, base_low] = [HALF_PI[0] * factor, HALF_PI[1] * factor];
        // Larger than what is added, or zero.
        let [high, low] = fast_sum(base, front);
        (high + (low + (more + base_low)), is_within(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.acos()
    }
}

/// `(arctan(t) / t - 1) / t^2` as a function of `t^2` for `t <= 1`, to 2^-55.
const ARCTAN: [f64; 20] = [
    -0.333_333_333_333_330_7,
    0.199_999_999_999_517_45,
    -0.142_857_142_825_877_5,
    0.111_111_110_073_305_22,
    -0.090_909_070_075_769_15,
    0.076_922_798_861_754_04,
    -0.066_664_044_002_189_43,
    0.058_805_296_688_144_375,
    -0.052_535_261_647_549_17,
    0.047_223_463_149_482_94,
    -0.042_192_384_019_418_584,
    0.036_643_059_451_298_685,
    -0.029_905_596_780_722_486,
    0.021_986_903_709_732_566,
    -0.013_902_423_260_182_914,
    0.007_197_781_240_179_591,
    -0.002_885_558_111_742_076_4,
    0.000_831_542_147_197_189_8,
    -0.000_152_207_520_319_381_6,
    1.322_965_393_765_339e-5,
];

/// What the arctangent of a number up to 1 is more than the number.
#[inline(always)]
fn arctan_tail<I: Isa>(t: f64) -> f64 {
    let square = t * t;
    // The halves go side by side. (Even and odd terms would, too, but have larger sums, whose
    // rounding loses more.)
    let (first, second) = ARCTAN.split_at(10);
    let [first, second] = [first, second].map(|half| half.first_chunk::<10>().unwrap());
    let second = polynomial::<I, _>(square, second);
    let fourth_power = (square * square) * (square * square);
    let tenth_power = (fourth_power * fourth_power) * (square * square);
    t * square * fma::<I>(tenth_power, second, polynomial::<I, _>(square, first))
}

/// `quarters * pi / 2 + t + tail`, for `|t| <= 1`.
#[inline(always)]
fn turned<I: Isa>(quarters: f64, t: f64, tail: f64) -> f64 {
    let [high, low] = fast_sum(quarters * HALF_PI[0], t);
    high + (low + fma::<I>(quarters, HALF_PI[1], tail))
}

/// The inverse of the tangent.
pub(crate) struct Arctan;

impl Function<f64, 1> for Arctan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        const ONE: i64 = 1.0_f64.to_bits() as i64;
        let is_far = magnitude(x) > ONE;
        let [less, greater] = [magnitude(x).min(ONE), magnitude(x).max(ONE)];
        let t = f64::from_bits(less as u64) / f64::from_bits(greater as u64);
        let turns = if is_far { SIGN } else { 0 };
        let tail = flip(arctan_tail::<I>(t), turns);
        let angle = turned::<I>(select(is_far, 1.0, 0.0), flip(t, turns), tail);
        (flip(angle, sign(x)), magnitude(x) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.atan()
    }
}

/// The angle of a point, its second coordinate first.
pub(crate) struct Arctan2;

impl Function<f64, 2> for Arctan2 {
    #[inline(always)]
    fn usual<I: Isa>([y, x]: [f64; 2]) -> (f64, bool) {
        // Quotients of numbers between them are neither too small nor too large.
        const LEAST: i64 = f64::from_bits((1023 - 480) << 52).to_bits() as i64;
        const LIMIT: i64 = f64::from_bits((1023 + 480) << 52).to_bits() as i64;
        let less = magnitude(y).min(magnitude(x));
        let greater = magnitude(y).max(magnitude(x));
        let is_usual = (greater >= LEAST) & (greater < LIMIT) & ((less >= LEAST) | (less == 0));
        let t = f64::from_bits(less as u64) / f64::from_bits(greater as u64);
        let is_high = magnitude(y) > magnitude(x);
        let is_left = sign(x) == SIGN;
        let quarters = select(is_high, 1.0, select(is_left, 2.0, 0.0));
        let turns = sign(x) ^ if is_high { SIGN } else { 0 };
        let tail = flip(arctan_tail::<I>(t), turns);
        let angle = turned::<I>(quarters, flip(t, turns), tail);
        (flip(angle, sign(y)), is_usual)
    }

    fn unusual([y, x]: [f64; 2]) -> f64 {
        y.atan2(x)
    }
}
