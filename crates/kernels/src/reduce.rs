//! Reductions of a block along axes, in parts that can be merged.

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// `numpy.sum`.
    Sum,
}

/// The global index of each position along one axis of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// `start + step * j`.
    Strided {
        /// The label of position 0.
        start: i64,
        /// The distance between neighbours.
        step: i64,
    },
    /// Any labels.
    List(std::sync::Arc<[i64]>),
}
