//! Reductions of elements that have to be converted first.

use crate::{Block, DType, Reduction, Result, copy};

use super::accumulate::Task;
use super::partial::{Merge, no_loop};
use super::table::visit_monoid;

/// How many elements are converted at a time.
const SLAB: usize = 1 << 13;

impl Task<'_> {
    /// The totals of a reduction of elements converted to `dtype`, which no loop does on its way.
    pub(super) fn converted(&self, reduction: Reduction, dtype: DType) -> Result<Block> {
        let input = self.input;
        let refused = || no_loop(reduction, input.dtype());
        if !input.dtype().is_native() {
            return Err(refused());
        }
        // Slabs across the longest axis, so that what is converted stays in the cache.
        let shape = input.shape();
        let longest = (0..shape.len()).max_by_key(|&axis| shape[axis]);
        let Some(axis) = longest.filter(|_| input.size() > SLAB) else {
            let block = Block::uninitialised(dtype, &shape)?;
            copy::copy(input, &block)?;
            let task = Task { input: &block, ..*self };
            return task.totals(reduction, dtype).ok_or_else(refused)?;
        };
        let slab = (SLAB / (input.size() / shape[axis])).clamp(1, shape[axis] - 1);
        let mut totals: Option<Block> = None;
        for start in (0..shape[axis]).step_by(slab) {
            let len = slab.min(shape[axis] - start);
            let part = |block: &Block, is_input: bool| {
                // What is broadcast along the axis is the same for all slabs.
                let axis = (axis + block.ndim()).checked_sub(shape.len());
                match axis {
                    Some(axis) if is_input || block.axes()[axis].len() > 1 => {
                        block.slice_axis(axis, start, 1, len)
                    }
                    _ => block.clone(),
                }
            };
            let mask = self.mask.map(|mask| part(mask, false));
            let task = Task { input: &part(input, true), mask: mask.as_ref(), ..*self };
            let slab = task.converted(reduction, dtype)?;
            let mut all = match totals.take() {
                None if self.reduced[axis] => {
                    totals = Some(slab);
                    continue;
                }
                None => Block::uninitialised(slab.dtype(), &self.shape())?,
                Some(all) => all,
            };
            if self.reduced[axis] {
                visit_monoid(reduction, dtype, Merge(&mut all, &slab)).ok_or_else(refused)?;
            } else {
                copy::copy(&slab, &all.slice_axis(axis, start, 1, len))?;
            }
            totals = Some(all);
        }
        totals.ok_or_else(refused)
    }
}
