//! Sine, cosine and tangent: `x = k pi + r`, and a polynomial for what is left.
//!
//! The multiple is subtracted in several parts, so that `r` is good to all its digits however near
//! `x` is to the multiple, and what the rounding of `r` loses is kept. Arguments so large that
//! multiples of the parts are no longer exact are unusual.

use super::arithmetic::{
    Isa, SIGN, exact_sum, fast_sum, flip, fma, is_below, long_polynomial, magnitude, nearest,
    polynomial, residue, select, sign,
};
use super::loops::Function;

/// A number in parts that are as long as they can be.
type Long = [f64; 3];

/// A number in parts of 33 digits, whose multiples by less than 2^20 are exact, and a rest.
type Short = [f64; 4];

/// pi.
const PI: (Long, Short) = (
    [std::f64::consts::PI, 1.224_646_799_147_353_2e-16, -2.994_769_809_718_339_7e-33],
    [
        3.141_592_653_468_251_2,
        1.215_420_101_260_793_2e-10,
        4.044_532_497_422_333e-21,
        1.695_685_532_073_78e-31,
    ],
);

/// pi / 2.
const HALF_PI: (Long, Short) = (
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33],
    [
        1.570_796_326_734_125_6,
        6.077_100_506_303_966e-11,
        2.022_266_248_711_166_5e-21,
        8.478_427_660_368_9e-32,
    ],
);

/// The largest argument whose multiple of pi is subtracted exactly enough.
#[inline(always)]
pub(super) fn limit<I: Isa>() -> f64 {
    if I::FUSED { (1_u64 << 40) as f64 } else { (1_u64 << 20) as f64 }
}

/// `x - multiple * number` as a sum of two numbers.
#[inline(always)]
fn subtract<I: Isa>(x: f64, multiple: f64, number: &(Long, Short)) -> [f64; 2] {
    if I::FUSED {
        let [first, second, third] = number.0;
        // Exact: it has no more digits than the number.
        let rest = fma::<I>(-multiple, first, x);
        let product = multiple * second;
        let [high, low] = fast_sum(rest, -product);
        let lost = fma::<I>(-multiple, second, product);
        [high, fma::<I>(-multiple, third, low + lost)]
    } else {
        let [first, second, third, fourth] = number.1;
        // The products are exact, and so is the first difference.
        let [high, low] = exact_sum(x - multiple * first, -(multiple * second));
        let [high, more] = exact_sum(high, -(multiple * third));
        [high, (low + more) - multiple * fourth]
    }
}

/// `(sin(r) / r - 1) / r^2` as a function of `r^2` for `|r| <= pi / 2`, to 2^-60.
const SIN: [f64; 8] = [
    -0.166_666_666_666_666_66,
    0.008_333_333_333_333_24,
    -0.000_198_412_698_412_213_67,
    2.755_731_921_267_813_4e-6,
    -2.505_210_697_458_484_2e-8,
    1.605_894_323_154_940_2e-10,
    -7.643_049_513_921_397e-13,
    2.721_493_685_224_279_6e-15,
];

/// What the first of them lacks.
const SIN_LOW: f64 = -3.838_458_849_019_052e-18;

/// The derivative of `sin(r) / r` by `r^2` at pi / 2.
const SIN_SLOPE: f64 = -0.129;

/// The same to 2^-34.
const SIN_SINGLE: [f64; 5] = [
    -0.166_666_666_388_382,
    0.008_333_331_416_576_325,
    -0.000_198_408_893_750_018_34,
    2.752_581_152_219_639_4e-6,
    -2.388_836_126_614_258_4e-8,
];

/// The sine of a sum of two numbers.
#[inline(always)]
fn small_sin<I: Isa>(rest: [f64; 2]) -> f64 {
    let [r, factor] = sin_factor::<I>(rest);
    fma::<I>(r, factor, r)
}

/// The sine of a sum of two numbers, as such a sum.
#[inline(always)]
pub(super) fn exact_sin<I: Isa>(rest: [f64; 2]) -> [f64; 2] {
    let [r, factor] = sin_factor::<I>(rest);
    let more = r * factor;
    let [high, low] = fast_sum(r, more);
    [high, low + residue::<I>(r, factor, more)]
}

/// The sum of two numbers, and by which multiple of it its sine is greater.
#[inline(always)]
fn sin_factor<I: Isa>([high, low]: [f64; 2]) -> [f64; 2] {
    let r = high + low;
    let square = r * r;
    let [first, tail @ ..] = &SIN;
    // The sum is rounded after the multiplication, when it counts less. What the roundings of the
    // first coefficient and of the square lose is made up for, the latter by the derivative at
    // pi / 2: there all errors count most, and could make a sine greater than 1.
    let tail =
        square * fma::<I>(square, long_polynomial::<I, 7>(square, square * square, tail), SIN_LOW);
    let tail = fma::<I>(residue::<I>(r, r, square), SIN_SLOPE, tail);
    [r, fma::<I>(square, *first, tail)]
}

/// The sine of a sum of two numbers, for a result in single precision.
#[inline(always)]
pub(super) fn small_sin_single<I: Isa>([high, low]: [f64; 2]) -> f64 {
    let r = high + low;
    let square = r * r;
    fma::<I>(r * square, polynomial::<I, _>(square, &SIN_SINGLE), r)
}

/// What is left of `|x|` without the multiple of pi, and the sign that the sine then has.
#[inline(always)]
pub(super) fn reduce_sin<I: Isa>(x: f64) -> ([f64; 2], u64) {
    let (multiple, bits) = nearest(x.abs() * std::f64::consts::FRAC_1_PI);
    (subtract::<I>(x.abs(), multiple, &PI), (bits << 63) ^ sign(x))
}

/// What is left of `|x|` without the odd multiple of pi / 2, and the sign by which the sine of it
/// is the cosine of `x`.
#[inline(always)]
pub(super) fn reduce_cos<I: Isa>(x: f64) -> ([f64; 2], u64) {
    let (multiple, bits) = nearest(fma::<I>(x.abs(), std::f64::consts::FRAC_1_PI, -0.5));
    (subtract::<I>(x.abs(), multiple + 0.5, &PI), (bits << 63) ^ SIGN)
}

/// The sine.
pub(crate) struct Sin;

impl Function<f64, 1> for Sin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (rest, sign) = reduce_sin::<I>(x);
        (flip(small_sin::<I>(rest), sign), is_below(x, limit::<I>()))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.sin()
    }
}

/// The cosine.
pub(crate) struct Cos;

impl Function<f64, 1> for Cos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (rest, sign) = reduce_cos::<I>(x);
        (flip(small_sin::<I>(rest), sign), is_below(x, limit::<I>()))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.cos()
    }
}

/// `(tan(r) / r - 1) / r^2` as a function of `r^2` for `|r| <= pi / 4`, to 2^-59.
const TAN: [f64; 15] = [
    0.333_333_333_333_333_5,
    0.133_333_333_333_294_25,
    0.053_968_253_971_085_234,
    0.021_869_488_440_038_384,
    0.008_863_237_385_377_238,
    0.003_592_105_419_909_423,
    0.001_456_019_729_437_299_6,
    0.000_588_966_033_094_333_7,
    0.000_243_473_331_479_224_43,
    8.408_415_546_028_66e-5,
    6.655_797_467_156_522e-5,
    -2.511_622_783_972_852_7e-5,
    4.843_907_812_106_079_6e-5,
    -2.427_866_311_901_567_5e-5,
    9.820_127_500_176_787e-6,
];

/// What is left of `|x|` without the multiple of pi / 2.
struct Rest {
    /// The sum of these two.
    high: f64,
    low: f64,
    /// Whether the multiple is odd: then the tangent of `x` is `-1 / tan(rest)`.
    is_odd: bool,
    /// Whether the rest is good to all its digits.
    is_good: bool,
}

impl Rest {
    #[inline(always)]
    fn new<I: Isa>(x: f64) -> Self {
        let size = x.abs();
        let (multiple, bits) = nearest(size * std::f64::consts::FRAC_2_PI);
        let is_odd = bits & 1 == 1;
        if I::FUSED {
            // Two parts of the number will do, and steps that are exact unless the first rest is as
            // small as what is then subtracted from it.
            const DIGITS: i64 = 50 << 52;
            let [first, second, _] = HALF_PI.0;
            let rest = fma::<I>(-multiple, first, size);
            let high = fma::<I>(-multiple, second, rest);
            let low = fma::<I>(-multiple, second, rest - high);
            Self { high, low, is_odd, is_good: magnitude(high) >= magnitude(x) - DIGITS }
        } else {
            let [high, low] = subtract::<I>(size, multiple, &HALF_PI);
            let [high, low] = fast_sum(high, low);
            Self { high, low, is_odd, is_good: true }
        }
    }
}

/// The tangent.
pub(crate) struct Tan;

impl Function<f64, 1> for Tan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let Rest { high: r, low, is_odd, is_good } = Rest::new::<I>(x);
        let square = r * r;
        // (The derivative, by which the correction should count, is 2 at most.)
        let tail =
            fma::<I>(r * square, long_polynomial::<I, _>(square, square * square, &TAN), low);
        let [tangent, low] = fast_sum(r, tail);
        let divisor = select(is_odd, tangent, 1.0);
        let quotient = -1.0 / divisor;
        let error = fma::<I>(quotient, low, residual::<I>(quotient, divisor));
        let cotangent = fma::<I>(quotient, error, quotient);
        let value = flip(select(is_odd, cotangent, tangent), sign(x));
        (value, is_good & is_below(x, limit::<I>()))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.tan()
    }
}

/// `1 + quotient * divisor`, where `quotient` is about `-1 / divisor`.
#[inline(always)]
fn residual<I: Isa>(quotient: f64, divisor: f64) -> f64 {
    if I::FUSED { fma::<I>(quotient, divisor, 1.0) } else { 0.0 }
}
