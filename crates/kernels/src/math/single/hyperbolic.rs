//! Hyperbolic functions.

use super::super::arithmetic::Isa;
use super::super::hyperbolic::{Cosh, Sinh, Tanh};
use super::super::loops::Function;
use super::arithmetic::{
    clamp, flip, fma, is_below, is_number, polynomial, power_of_two, sign, with_sign,
};
use super::exponential::{exponential_less_one, reduce};

/// `(sinh(r) / r - 1) / r^2` as a function of `r^2` for half the logarithm of 2, to 2^-26.
const SINH: [f32; 2] = [0.166_665_42, 0.008_366_735];

/// `(cosh(r) - 1) / r^2` as a function of `r^2` for half the logarithm of 2, to 2^-33.
const COSH: [f32; 3] = [0.5, 0.041_666_46, 0.001_393_545_8];

/// From here on, terms of the sums would be too small or too large.
const LIMIT: f32 = 86.0;

/// What the functions of a positive number are made of, as in double precision.
struct Parts {
    sine: f32,
    cosine: f32,
    sum: f32,
    difference: f32,
}

impl Parts {
    #[inline(always)]
    fn new<I: Isa>(x: f32) -> Self {
        let (r, multiple) = reduce::<I>(x);
        let square = r * r;
        let (up, down) = (power_of_two(multiple.wrapping_sub(1)), power_of_two(!multiple));
        Self {
            sine: fma::<I>(r * square, polynomial::<I, _>(square, &SINH), r),
            cosine: square * polynomial::<I, _>(square, &COSH),
            sum: up + down,
            difference: up - down,
        }
    }
}

impl Function<f32, 1> for Sinh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let Parts { sine, cosine, sum, difference } = Parts::new::<I>(x.abs());
        let value = difference + fma::<I>(sine, sum, cosine * difference);
        (flip(value, sign(x)), is_below(x, LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).sinh() as f32
    }
}

impl Function<f32, 1> for Cosh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let Parts { sine, cosine, sum, difference } = Parts::new::<I>(x.abs());
        (sum + fma::<I>(sine, difference, cosine * sum), is_below(x, LIMIT))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).cosh() as f32
    }
}

/// Beyond, the tangent is 1 in all digits.
const SATURATED: f32 = 9.25;

impl Function<f32, 1> for Tanh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let near = clamp(x, SATURATED);
        let numerator = exponential_less_one::<I>(near + near);
        (with_sign(numerator / (numerator + 2.0), sign(x)), is_number(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).tanh() as f32
    }
}
