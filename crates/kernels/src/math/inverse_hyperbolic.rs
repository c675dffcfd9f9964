//! Inverse hyperbolic functions, by `log(1 + x)`.

use super::arithmetic::{Isa, flip, fma, is_below, select, sign};
use super::logarithm::{log_of_successor, logarithm, split_successor};
use super::loops::Function;
use crate::ops::library::Library;

/// Beyond, the functions are `log(2 x)` in all digits.
const LARGE: f64 = (1_u64 << 60) as f64;

/// The limit of the formula for logarithms.
const LIMIT: f64 = f64::from_bits((1023 + 1000) << 52);

/// `log(1 + x)`, or `log(2 x)` for large numbers.
#[inline(always)]
fn log_of_either<I: Isa>(is_large: bool, large: f64, other: f64) -> f64 {
    let (f, exponent) = split_successor::<I>(select(is_large, large, other));
    logarithm::<I>(f, exponent + select(is_large, 1.0, 0.0))
}

/// `x + x^2 / (1 + sqrt(1 + x^2))`, which is `x - 1 + sqrt(1 + x^2)`.
#[inline(always)]
fn sine_argument<I: Isa>(x: f64) -> f64 {
    let square = x * x;
    x + square / (1.0 + fma::<I>(x, x, 1.0).sqrt())
}

/// The inverse of the hyperbolic sine.
pub(crate) struct Arcsinh;

impl Function<f64, 1> for Arcsinh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let size = x.abs();
        let value = log_of_either::<I>(!is_below(x, LARGE), size, sine_argument::<I>(size));
        (flip(value, sign(x)), is_below(x, LIMIT))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.inverse_sinh()
    }
}

/// The inverse of the hyperbolic cosine.
pub(crate) struct Arccosh;

/// `x - 1 + sqrt(x^2 - 1)`.
#[inline(always)]
fn cosine_argument<I: Isa>(x: f64) -> f64 {
    let more = x - 1.0;
    more + fma::<I>(more, more, more + more).sqrt()
}

impl Function<f64, 1> for Arccosh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let value = log_of_either::<I>(!is_below(x, LARGE), x, cosine_argument::<I>(x));
        (value, x.to_bits().wrapping_sub(1.0_f64.to_bits()) < LIMIT.to_bits() - 1.0_f64.to_bits())
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.inverse_cosh()
    }
}

/// The inverse of the hyperbolic tangent.
pub(crate) struct Arctanh;

/// `(1 + x) / (1 - x) - 1`.
#[inline(always)]
fn tangent_argument(x: f64) -> f64 {
    (x + x) / (1.0 - x)
}

impl Function<f64, 1> for Arctanh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let value = log_of_successor::<I>(tangent_argument(x.abs())) * 0.5;
        (flip(value, sign(x)), is_below(x, 1.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.inverse_tanh()
    }
}
