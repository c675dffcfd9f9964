//! The map of an axis whose blocks of indices are dealt round robin.

use serde::{Deserialize, Serialize};

use crate::Indices;

/// The map of an axis whose blocks of `block_size` indices are dealt round robin: index `i` is on
/// place `i / block_size % grid_size`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockCyclic {
    /// The size of the axis.
    pub size: usize,
    /// The number of places.
    pub grid_size: usize,
    /// The length of a block; at least 2 (1 is [`super::Cyclic`]).
    pub block_size: usize,
}

impl BlockCyclic {
    fn period(&self) -> usize {
        self.block_size.saturating_mul(self.grid_size)
    }

    pub(super) fn piece_len(&self, place: usize) -> usize {
        let rounds = self.size / self.period();
        let rest = self.size % self.period();
        let before = place.saturating_mul(self.block_size);
        rounds * self.block_size + rest.saturating_sub(before).min(self.block_size)
    }

    pub(super) fn piece(&self, place: usize) -> Indices {
        let len = self.piece_len(place);
        if len == 0 {
            return Indices::EMPTY;
        }
        Indices::blocks((place * self.block_size) as i64, self.block_size, self.period(), 0, len)
    }

    /// The place that holds an index, and its position there.
    pub(super) fn owner(&self, index: usize) -> (usize, usize) {
        let block = index / self.block_size;
        let position = block / self.grid_size * self.block_size + index % self.block_size;
        (block % self.grid_size, position)
    }
}
