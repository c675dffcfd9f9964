//! Slicing: normalised slices of an axis, and what they select of each local piece.

use std::sync::Arc;

use crate::Distribution;

/// A normalised slice of one axis: indices `start + step * j` for `j < len`, all within the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisSlice {
    /// The first index (0 when `len` is 0).
    pub start: i64,
    /// The distance between neighbours; negative walks backwards, never 0.
    pub step: i64,
    /// How many indices there are.
    pub len: usize,
}

/// One element of an index expression, after `Ellipsis` has been expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexItem {
    /// An integer, already non-negative and within bounds: the axis goes.
    Integer(i64),
    /// A slice: the axis stays.
    Slice(AxisSlice),
    /// `numpy.newaxis`: a new axis of size 1.
    NewAxis,
}

/// Positions in a local piece along one axis, in the order of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// `start + step * j` for `j < len`.
    Strided {
        /// The first position.
        start: usize,
        /// The distance between neighbours; may be negative.
        step: isize,
        /// How many positions there are.
        len: usize,
    },
    /// Any positions.
    List(Arc<[usize]>),
}

/// What an engine does to one axis of its piece to make its piece of the slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalIndex {
    /// Takes one position; the axis goes.
    At(usize),
    /// Keeps these positions; the axis stays.
    Select(Selection),
    /// Adds an axis of length 1.
    NewAxis,
}

/// The distribution of a slice, and where its pieces lie in the pieces of the whole. Nothing moves:
/// the piece of rank `r` of the slice is selected from the piece of the engine
/// `distribution.targets()[r]`.
#[derive(Clone, Debug)]
pub struct SlicedDistribution {
    /// The distribution of the result.
    pub distribution: Distribution,
    /// For each rank of the result: the rank in the original that holds its piece.
    pub source_ranks: Vec<usize>,
    /// For each rank of the result: one entry per item of the index expression.
    pub local: Vec<Vec<LocalIndex>>,
}
