//! The map of a slice of an axis.

use std::ops::RangeInclusive;

use super::{AxisMap, NoDist};
use crate::Indices;
use crate::select::select;
use crate::slice::{AxisSlice, Selection, SlicedAxis};

impl AxisMap {
    /// The map of a slice of this axis. Nothing moves: each place of the result holds what a place
    /// of the original holds of the slice, in the order of its memory where that is possible.
    pub fn slice(&self, slice: &AxisSlice) -> SlicedAxis {
        match self {
            Self::NoDist(_) => NoDist::slice(slice),
            Self::Block(map) => map.slice(slice),
            Self::Cyclic(_) | Self::BlockCyclic(_) => self.slice_dealt(slice),
            Self::Unstructured(map) => {
                let (mut pieces, mut places, mut selections) =
                    slice_pieces(0..=map.pieces.len() - 1, |place| self.piece(place), slice);
                if places.is_empty() {
                    pieces.push(Indices::EMPTY);
                    places.push(0);
                    selections.push(Selection::EMPTY);
                }
                let map = Self::unstructured_unchecked(slice.len, pieces);
                SlicedAxis { map, places, selections }
            }
        }
    }

    /// The slice of a cyclic or block-cyclic map: dealt out again if the surviving places hold
    /// exactly that, unstructured otherwise.
    fn slice_dealt(&self, slice: &AxisSlice) -> SlicedAxis {
        let (mut pieces, mut places, mut selections) =
            slice_pieces(0..=self.grid_size() - 1, |place| self.piece(place), slice);
        if places.is_empty() {
            places.push(0);
            selections.push(Selection::EMPTY);
        }
        if places.len() == 1 {
            if pieces.iter().any(|piece| !piece.is_ascending()) {
                selections[0] = selections[0].reversed();
            }
            let map = match self {
                Self::BlockCyclic(map) => Self::block_cyclic(slice.len, 1, map.block_size),
                _ => Self::cyclic(slice.len, 1),
            };
            return SlicedAxis { map, places, selections };
        }
        let block_size = match pieces[0] {
            Indices::Strided { step: 1, len, .. } => len,
            Indices::Blocks { block, .. } => block,
            _ => 1,
        };
        let dealt = Self::block_cyclic(slice.len, places.len(), block_size);
        let is_dealt = pieces.iter().enumerate().all(|(place, piece)| dealt.piece(place) == *piece);
        let map = if is_dealt {
            dealt
        } else {
            Self::unstructured_unchecked(slice.len, std::mem::take(&mut pieces))
        };
        SlicedAxis { map, places, selections }
    }
}

/// What a slice selects of the pieces of some places: for each place that has any of it, the
/// indices of the result, the place, and the positions in the original piece.
pub(super) fn slice_pieces(
    places: RangeInclusive<usize>,
    piece: impl Fn(usize) -> Indices,
    slice: &AxisSlice,
) -> (Vec<Indices>, Vec<usize>, Vec<Selection>) {
    let mut kept = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        if let Some((indices, selection)) = select(&piece(place), slice) {
            kept.0.push(indices);
            kept.1.push(place);
            kept.2.push(selection);
        }
    }
    kept
}
