//! Quotients and remainders, with NumPy's signs and its answers to division by zero.

use super::define::{binary, binary_one, entry_one};
use crate::math;
use crate::program::flags::{raise_divide, raise_overflow};

/// What division needs of an integer type.
trait Integer: Copy + PartialEq {
    const ZERO: Self;
    fn floor_div(self, other: Self) -> Option<Self>;
    fn floor_rem(self, other: Self) -> Self;
    fn trunc_rem(self, other: Self) -> Self;
}

macro_rules! signed {
    ($($type:ty),*) => {
        $(impl Integer for $type {
            const ZERO: Self = 0;
            #[inline(always)]
            fn floor_div(self, other: Self) -> Option<Self> {
                let quotient = self.checked_div(other)?;
                let inexact = quotient * other != self;
                Some(if inexact && (self < 0) != (other < 0) { quotient - 1 } else { quotient })
            }
            #[inline(always)]
            fn floor_rem(self, other: Self) -> Self {
                let rest = self.wrapping_rem(other);
                if rest != 0 && (rest < 0) != (other < 0) { rest + other } else { rest }
            }
            #[inline(always)]
            fn trunc_rem(self, other: Self) -> Self {
                self.wrapping_rem(other)
            }
        })*
    };
}

macro_rules! unsigned {
    ($($type:ty),*) => {
        $(impl Integer for $type {
            const ZERO: Self = 0;
            #[inline(always)]
            fn floor_div(self, other: Self) -> Option<Self> {
                self.checked_div(other)
            }
            #[inline(always)]
            fn floor_rem(self, other: Self) -> Self {
                self % other
            }
            #[inline(always)]
            fn trunc_rem(self, other: Self) -> Self {
                self % other
            }
        })*
    };
}

signed!(i8, i16, i32, i64);
unsigned!(u8, u16, u32, u64);

#[inline(always)]
fn integer_floor_divide<T: Integer>(a: T, b: T) -> T {
    if b == T::ZERO {
        raise_divide();
        return T::ZERO;
    }
    // The least value by -1 is what it was.
    a.floor_div(b).unwrap_or_else(|| {
        raise_overflow();
        a
    })
}

#[inline(always)]
fn integer_remainder<T: Integer>(a: T, b: T) -> T {
    if b == T::ZERO {
        raise_divide();
        return T::ZERO;
    }
    a.floor_rem(b)
}

#[inline(always)]
fn integer_fmod<T: Integer>(a: T, b: T) -> T {
    if b == T::ZERO {
        raise_divide();
        return T::ZERO;
    }
    a.trunc_rem(b)
}

/// Division of floats rounded down, and the rest, which has the sign of the divisor.
trait Float: Sized {
    fn floor_divide(self, other: Self) -> Self;
    fn remainder(self, other: Self) -> Self;
}

macro_rules! float {
    ($($type:ty),*) => {
        $(impl Float for $type {
            #[inline]
            fn floor_divide(self, other: Self) -> Self {
                if other == 0.0 {
                    return self / other;
                }
                let rest = self % other;
                let mut quotient = (self - rest) / other;
                // By the sign bits: an ordered comparison with NaN would count as invalid.
                if rest != 0.0 && other.is_sign_negative() != rest.is_sign_negative() {
                    quotient -= 1.0;
                }
                if quotient == 0.0 {
                    return (0.0 as $type).copysign(self / other);
                }
                let floor = quotient.floor();
                if quotient - floor > 0.5 { floor + 1.0 } else { floor }
            }

            #[inline]
            fn remainder(self, other: Self) -> Self {
                let rest = self % other;
                if other == 0.0 {
                    rest
                } else if rest == 0.0 {
                    (0.0 as $type).copysign(other)
                } else if other.is_sign_negative() != rest.is_sign_negative() {
                    rest + other
                } else {
                    rest
                }
            }
        })*
    };
}

float!(f32, f64);

binary! {
    wide:
    /// The quotient.
    Divide = complex math::ComplexDivide {
        floats: |a, b| a / b;
    }
}

binary! {
    narrow:
    /// The quotient rounded down.
    FloorDivide {
        integers: |a, b| integer_floor_divide(a, b);
        floats: |a, b| a.floor_divide(b);
    }
    /// What `floor_divide` leaves: it has the sign of the divisor.
    Remainder {
        integers: |a, b| integer_remainder(a, b);
        floats: |a, b| a.remainder(b);
    }
    /// What division rounded towards zero leaves: it has the sign of the dividend.
    Fmod {
        integers: |a, b| integer_fmod(a, b);
        floats: |a, b| a % b;
    }
}
