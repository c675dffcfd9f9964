//! The parts of a walk that threads take.

use super::tile::block_len;
use super::{Input, Program};
use crate::walk::Walk;

/// So many bytes, moved or computed, are worth a thread of their own, for each element of a
/// register: 4 MB, for which a core needs several times as long as a thread takes to start, and less
/// in tests that make registers small.
const WORTH_A_THREAD: usize = 16 << 10;

/// How a walk is split.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The number of parts.
    pub count: usize,
    axis: usize,
    /// The length of pieces that are not split: whole tiles of the last axis, so that the threads
    /// share no cache line.
    unit: usize,
}

impl Parts {
    /// The parts that `threads` threads had better take.
    pub fn new(program: &Program, walk: &Walk<'_>, threads: usize) -> Self {
        let block_len = block_len();
        let last = walk.lens.len().saturating_sub(1);
        let unit = |axis: usize| if axis == last { block_len } else { 1 };
        let units = |axis: usize| walk.lens.get(axis).map_or(1, |len| len.div_ceil(unit(axis)));
        // The first axis that is long enough for all to get about the same, or else the longest.
        let long_enough = (0..last).find(|&axis| units(axis) >= 8 * threads);
        let longest = || (0..=last).rev().max_by_key(|&axis| units(axis));
        let axis = long_enough.or_else(longest).unwrap_or(0);

        let inputs = program.inputs.iter().map(|input| match input {
            Input::Block(dtype) => dtype.itemsize(),
            Input::Label(_) => 0,
            // As long as a few steps.
            Input::Random(_) => 4 * 8,
        });
        let outputs = program.outputs.iter().map(|output| output.dtype.itemsize());
        // A step takes about as long as moving a number.
        let bytes = inputs.chain(outputs).sum::<usize>() + 8 * program.steps.len();
        let elements: usize = walk.lens.iter().product();
        let worth = elements.saturating_mul(bytes) / (WORTH_A_THREAD * block_len);
        let count = threads.min(worth).min(units(axis)).max(1);
        Self { count, axis, unit: unit(axis) }
    }

    /// One part of the walk; all are about the same size.
    pub fn part<'a>(&self, walk: &Walk<'a>, index: usize) -> Walk<'a> {
        let len = walk.lens[self.axis];
        let units = len.div_ceil(self.unit);
        let border = |index: usize| (units * index / self.count * self.unit).min(len);
        walk.part(self.axis, border(index)..border(index + 1))
    }
}
