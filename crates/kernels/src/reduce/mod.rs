//! Reductions of a block along axes, in parts that can be merged.
//!
//! [`partial`] reduces one block to a [`Partial`], [`merge`] joins the partials of two blocks of
//! one array, and [`finish`] gives the result. A [`BlockReduction`] does so on several threads. What a partial holds is a matter of this module:
//! more than the result, wherever merging results would lose accuracy or meaning.
//!
//! A reduction is a `Monoid` (how elements are taken up and totals merged), exact sums of floats
//! (`floats`, over [`crate::exact`]) or a search for positions. A `Walk` orders the axes of a block so that the inner loops, written once in `leaf`,
//! run over neighbours in memory.

mod accumulate;
mod arithmetic;
mod convert;
mod dot;
mod extrema;
mod floats;
pub(crate) mod item;
mod leaf;
mod memory;
mod message;
mod monoid;
pub(crate) mod order;
mod partial;
mod position;
mod results;
mod running;
mod table;
mod threads;
mod truth;
mod walk;
mod whole;

#[cfg(test)]
mod tests;

pub use dot::dot;
pub use partial::{Ending, Partial, finish, identity, merge, partial};
pub use running::{Running, running};
pub use threads::BlockReduction;
pub use whole::{has_short_lanes, whole};

use serde::{Deserialize, Serialize};

use crate::{DType, KernelError, Result};

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reduction {
    /// `numpy.sum`; integers wrap.
    Sum,
    /// `numpy.prod`; integers wrap.
    Prod,
    /// `numpy.min`: NaN if there is one.
    Min,
    /// `numpy.max`: NaN if there is one.
    Max,
    /// `numpy.any`.
    Any,
    /// `numpy.all`.
    All,
    /// `numpy.count_nonzero`.
    CountNonzero,
    /// `numpy.argmin`: the lowest flat index, over the reduced axes of the whole array, of the
    /// first NaN or of the minimum.
    ArgMin,
    /// `numpy.argmax`, likewise.
    ArgMax,
    /// `numpy.mean` of floats: the exact sum by the number of elements, rounded once.
    Mean,
    /// `numpy.var`: exact but for one rounding.
    Variance,
    /// `numpy.std`: the root of the exact variance, rounded once.
    StandardDeviation,
    /// The root of the exact sum of squared absolute values, rounded once.
    Norm,
}

impl Reduction {
    /// Every reduction, in the order of declaration.
    pub const ALL: [Self; 13] = [
        Self::Sum,
        Self::Prod,
        Self::Min,
        Self::Max,
        Self::Any,
        Self::All,
        Self::CountNonzero,
        Self::ArgMin,
        Self::ArgMax,
        Self::Mean,
        Self::Variance,
        Self::StandardDeviation,
        Self::Norm,
    ];

    /// The reduction's name, NumPy's where it has one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Min => "min",
            Self::Max => "max",
            Self::Any => "any",
            Self::All => "all",
            Self::CountNonzero => "count_nonzero",
            Self::ArgMin => "argmin",
            Self::ArgMax => "argmax",
            Self::Mean => "mean",
            Self::Variance => "var",
            Self::StandardDeviation => "std",
            Self::Norm => "norm",
        }
    }

    /// Whether the result is the position of an element, which the labels of the axes tell.
    pub const fn is_position(self) -> bool {
        matches!(self, Self::ArgMin | Self::ArgMax)
    }

    /// Whether the bits of a result of this dtype depend on the order in which elements are taken up
    /// and totals are merged.
    pub const fn is_ordered(self, dtype: DType) -> bool {
        use DType::{Complex64, Complex128, Float16, Float32, Float64};
        matches!(self, Self::Prod)
            && matches!(dtype, Float16 | Float32 | Float64 | Complex64 | Complex128)
    }

    /// Whether the reduction of no elements at all is an error in NumPy.
    pub const fn needs_elements(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::ArgMin | Self::ArgMax)
    }

    /// The dtype that elements of dtype `input` are accumulated in, which is the dtype of the
    /// result, by NumPy's rules; `dtype` is the user's choice, if one was made.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when the reduction does not take such elements or give such results.
    pub fn accumulator(self, input: DType, dtype: Option<DType>) -> Result<DType> {
        let refused = |dtype: DType| {
            Err(KernelError::Type(format!("{} does not support dtype {dtype}", self.name())))
        };
        if let DType::Opaque(_) = input {
            return refused(input);
        }
        if let Some(opaque @ DType::Opaque(_)) = dtype {
            return refused(opaque);
        }
        match self {
            Self::Sum | Self::Prod => Ok(dtype.unwrap_or(match input {
                DType::Bool | DType::Int8 | DType::Int16 | DType::Int32 => DType::Int64,
                DType::UInt8 | DType::UInt16 | DType::UInt32 => DType::UInt64,
                other => other,
            })),
            Self::Min | Self::Max => Ok(dtype.unwrap_or(input)),
            Self::Any | Self::All => match dtype {
                None | Some(DType::Bool) => Ok(DType::Bool),
                Some(other) => refused(other),
            },
            Self::CountNonzero | Self::ArgMin | Self::ArgMax => match dtype {
                None | Some(DType::Int64) => Ok(DType::Int64),
                Some(other) => refused(other),
            },
            Self::Mean => match dtype.unwrap_or(input) {
                dtype if floats::is_inexact(dtype) => Ok(dtype),
                _ if dtype.is_none() => Ok(DType::Float64),
                other => refused(other),
            },
            Self::Variance | Self::StandardDeviation | Self::Norm => match dtype.unwrap_or(input) {
                DType::Float16 => Ok(DType::Float16),
                DType::Float32 | DType::Complex64 => Ok(DType::Float32),
                DType::Float64 | DType::Complex128 => Ok(DType::Float64),
                _ if dtype.is_none() => Ok(DType::Float64),
                other => refused(other),
            },
        }
    }
}
