//! Reductions of a block on several threads: each has a part of it.

use std::ops::Range;

use super::partial::{Ending, Partial, finish, merge, partial};
use super::whole::{has_short_lanes, whole};
use crate::{Block, DType, FloatFlags, KernelError, Labels, Reduction, Result, copy, parallel};

/// How many bytes are worth a thread of their own.
const WORTH_A_THREAD: usize = if cfg!(test) { 1 << 9 } else { 1 << 20 };

/// Parts are made of runs of no fewer bytes.
const SHORTEST_RUN: usize = if cfg!(test) { 64 } else { 4096 };

/// A reduction of a block, which [`partial`] explains.
#[derive(Clone, Copy, Debug)]
pub struct BlockReduction<'a> {
    /// What is computed.
    pub reduction: Reduction,
    /// The elements.
    pub block: &'a Block,
    /// Which axes are reduced.
    pub reduced: &'a [bool],
    /// Which elements count, if not all do.
    pub mask: Option<&'a Block>,
    /// The dtype that is accumulated in.
    pub dtype: DType,
    /// Where in the whole array the block lies, along every axis.
    pub labels: &'a [Labels],
    /// The shape of the whole array.
    pub global_shape: &'a [usize],
}

impl BlockReduction<'_> {
    /// What the elements come to, to be merged with what others do; on up to `threads` threads.
    ///
    /// # Errors
    ///
    /// As [`partial`].
    ///
    /// # Panics
    ///
    /// As [`partial`].
    pub fn partial(&self, threads: usize) -> Result<Partial> {
        let Some((axis, parts)) = self.split(threads, |axis| self.reduced[axis]) else {
            return self.own_partial();
        };
        let mut found = self.map(axis, parts, |part| part.own_partial()).into_iter();
        let mut merged = found.next().unwrap_or_else(|| self.own_partial())?;
        for other in found {
            merge(self.reduction, &mut merged, &other?)?;
        }
        Ok(merged)
    }

    /// The results, if these are all elements, and the floating-point exceptions that NumPy would
    /// meet; on up to `threads` threads.
    ///
    /// # Errors
    ///
    /// As [`partial`] and [`finish`].
    ///
    /// # Panics
    ///
    /// As [`partial`].
    pub fn result(&self, threads: usize, ending: Ending) -> Result<(Block, FloatFlags)> {
        let lens = self.block.axes().iter().zip(self.reduced);
        let count = lens.filter(|(_, reduced)| **reduced).map(|(axis, _)| axis.len()).product();
        let (input, dtype) = (self.block.dtype(), self.dtype);
        // Short lanes are best left whole.
        let is_short = has_short_lanes(self.reduction, input, dtype, count, ending);
        let may_split = |axis: usize| !(is_short && self.reduced[axis]);
        match self.split(threads, may_split) {
            Some((axis, parts)) if !self.reduced[axis] => {
                let found = self.map(axis, parts, |part| part.result(1, ending));
                joined(axis, &found.into_iter().collect::<Result<Vec<_>>>()?)
            }
            _ => {
                let masks: Vec<Block> = self.mask.cloned().into_iter().collect();
                let pieces = std::slice::from_ref(self.block);
                match whole(self.reduction, pieces, &masks, self.reduced, dtype, ending)? {
                    Some(found) => Ok(found),
                    None => finish(self.reduction, self.partial(threads)?, ending),
                }
            }
        }
    }

    pub(super) fn own_partial(&self) -> Result<Partial> {
        let Self { reduction, block, reduced, mask, dtype, labels, global_shape } = *self;
        partial(reduction, block, reduced, mask, dtype, labels, global_shape)
    }

    /// The axis to cut, one of those that may be, and into how many parts; `None` if there is too
    /// little to do.
    pub(super) fn split(
        &self,
        threads: usize,
        may: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        let parts = threads.min(self.block.size() * self.block.dtype().itemsize() / WORTH_A_THREAD);
        if parts < 2 || self.reduction.is_ordered(self.dtype) {
            return None;
        }
        let all = self.block.axes().iter().enumerate();
        let (axis, _) = all
            .filter(|&(index, axis)| may(index) && axis.len() >= parts)
            .map(|(index, axis)| (index, axis.len() / parts, axis.offset(1).unsigned_abs()))
            .filter(|&(_, len, distance)| len.saturating_mul(distance) >= SHORTEST_RUN)
            .map(|(index, _, distance)| (index, distance))
            .max_by_key(|&(_, distance)| distance)?;
        Some((axis, parts))
    }

    /// Has a thread work on each part along an axis.
    fn map<R: Send>(
        &self,
        axis: usize,
        parts: usize,
        work: impl Fn(BlockReduction<'_>) -> R + Sync,
    ) -> Vec<R> {
        let len = self.block.axes()[axis].len();
        let border = |part: usize| len * part / parts;
        parallel::map(parts, |part| {
            let range = border(part)..border(part + 1);
            let block = self.block.slice_axis(axis, range.start, 1, range.len());
            let mask = self.mask.map(|mask| part_of_mask(mask, self.block.ndim(), axis, &range));
            let mut labels = self.labels.to_vec();
            if let Some(labels) = labels.get_mut(axis) {
                *labels = labels.part(range.start, range.len());
            }
            work(BlockReduction { block: &block, mask: mask.as_ref(), labels: &labels, ..*self })
        })
    }
}

/// The part of a mask that is for a part of a block of `ndim` axes.
fn part_of_mask(mask: &Block, ndim: usize, axis: usize, range: &Range<usize>) -> Block {
    match (axis + mask.ndim()).checked_sub(ndim) {
        Some(axis) if mask.axes()[axis].len() > 1 => {
            mask.slice_axis(axis, range.start, 1, range.len())
        }
        _ => mask.clone(),
    }
}

/// Results that lie one after another along an axis.
fn joined(axis: usize, found: &[(Block, FloatFlags)]) -> Result<(Block, FloatFlags)> {
    let Some((first, _)) = found.first() else {
        return Err(KernelError::Value("no results to be joined".to_owned()));
    };
    let mut shape = first.shape();
    shape[axis] = found.iter().map(|(block, _)| block.axes()[axis].len()).sum();
    let all = Block::uninitialised(first.dtype(), &shape)?;
    let (mut start, mut flags) = (0, FloatFlags::default());
    for (block, met) in found {
        let len = block.axes()[axis].len();
        copy::copy(block, &all.slice_axis(axis, start, 1, len))?;
        start += len;
        flags = flags.union(*met);
    }
    Ok((all, flags))
}
