//! Slicing: normalised slices of an axis, and what they select of each local piece.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::progression::Progression;
use crate::{AxisMap, Distribution, MetaError, Result};

/// A normalised slice of one axis: indices `start + step * j` for `j < len`, all within the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisSlice {
    /// The first index (0 when `len` is 0).
    pub start: i64,
    /// The distance between neighbours; negative walks backwards, never 0 (1 when `len` is less
    /// than 2).
    pub step: i64,
    /// How many indices there are.
    pub len: usize,
}

impl AxisSlice {
    /// What Python's `slice(start, stop, step)` selects of an axis: negative bounds count from the
    /// end, bounds outside the axis are clipped.
    ///
    /// # Errors
    ///
    /// [`MetaError::ZeroStep`] when the step is 0.
    #[expect(clippy::similar_names, reason = "Python's own names")]
    pub fn new(
        start: Option<i64>,
        stop: Option<i64>,
        step: Option<i64>,
        size: usize,
    ) -> Result<Self> {
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(MetaError::ZeroStep);
        }
        let size = size as i64;
        let (lower, upper) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let clip = |bound: i64| {
            if bound < 0 { bound.saturating_add(size).max(lower) } else { bound.min(upper) }
        };
        let (first, last) = if step > 0 { (lower, upper) } else { (upper, lower) };
        let start = start.map_or(first, clip);
        let stop = stop.map_or(last, clip);
        let distance = if step > 0 { stop - start } else { start - stop };
        let len = if distance > 0 { (distance as u64).div_ceil(step.unsigned_abs()) } else { 0 };
        Ok(match len {
            0 => Self { start: 0, step: 1, len: 0 },
            1 => Self { start, step: 1, len: 1 },
            _ => Self { start, step, len: len as usize },
        })
    }

    /// The whole of an axis.
    pub fn full(size: usize) -> Self {
        Self { start: 0, step: 1, len: size }
    }

    /// Whether this is the whole of an axis, in order.
    pub fn is_full(&self, size: usize) -> bool {
        self.len == size && self.start == 0 && self.step == 1
    }

    /// The smallest and the largest index selected; `len` is not 0.
    pub(crate) fn hull(&self) -> (i64, i64) {
        let last = self.start + self.step * (self.len as i64 - 1);
        (self.start.min(last), self.start.max(last))
    }

    pub(crate) fn progression(&self) -> Progression {
        Progression { start: self.start, step: self.step, len: self.len }
    }
}

/// One element of an index expression as a user wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawIndex {
    /// An integer; a negative one counts from the end.
    Integer(i64),
    /// A slice, with any bounds.
    Slice {
        /// The first index, inclusive.
        start: Option<i64>,
        /// The end, exclusive.
        stop: Option<i64>,
        /// The distance between neighbours.
        step: Option<i64>,
    },
    /// `numpy.newaxis`: a new axis of size 1.
    NewAxis,
    /// `...`: as many full slices as are missing. Any after the first is one full slice.
    Ellipsis,
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

/// Expands `Ellipsis`, adds the full slices that are missing at the end, makes integers
/// non-negative and clips slices, so that the result covers every axis of an array of this shape.
///
/// # Errors
///
/// [`MetaError::TooManyIndices`], [`MetaError::IndexOutOfBounds`], [`MetaError::ZeroStep`].
pub fn expand_index(items: &[RawIndex], shape: &[usize]) -> Result<Vec<IndexItem>> {
    let mut seen = false;
    let is_expanding =
        |item: &RawIndex| *item == RawIndex::Ellipsis && !std::mem::replace(&mut seen, true);
    let expanding = items.iter().position(is_expanding);
    let uses_axis = |item: &&RawIndex| !matches!(item, RawIndex::NewAxis);
    let given = items.iter().filter(uses_axis).count() - usize::from(expanding.is_some());
    let Some(missing) = shape.len().checked_sub(given) else {
        return Err(MetaError::TooManyIndices { ndim: shape.len(), given });
    };
    let mut result = Vec::with_capacity(items.len() + missing);
    let mut axis = 0;
    for (place, item) in items.iter().enumerate() {
        if Some(place) == expanding {
            result.extend(shape[axis..axis + missing].iter().map(|&size| full_item(size)));
            axis += missing;
            continue;
        }
        if *item == RawIndex::NewAxis {
            result.push(IndexItem::NewAxis);
            continue;
        }
        let size = shape[axis];
        result.push(match *item {
            RawIndex::Integer(index) => {
                let wrapped = if index < 0 { index + size as i64 } else { index };
                if wrapped < 0 || wrapped >= size as i64 {
                    return Err(MetaError::IndexOutOfBounds { index, axis, size });
                }
                IndexItem::Integer(wrapped)
            }
            RawIndex::Slice { start, stop, step } => {
                IndexItem::Slice(AxisSlice::new(start, stop, step, size)?)
            }
            RawIndex::NewAxis | RawIndex::Ellipsis => full_item(size),
        });
        axis += 1;
    }
    result.extend(shape[axis..].iter().map(|&size| full_item(size)));
    Ok(result)
}

fn full_item(size: usize) -> IndexItem {
    IndexItem::Slice(AxisSlice::full(size))
}

/// Positions in a local piece along one axis, in the order of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    List(#[serde(with = "crate::lists")] Arc<[usize]>),
}

impl Selection {
    /// No positions.
    pub const EMPTY: Self = Self::Strided { start: 0, step: 1, len: 0 };

    /// Any positions, in the order given.
    pub fn from_list(list: Vec<usize>) -> Self {
        let step = match *list {
            [] => return Self::EMPTY,
            [start] => return Self::Strided { start, step: 1, len: 1 },
            [first, second, ..] => second.wrapping_sub(first),
        };
        if list.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
            return Self::Strided { start: list[0], step: step as isize, len: list.len() };
        }
        Self::List(list.into())
    }

    /// How many positions there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Strided { len, .. } => *len,
            Self::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `j`-th position.
    ///
    /// # Panics
    ///
    /// When `j` is not below the length (of a list; in debug builds, of any form).
    pub fn get(&self, j: usize) -> usize {
        debug_assert!(j < self.len(), "position {j} of {}", self.len());
        match self {
            Self::Strided { start, step, .. } => start.wrapping_add_signed(step * j as isize),
            Self::List(list) => list[j],
        }
    }

    /// The positions, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        (0..self.len()).map(|j| self.get(j))
    }

    /// The same positions in the opposite order.
    pub(crate) fn reversed(&self) -> Self {
        match self {
            Self::Strided { len: 0 | 1, .. } => self.clone(),
            Self::Strided { step, len, .. } => {
                Self::Strided { start: self.get(len - 1), step: -step, len: *len }
            }
            Self::List(list) => Self::List(list.iter().rev().copied().collect()),
        }
    }
}

/// One axis of a slice: its map, and where its pieces lie in the pieces of the whole axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlicedAxis {
    /// The map of the result.
    pub map: AxisMap,
    /// For each place of the result: the place in the original that holds its piece. Places that
    /// hold nothing of the slice are dropped, but one always stays.
    pub places: Vec<usize>,
    /// For each place of the result: the positions in the original piece.
    pub selections: Vec<Selection>,
}

/// What an engine does to one axis of its piece to make its piece of the slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlicedDistribution {
    /// The distribution of the result.
    pub distribution: Distribution,
    /// For each rank of the result: the rank in the original that holds its piece.
    pub source_ranks: Vec<usize>,
    /// For each rank of the result: one entry per item of the index expression.
    pub local: Vec<Vec<LocalIndex>>,
}
