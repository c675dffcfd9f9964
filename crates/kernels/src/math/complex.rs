//! Functions of complex numbers.

use num_complex::Complex;

use super::arithmetic::{Isa, fma, is_below, power_of_two, residue};
use super::circular::{exact_sin, limit, reduce_cos, reduce_sin, small_sin_single};
use super::exponential::{exact_exp, reduce, reduce_exactly, small_exp_single};
use super::loops::Function;
use super::roots::Hypot;
use crate::ops::library::Library;

/// The magnitude.
pub(crate) struct ComplexAbsolute;

macro_rules! absolute {
    ($($real:ty),*) => {$(
        impl Function<Complex<$real>, 1, $real> for ComplexAbsolute {
            #[inline(always)]
            fn usual<I: Isa>([x]: [Complex<$real>; 1]) -> ($real, bool) {
                <Hypot as Function<$real, 2>>::usual::<I>([x.re, x.im])
            }

            fn unusual([x]: [Complex<$real>; 1]) -> $real {
                x.re.hypot(x.im)
            }
        }
    )*};
}

absolute!(f32, f64);

/// e to a power.
pub(crate) struct ComplexExp;

/// The product of two sums of two numbers.
#[inline(always)]
fn product<I: Isa>([a, a_low]: [f64; 2], [b, b_low]: [f64; 2]) -> f64 {
    let product = a * b;
    product + fma::<I>(a, b_low, fma::<I>(a_low, b, residue::<I>(a, b, product)))
}

impl Function<Complex<f64>, 1> for ComplexExp {
    #[inline(always)]
    fn usual<I: Isa>([x]: [Complex<f64>; 1]) -> (Complex<f64>, bool) {
        let (r, multiple) = reduce_exactly::<I>(x.re);
        let size = exact_exp::<I>(r);
        let power = power_of_two(multiple);
        let (across, across_sign) = reduce_cos::<I>(x.im);
        let (up, up_sign) = reduce_sin::<I>(x.im);
        let turn = |sign: u64| f64::from_bits(power.to_bits() ^ sign);
        let value = Complex::new(
            product::<I>(size, exact_sin::<I>(across)) * turn(across_sign),
            product::<I>(size, exact_sin::<I>(up)) * turn(up_sign),
        );
        // Smaller parts may not be exact, or become subnormal.
        let is_usual = is_below(x.re, 600.0)
            & is_below(x.im, limit::<I>())
            & ((x.im == 0.0) | !is_below(x.im, LEAST));
        (value, is_usual)
    }

    fn unusual([x]: [Complex<f64>; 1]) -> Complex<f64> {
        f64::complex_exp(x)
    }
}

/// The least imaginary part, for which no product is subnormal.
const LEAST: f64 = f64::from_bits((1023 - 100) << 52);

impl Function<Complex<f32>, 1> for ComplexExp {
    #[inline(always)]
    fn usual<I: Isa>([x]: [Complex<f32>; 1]) -> (Complex<f32>, bool) {
        let (re, im) = (f64::from(x.re), f64::from(x.im));
        let (r, multiple) = reduce::<I>(re);
        let size = small_exp_single::<I>(r);
        let power = power_of_two(multiple);
        let (across, across_sign) = reduce_cos::<I>(im);
        let (up, up_sign) = reduce_sin::<I>(im);
        let turn = |sign: u64| f64::from_bits((size * power).to_bits() ^ sign);
        let value = Complex::new(
            (small_sin_single::<I>(across) * turn(across_sign)) as f32,
            (small_sin_single::<I>(up) * turn(up_sign)) as f32,
        );
        let is_usual = is_below(re, 60.0)
            & is_below(im, limit::<I>())
            & ((x.im == 0.0) | !is_below(im, LEAST_SINGLE));
        (value, is_usual)
    }

    fn unusual([x]: [Complex<f32>; 1]) -> Complex<f32> {
        f32::complex_exp(x)
    }
}

/// The same in single precision.
const LEAST_SINGLE: f64 = f64::from_bits((1023 - 30) << 52);

/// The quotient by Smith's method: divides by the larger part of the divisor first, so that nothing
/// overflows. Without fused steps, as NumPy does it.
pub(crate) struct ComplexDivide;

macro_rules! divide {
    ($($real:ident: $bits:ident),*) => {$(
        impl Function<Complex<$real>, 2> for ComplexDivide {
            #[inline(always)]
            fn usual<I: Isa>([a, b]: [Complex<$real>; 2]) -> (Complex<$real>, bool) {
                const LEAST: $bits = <$real>::MIN_POSITIVE.to_bits();
                const LIMIT: $bits = <$real>::INFINITY.to_bits() - LEAST;
                let magnitude = |x: $real| x.abs().to_bits();
                let is_first = magnitude(b.re) >= magnitude(b.im);
                let pick = |first: $real, second: $real| if is_first { first } else { second };
                let divisor = pick(b.re, b.im);
                let ratio = pick(b.im, b.re) / divisor;
                let scale = 1.0 / (divisor + pick(b.im, b.re) * ratio);
                let [re, im] = [a.re * ratio, a.im * ratio];
                let value = Complex::new(
                    (pick(a.re, re) + pick(im, a.im)) * scale,
                    (pick(a.im, im) - pick(re, a.re)) * scale,
                );
                // Zeros and what is too small or too large may be exceptions.
                let is_normal = |x: $real| magnitude(x).wrapping_sub(LEAST) < LIMIT;
                (value, is_normal(value.re) & is_normal(value.im))
            }

            fn unusual([a, b]: [Complex<$real>; 2]) -> Complex<$real> {
                // In a vector of which only some parts are used, the others may meet exceptions, too:
                // this keeps the compiler from making one.
                let alone = std::hint::black_box::<$real>;
                if b.re.abs() >= b.im.abs() {
                    if b.re == 0.0 {
                        return Complex::new(alone(a.re / b.re.abs()), alone(a.im / b.re.abs()));
                    }
                    let ratio = alone(b.im / b.re);
                    let scale = alone(1.0 / alone(b.re + b.im * ratio));
                    let re = alone(a.re + alone(a.im * ratio));
                    Complex::new(re * scale, alone(a.im - alone(a.re * ratio)) * scale)
                } else {
                    let ratio = alone(b.re / b.im);
                    let scale = alone(1.0 / alone(b.im + b.re * ratio));
                    let re = alone(alone(a.re * ratio) + a.im);
                    Complex::new(re * scale, alone(alone(a.im * ratio) - a.re) * scale)
                }
            }
        }
    )*};
}

divide!(f32: u32, f64: u64);
