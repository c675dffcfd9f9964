//! Functions of the C library that Rust's standard library lacks, or replaces by its own.

#![expect(unsafe_code, reason = "the functions are the C library's")]

use num_complex::Complex;

macro_rules! library {
    (
        real { $($real:ident: $real_single:ident, $real_double:ident;)* }
        complex { $($complex:ident: $complex_single:ident, $complex_double:ident;)* }
    ) => {
        mod c {
            use num_complex::Complex;

            // C's complex numbers are passed as a pair of reals, as a `Complex` is.
            unsafe extern "C" {
                $(pub safe fn $real_single(x: f32) -> f32;
                pub safe fn $real_double(x: f64) -> f64;)*
                $(pub safe fn $complex_single(x: Complex<f32>) -> Complex<f32>;
                pub safe fn $complex_double(x: Complex<f64>) -> Complex<f64>;)*
                pub safe fn cpowf(x: Complex<f32>, y: Complex<f32>) -> Complex<f32>;
                pub safe fn cpow(x: Complex<f64>, y: Complex<f64>) -> Complex<f64>;
                pub safe fn nextafterf(x: f32, y: f32) -> f32;
                pub safe fn nextafter(x: f64, y: f64) -> f64;
                pub safe fn ldexpf(x: f32, exponent: i32) -> f32;
                pub safe fn ldexp(x: f64, exponent: i32) -> f64;
                pub fn frexp(x: f64, exponent: *mut i32) -> f64;
            }
        }

        /// Functions of the C library, for single and double precision.
        pub trait Library: Sized {
            $(#[doc = concat!("C's `", stringify!($real_double), "`.")]
            fn $real(self) -> Self;)*
            $(#[doc = concat!("C's `", stringify!($complex_double), "`.")]
            fn $complex(x: Complex<Self>) -> Complex<Self>;)*
            /// C's `cpow`.
            fn complex_pow(x: Complex<Self>, y: Complex<Self>) -> Complex<Self>;
            /// C's `nextafter`.
            fn next_after(self, other: Self) -> Self;
            /// C's `ldexp`: `self` times a power of two.
            fn times_power_of_two(self, exponent: i32) -> Self;
        }

        impl Library for f32 {
            $(#[inline]
            fn $real(self) -> Self {
                c::$real_single(self)
            })*
            $(#[inline]
            fn $complex(x: Complex<Self>) -> Complex<Self> {
                c::$complex_single(x)
            })*
            #[inline]
            fn complex_pow(x: Complex<Self>, y: Complex<Self>) -> Complex<Self> {
                c::cpowf(x, y)
            }
            #[inline]
            fn next_after(self, other: Self) -> Self {
                c::nextafterf(self, other)
            }
            #[inline]
            fn times_power_of_two(self, exponent: i32) -> Self {
                c::ldexpf(self, exponent)
            }
        }

        impl Library for f64 {
            $(#[inline]
            fn $real(self) -> Self {
                c::$real_double(self)
            })*
            $(#[inline]
            fn $complex(x: Complex<Self>) -> Complex<Self> {
                c::$complex_double(x)
            })*
            #[inline]
            fn complex_pow(x: Complex<Self>, y: Complex<Self>) -> Complex<Self> {
                c::cpow(x, y)
            }
            #[inline]
            fn next_after(self, other: Self) -> Self {
                c::nextafter(self, other)
            }
            #[inline]
            fn times_power_of_two(self, exponent: i32) -> Self {
                c::ldexp(self, exponent)
            }
        }
    };
}

library! {
    real {
        inverse_sinh: asinhf, asinh;
        inverse_cosh: acoshf, acosh;
        inverse_tanh: atanhf, atanh;
        error_function: erff, erf;
    }
    complex {
        complex_sqrt: csqrtf, csqrt;
        complex_exp: cexpf, cexp;
        complex_log: clogf, clog;
        complex_sin: csinf, csin;
        complex_cos: ccosf, ccos;
        complex_tan: ctanf, ctan;
        complex_sinh: csinhf, csinh;
        complex_cosh: ccoshf, ccosh;
        complex_tanh: ctanhf, ctanh;
        complex_asin: casinf, casin;
        complex_acos: cacosf, cacos;
        complex_atan: catanf, catan;
        complex_asinh: casinhf, casinh;
        complex_acosh: cacoshf, cacosh;
        complex_atanh: catanhf, catanh;
    }
}

/// C's `frexp`: a fraction and the power of two to multiply it with.
pub fn split(x: impl Into<f64>) -> (f64, i32) {
    let mut exponent = 0;
    // SAFETY: the pointer is valid for a write.
    let fraction = unsafe { c::frexp(x.into(), &raw mut exponent) };
    (fraction, exponent)
}
