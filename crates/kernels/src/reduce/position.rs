//! From a block to positions of extrema.

use crate::{Block, DType, Result};

use super::accumulate::Task;
use super::extrema::{Direction, Extremum, Ordered};
use super::leaf;
use super::memory::{self, Memory};
use super::monoid::{LEAF, Lift, Monoid};
use super::walk::{Axis, Place, Walk};

/// The index of the extremum of no elements.
pub(super) const NOWHERE: i64 = -1;

/// The width, in elements, of the tiles in which columns are compared.
const TILE: usize = 1024;

impl Task<'_> {
    /// The extrema of elements of type `T`, which are the input's, and their flat indices.
    pub(super) fn positions<D: Direction, T: Ordered>(&self) -> Result<Vec<Block>>
    where
        Extremum<D, T>: Lift<T, Center = ()> + Monoid<Leaf = T>,
    {
        let shape = self.shape();
        let mut values = memory::filled(&shape, self.input.dtype(), D::worst::<T>())?;
        let mut indices = memory::filled(&shape, DType::Int64, NOWHERE)?;
        if self.input.size() > 0 {
            let walk = Walk::new(self.input, self.reduced, None, Some(&self.indexing()))?;
            let mut search = Search::<T> {
                items: Memory::of(self.input),
                values: memory::items_mut(&mut values),
                indices: memory::items_mut(&mut indices),
                scratch: Vec::new(),
            };
            if walk.inner.is_reduced {
                walk.for_each(&mut |place| search.run::<D>(&walk.inner, place));
            } else {
                let mut best = Vec::new();
                walk.for_each(&mut |place| search.columns::<D>(&walk, place, &mut best));
            }
        }
        Ok(vec![values, indices])
    }
}

/// Whether a value at an index comes before the best so far: it is better, or it is as good and
/// its index lower.
pub(super) fn comes_first<D: Direction, T: Ordered>(
    value: T,
    index: i64,
    best: T,
    best_index: i64,
) -> bool {
    index != NOWHERE
        && (best_index == NOWHERE
            || D::is_better(value, best)
            || (index < best_index && !D::is_better(best, value)))
}

struct Search<'a, T> {
    items: Memory<T>,
    values: &'a mut [T],
    indices: &'a mut [i64],
    scratch: Vec<T>,
}

impl<T: Ordered> Search<'_, T> {
    /// Searches one run along a reduced axis, whose indices ascend.
    fn run<D: Direction>(&mut self, axis: &Axis, place: Place)
    where
        Extremum<D, T>: Lift<T, Center = ()> + Monoid<Leaf = T>,
    {
        let (mut best, mut best_index) = (self.values[place.out], self.indices[place.out]);
        for first in (0..axis.len).step_by(LEAF) {
            let len = LEAF.min(axis.len - first);
            // SAFETY: the walk stays within the block.
            let items =
                unsafe { self.items.slice(place.item, &axis.item, first, len, &mut self.scratch) };
            // Where the extremum lies is looked for only if it can win.
            let value = leaf::run::<Extremum<D, T>, T>(items, ());
            let lowest = place.index + axis.index.get(first);
            if !comes_first::<D, T>(value, lowest, best, best_index) {
                continue;
            }
            let is_extremum = |&item: &T| !D::is_better(value, item) && !D::is_better(item, value);
            let position = items.iter().position(is_extremum).unwrap_or(0);
            let index = place.index + axis.index.get(first + position);
            if comes_first::<D, T>(value, index, best, best_index) {
                (best, best_index) = (value, index);
            }
        }
        (self.values[place.out], self.indices[place.out]) = (best, best_index);
    }

    /// Searches columns along the rows, whose indices ascend.
    fn columns<D: Direction>(&mut self, walk: &Walk, place: Place, best: &mut Vec<(T, u32)>) {
        let (rows, inner) = (&walk.rows, &walk.inner);
        for first in (0..inner.len).step_by(TILE) {
            let width = TILE.min(inner.len - first);
            best.clear();
            for row in 0..rows.len {
                let offset = place.item + rows.item.at(row);
                // SAFETY: the walk stays within the block.
                let items = unsafe {
                    self.items.slice(offset, &inner.item, first, width, &mut self.scratch)
                };
                if row == 0 {
                    best.extend(items.iter().map(|&item| (item, 0)));
                    continue;
                }
                for (best, &item) in best.iter_mut().zip(items) {
                    let is_better = D::is_better(item, best.0);
                    best.0 = if is_better { item } else { best.0 };
                    best.1 = if is_better { row as u32 } else { best.1 };
                }
            }
            for (column, &(value, row)) in best.iter().enumerate() {
                let out = place.out + (first + column) * inner.out;
                let index = place.index + rows.index.get(row as usize);
                if comes_first::<D, T>(value, index, self.values[out], self.indices[out]) {
                    (self.values[out], self.indices[out]) = (value, index);
                }
            }
        }
    }
}
