//! Reductions against brute force: every dtype, layout, choice of axes, mask and division into
//! parts, and lengths on either side of every limit of the loops.

#![expect(clippy::float_cmp, reason = "these results are exact")]

mod oracle;
mod properties;
mod sizes;
mod special;
mod threads;
mod whole;

use super::*;
use crate::{Block, Labels, copy};

/// A block of another dtype with the same values.
fn cast(block: &Block, dtype: DType) -> Block {
    let result = Block::uninitialised(dtype, &block.shape()).unwrap();
    copy::copy(block, &result).unwrap();
    result
}

/// The whole reduction of a block that is the whole array.
fn reduce(reduction: Reduction, block: &Block, reduced: &[bool]) -> Block {
    let dtype = reduction.accumulator(block.dtype(), None).unwrap();
    reduce_in(reduction, block, reduced, dtype)
}

fn reduce_in(reduction: Reduction, block: &Block, reduced: &[bool], dtype: DType) -> Block {
    let labels = vec![Labels::POSITIONS; block.ndim()];
    let shape = block.shape();
    let partial = partial(reduction, block, reduced, None, dtype, &labels, &shape).unwrap();
    finish(reduction, partial, Ending::default()).unwrap().0
}
