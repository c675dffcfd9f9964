//! The map of an axis whose blocks of indices are dealt round robin.

/// The map of an axis whose blocks of `block_size` indices are dealt round robin: index `i` is on
/// place `i / block_size % grid_size`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCyclic {
    /// The size of the axis.
    pub size: usize,
    /// The number of places.
    pub grid_size: usize,
    /// The length of a block; at least 2 (1 is [`super::Cyclic`]).
    pub block_size: usize,
}
