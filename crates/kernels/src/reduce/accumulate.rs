//! From a block to totals, for reductions that are monoids.

#![expect(unsafe_code, reason = "elements are read where they lie")]

use crate::{Block, Bool, Labels, Result};

use super::item::Item;
use super::leaf;
use super::memory::{self, Memory};
use super::monoid::{Lift, parts};
use super::walk::{Axis, Indexing, Place, Step, Walk};

/// One block to be reduced.
pub(super) struct Task<'a> {
    pub input: &'a Block,
    pub reduced: &'a [bool],
    pub mask: Option<&'a Block>,
    pub labels: &'a [Labels],
    pub global_shape: &'a [usize],
}

/// The width, in elements, of the tiles that rows are added up in.
const TILE: usize = 4096;

/// Rows narrower than this are added up several at a time where they are neighbours in memory.
pub(super) const NARROW: usize = 64;

/// How many times leaves take up rows before they are absorbed.
const LEAF_ROWS: usize = 64;

impl Task<'_> {
    /// The shape of the result: reduced axes have length 1.
    pub(super) fn shape(&self) -> Vec<usize> {
        let axes = self.input.axes().iter().zip(self.reduced);
        axes.map(|(axis, &reduced)| if reduced { 1 } else { axis.len() }).collect()
    }

    pub(super) fn indexing(&self) -> Indexing<'_> {
        Indexing { labels: self.labels, global_shape: self.global_shape }
    }

    /// The totals of the monoid `M` over elements of type `T`, which are the input's.
    pub(super) fn accumulate<M: Lift<T>, T: Item>(&self) -> Result<Block> {
        let shape = self.shape();
        let mut block = memory::filled(&shape, memory::total_dtype::<M::Total>(), M::EMPTY)?;
        if self.input.size() == 0 {
            return Ok(block);
        }
        let walk = Walk::new(self.input, self.reduced, self.mask, None)?;
        let mut loops = Loops::<M, T> {
            items: Memory::of(self.input),
            mask: self.mask.map(Memory::of),
            totals: memory::items_mut(&mut block),
            item_scratch: std::array::from_fn(|_| Vec::new()),
            mask_scratch: Vec::new(),
        };
        if walk.inner.is_reduced {
            walk.for_each(&mut |place| loops.run(&walk.inner, place));
        } else {
            let mut leaves = Vec::new();
            walk.for_each(&mut |place| loops.rows(&walk, place, &mut leaves));
        }
        Ok(block)
    }
}

/// The typed state of the loops over one block.
struct Loops<'a, M: Lift<T>, T> {
    items: Memory<T>,
    mask: Option<Memory<Bool>>,
    totals: &'a mut [M::Total],
    item_scratch: [Vec<T>; leaf::ROWS],
    mask_scratch: Vec<Bool>,
}

impl<M: Lift<T>, T: Item> Loops<'_, M, T> {
    /// Takes up one run along a reduced axis.
    fn run(&mut self, axis: &Axis, place: Place) {
        let mut total = self.totals[place.out];
        for part in parts(axis.len, M::SETTLES) {
            if M::is_settled(&total) {
                break;
            }
            let (first, len) = (part.start, part.len());
            // SAFETY: the walk stays within the block.
            let items = unsafe {
                self.items.slice(place.item, &axis.item, first, len, &mut self.item_scratch[0])
            };
            let leaf = match self.mask {
                None => M::lift_run(items),
                Some(mask) => {
                    // SAFETY: the walk stays within the mask.
                    let mask = unsafe {
                        mask.slice(place.mask, &axis.mask, first, len, &mut self.mask_scratch)
                    };
                    leaf::masked_run::<M, T>(items, mask)
                }
            };
            total = M::absorb(total, leaf);
        }
        self.totals[place.out] = total;
    }

    /// Takes up rows along a kept axis.
    fn rows(&mut self, walk: &Walk, place: Place, leaves: &mut Vec<M::Leaf>) {
        let (rows, inner) = (&walk.rows, &walk.inner);
        if let Some((rows, fused, inner)) = self.fused(rows, inner) {
            self.tile(&rows, &fused, inner.len, inner.out, 0, fused.len, place, leaves);
            let done = rows.len * (fused.len / inner.len);
            let rest = walk.rows.len - done;
            if rest > 0 {
                let place = place.along(&walk.rows, done);
                let rest = Axis { len: rest, ..walk.rows.clone() };
                self.tile(&rest, inner, inner.len, inner.out, 0, inner.len, place, leaves);
            }
            return;
        }
        let tile = walk.tile(TILE);
        for first in (0..inner.len).step_by(tile) {
            let width = tile.min(inner.len - first);
            self.tile(rows, inner, inner.len, inner.out, first, width, place, leaves);
        }
    }

    /// Narrow rows that are neighbours in memory, as fewer and wider rows.
    fn fused<'b>(&self, rows: &Axis, inner: &'b Axis) -> Option<(Axis, Axis, &'b Axis)> {
        let (Step::Stride(far), Step::Stride(near)) = (&rows.item, &inner.item) else {
            return None;
        };
        let count = NARROW / inner.len;
        if self.mask.is_some() || count < 2 || rows.len < count || *far != near * inner.len as isize
        {
            return None;
        }
        let fused = Axis { len: inner.len * count, ..inner.clone() };
        let wide = Axis {
            len: rows.len / count,
            item: Step::Stride(far * count as isize),
            ..rows.clone()
        };
        Some((wide, fused, inner))
    }

    /// Takes up `width` columns, from `first` on, of some rows. Columns repeat the results with
    /// the given period.
    #[expect(clippy::too_many_arguments, reason = "a tile has a place and an extent in two axes")]
    fn tile(
        &mut self,
        rows: &Axis,
        inner: &Axis,
        period: usize,
        out: usize,
        first: usize,
        width: usize,
        place: Place,
        leaves: &mut Vec<M::Leaf>,
    ) {
        let result = |column: usize| {
            let column = first + column;
            place.out + if column < period { column } else { column % period } * out
        };
        let mut row = 0;
        while row < rows.len {
            leaves.clear();
            leaves.resize(width, M::NEUTRAL);
            let end = rows.len.min(row + LEAF_ROWS * leaf::ROWS);
            while row < end {
                row += self.take_rows(rows, inner, row, end, first, place, leaves);
            }
            for (column, &leaf) in leaves.iter().enumerate() {
                let total = &mut self.totals[result(column)];
                *total = M::absorb(*total, leaf);
            }
        }
    }

    /// Adds the next rows to the leaves and says how many.
    #[expect(clippy::too_many_arguments, reason = "a tile has a place and an extent in two axes")]
    fn take_rows(
        &mut self,
        rows: &Axis,
        inner: &Axis,
        row: usize,
        end: usize,
        first: usize,
        place: Place,
        leaves: &mut [M::Leaf],
    ) -> usize {
        let width = leaves.len();
        let items = self.items;
        if self.mask.is_none() && row + leaf::ROWS <= end {
            let mut scratch = self.item_scratch.iter_mut();
            let slices = std::array::from_fn(|next| {
                let offset = place.item + rows.item.at(row + next);
                let scratch = scratch.next().expect("one for each row");
                // SAFETY: the walk stays within the block.
                unsafe { items.slice(offset, &inner.item, first, width, scratch) }
            });
            leaf::rows::<M, T>(leaves, slices);
            return leaf::ROWS;
        }
        let place = place.along(rows, row);
        // SAFETY: the walk stays within the block.
        let slice = unsafe {
            items.slice(place.item, &inner.item, first, width, &mut self.item_scratch[0])
        };
        match self.mask {
            None => leaf::row::<M, T>(leaves, slice),
            Some(mask) => {
                // SAFETY: the walk stays within the mask.
                let mask = unsafe {
                    mask.slice(place.mask, &inner.mask, first, width, &mut self.mask_scratch)
                };
                leaf::masked_row::<M, T>(leaves, slice, mask);
            }
        }
        1
    }
}
