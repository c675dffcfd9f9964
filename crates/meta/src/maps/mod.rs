//! One-dimensional maps: which place along one axis of the process grid owns which indices.

mod block;
mod block_cyclic;
mod cyclic;
mod homes;
mod no_dist;
mod padding;
mod slice;
mod unstructured;
mod view;

pub use block::Block;
pub use block_cyclic::BlockCyclic;
pub use cyclic::Cyclic;
pub use homes::Homes;
pub use no_dist::NoDist;
pub use padding::Padding;
pub(crate) use unstructured::Copies;
pub use unstructured::Unstructured;

use serde::{Deserialize, Serialize};

use crate::{Indices, MetaError, Result};

/// The map of one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        Self::Unstructured(Unstructured { size, pieces: pieces.into(), homes: Homes::default() })
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
                .homes
                .find(map.size, &map.pieces, index)
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
}

fn invalid(argument: &'static str, message: String) -> MetaError {
    MetaError::Invalid { argument, message }
}
