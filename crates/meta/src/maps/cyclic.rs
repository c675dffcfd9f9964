//! The map of an axis whose indices are dealt round robin.

use serde::{Deserialize, Serialize};

use crate::Indices;

/// The map of an axis whose indices are dealt round robin: index `i` is on place `i % grid_size`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cyclic {
    /// The size of the axis.
    pub size: usize,
    /// The number of places.
    pub grid_size: usize,
}

impl Cyclic {
    pub(super) fn piece_len(&self, place: usize) -> usize {
        self.size.saturating_sub(place).div_ceil(self.grid_size)
    }

    pub(super) fn piece(&self, place: usize) -> Indices {
        Indices::strided(place as i64, self.grid_size as i64, self.piece_len(place))
    }
}
