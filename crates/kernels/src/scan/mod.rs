//! Running sums, products and extrema of a block along one axis, in parts that fit together.
//!
//! What lies before a block of the whole array comes in as a [`Carry`]. So that a result does not
//! depend on how the array is cut, the indices of the axis are cut into *stretches* at places that
//! the length of the axis alone decides. A sum of floats is added up one element after another
//! within a stretch, and what came before is added to that: `carry + (x[i] + x[i + 1] + ...)`. The
//! carry into the next stretch is the result at the end of this one. The error then grows with the
//! length of a stretch and with their number, not with the number of elements; stretches are
//! independent of each other but for the carries; and running sums of what is not negative never
//! descend. Sums of 16 and 32 bit floats are kept in 64 bits, and each result is rounded once.
//!
//! Integers, extrema and truth values may be grouped in any way. Products of floats may not: what
//! lies before may be zero where a group overflows. They are multiplied one after another, as NumPy
//! does.

mod carry;
mod lanes;
mod recurrence;
mod strands;

#[cfg(test)]
mod tests;

pub use carry::Carry;

use serde::{Deserialize, Serialize};

use crate::{DType, KernelError, Result};

/// What is accumulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Accumulation {
    /// `numpy.add.accumulate`; integers wrap, truth values are "or".
    Sum,
    /// `numpy.multiply.accumulate`; integers wrap, truth values are "and".
    Prod,
    /// `numpy.minimum.accumulate`: NaN from the first one on.
    Min,
    /// `numpy.maximum.accumulate`, likewise.
    Max,
    /// `numpy.logical_and.accumulate`.
    All,
    /// `numpy.logical_or.accumulate`.
    Any,
}

impl Accumulation {
    /// Every accumulation, in the order of declaration.
    pub const ALL: [Self; 6] = [Self::Sum, Self::Prod, Self::Min, Self::Max, Self::All, Self::Any];

    /// The name, as that of the reduction whose steps it shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Min => "min",
            Self::Max => "max",
            Self::All => "all",
            Self::Any => "any",
        }
    }

    /// The accumulation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|accumulation| accumulation.name() == name)
    }
}

/// How elements may be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Grouping {
    /// In any way: the operation is associative.
    Any,
    /// By stretches.
    Stretches,
    /// Not at all.
    None,
}

/// No stretch is longer. Not a power of two, so that elements at this distance do not compete for
/// the same places of the cache.
const LONGEST_STRETCH: usize = 1008;

/// No stretch is shorter.
const SHORTEST_STRETCH: usize = 16;

/// An accumulation along one axis of an array.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Scan {
    accumulation: Accumulation,
    dtype: DType,
    axis: usize,
    grouping: Grouping,
    stretch: usize,
}

impl Scan {
    /// An accumulation, computed in `dtype`, along an axis that has `len` elements in the whole
    /// array.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when there is no such accumulation of such elements.
    pub fn new(accumulation: Accumulation, dtype: DType, axis: usize, len: usize) -> Result<Self> {
        let is_logical = matches!(accumulation, Accumulation::All | Accumulation::Any);
        if !dtype.is_native() || (is_logical && dtype != DType::Bool) {
            return Err(KernelError::Type(format!(
                "{} cannot be accumulated in dtype {dtype}",
                accumulation.name()
            )));
        }
        let is_inexact = matches!(
            dtype,
            DType::Float16 | DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128
        );
        let grouping = match accumulation {
            Accumulation::Sum if is_inexact => Grouping::Stretches,
            Accumulation::Prod if is_inexact => Grouping::None,
            _ => Grouping::Any,
        };
        // Few of the elements then lie in stretches that a border of a piece cuts.
        let stretch = match grouping {
            Grouping::None => usize::MAX,
            _ => (len / 64 / SHORTEST_STRETCH * SHORTEST_STRETCH)
                .clamp(SHORTEST_STRETCH, LONGEST_STRETCH),
        };
        Ok(Self { accumulation, dtype, axis, grouping, stretch })
    }

    /// The dtype of the results.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whether whoever needs the carry behind a piece has to read all of its elements.
    pub fn reads_elements(&self) -> bool {
        self.grouping == Grouping::None
    }

    /// Where along the axis the head of a piece ends: what comes before has to be taken up element
    /// by element by whoever needs the carry behind the piece, what comes after as
    /// [totals](Self::totals).
    pub fn head_end(&self, start: usize, stop: usize) -> usize {
        match self.grouping {
            Grouping::Any => start,
            Grouping::Stretches => start.next_multiple_of(self.stretch).min(stop),
            Grouping::None => stop,
        }
    }

    /// How many totals stand for the indices from `start`, where a head ends, to `stop`.
    pub fn total_count(&self, start: usize, stop: usize) -> usize {
        match self.grouping {
            _ if start == stop => 0,
            Grouping::Stretches => (stop - start).div_ceil(self.stretch),
            _ => 1,
        }
    }
}
