//! A piece as runs of the flattened array, for reshaping.

use crate::{Distribution, Indices};

/// Elements that are neighbours both in the flattened array and in the flattened piece, both in C
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatRun {
    /// The first position in the flattened array.
    pub global: usize,
    /// The first position in the flattened piece.
    pub local: usize,
    /// How many elements there are.
    pub len: usize,
}

/// The runs of a rank's piece, in ascending order of their place in the flattened array. Together
/// they are the whole piece.
pub fn flat_runs(distribution: &Distribution, rank: usize) -> FlatRuns {
    let local_shape = distribution.local_shape(rank);
    let empty = local_shape.contains(&0);
    let mut axes = Vec::with_capacity(local_shape.len());
    let (mut global_stride, mut local_stride) = (1, 1);
    for axis in (0..local_shape.len()).rev() {
        let piece = distribution.piece(rank, axis);
        let size = distribution.shape()[axis];
        // Trailing axes that are whole and in order lengthen the runs of the axis before them.
        if !(axes.is_empty() && piece.is_whole(size)) {
            let order = Order::new(piece);
            axes.push(Axis { order, global_stride, local_stride, run: 0, offset: 0 });
        }
        global_stride *= size;
        local_stride *= local_shape[axis];
    }
    axes.reverse();
    let whole = FlatRun { global: 0, local: 0, len: local_stride };
    FlatRuns { axes, whole, done: empty }
}

/// The iterator of [`flat_runs`].
#[derive(Clone, Debug)]
pub struct FlatRuns {
    /// Empty when the piece is the whole array.
    axes: Vec<Axis>,
    whole: FlatRun,
    done: bool,
}

/// One axis of the piece: the run that it is at and, for all axes but the last, how far into it.
#[derive(Clone, Debug)]
struct Axis {
    order: Order,
    global_stride: usize,
    local_stride: usize,
    run: usize,
    offset: usize,
}

impl Iterator for FlatRuns {
    type Item = FlatRun;

    fn next(&mut self) -> Option<FlatRun> {
        if self.done {
            return None;
        }
        let Some((last, outer)) = self.axes.split_last_mut() else {
            self.done = true;
            return Some(self.whole);
        };
        let run = last.order.run(last.run);
        let mut found = FlatRun {
            global: run.global * last.global_stride,
            local: run.local * last.local_stride,
            len: run.len * last.local_stride,
        };
        for axis in &*outer {
            let run = axis.order.run(axis.run);
            found.global += (run.global + axis.offset) * axis.global_stride;
            found.local += (run.local + axis.offset) * axis.local_stride;
        }
        last.run += 1;
        if last.run == last.order.runs() {
            last.run = 0;
            self.done = !outer.iter_mut().rev().any(Axis::advance);
        }
        Some(found)
    }
}

impl Axis {
    /// Goes to the next index; false, and back to the first, after the last one.
    fn advance(&mut self) -> bool {
        self.offset += 1;
        if self.offset == self.order.run(self.run).len {
            self.offset = 0;
            self.run += 1;
            if self.run == self.order.runs() {
                self.run = 0;
                return false;
            }
        }
        true
    }
}

/// A piece of one axis as runs of consecutive indices at consecutive positions, in ascending order
/// of the indices.
#[derive(Clone, Debug)]
enum Order {
    /// Any piece but a list.
    Structured(Indices),
    /// A sorted list.
    Sorted(Vec<FlatRun>),
}

impl Order {
    fn new(piece: Indices) -> Self {
        let Indices::List(list) = &piece else { return Self::Structured(piece) };
        let mut pairs: Vec<(i64, usize)> =
            list.iter().enumerate().map(|(local, &global)| (global, local)).collect();
        pairs.sort_unstable();
        let mut runs: Vec<FlatRun> = Vec::new();
        for (global, local) in pairs {
            let global = global as usize;
            match runs.last_mut() {
                Some(run) if (run.global + run.len, run.local + run.len) == (global, local) => {
                    run.len += 1;
                }
                _ => runs.push(FlatRun { global, local, len: 1 }),
            }
        }
        Self::Sorted(runs)
    }

    fn runs(&self) -> usize {
        match self {
            Self::Sorted(runs) => runs.len(),
            Self::Structured(Indices::Strided { step: 1, .. }) => 1,
            Self::Structured(Indices::Blocks { block, skip, len, .. }) => {
                (skip + len).div_ceil(*block)
            }
            Self::Structured(piece) => piece.len(),
        }
    }

    fn run(&self, number: usize) -> FlatRun {
        match self {
            Self::Sorted(runs) => runs[number],
            &Self::Structured(Indices::Strided { start, step: 1, len }) => {
                FlatRun { global: start as usize, local: 0, len }
            }
            Self::Structured(piece @ Indices::Blocks { block, skip, len, .. }) => {
                let (block, skip, len) = (*block, *skip, *len);
                let local = (number * block).saturating_sub(skip);
                let end = ((number + 1) * block - skip).min(len);
                FlatRun { global: piece.get(local) as usize, local, len: end - local }
            }
            Self::Structured(piece) => {
                let ascending = piece.is_ascending();
                let local = if ascending { number } else { piece.len() - 1 - number };
                FlatRun { global: piece.get(local) as usize, local, len: 1 }
            }
        }
    }
}
