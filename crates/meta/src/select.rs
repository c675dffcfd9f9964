//! What a slice of an axis selects of one piece of it.

use crate::Indices;
use crate::progression::{Progression, meet};
use crate::slice::{AxisSlice, Selection};

/// What `slice` selects of `piece`: the indices of the result that come from it, and their
/// positions in it; `None` when there are none. The positions ascend, as memory does, except that
/// blocks come in the order in which the indices ascend, so that they stay blocks.
pub(crate) fn select(piece: &Indices, slice: &AxisSlice) -> Option<(Indices, Selection)> {
    match *piece {
        Indices::Strided { start, step, len } => {
            let common = meet(&slice.progression(), &Progression { start, step, len })?;
            Some((
                Indices::strided(common.first_start as i64, common.first_step as i64, common.len),
                Selection::Strided {
                    start: common.second_start,
                    step: common.second_step,
                    len: common.len,
                },
            ))
        }
        Indices::Blocks { start, block, period, skip, len } => {
            let step = slice.step.unsigned_abs() as usize;
            if block.is_multiple_of(step) && period.is_multiple_of(step) {
                let blocks = Blocks { start, block, period, skip, len };
                blocks.select_strided(slice)
            } else {
                select_each(piece, slice)
            }
        }
        Indices::List(_) => select_each(piece, slice),
    }
}

/// Looks at the members of the piece or of the slice, whichever are fewer.
fn select_each(piece: &Indices, slice: &AxisSlice) -> Option<(Indices, Selection)> {
    if slice.len == 0 {
        return None;
    }
    let order = Indices::strided(slice.start, slice.step, slice.len);
    let (indices, positions): (Vec<i64>, Vec<usize>) =
        if slice.len < piece.len() && !matches!(piece, Indices::List(_)) {
            let found = |(j, global)| Some((j as i64, piece.position(global)?));
            let mut pairs: Vec<(i64, usize)> = order.iter().enumerate().filter_map(found).collect();
            if slice.step < 0 {
                pairs.reverse();
            }
            pairs.into_iter().unzip()
        } else {
            let found = |(local, global)| Some((order.position(global)? as i64, local));
            piece.iter().enumerate().filter_map(found).unzip()
        };
    if indices.is_empty() {
        return None;
    }
    Some((Indices::from_list(indices), Selection::from_list(positions)))
}

/// The fields of [`Indices::Blocks`].
struct Blocks {
    start: i64,
    block: usize,
    period: usize,
    skip: usize,
    len: usize,
}

impl Blocks {
    /// The selection of a slice whose step divides the block and the period, so that every block
    /// is met at the same phase: equally spaced positions, and blocks again.
    fn select_strided(&self, slice: &AxisSlice) -> Option<(Indices, Selection)> {
        if slice.len == 0 {
            return None;
        }
        let step = slice.step.unsigned_abs() as usize;
        let (low, high) = slice.hull();
        let phase = (low - self.start).rem_euclid(step as i64) as usize;
        // Candidate `u` is index `phase + u % block * step` of block `u / block`.
        let block = self.block / step;
        let period = self.period / step;
        let index =
            |u: usize| self.start + (u / block * self.period + u % block * step + phase) as i64;
        let at_least = |global: i64| {
            let Ok(distance) = usize::try_from(global - self.start) else { return 0 };
            let (turns, rest) = (distance / self.period, distance % self.period);
            turns * block + rest.saturating_sub(phase).div_ceil(step).min(block)
        };
        let held_from = self.skip.saturating_sub(phase).div_ceil(step);
        let held_to = (self.skip + self.len).saturating_sub(phase).div_ceil(step);
        let from = held_from.max(at_least(low));
        let to = held_to.min(at_least(high + 1));
        if from >= to {
            return None;
        }
        let len = to - from;
        let position = |u: usize| u * step + phase - self.skip;
        if slice.step > 0 {
            let start = (index(0) - slice.start) / slice.step;
            let positions = Selection::Strided { start: position(from), step: step as isize, len };
            Some((Indices::blocks(start, block, period, from, len), one_step(positions)))
        } else {
            let last_block = (to - 1) / block;
            let block_end = last_block * block + block - 1;
            let start = (index(block_end) - slice.start) / slice.step;
            let positions =
                Selection::Strided { start: position(to - 1), step: -(step as isize), len };
            let skip = block_end - (to - 1);
            Some((Indices::blocks(start, block, period, skip, len), one_step(positions)))
        }
    }
}

/// A selection of one position has step 1.
fn one_step(selection: Selection) -> Selection {
    match selection {
        Selection::Strided { start, len: 1, .. } => Selection::Strided { start, step: 1, len: 1 },
        other => other,
    }
}
