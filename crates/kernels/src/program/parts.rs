//! The parts of a walk that threads take.

use super::tile::block_len;
use super::{Input, Program};
use crate::walk::Walk;

/// So many bytes, moved or computed, are worth a thread of their own, for each element of a
/// register: 1 MB, and less in tests that make registers small.
const WORTH_A_THREAD: usize = 4 << 10;

/// Into how many parts to split a walk when there are `threads` threads.
pub fn count(program: &Program, walk: &Walk<'_>, threads: usize) -> usize {
    if threads <= 1 {
        return 1;
    }
    let inputs = program.inputs.iter().map(|input| match input {
        Input::Block(dtype) => dtype.itemsize(),
        Input::Label(_) => 0,
    });
    let outputs = program.outputs.iter().map(|output| output.dtype.itemsize());
    // A step takes about as long as moving a number.
    let bytes = inputs.chain(outputs).sum::<usize>() + 8 * program.steps.len();
    let elements: usize = walk.lens.iter().product();
    let worth = elements.saturating_mul(bytes) / (WORTH_A_THREAD * block_len());
    threads.min(worth).clamp(1, units(walk, split_axis(walk, threads)))
}

/// Part `index` of `count` parts of about the same size.
pub fn part<'a>(walk: &Walk<'a>, index: usize, count: usize) -> Walk<'a> {
    let axis = split_axis(walk, count);
    let (units, unit) = (units(walk, axis), unit(walk, axis));
    let border = |index: usize| (units * index / count * unit).min(walk.lens[axis]);
    walk.part(axis, border(index)..border(index + 1))
}

/// The axis to split: the first that is long enough for all to get about the same, or else the
/// longest.
fn split_axis(walk: &Walk<'_>, count: usize) -> usize {
    let axes = 0..walk.lens.len();
    let long_enough = axes.clone().find(|&axis| units(walk, axis) >= 8 * count);
    long_enough.or_else(|| axes.rev().max_by_key(|&axis| units(walk, axis))).unwrap_or(0)
}

/// The number of pieces that an axis may be split into.
fn units(walk: &Walk<'_>, axis: usize) -> usize {
    walk.lens.get(axis).map_or(1, |len| len.div_ceil(unit(walk, axis)))
}

/// The length of pieces that are not split: whole tiles of the last axis, so that the threads
/// share no cache line.
fn unit(walk: &Walk<'_>, axis: usize) -> usize {
    if axis + 1 == walk.lens.len() { block_len() } else { 1 }
}
