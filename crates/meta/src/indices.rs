//! The global indices that one piece of an axis holds, in local order.

use std::sync::Arc;

/// The global indices that one piece of an axis holds, in local order, in the most compact form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indices {
    /// `start, start + step, ...`: `len` of them; `step` is never 0 and may be negative.
    Strided {
        /// The first index.
        start: i64,
        /// The distance between neighbours.
        step: i64,
        /// How many there are.
        len: usize,
    },
    /// Blocks of `block` consecutive indices, `period` apart, the first beginning at `start`; `len`
    /// indices in all, so that the last block may be short.
    Blocks {
        /// The first index of the first block.
        start: i64,
        /// The length of a block.
        block: usize,
        /// The distance between the starts of neighbouring blocks; more than `block`.
        period: usize,
        /// How many indices there are.
        len: usize,
    },
    /// Any indices, in any order.
    List(Arc<[i64]>),
}
