//! The map of an axis whose indices are dealt round robin.

/// The map of an axis whose indices are dealt round robin: index `i` is on place `i % grid_size`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cyclic {
    /// The size of the axis.
    pub size: usize,
    /// The number of places.
    pub grid_size: usize,
}
