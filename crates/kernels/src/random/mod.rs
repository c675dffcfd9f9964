//! Random numbers that depend on a key and on where in the array they stand, and on nothing else.
//!
//! Element `i` of an array, counted in C order over its global shape, takes its bits from the
//! counter `i / 2` of a generator that is a function of key and counter. So the array is the same
//! for any number of engines and any distribution, and each engine makes its own part.

mod draw;
mod normal;
mod source;
mod store;
mod threefry;
mod variate;

#[cfg(test)]
mod tests;

pub use draw::Draw;
pub(crate) use draw::{Along, Tiles};
pub use threefry::{Words, threefry};
pub use variate::Variate;

use crate::{Block, DType, KernelError, Labels, Result};

/// Sets every element of `dest` to a random number.
///
/// `labels` (of every axis) and `global_shape` say where in the whole array the block lies.
///
/// # Errors
///
/// [`KernelError::Type`] for a dtype that the variate does not give: uniform and normal numbers are
/// real floats, integers any integers or booleans. [`KernelError::Value`] for parameters that make
/// no distribution: a negative scale, an empty range, a range that the dtype cannot hold.
///
/// # Panics
///
/// When there are not as many labels and global lengths as axes.
pub fn fill(
    dest: &Block,
    variate: Variate,
    key: Words,
    labels: &[Labels],
    global_shape: &[usize],
) -> Result<()> {
    assert!(labels.len() == dest.ndim() && global_shape.len() == dest.ndim());
    variate.check(dest.dtype())?;
    if dest.size() > 0 {
        store::fill(dest, variate, key, labels, &weights(global_shape));
    }
    Ok(())
}

/// What a position along each axis adds to the index of an element.
fn weights(global_shape: &[usize]) -> Vec<i64> {
    let mut weights = vec![1_i64; global_shape.len()];
    for axis in (1..global_shape.len()).rev() {
        weights[axis - 1] = weights[axis] * global_shape[axis] as i64;
    }
    weights
}

impl Variate {
    /// Whether there are such numbers of a dtype.
    ///
    /// # Errors
    ///
    /// As [`fill`].
    pub fn check(self, dtype: DType) -> Result<()> {
        let is_float = matches!(dtype, DType::Float16 | DType::Float32 | DType::Float64);
        let fits = match self {
            Self::Uniform => is_float,
            Self::Normal { scale, .. } => {
                if scale < 0.0 || (scale == 0.0 && scale.is_sign_negative()) {
                    return Err(KernelError::Value("scale < 0".to_owned()));
                }
                is_float
            }
            Self::Integers { low, high } => {
                if low >= high {
                    return Err(KernelError::Value("low >= high".to_owned()));
                }
                let Some((least, greatest)) = bounds(dtype) else {
                    return Err(refused(dtype));
                };
                if i128::from(low) < least {
                    return Err(KernelError::Value(format!("low is out of bounds for {dtype}")));
                }
                if i128::from(high) - 1 > greatest {
                    return Err(KernelError::Value(format!("high is out of bounds for {dtype}")));
                }
                true
            }
        };
        if fits { Ok(()) } else { Err(refused(dtype)) }
    }
}

fn refused(dtype: DType) -> KernelError {
    KernelError::Type(format!("Unsupported dtype {dtype} for random numbers"))
}

/// The least and the greatest value of an integer dtype.
fn bounds(dtype: DType) -> Option<(i128, i128)> {
    let signed = |bits: u32| (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1);
    let unsigned = |bits: u32| (0, (1_i128 << bits) - 1);
    Some(match dtype {
        DType::Bool => unsigned(1),
        DType::Int8 => signed(8),
        DType::Int16 => signed(16),
        DType::Int32 => signed(32),
        DType::Int64 => signed(64),
        DType::UInt8 => unsigned(8),
        DType::UInt16 => unsigned(16),
        DType::UInt32 => unsigned(32),
        DType::UInt64 => unsigned(64),
        _ => return None,
    })
}
