//! Logarithms: `x = 2^k (1 + f)` with `1 + f` between the roots of 1/2 and 2, and a polynomial for
//! `log(1 + f)`.

use super::arithmetic::{
    Isa, LN_2, fast_sum, fma, is_positive_normal, long_polynomial, power_of_two, residue, split,
};
use super::loops::Function;

/// `(log(1 + f) - f + f^2 / 2) / f^3`, to 2^-59.
const LOG: [f64; 20] = [
    0.333_333_333_333_334_53,
    -0.249_999_999_999_989_2,
    0.199_999_999_999_461_2,
    -0.166_666_666_669_145_06,
    0.142_857_142_938_430_5,
    -0.124_999_999_820_114_78,
    0.111_111_105_159_601_18,
    -0.100_000_003_835_093_43,
    0.090_909_335_082_804_97,
    -0.083_333_457_565_160_07,
    0.076_917_144_265_725_3,
    -0.071_420_000_883_791_8,
    0.066_751_487_833_923_83,
    -0.062_698_013_638_640_9,
    0.058_177_765_338_927_47,
    -0.053_267_750_433_868_14,
    0.054_159_852_676_340_7,
    -0.062_750_609_028_612_2,
    0.056_968_344_847_696_244,
    -0.024_275_752_944_611_192,
];

/// The same to 2^-35.
const LOG_SINGLE: [f64; 11] = [
    0.333_333_338_897_991_94,
    -0.249_999_970_652_037_97,
    0.199_999_114_726_564_48,
    -0.166_668_561_613_570_94,
    0.142_901_686_259_924_64,
    -0.124_982_537_436_921_77,
    0.110_148_402_823_430_33,
    -0.099_249_499_778_414_7,
    0.099_885_746_934_478_71,
    -0.098_612_987_705_575_01,
    0.053_847_142_918_520_26,
];

/// `log(1 + f) + k ln 2`.
#[inline(always)]
pub(super) fn logarithm<I: Isa>(f: f64, exponent: f64) -> f64 {
    let square = f * f;
    let tail = fma::<I>(square * f, long_polynomial::<I, _>(f, square, &LOG), exponent * LN_2[1]);
    let [high, low] = fast_sum(exponent * LN_2[0], f);
    high + (low + fma::<I>(square, -0.5, tail))
}

/// `log(1 + f)` as a sum of two numbers, where the digits of the first suffice for multiplications
/// with constants.
#[inline(always)]
fn exact_logarithm<I: Isa>(f: f64) -> [f64; 2] {
    let square = f * f;
    let half = square * -0.5;
    let lost = residue::<I>(f, f, square) * -0.5;
    let [high, low] = fast_sum(f, half);
    let tail = fma::<I>(square * f, long_polynomial::<I, _>(f, square, &LOG), lost);
    fast_sum(high, low + tail)
}

/// `log(1 + f)`, for a result in single precision.
#[inline(always)]
fn logarithm_single<I: Isa>(f: f64) -> f64 {
    let square = f * f;
    let tail = fma::<I>(f, long_polynomial::<I, _>(f, square, &LOG_SINGLE), -0.5);
    fma::<I>(square, tail, f)
}

/// Whether a number in single precision is positive, normal and finite.
#[inline(always)]
fn is_positive_normal_single(x: f32) -> bool {
    const LEAST: u32 = f32::MIN_POSITIVE.to_bits();
    x.to_bits().wrapping_sub(LEAST) < f32::INFINITY.to_bits() - LEAST
}

/// `log_b(2) k + log_b(e) log(1 + f)`.
#[inline(always)]
fn to_base<I: Isa>(f: f64, exponent: f64, two: [f64; 2], e: [f64; 2]) -> f64 {
    let [high, low] = exact_logarithm::<I>(f);
    let product = high * e[0];
    let lost = residue::<I>(high, e[0], product);
    let rest = fma::<I>(low, e[0], fma::<I>(high, e[1], lost));
    let [sum, more] = fast_sum(exponent * two[0], product);
    sum + (more + fma::<I>(exponent, two[1], rest))
}

/// The natural logarithm.
pub(crate) struct Log;

impl Function<f64, 1> for Log {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (mantissa, exponent, _) = split(x);
        (logarithm::<I>(mantissa - 1.0, exponent), is_positive_normal(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.ln()
    }
}

impl Function<f32, 1> for Log {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x.into());
        let value =
            fma::<I>(exponent, std::f64::consts::LN_2, logarithm_single::<I>(mantissa - 1.0));
        (value as f32, is_positive_normal_single(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).ln() as f32
    }
}

/// `log2(e)`, in two parts.
const LOG2_E: [f64; 2] = [std::f64::consts::LOG2_E, 2.035_527_374_093_103_3e-17];

/// The logarithm to base 2.
pub(crate) struct Log2;

impl Function<f64, 1> for Log2 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (mantissa, exponent, _) = split(x);
        let value = to_base::<I>(mantissa - 1.0, exponent, [1.0, 0.0], LOG2_E);
        (value, is_positive_normal(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.log2()
    }
}

impl Function<f32, 1> for Log2 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x.into());
        let value = fma::<I>(logarithm_single::<I>(mantissa - 1.0), LOG2_E[0], exponent);
        (value as f32, is_positive_normal_single(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).log2() as f32
    }
}

/// `log10(e)`, in two parts.
const LOG10_E: [f64; 2] = [std::f64::consts::LOG10_E, 1.098_319_650_216_765e-17];

/// `log10(2)`, in two parts; the first ends in zeros, so that multiples of it are exact.
const LOG10_2: [f64; 2] = [0.301_029_995_607_677_85, 5.630_334_806_675_098e-11];

/// The logarithm to base 10.
pub(crate) struct Log10;

impl Function<f64, 1> for Log10 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (mantissa, exponent, _) = split(x);
        let value = to_base::<I>(mantissa - 1.0, exponent, LOG10_2, LOG10_E);
        (value, is_positive_normal(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.log10()
    }
}

impl Function<f32, 1> for Log10 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x.into());
        let logarithm = logarithm_single::<I>(mantissa - 1.0);
        let value = fma::<I>(exponent, std::f64::consts::LOG10_2, logarithm * LOG10_E[0]);
        (value as f32, is_positive_normal_single(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).log10() as f32
    }
}

/// `1 + x` as `2^k (1 + f)`: `f` and `k`. `f` is rounded once, however small `x` is.
#[inline(always)]
pub(super) fn split_successor<I: Isa>(x: f64) -> (f64, f64) {
    let (_, exponent, bits) = split(1.0 + x);
    let down = power_of_two(bits.wrapping_neg());
    (fma::<I>(x, down, down - 1.0), exponent)
}

/// `log(1 + x)` for numbers greater than -1 and less than 2^1000.
#[inline(always)]
pub(super) fn log_of_successor<I: Isa>(x: f64) -> f64 {
    let (f, exponent) = split_successor::<I>(x);
    logarithm::<I>(f, exponent)
}

/// The same for a result in single precision.
#[inline(always)]
pub(super) fn log_of_successor_single<I: Isa>(x: f64) -> f64 {
    let (f, exponent) = split_successor::<I>(x);
    fma::<I>(exponent, std::f64::consts::LN_2, logarithm_single::<I>(f))
}

/// `log(1 + x)`, exact for small numbers too.
pub(crate) struct Log1p;

impl Function<f64, 1> for Log1p {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        const LARGE: f64 = f64::from_bits((1023 + 1000) << 52);
        let value = log_of_successor::<I>(x);
        // Zeros lose their signs on the way.
        let value = if x == 0.0 { x } else { value };
        (value, is_positive_normal(1.0 + x) && (1.0 + x).to_bits() < LARGE.to_bits())
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.ln_1p()
    }
}

impl Function<f32, 1> for Log1p {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let value = log_of_successor_single::<I>(wide) as f32;
        let value = if x == 0.0 { x } else { value };
        (value, is_positive_normal(1.0 + wide))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).ln_1p() as f32
    }
}
