//! One value of any native dtype.

#![expect(unsafe_code, reason = "a value is seen as bytes")]

use std::fmt;

use half::f16;
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::element::{Element, with_element};
use crate::ops::cast_scalar;
use crate::promotion::Kind;
use crate::{Bool, DType, KernelError, Result};

/// One value of any dtype of up to 16 bytes, as its native-endian bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::unsafe_derive_deserialize, reason = "any bytes are a value")]
pub struct Scalar {
    dtype: DType,
    bytes: [u8; 16],
}

impl fmt::Display for Scalar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dtype == DType::Bool {
            return formatter.write_str(if self.is_nonzero() { "True" } else { "False" });
        }
        if let Some(value) = self.as_i64() {
            return write!(formatter, "{value}");
        }
        with_element!(self.dtype, T => {
            match self.get::<T>() {
                Some(value) => write!(formatter, "{value:?}"),
                None => formatter.write_str(self.dtype.name()),
            }
        }, _ => formatter.write_str(self.dtype.name()))
    }
}

impl Scalar {
    /// The value of `dtype` whose bytes are the start of `bytes`.
    ///
    /// # Panics
    ///
    /// When `bytes` is shorter than an item, or an item longer than 16 bytes.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Self {
        let mut own = [0; 16];
        own[..dtype.itemsize()].copy_from_slice(&bytes[..dtype.itemsize()]);
        Self { dtype, bytes: own }
    }

    /// The value of an element.
    pub fn new<T: Element>(value: T) -> Self {
        let mut bytes = [0; 16];
        // SAFETY: an element is plain bytes without padding, at most 16 of them.
        unsafe { std::ptr::write_unaligned(bytes.as_mut_ptr().cast(), value) };
        Self { dtype: T::DTYPE, bytes }
    }

    /// Zero (or false).
    ///
    /// # Panics
    ///
    /// When an item of an opaque `dtype` is longer than 16 bytes.
    pub fn zero(dtype: DType) -> Self {
        Self::from_bytes(dtype, &[0; 16])
    }

    /// One (or true).
    ///
    /// # Panics
    ///
    /// When `dtype` is opaque.
    pub fn one(dtype: DType) -> Self {
        Self::from(true).cast(dtype).expect("a native dtype has a one")
    }

    /// A Python integer as `dtype`.
    ///
    /// # Errors
    ///
    /// [`KernelError::OutOfBounds`] when an integer dtype cannot hold it, [`KernelError::Type`]
    /// when `dtype` is opaque.
    pub fn from_integer(value: i128, dtype: DType) -> Result<Self> {
        let out_of_bounds = || KernelError::OutOfBounds { value: value.to_string(), dtype };
        match dtype.kind() {
            Kind::Signed => {
                let bits = dtype.itemsize() * 8 - 1;
                if value < -(1 << bits) || value >= 1 << bits {
                    return Err(out_of_bounds());
                }
                Self::from(value as i64).cast(dtype)
            }
            Kind::Unsigned => {
                if value < 0 || value >= 1 << (dtype.itemsize() * 8) {
                    return Err(out_of_bounds());
                }
                Self::from(value as u64).cast(dtype)
            }
            Kind::Bool => Ok(Self::from(value != 0)),
            Kind::Float | Kind::Complex | Kind::Opaque => Self::from(value as f64).cast(dtype),
        }
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The bytes of the value, `itemsize` of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.itemsize()]
    }

    /// The bytes of the value, filled up with zeros.
    pub(crate) fn padded(&self) -> [u8; 16] {
        self.bytes
    }

    /// The value as another dtype, with NumPy's `unsafe` casting.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] between an opaque dtype and another.
    pub fn cast(self, dtype: DType) -> Result<Self> {
        if self.dtype == dtype {
            return Ok(self);
        }
        cast_scalar(self, dtype).ok_or_else(|| no_cast(self.dtype, dtype))
    }

    /// The value if it is of type `T`.
    pub fn get<T: Element>(&self) -> Option<T> {
        // SAFETY: the bytes are an element of the dtype, and `T` is the dtype's type.
        (self.dtype == T::DTYPE)
            .then(|| unsafe { std::ptr::read_unaligned(self.bytes.as_ptr().cast()) })
    }

    /// The value as a double, the real part of a complex one; NaN for an opaque dtype.
    pub fn as_f64(&self) -> f64 {
        self.cast(DType::Float64).ok().and_then(|value| value.get()).unwrap_or(f64::NAN)
    }

    /// The value of a boolean or integer dtype as `i64`, if it fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.dtype.kind() {
            Kind::Bool | Kind::Signed => self.cast(DType::Int64).ok()?.get(),
            Kind::Unsigned => i64::try_from(self.cast(DType::UInt64).ok()?.get::<u64>()?).ok(),
            Kind::Float | Kind::Complex | Kind::Opaque => None,
        }
    }

    /// The value as a complex number; NaN for an opaque dtype.
    pub fn as_complex(&self) -> Complex<f64> {
        self.cast(DType::Complex128)
            .ok()
            .and_then(|value| value.get())
            .unwrap_or(Complex::new(f64::NAN, f64::NAN))
    }

    /// Whether the value is true, as NumPy sees it: not zero; for an opaque dtype: any byte set.
    pub fn is_nonzero(&self) -> bool {
        self.cast(DType::Bool)
            .ok()
            .and_then(|value| value.get::<Bool>())
            .map_or_else(|| self.bytes().iter().any(|&byte| byte != 0), Bool::get)
    }
}

/// The error of a conversion that does not exist.
pub(crate) fn no_cast(from: DType, to: DType) -> KernelError {
    KernelError::Type(format!("Cannot cast from dtype('{from}') to dtype('{to}')."))
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::new(Bool::new(value))
    }
}

macro_rules! from_element {
    ($($type:ty),*) => {
        $(impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                Self::new(value)
            }
        })*
    };
}

from_element!(
    Bool,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    f16,
    f32,
    f64,
    Complex<f32>,
    Complex<f64>
);
