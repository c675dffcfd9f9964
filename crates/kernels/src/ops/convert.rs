//! Conversions between dtypes, with NumPy's `unsafe` casting as it behaves on x86-64.

#![expect(unsafe_code, reason = "a loop works on memory")]

use half::f16;
use num_complex::Complex;

use crate::Bool;
use crate::program::flags::raise_overflow;

/// The conversion of one element.
pub trait Convert<T> {
    /// The element as another type: integers wrap, floats are rounded or truncated, the imaginary
    /// part of a complex number is dropped.
    fn convert(self) -> T;
}

macro_rules! convert {
    ($($from:ty => $to:ty: |$x:ident| $body:expr;)*) => {
        $(impl Convert<$to> for $from {
            #[inline(always)]
            fn convert(self) -> $to {
                let $x = self;
                $body
            }
        })*
    };
}

/// Conversions among machine numbers with `as`.
macro_rules! with_as {
    ([$($from:ty),*] => $to:tt) => { $(with_as!(@one $from => $to);)* };
    (@one $from:ty => [$($to:ty),*]) => {
        $(convert! { $from => $to: |x| x as $to; })*
    };
}

with_as!([i8, i16, i32, i64, u8, u16, u32, u64] => [i8, i16, i32, i64, u8, u16, u32, u64, f32, f64]);
with_as!([f32, f64] => [f32, f64]);

/// A float as `i64`, as `cvttsd2si` does it: what does not fit, and NaN, becomes the least value.
#[inline(always)]
fn to_i64(x: f64) -> i64 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_cvttsd_si64, _mm_set_sd};
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_cvttsd_si64(_mm_set_sd(x)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) {
        x as i64
    } else {
        i64::MIN
    }
}

/// A float as `i32`, as the 32-bit `cvttsd2si` does it.
#[inline(always)]
fn to_i32(x: f64) -> i32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_cvttsd_si32, _mm_set_sd};
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_cvttsd_si32(_mm_set_sd(x)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    if x > -2_147_483_649.0 && x < 2_147_483_648.0 { x as i32 } else { i32::MIN }
}

/// A float as `u64`, as compilers for x86-64 do it with two signed conversions.
#[inline(always)]
fn to_u64(x: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if x < HALF { to_i64(x) as u64 } else { to_i64(x - HALF) as u64 ^ (1 << 63) }
}

macro_rules! from_float {
    ($($float:ty: |$x:ident| $wide:expr;)*) => {
        $(convert! {
            $float => Bool: |$x| Bool::new($wide != 0.0);
            $float => i8: |$x| to_i32($wide) as i8;
            $float => i16: |$x| to_i32($wide) as i16;
            $float => i32: |$x| to_i32($wide);
            $float => i64: |$x| to_i64($wide);
            $float => u8: |$x| to_i32($wide) as u8;
            $float => u16: |$x| to_i32($wide) as u16;
            $float => u32: |$x| to_i64($wide) as u32;
            $float => u64: |$x| to_u64($wide);
        })*
    };
}

from_float! {
    f16: |x| f64::from(x.to_f32());
    f32: |x| f64::from(x);
    f64: |x| x;
}

/// The nearest `f16`, rounded once: `f16::from_f64` goes by way of `f32` where the hardware converts,
/// and `f16::from_f64_const` does not look at the lower half of the bits. That there are some is
/// kept in the lowest bit of the upper half, below all that decides how to round.
pub(crate) fn nearest_half(x: f64) -> f16 {
    const LOWER: u64 = u32::MAX as u64;
    let bits = x.to_bits();
    let rest = u64::from(bits & LOWER != 0) << 32;
    f16::from_f64_const(f64::from_bits((bits & !LOWER) | rest))
}

convert! {
    f16 => f16: |x| x;
    f16 => f32: |x| x.to_f32();
    f16 => f64: |x| f64::from(x.to_f32());
    f32 => f16: |x| f16::from_f32(x);
    f64 => f16: |x| {
        let half = nearest_half(x);
        if half.is_infinite() && x.is_finite() {
            raise_overflow();
        }
        half
    };
    Bool => Bool: |x| Bool::new(x.get());
    Bool => f16: |x| if x.get() { f16::ONE } else { f16::ZERO };
}

macro_rules! from_integer {
    ($($int:ty),*) => {
        $(convert! {
            $int => Bool: |x| Bool::new(x != 0);
            $int => f16: |x| f16::from_f32(Convert::<f32>::convert(x));
        })*
    };
}

from_integer!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! from_bool {
    ($($to:ty),*) => { $(convert! { Bool => $to: |x| u8::from(x.get()).convert(); })* };
}

from_bool!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

macro_rules! to_complex {
    ($($real:ty),*) => {
        $(convert! {
            $real => Complex<f32>: |x| Complex::new(x.convert(), 0.0);
            $real => Complex<f64>: |x| Complex::new(x.convert(), 0.0);
        })*
    };
}

to_complex!(Bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64);

macro_rules! from_complex {
    ($($real:ty),*) => {
        $(convert! {
            Complex<f32> => $real: |x| x.re.convert();
            Complex<f64> => $real: |x| x.re.convert();
        })*
    };
}

from_complex!(i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64);

convert! {
    Complex<f32> => Bool: |x| Bool::new(x.re != 0.0 || x.im != 0.0);
    Complex<f64> => Bool: |x| Bool::new(x.re != 0.0 || x.im != 0.0);
    Complex<f32> => Complex<f32>: |x| x;
    Complex<f32> => Complex<f64>: |x| Complex::new(x.re.into(), x.im.into());
    Complex<f64> => Complex<f32>: |x| Complex::new(x.re as f32, x.im as f32);
    Complex<f64> => Complex<f64>: |x| x;
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::nearest_half;

    #[test]
    fn doubles_beside_ties_become_the_nearest_half() {
        for bits in 0..f16::MAX.to_bits() {
            let (low, high) = (f16::from_bits(bits), f16::from_bits(bits + 1));
            let tie = f64::midpoint(f64::from(low.to_f32()), f64::from(high.to_f32()));
            let even = if bits % 2 == 0 { low } else { high };
            for (x, expected) in [(tie.next_down(), low), (tie, even), (tie.next_up(), high)] {
                assert_eq!(nearest_half(x), expected, "{x:e}");
                assert_eq!(nearest_half(-x), -expected, "{x:e}");
            }
        }
        assert!(nearest_half(f64::from_bits(f64::INFINITY.to_bits() + 1)).is_nan());
        assert!(nearest_half(65520.0).is_infinite());
        assert_eq!(nearest_half(65520_f64.next_down()), f16::MAX);
    }
}
