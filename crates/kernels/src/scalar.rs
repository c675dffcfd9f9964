//! One value of any native dtype.

use crate::DType;

/// One value of any dtype of up to 16 bytes, as its native-endian bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    dtype: DType,
    bytes: [u8; 16],
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

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The bytes of the value, `itemsize` of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.itemsize()]
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::from_bytes(DType::Bool, &[u8::from(value)])
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        Self::from_bytes(DType::Int64, &value.to_ne_bytes())
    }
}

impl From<f64> for Scalar {
    fn from(value: f64) -> Self {
        Self::from_bytes(DType::Float64, &value.to_ne_bytes())
    }
}
