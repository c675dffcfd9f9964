//! One-dimensional maps: which place along one axis of the process grid owns which indices.

mod block;
mod block_cyclic;
mod cyclic;
mod no_dist;
mod unstructured;

pub use block::Block;
pub use block_cyclic::BlockCyclic;
pub use cyclic::Cyclic;
pub use no_dist::NoDist;
pub use unstructured::Unstructured;

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

impl AxisMap {
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
}
