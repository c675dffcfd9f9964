//! Floats as signs, exponents and fractions.

use half::f16;

use super::convert::Convert;
use super::define::{binary, binary_one, entry_one, unary, unary_one};
use super::library::Library;
use super::loops::{self, Entry};
use crate::program::flags::{raise_invalid, raise_overflow};
use crate::{Bool, DType};

unary! {
    wide:
    /// Whether it is NaN.
    Isnan {
        bools -> bool: |_| Bool::new(false);
        integers -> bool: |_| Bool::new(false);
        floats -> bool: |x| Bool::new(x.is_nan());
        complexes -> bool: |x| Bool::new(x.re.is_nan() | x.im.is_nan());
    }
    /// Whether it is infinite.
    Isinf {
        bools -> bool: |_| Bool::new(false);
        integers -> bool: |_| Bool::new(false);
        floats -> bool: |x| Bool::new(x.is_infinite());
        complexes -> bool: |x| Bool::new(x.re.is_infinite() | x.im.is_infinite());
    }
    /// Whether it is neither.
    Isfinite {
        bools -> bool: |_| Bool::new(true);
        integers -> bool: |_| Bool::new(true);
        floats -> bool: |x| Bool::new(x.is_finite());
        complexes -> bool: |x| Bool::new(x.re.is_finite() & x.im.is_finite());
    }
    /// Whether the sign bit is set.
    Signbit {
        floats -> bool: |x| Bool::new(x.is_sign_negative());
    }
}

binary! {
    wide:
    /// The first with the sign of the second.
    Copysign {
        floats: |a, b| a.copysign(b);
    }
    /// 0 below zero, 1 above, the second at zero.
    Heaviside {
        floats: |a, b| {
            if a.is_nan() {
                a
            } else if a == 0.0 {
                b
            } else {
                T::from(u8::from(a > 0.0))
            }
        };
    }
}

unary! {
    narrow:
    /// The distance to the next number away from zero.
    Spacing {
        halves: |x| half_spacing(x);
        floats: |x| {
            let next = if x < 0.0 { x.next_down() } else { x.next_up() };
            if next.is_infinite() && x.is_finite() {
                raise_overflow();
            }
            if x.is_infinite() { T::NAN } else { next - x }
        };
    }
    /// The fraction, at least a half and less than 1: the first result of `numpy.frexp`.
    FrexpFraction {
        floats: |x| super::library::split(x).0.convert();
    }
    /// The exponent that goes with it: the second result of `numpy.frexp`.
    FrexpExponent {
        floats -> int: |x| super::library::split(x).1;
    }
}

binary! {
    narrow:
    /// The next number from the first towards the second.
    Nextafter {
        halves: |a, b| half_next_after(a, b);
        floats: |a, b| a.next_after(b);
    }
}

fn half_spacing(x: f16) -> f16 {
    if x.is_infinite() || x.is_nan() {
        raise_invalid();
        return f16::NAN;
    }
    let up = half_up(x);
    if up.is_infinite() {
        raise_overflow();
    }
    f16::from_f32(up.to_f32() - x.to_f32())
}

fn half_next_after(a: f16, b: f16) -> f16 {
    let next = if a.is_nan() || b.is_nan() {
        f16::NAN
    } else if a == b {
        a
    } else if a < b {
        half_up(a)
    } else {
        -half_up(-a)
    };
    if next.is_infinite() && a.is_finite() {
        raise_overflow();
    }
    next
}

/// The next number above a finite one, or above minus infinity.
fn half_up(x: f16) -> f16 {
    let bits = x.to_bits();
    f16::from_bits(match bits {
        0x8000 => 1,
        _ if x.is_sign_negative() => bits - 1,
        _ => bits + 1,
    })
}

/// A number times a power of two.
pub struct Ldexp;

impl loops::Binary<f32, i64> for Ldexp {
    type Output = f32;
    fn apply(a: f32, b: i64) -> f32 {
        a.times_power_of_two(clamp(b))
    }
}

impl loops::Binary<f64, i64> for Ldexp {
    type Output = f64;
    fn apply(a: f64, b: i64) -> f64 {
        a.times_power_of_two(clamp(b))
    }
}

/// An exponent that fits, and means the same: no number has so large a one.
fn clamp(exponent: i64) -> i32 {
    exponent.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

impl Ldexp {
    /// The loop for a dtype of the first argument; the second is `int64`.
    pub fn entry(dtype: DType) -> Option<Entry> {
        match dtype {
            DType::Float32 => Some(Entry::mixed::<Self, f32, i64>()),
            DType::Float64 => Some(Entry::mixed::<Self, f64, i64>()),
            _ => None,
        }
    }
}
