//! Sine, cosine and tangent.

use super::super::arithmetic::Isa;
use super::super::circular::{Cos, Sin, Tan};
use super::super::loops::Function;
use super::arithmetic::{
    SIGN, exact_fma, fast_sum, flip, fma, is_below, nearest, nearest_product, polynomial, select,
    sign,
};

/// pi, in parts that are as long as they can be.
const PI: [f32; 3] = [std::f32::consts::PI, -8.742_278e-8, -3.430_249e-15];

/// pi / 2.
const HALF_PI: [f32; 3] = [PI[0] * 0.5, PI[1] * 0.5, PI[2] * 0.5];

/// The largest argument of sine and cosine whose multiple of pi is found well enough.
const LIMIT: f32 = (1_u32 << 20) as f32;

/// The same for the tangent.
const TAN_LIMIT: f32 = (1_u32 << 18) as f32;

/// `(sin(r) / r - 1) / r^2` as a function of `r^2` for `|r| <= 1.67`, to 2^-30.
const SIN: [f32; 5] =
    [-0.166_666_67, 0.008_333_348, -1.984_250_4e-4, 2.758_958_5e-6, -2.476_328_5e-8];

/// The derivative of `sin(r) / r` by `r^2` at pi / 2.
const SIN_SLOPE: f32 = -0.129;

/// The sine of `x - multiple * pi`.
#[inline(always)]
fn sin_without<I: Isa>(x: f32, multiple: f32) -> f32 {
    // Exact where it counts: it has no more digits than the number.
    let rest = exact_fma::<I>(-multiple, PI[0], x);
    let r = exact_fma::<I>(-multiple, PI[2], exact_fma::<I>(-multiple, PI[1], rest));
    let square = r * r;
    let [first, tail @ ..] = &SIN;
    // The sum is rounded after the multiplication, when it counts less. What the rounding of the
    // square loses is made up for by the derivative at pi / 2: there all errors count most, and
    // could make a sine greater than 1.
    let lost = exact_fma::<I>(r, r, -square) * SIN_SLOPE;
    let tail = fma::<I>(square, square * polynomial::<I, 4>(square, tail), lost);
    fma::<I>(r, exact_fma::<I>(square, *first, tail), r)
}

impl Function<f32, 1> for Sin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (multiple, bits) = nearest_product::<I>(x.abs(), std::f32::consts::FRAC_1_PI);
        let value = sin_without::<I>(x.abs(), multiple);
        (flip(value, (bits << 31) ^ sign(x)), is_below(x, LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).sin() as f32
    }
}

impl Function<f32, 1> for Cos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (multiple, bits) = nearest(fma::<I>(x.abs(), std::f32::consts::FRAC_1_PI, -0.5));
        let value = sin_without::<I>(x.abs(), multiple + 0.5);
        (flip(value, (bits << 31) ^ SIGN), is_below(x, LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).cos() as f32
    }
}

/// `(tan(r) / r - 1) / r^2` as a function of `r^2` for `|r| <= 1.03 pi / 4`, to 2^-28.
const TAN: [f32; 7] = [
    0.333_333_6,
    0.133_322_69,
    0.054_104_78,
    0.021_050_448,
    0.011_435_486,
    -6.680_716e-4,
    0.004_748_168,
];

impl Function<f32, 1> for Tan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (multiple, bits) = nearest_product::<I>(x.abs(), std::f32::consts::FRAC_2_PI);
        let rest = exact_fma::<I>(-multiple, HALF_PI[0], x.abs());
        let product = multiple * HALF_PI[1];
        let [r, more] = fast_sum(rest, -product);
        let lost = exact_fma::<I>(-multiple, HALF_PI[1], product);
        let low = fma::<I>(-multiple, HALF_PI[2], more + lost);
        let square = r * r;
        // The derivative, by which the correction counts, is about 1 + 1.5 r^2.
        let correction = fma::<I>(low, square * 1.5, low);
        let tangent = r + fma::<I>(r * square, polynomial::<I, _>(square, &TAN), correction);
        let is_odd = bits & 1 == 1;
        let value = select(is_odd, -1.0, tangent) / select(is_odd, tangent, 1.0);
        (flip(value, sign(x)), is_below(x, TAN_LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).tan() as f32
    }
}
