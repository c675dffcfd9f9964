//! One engine's piece of a distributed array.

use distarray_kernels::{Block, Labels};
use distarray_meta::{Distribution, Indices};

/// One engine's piece of a distributed array: a block of memory and its share of a distribution.
#[derive(Clone, Debug)]
pub struct LocalArray {
    /// How the whole array is laid over engines.
    pub distribution: Distribution,
    /// This piece's rank in the distribution.
    pub rank: usize,
    /// The elements, in the local order of the distribution's maps.
    pub block: Block,
}

impl LocalArray {
    /// The global index of each position, axis by axis.
    pub fn labels(&self) -> Vec<Labels> {
        labels(&self.distribution, self.rank)
    }
}

/// The global index of each position of the piece of `rank`, axis by axis.
pub fn labels(distribution: &Distribution, rank: usize) -> Vec<Labels> {
    (0..distribution.ndim()).map(|axis| labels_of(&distribution.piece(rank, axis))).collect()
}

/// The labels of positions that have these global indices.
pub fn labels_of(indices: &Indices) -> Labels {
    match indices {
        Indices::Strided { start, step, .. } => Labels::Strided { start: *start, step: *step },
        other => Labels::List(other.to_vec().into()),
    }
}
