//! The map of an axis cut into contiguous pieces.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::invalid;
use super::padding::Padding;
use super::slice::slice_pieces;
use super::view::{cut_inside, scale};
use crate::slice::{AxisSlice, Selection, SlicedAxis};
use crate::{AxisMap, Indices, Result};

/// The map of an axis cut into contiguous pieces, in ascending order, of any lengths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// `bounds[p]..bounds[p + 1]` is the piece of place `p`; starts with 0, ends with the size,
    /// never descends, and has one entry more than there are places.
    #[serde(with = "crate::lists")]
    pub bounds: Arc<[usize]>,
    /// How wide the padding is, exported in dimension dictionaries only.
    pub padding: Padding,
    /// Whether the ends are neighbours.
    pub periodic: bool,
}

impl Block {
    /// Pieces of equal length, but that the last ones may be shorter or empty.
    pub(super) fn regular(size: usize, grid_size: usize) -> Self {
        let piece = size.div_ceil(grid_size);
        Self::bare((0..=grid_size).map(|place| place.saturating_mul(piece).min(size)).collect())
    }

    pub(super) fn with_bounds(bounds: Vec<usize>) -> Result<Self> {
        if bounds.len() < 2 {
            return Err(invalid("bounds", format!("{bounds:?} bounds no piece")));
        }
        if bounds[0] != 0 {
            return Err(invalid("bounds", format!("{bounds:?} does not begin with 0")));
        }
        if !bounds.is_sorted() {
            return Err(invalid("bounds", format!("{bounds:?} descends")));
        }
        Ok(Self::bare(bounds.into()))
    }

    fn bare(bounds: Arc<[usize]>) -> Self {
        Self { bounds, padding: Padding::NONE, periodic: false }
    }

    pub(super) fn piece_bounds(&self, place: usize) -> Range<usize> {
        self.bounds[place]..self.bounds[place + 1]
    }

    pub(super) fn piece(&self, place: usize) -> Indices {
        let bounds = self.piece_bounds(place);
        Indices::strided(bounds.start as i64, 1, bounds.len())
    }

    /// The place that holds an index within the axis.
    pub(crate) fn place_of(&self, index: usize) -> usize {
        self.bounds.partition_point(|&bound| bound <= index) - 1
    }

    /// Forward, the pieces of a slice are blocks again.
    pub(super) fn slice(&self, slice: &AxisSlice) -> SlicedAxis {
        if slice.len == 0 {
            return Self::sliced(vec![0, 0], vec![0], vec![Selection::EMPTY]);
        }
        let (low, high) = slice.hull();
        let (first, last) = (self.place_of(low as usize), self.place_of(high as usize));
        if slice.step < 0 {
            if first == last {
                let selection = Selection::Strided {
                    start: slice.start as usize - self.bounds[first],
                    step: slice.step as isize,
                    len: slice.len,
                };
                return Self::sliced(vec![0, slice.len], vec![first], vec![selection]);
            }
            let (pieces, places, selections) =
                slice_pieces(first..=last, |place| self.piece(place), slice);
            return SlicedAxis {
                map: AxisMap::unstructured_unchecked(slice.len, pieces),
                places,
                selections,
            };
        }
        let (start, step) = (slice.start as usize, slice.step as usize);
        let capacity = last - first + 1;
        let mut bounds = Vec::with_capacity(capacity + 1);
        let mut places = Vec::with_capacity(capacity);
        let mut selections = Vec::with_capacity(capacity);
        bounds.push(0);
        let mut taken = 0;
        for place in first..=last {
            let piece = self.piece_bounds(place);
            let end = piece.end.saturating_sub(start).div_ceil(step).min(slice.len);
            if end > taken {
                let len = end - taken;
                selections.push(Selection::Strided {
                    start: start + taken * step - piece.start,
                    step: if len == 1 { 1 } else { step as isize },
                    len,
                });
                places.push(place);
                bounds.push(end);
                taken = end;
            }
        }
        Self::sliced(bounds, places, selections)
    }

    fn sliced(bounds: Vec<usize>, places: Vec<usize>, selections: Vec<Selection>) -> SlicedAxis {
        SlicedAxis { map: AxisMap::Block(Self::bare(bounds.into())), places, selections }
    }

    /// The same map with every bound scaled.
    pub(super) fn view(&self, size: usize, new_size: usize) -> Result<Self> {
        let scale = |bound: usize| scale(bound, size, new_size);
        let scaled: Option<Arc<[usize]>> = self.bounds.iter().map(|&bound| scale(bound)).collect();
        match (scaled, self.padding.scaled(scale)) {
            (Some(bounds), Some(padding)) => Ok(Self { bounds, padding, ..*self }),
            _ => Err(cut_inside(size, new_size)),
        }
    }
}
