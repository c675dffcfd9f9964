//! Hyperbolic functions: `x = k ln 2 + r`, and polynomials for `sinh(r)` and `cosh(r)`.
//!
//! ```text
//! sinh(x) = sinh(r) (2^k + 2^-k) / 2 + cosh(r) (2^k - 2^-k) / 2
//! cosh(x) = cosh(r) (2^k + 2^-k) / 2 + sinh(r) (2^k - 2^-k) / 2
//! ```
//!
//! needs no division, and nothing cancels near zero, where `k` is zero.

use super::arithmetic::{
    Isa, fast_sum, flip, fma, is_below, magnitude, polynomial, power_of_two, select, sign,
};
use super::exponential::{EXPM1, exponential_less_one, reduce};
use super::loops::Function;

/// `(sinh(r) / r - 1) / r^2` as a function of `r^2` for half the logarithm of 2, to 2^-60.
const SINH: [f64; 5] = [
    0.166_666_666_666_666_74,
    0.008_333_333_333_322_207,
    0.000_198_412_698_865_909_52,
    2.755_724_233_672_287_4e-6,
    2.511_004_988_138_077_2e-8,
];

/// `(cosh(r) - 1) / r^2` as a function of `r^2` for half the logarithm of 2, to 2^-69.
const COSH: [f64; 6] = [
    0.5,
    0.041_666_666_666_666_706,
    0.001_388_888_888_886_467_3,
    2.480_158_736_384_099_4e-5,
    2.755_724_047_255_303_7e-7,
    2.092_504_099_137_564e-9,
];

/// What the functions of a positive number are made of.
struct Parts {
    /// `sinh(r)`.
    sine: f64,
    /// `cosh(r) - 1`.
    cosine: f64,
    /// `(2^k + 2^-k) / 2`.
    sum: f64,
    /// `(2^k - 2^-k) / 2`.
    difference: f64,
}

impl Parts {
    #[inline(always)]
    fn new<I: Isa, const N: usize, const M: usize>(
        x: f64,
        sine: &[f64; N],
        cosine: &[f64; M],
    ) -> Self {
        let (r, multiple) = reduce::<I>(x);
        let square = r * r;
        let (up, down) = (power_of_two(multiple.wrapping_sub(1)), power_of_two(!multiple));
        Self {
            sine: fma::<I>(r * square, polynomial::<I, _>(square, sine), r),
            cosine: square * polynomial::<I, _>(square, cosine),
            sum: up + down,
            difference: up - down,
        }
    }

    #[inline(always)]
    fn sinh<I: Isa>(&self) -> [f64; 2] {
        let [high, low] = fast_sum(self.difference, self.sine * self.sum);
        [high, fma::<I>(self.cosine, self.difference, low)]
    }

    #[inline(always)]
    fn cosh<I: Isa>(&self) -> f64 {
        self.sum + fma::<I>(self.sine, self.difference, self.cosine * self.sum)
    }
}

/// The hyperbolic sine.
pub(crate) struct Sinh;

impl Function<f64, 1> for Sinh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let [high, low] = Parts::new::<I, _, _>(x.abs(), &SINH, &COSH).sinh::<I>();
        (flip(high + low, sign(x)), is_below(x, 700.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.sinh()
    }
}

/// The hyperbolic cosine.
pub(crate) struct Cosh;

impl Function<f64, 1> for Cosh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let parts = Parts::new::<I, _, _>(x.abs(), &SINH, &COSH);
        (parts.cosh::<I>(), is_below(x, 700.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.cosh()
    }
}

/// The hyperbolic tangent: `(exp(2 x) - 1) / (exp(2 x) + 1)`.
pub(crate) struct Tanh;

/// Beyond, the tangent is 1 in all digits.
const SATURATED: f64 = 22.0;

impl Function<f64, 1> for Tanh {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let near = select(is_below(x, SATURATED), x.abs(), SATURATED);
        let numerator = exponential_less_one::<I, _>(near + near, &EXPM1);
        let value = numerator / (numerator + 2.0);
        (flip(value, sign(x)), magnitude(x) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.tanh()
    }
}
