//! One-dimensional maps: which place along one axis of the process grid owns which indices.

mod block;
mod block_cyclic;
mod cyclic;
mod no_dist;
mod unstructured;

use std::ops::RangeInclusive;

pub use block::Block;
pub use block_cyclic::BlockCyclic;
pub use cyclic::Cyclic;
pub use no_dist::NoDist;
pub(crate) use unstructured::Copies;
pub use unstructured::Unstructured;

use crate::select::select;
use crate::slice::{AxisSlice, Selection, SlicedAxis};
use crate::{Indices, MetaError, Result};

/// The map of one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisMap {
    /// The whole axis on one place.
    NoDist(NoDist),
    /// Contiguous, ascending pieces.
    Block(Block),
    /// Indices dealt round robin.
    Cyclic(Cyclic),
    /// Blocks of indices dealt round robin.
    BlockCyclic(BlockCyclic),
    /// Any indices on any place.
    Unstructured(Unstructured),
}

/// Constructors.
impl AxisMap {
    /// The whole axis on one place.
    pub fn no_dist(size: usize) -> Self {
        Self::NoDist(NoDist { size })
    }

    /// Contiguous pieces of `ceil(size / grid_size)` indices; the last ones are shorter or empty.
    ///
    /// # Panics
    ///
    /// When `grid_size` is 0.
    pub fn block(size: usize, grid_size: usize) -> Self {
        Self::Block(Block::regular(size, grid_size))
    }

    /// Contiguous pieces: place `p` holds `bounds[p]..bounds[p + 1]`.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when the bounds do not begin with 0, descend, or are fewer than two.
    pub fn block_with_bounds(bounds: Vec<usize>) -> Result<Self> {
        Block::with_bounds(bounds).map(Self::Block)
    }

    /// Indices dealt round robin.
    ///
    /// # Panics
    ///
    /// When `grid_size` is 0.
    pub fn cyclic(size: usize, grid_size: usize) -> Self {
        assert!(grid_size > 0, "a process grid has at least one place");
        Self::Cyclic(Cyclic { size, grid_size })
    }

    /// Blocks of `block_size` indices dealt round robin; blocks of 1 are [`AxisMap::Cyclic`].
    ///
    /// # Panics
    ///
    /// When `grid_size` or `block_size` is 0.
    pub fn block_cyclic(size: usize, grid_size: usize, block_size: usize) -> Self {
        if block_size == 1 {
            return Self::cyclic(size, grid_size);
        }
        assert!(grid_size > 0, "a process grid has at least one place");
        assert!(block_size > 0, "a block has at least one index");
        Self::BlockCyclic(BlockCyclic { size, grid_size, block_size })
    }

    /// Any indices on any place: one piece per place.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when there are no pieces, an index is outside the axis, on no place,
    /// or twice on one place.
    pub fn unstructured(size: usize, pieces: Vec<Indices>) -> Result<Self> {
        Unstructured::checked(size, pieces).map(Self::Unstructured)
    }

    /// The whole axis on each of `grid_size` places.
    pub fn replicated(size: usize, grid_size: usize) -> Self {
        Self::unstructured_unchecked(size, vec![Indices::strided(0, 1, size); grid_size])
    }

    /// Pieces that are known to be valid, because they come from a valid map.
    pub(crate) fn unstructured_unchecked(size: usize, pieces: Vec<Indices>) -> Self {
        Self::Unstructured(Unstructured { size, pieces: pieces.into() })
    }
}

impl AxisMap {
    /// The protocol's letter: `'n'`, `'b'`, `'c'` or `'u'`.
    pub fn dist(&self) -> char {
        match self {
            Self::NoDist(_) => 'n',
            Self::Block(_) => 'b',
            Self::Cyclic(_) | Self::BlockCyclic(_) => 'c',
            Self::Unstructured(_) => 'u',
        }
    }

    /// The global size of the axis.
    pub fn size(&self) -> usize {
        match self {
            Self::NoDist(map) => map.size,
            Self::Block(map) => map.bounds[map.bounds.len() - 1],
            Self::Cyclic(map) => map.size,
            Self::BlockCyclic(map) => map.size,
            Self::Unstructured(map) => map.size,
        }
    }

    /// The number of places along this axis of the process grid.
    pub fn grid_size(&self) -> usize {
        match self {
            Self::NoDist(_) => 1,
            Self::Block(map) => map.bounds.len() - 1,
            Self::Cyclic(map) => map.grid_size,
            Self::BlockCyclic(map) => map.grid_size,
            Self::Unstructured(map) => map.pieces.len(),
        }
    }

    /// The global indices that a place holds.
    ///
    /// # Panics
    ///
    /// When there is no such place (for 'b' and 'u'; others may give an empty piece).
    pub fn piece(&self, place: usize) -> Indices {
        match self {
            Self::NoDist(map) => map.piece(),
            Self::Block(map) => map.piece(place),
            Self::Cyclic(map) => map.piece(place),
            Self::BlockCyclic(map) => map.piece(place),
            Self::Unstructured(map) => map.pieces[place].clone(),
        }
    }

    /// How many indices a place holds.
    ///
    /// # Panics
    ///
    /// As [`AxisMap::piece`].
    pub fn piece_len(&self, place: usize) -> usize {
        match self {
            Self::NoDist(map) => map.size,
            Self::Block(map) => map.piece_bounds(place).len(),
            Self::Cyclic(map) => map.piece_len(place),
            Self::BlockCyclic(map) => map.piece_len(place),
            Self::Unstructured(map) => map.pieces[place].len(),
        }
    }

    /// The places that hold an index, in ascending order.
    ///
    /// # Errors
    ///
    /// [`MetaError::IndexOutOfBounds`], naming axis 0.
    pub fn owners(&self, index: i64) -> Result<Vec<usize>> {
        if let Self::Unstructured(map) = self {
            self.check_bounds(index)?;
            let holds = |place: &usize| map.pieces[*place].position(index).is_some();
            return Ok((0..map.pieces.len()).filter(holds).collect());
        }
        self.owner(index).map(|(place, _)| vec![place])
    }

    /// The first place that holds an index, and the position of the index there.
    ///
    /// # Errors
    ///
    /// [`MetaError::IndexOutOfBounds`], naming axis 0.
    ///
    /// # Panics
    ///
    /// When no place of an unstructured map that was not built by [`AxisMap::unstructured`] holds
    /// the index.
    pub fn owner(&self, index: i64) -> Result<(usize, usize)> {
        let index = self.check_bounds(index)?;
        Ok(match self {
            Self::NoDist(_) => (0, index),
            Self::Block(map) => {
                let place = map.place_of(index);
                (place, index - map.bounds[place])
            }
            Self::Cyclic(map) => (index % map.grid_size, index / map.grid_size),
            Self::BlockCyclic(map) => map.owner(index),
            Self::Unstructured(map) => map
                .pieces
                .iter()
                .enumerate()
                .find_map(|(place, piece)| Some((place, piece.position(index as i64)?)))
                .expect("each index of an axis is on some place"),
        })
    }

    fn check_bounds(&self, index: i64) -> Result<usize> {
        let size = self.size();
        usize::try_from(index)
            .ok()
            .filter(|&index| index < size)
            .ok_or(MetaError::IndexOutOfBounds { index, axis: 0, size })
    }

    /// How often the indices of this axis are held.
    pub(crate) fn copies(&self) -> Copies {
        match self {
            Self::Unstructured(map) => map.copies(),
            _ => Copies::One,
        }
    }

    /// Whether each index is on one place only.
    pub fn is_one_to_one(&self) -> bool {
        self.copies() == Copies::One
    }

    /// Whether arrays of these maps can be operated on together without moving data, by the rules
    /// of the documentation: equal maps, or any two of 'n', 'b' and 'c' that one place holds.
    pub fn is_compatible(&self, other: &Self) -> bool {
        let simple = |map: &Self| map.grid_size() == 1 && map.dist() != 'u';
        if simple(self) && simple(other) { self.size() == other.size() } else { self == other }
    }

    /// Whether every place holds the same indices in the same order under both maps.
    pub fn same_pieces(&self, other: &Self) -> bool {
        if self.size() != other.size() || self.grid_size() != other.grid_size() {
            return false;
        }
        match (self, other) {
            (Self::Block(mine), Self::Block(theirs)) => mine.bounds == theirs.bounds,
            _ if self == other => true,
            _ => (0..self.grid_size()).all(|place| self.piece(place).same(&other.piece(place))),
        }
    }

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

    /// The map of the same memory seen as `new_size` elements along this axis, as a view with
    /// another item size needs it.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when a piece would be cut inside an element, or elements of an
    /// unstructured axis would change.
    pub fn view(&self, new_size: usize) -> Result<Self> {
        let size = self.size();
        match self {
            _ if size == new_size => Ok(self.clone()),
            Self::NoDist(_) => Ok(Self::no_dist(new_size)),
            Self::Block(map) => map.view(size, new_size).map(Self::Block),
            Self::Cyclic(map) => dealt_view(size, new_size, map.grid_size, 1),
            Self::BlockCyclic(map) => dealt_view(size, new_size, map.grid_size, map.block_size),
            Self::Unstructured(_) => Err(invalid(
                "size",
                format!(
                    "an unstructured axis of size {size} cannot be seen as {new_size} elements"
                ),
            )),
        }
    }
}

/// `bound` times `new_size / size`, `None` unless that is a whole number.
fn scale(bound: usize, size: usize, new_size: usize) -> Option<usize> {
    let scaled = bound as u128 * new_size as u128;
    match size as u128 {
        0 => (new_size == 0).then_some(0),
        size => scaled.is_multiple_of(size).then_some((scaled / size) as usize),
    }
}

/// The map of dealt blocks seen as `new_size` elements.
fn dealt_view(size: usize, new_size: usize, grid_size: usize, block: usize) -> Result<AxisMap> {
    match scale(block.min(size), size, new_size) {
        Some(block) if block > 0 => Ok(AxisMap::block_cyclic(new_size, grid_size, block)),
        _ => Err(cut_inside(size, new_size)),
    }
}

/// The error for a view that would cut a piece inside an element.
fn cut_inside(size: usize, new_size: usize) -> MetaError {
    invalid(
        "size",
        format!(
            "an axis of size {size} cannot be seen as one of size {new_size}, because its pieces \
             would not be cut between elements"
        ),
    )
}

/// What a slice selects of the pieces of some places: for each place that has any of it, the
/// indices of the result, the place, and the positions in the original piece.
fn slice_pieces(
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

fn invalid(argument: &'static str, message: String) -> MetaError {
    MetaError::Invalid { argument, message }
}
