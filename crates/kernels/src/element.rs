//! The Rust type behind each native dtype.

#![expect(unsafe_code, reason = "elements are seen as bytes")]

use half::f16;
use num_complex::Complex;

use crate::DType;

/// A boolean element: a byte of which zero is false and anything else true.
///
/// Memory that Python lends may hold other bytes than 0 and 1, which Rust's own `bool` forbids.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct Bool(u8);

impl Bool {
    /// The byte 0 or 1.
    #[inline(always)]
    pub const fn new(value: bool) -> Self {
        Self(value as u8)
    }

    /// Whether the byte is not zero.
    #[inline(always)]
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Self::new(value)
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Bool {}

/// The Rust type behind a native dtype.
///
/// # Safety
///
/// Every pattern of bytes must be a value of the type, without padding, and `DTYPE` must have its
/// size.
pub unsafe trait Element:
    Copy + Send + Sync + std::fmt::Debug + PartialEq + 'static
{
    /// The dtype.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($type:ty => $dtype:ident,)*) => {
        $(
            // SAFETY: plain numbers, or pairs of them, of the size that `DType::itemsize` gives.
            unsafe impl Element for $type {
                const DTYPE: DType = DType::$dtype;
            }
        )*
    };
}

elements! {
    Bool => Bool,
    i8 => Int8,
    i16 => Int16,
    i32 => Int32,
    i64 => Int64,
    u8 => UInt8,
    u16 => UInt16,
    u32 => UInt32,
    u64 => UInt64,
    f16 => Float16,
    f32 => Float32,
    f64 => Float64,
    Complex<f32> => Complex64,
    Complex<f64> => Complex128,
}

/// Evaluates an expression with a type name bound to the Rust type of a dtype:
/// `with_element!(dtype, T => generic::<T>(), opaque => fallback)`.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr, $opaque:pat => $fallback:expr) => {
        $crate::element::with_element!(@arms $dtype, $T, $body, $opaque, $fallback,
            Bool: $crate::element::Bool, Int8: i8, Int16: i16, Int32: i32, Int64: i64,
            UInt8: u8, UInt16: u16, UInt32: u32, UInt64: u64, Float16: half::f16,
            Float32: f32, Float64: f64, Complex64: num_complex::Complex<f32>,
            Complex128: num_complex::Complex<f64>)
    };
    (@arms $dtype:expr, $T:ident, $body:expr, $opaque:pat, $fallback:expr,
     $($name:ident: $type:ty),*) => {
        match $dtype {
            $($crate::DType::$name => {
                type $T = $type;
                $body
            })*
            $crate::DType::Opaque($opaque) => $fallback,
        }
    };
}
pub(crate) use with_element;
