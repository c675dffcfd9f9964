//! The types that elements have in memory, for the loops of the reductions.

use half::f16;
use num_complex::Complex;

/// A boolean as it lies in memory. Memory that comes from elsewhere may hold other bytes than 0
/// and 1, which a Rust `bool` may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub(super) struct Truth(pub u8);

/// An element of a native dtype.
pub(super) trait Item: Copy + Send + Sync + 'static {
    /// Whether Python calls it true.
    fn is_nonzero(self) -> bool;

    /// Its value as a complex number, rounded where it must be.
    fn to_complex(self) -> Complex<f64>;
}

impl Item for Truth {
    #[inline(always)]
    fn is_nonzero(self) -> bool {
        self.0 != 0
    }

    fn to_complex(self) -> Complex<f64> {
        Complex::new(f64::from(u8::from(self.0 != 0)), 0.0)
    }
}

impl Item for f16 {
    #[inline(always)]
    fn is_nonzero(self) -> bool {
        self.to_bits() & 0x7fff != 0
    }

    fn to_complex(self) -> Complex<f64> {
        Complex::new(self.to_f64(), 0.0)
    }
}

macro_rules! real_items {
    ($($real:ty)*) => {$(
        impl Item for $real {
            #[inline(always)]
            #[allow(clippy::float_cmp, reason = "exactly zero is what is asked")]
            fn is_nonzero(self) -> bool {
                self != 0 as $real
            }

            #[allow(clippy::cast_lossless, reason = "the same line serves lossy conversions")]
            fn to_complex(self) -> Complex<f64> {
                Complex::new(self as f64, 0.0)
            }
        }
    )*};
}

real_items!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

macro_rules! complex_items {
    ($($real:ty)*) => {$(
        impl Item for Complex<$real> {
            #[inline(always)]
            fn is_nonzero(self) -> bool {
                self.re.is_nonzero() | self.im.is_nonzero()
            }

            fn to_complex(self) -> Complex<f64> {
                Complex::new(f64::from(self.re), f64::from(self.im))
            }
        }
    )*};
}

complex_items!(f32 f64);

/// Evaluates an expression with `$item` standing for the type of a native dtype's elements, and
/// `$otherwise` for an opaque one.
macro_rules! with_item {
    ($dtype:expr, $item:ident => $body:expr, $otherwise:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $item = $crate::reduce::item::Truth;
                $body
            }
            $crate::DType::Int8 => {
                type $item = i8;
                $body
            }
            $crate::DType::Int16 => {
                type $item = i16;
                $body
            }
            $crate::DType::Int32 => {
                type $item = i32;
                $body
            }
            $crate::DType::Int64 => {
                type $item = i64;
                $body
            }
            $crate::DType::UInt8 => {
                type $item = u8;
                $body
            }
            $crate::DType::UInt16 => {
                type $item = u16;
                $body
            }
            $crate::DType::UInt32 => {
                type $item = u32;
                $body
            }
            $crate::DType::UInt64 => {
                type $item = u64;
                $body
            }
            $crate::DType::Float16 => {
                type $item = half::f16;
                $body
            }
            $crate::DType::Float32 => {
                type $item = f32;
                $body
            }
            $crate::DType::Float64 => {
                type $item = f64;
                $body
            }
            $crate::DType::Complex64 => {
                type $item = num_complex::Complex<f32>;
                $body
            }
            $crate::DType::Complex128 => {
                type $item = num_complex::Complex<f64>;
                $body
            }
            $crate::DType::Opaque(_) => $otherwise,
        }
    };
}

pub(super) use with_item;
