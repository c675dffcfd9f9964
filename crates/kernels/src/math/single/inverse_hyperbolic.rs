//! Inverse hyperbolic functions.

use super::super::arithmetic::Isa;
use super::super::inverse_hyperbolic::{Arccosh, Arcsinh, Arctanh};
use super::super::loops::Function;
use super::arithmetic::{flip, fma, is_below, magnitude, select, sign};
use super::logarithm::log_of_successor;
use crate::ops::library::Library;

/// Beyond, the functions are `log(2 x)` in all digits.
const LARGE: f32 = (1_u32 << 30) as f32;

/// The limit of the formula for logarithms.
const LIMIT: f32 = f32::from_bits((127 + 124) << 23);

/// `log(1 + x)`, or `log(2 x)` for large numbers.
#[inline(always)]
fn log_of_either<I: Isa>(is_large: bool, large: f32, other: f32) -> f32 {
    log_of_successor::<I>(select(is_large, large, other), select(is_large, 1.0, 0.0))
}

impl Function<f32, 1> for Arcsinh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let size = x.abs();
        let argument = size + size * size / (1.0 + fma::<I>(x, x, 1.0).sqrt());
        let value = log_of_either::<I>(!is_below(x, LARGE), size, argument);
        (flip(value, sign(x)), is_below(x, LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_sinh() as f32
    }
}

impl Function<f32, 1> for Arccosh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let more = x - 1.0;
        let argument = more + fma::<I>(more, more, more + more).sqrt();
        let value = log_of_either::<I>(!is_below(x, LARGE), x, argument);
        let bits = x.to_bits() as i32;
        (value, (bits >= 1.0_f32.to_bits() as i32) & (bits < LIMIT.to_bits() as i32))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_cosh() as f32
    }
}

impl Function<f32, 1> for Arctanh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let size = x.abs();
        let value = log_of_successor::<I>((size + size) / (1.0 - size), 0.0) * 0.5;
        (flip(value, sign(x)), magnitude(x) < 1.0_f32.to_bits() as i32)
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).inverse_tanh() as f32
    }
}
