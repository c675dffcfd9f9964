//! Inverse hyperbolic functions, by `log(1 + x)`.

use super::arithmetic::{Isa, flip, fma, is_below, select, sign};
use super::logarithm::{log_of_successor, log_of_successor_single, logarithm, split_successor};
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

impl Function<f32, 1> for Arcsinh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let value = log_of_successor_single::<I>(sine_argument::<I>(wide.abs()));
        (flip(value, sign(wide)) as f32, is_below(wide, f32::INFINITY.into()))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_sinh() as f32
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

impl Function<f32, 1> for Arccosh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        const ONE: u32 = 1.0_f32.to_bits();
        let value = log_of_successor_single::<I>(cosine_argument::<I>(x.into()));
        (value as f32, x.to_bits().wrapping_sub(ONE) < f32::INFINITY.to_bits() - ONE)
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_cosh() as f32
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

impl Function<f32, 1> for Arctanh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let value = log_of_successor_single::<I>(tangent_argument(wide.abs())) * 0.5;
        (flip(value, sign(wide)) as f32, is_below(wide, 1.0))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_tanh() as f32
    }
}
