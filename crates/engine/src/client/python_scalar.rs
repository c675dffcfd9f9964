//! Numbers without a dtype of their own (NEP 50's weak scalars).

use distarray_kernels::{Argument, DType, KernelError, Scalar};

use crate::error::Result;

/// A Python number: its dtype follows the arrays that it meets.
#[derive(Clone, Debug, PartialEq)]
pub enum PythonScalar {
    /// An `int`.
    Integer(i128),
    /// An `int` that no dtype can hold, in digits.
    Huge(String),
    /// A `float`.
    Float(f64),
    /// A `complex`: real and imaginary part.
    Complex(f64, f64),
}

impl PythonScalar {
    /// What promotion sees of the number.
    pub fn argument(&self) -> Argument {
        match self {
            Self::Integer(_) | Self::Huge(_) => Argument::PythonInt,
            Self::Float(_) => Argument::PythonFloat,
            Self::Complex(..) => Argument::PythonComplex,
        }
    }

    /// The number as `dtype`.
    ///
    /// # Errors
    ///
    /// [`KernelError::OutOfBounds`] when it is an integer that the dtype cannot hold.
    pub fn to(&self, dtype: DType) -> Result<Scalar> {
        Ok(match self {
            Self::Integer(value) => Scalar::from_integer(*value, dtype)?,
            Self::Huge(digits) => {
                return Err(KernelError::OutOfBounds { value: digits.clone(), dtype }.into());
            }
            Self::Float(value) => Scalar::from(*value).cast(dtype)?,
            Self::Complex(real, imaginary) => {
                let bytes = [real.to_ne_bytes(), imaginary.to_ne_bytes()].concat();
                Scalar::from_bytes(DType::Complex128, &bytes).cast(dtype)?
            }
        })
    }
}
