//! Logarithms: `x = 2^k (1 + f)` with `1 + f` between the roots of 1/2 and 2, and a polynomial for
//! `log(1 + f)`.

use super::arithmetic::{
    Isa, LN_2, fast_sum, fma, is_positive_normal, polynomial, power_of_two, residue, split,
};
use super::loops::Function;

/// `(log((1 + s) / (1 - s)) / s - 2) / s^2` as a function of `s^2` for numbers between the roots of
/// 1/2 and 2, where `s^2 < 0.0295`, to 2^-59.
const RATIO: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_093_6,
    0.285_714_287_436_840_63,
    0.222_221_984_293_789_84,
    0.181_835_723_255_443_9,
    0.153_138_331_376_465_54,
    0.147_982_468_783_518_98,
];

/// `f^2 / 2`, and what `log(1 + f)` is more than `f` without it.
///
/// With `s = f / (2 + f)`, the logarithm is `2 s + s^3 R(s^2)`, and `2 s = f - s f`, so that it is
/// `f - f^2 / 2 + s (f^2 / 2 + s^2 R(s^2))` (as in Sun's fdlibm).
#[inline(always)]
fn parts<I: Isa>(f: f64) -> [f64; 2] {
    let half_square = (f * 0.5) * f;
    let s = f / (2.0 + f);
    let square = s * s;
    let sum = fma::<I>(square, polynomial::<I, _>(square, &RATIO), half_square);
    [half_square, s * sum]
}

/// `log(1 + f) + k ln 2`.
#[inline(always)]
pub(super) fn logarithm<I: Isa>(f: f64, exponent: f64) -> f64 {
    let [half_square, more] = parts::<I>(f);
    let rest = (half_square - fma::<I>(exponent, LN_2[1], more)) - f;
    fma::<I>(exponent, LN_2[0], -rest)
}

/// `log(1 + f)` as a sum of two numbers, which suffices for multiplications with constants.
#[inline(always)]
fn exact_logarithm<I: Isa>(f: f64) -> [f64; 2] {
    let [half_square, more] = parts::<I>(f);
    let lost = residue::<I>(f * 0.5, f, half_square);
    let [high, low] = fast_sum(f, -half_square);
    [high, (low - lost) + more]
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

/// `log(1 + x)`, exact for small numbers too.
pub(crate) struct Log1p;

impl Function<f64, 1> for Log1p {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        const LARGE: f64 = f64::from_bits((1023 + 1000) << 52);
        let value = log_of_successor::<I>(x);
        // Zeros lose their signs on the way.
        let value = if x == 0.0 { x } else { value };
        (value, is_positive_normal(1.0 + x) & ((1.0 + x).to_bits() < LARGE.to_bits()))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.ln_1p()
    }
}
