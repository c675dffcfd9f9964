//! The map of an axis that is not distributed.

use serde::{Deserialize, Serialize};

use crate::slice::{AxisSlice, Selection, SlicedAxis};
use crate::{AxisMap, Indices};

/// The map of an axis that is not distributed: one place holds all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoDist {
    /// The size of the axis.
    pub size: usize,
}

impl NoDist {
    pub(super) fn piece(&self) -> Indices {
        Indices::strided(0, 1, self.size)
    }

    /// Any slice of an axis that one place holds is held by one place.
    pub(super) fn slice(slice: &AxisSlice) -> SlicedAxis {
        let selection = Selection::Strided {
            start: slice.start as usize,
            step: slice.step as isize,
            len: slice.len,
        };
        SlicedAxis {
            map: AxisMap::no_dist(slice.len),
            places: vec![0],
            selections: vec![selection],
        }
    }
}
