//! From a block to positions of extrema.

#![expect(unsafe_code, reason = "elements are read where they lie")]

use std::marker::PhantomData;
use std::ops::Range;

use crate::simd::{Work, prefetch_at, widest};
use crate::{Block, DType, Result};

use super::accumulate::Task;
use super::extrema::Extremum;
use super::memory::{self, Memory};
use super::monoid::{Lift, Monoid, parts};
use super::order::{Direction, Mark, Ordered};
use super::walk::{Axis, Place, Walk};

/// The index of the extremum of no elements.
pub(super) const NOWHERE: i64 = -1;

/// The width, in elements, of the tiles in which columns are compared.
const TILE: usize = 1024;

/// How many rows ahead memory is asked for.
const AHEAD: usize = 2;

impl Task<'_> {
    /// The extrema of elements of type `T`, which are the input's, and their flat indices.
    pub(super) fn positions<D: Direction, T: Ordered>(&self) -> Result<Vec<Block>> {
        let shape = self.shape();
        let mut values = memory::filled(&shape, self.input.dtype(), Extremum::<D, T>::EMPTY)?;
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
                let mut best = Best { values: Vec::new(), rows: Vec::new() };
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
    fn run<D: Direction>(&mut self, axis: &Axis, place: Place) {
        let (best, best_index) = (self.values[place.out], self.indices[place.out]);
        let index = |position: usize| place.index + axis.index.get(position);
        if best_index != NOWHERE && index(0) > best_index && D::is_final(best) {
            return;
        }
        // The extremum of the run, and the first part that has it.
        let mut winner: Option<(T, Range<usize>)> = None;
        for part in parts(axis.len, T::SETTLES) {
            let value = Extremum::<D, T>::lift_run(self.part(axis, place, &part));
            if winner.as_ref().is_none_or(|&(winner, _)| D::is_better(value, winner)) {
                winner = Some((value, part));
                if D::is_final(value) {
                    break;
                }
            }
        }
        // Where it lies is looked for once, and only if it can win.
        let Some((value, part)) = winner else { return };
        if !comes_first::<D, T>(value, index(part.start), best, best_index) {
            return;
        }
        let position = widest(Find { items: self.part(axis, place, &part), value });
        let index = index(part.start + position);
        if comes_first::<D, T>(value, index, best, best_index) {
            (self.values[place.out], self.indices[place.out]) = (value, index);
        }
    }

    /// Some elements of a run.
    fn part(&mut self, axis: &Axis, place: Place, part: &Range<usize>) -> &[T] {
        let (first, len) = (part.start, part.len());
        // SAFETY: the walk stays within the block.
        unsafe { self.items.slice(place.item, &axis.item, first, len, &mut self.scratch) }
    }

    /// Searches columns along the rows, whose indices ascend.
    fn columns<D: Direction>(&mut self, walk: &Walk, place: Place, best: &mut Best<T>) {
        let (rows, inner) = (&walk.rows, &walk.inner);
        let tile = walk.tile(TILE);
        for first in (0..inner.len).step_by(tile) {
            let width = tile.min(inner.len - first);
            // As many rows at a time as can be counted.
            for top in (0..rows.len).step_by(T::Mark::MOST) {
                for row in top..rows.len.min(top + T::Mark::MOST) {
                    let offset = place.item + rows.item.at(row);
                    // SAFETY: the walk stays within the block.
                    let items = unsafe {
                        self.items.slice(offset, &inner.item, first, width, &mut self.scratch)
                    };
                    let later = rows.item.at((row + AHEAD).min(rows.len - 1));
                    best.take::<D>(items, row - top, later - rows.item.at(row));
                }
                for (column, (&value, row)) in best.values.iter().zip(&best.rows).enumerate() {
                    let out = place.out + (first + column) * inner.out;
                    let index = place.index + rows.index.get(top + row.get());
                    if comes_first::<D, T>(value, index, self.values[out], self.indices[out]) {
                        (self.values[out], self.indices[out]) = (value, index);
                    }
                }
            }
        }
    }
}

/// Finds the first element that is the value, or NaN as the value is. There must be one.
struct Find<'a, T> {
    items: &'a [T],
    value: T,
}

impl<T: Ordered> Work for Find<'_, T> {
    type Output = usize;
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) -> usize {
        if self.value.is_nan() {
            self.first(T::is_nan)
        } else {
            let value = self.value;
            self.first(|item| item == value)
        }
    }
}

impl<T: Ordered> Find<'_, T> {
    /// The first element that a test finds. Whole chunks are searched without a branch for each element.
    #[inline(always)]
    fn first(&self, is_it: impl Fn(T) -> bool) -> usize {
        const CHUNK: usize = 64;
        let (chunks, _) = self.items.as_chunks::<CHUNK>();
        let has_it = |chunk: &&[T; CHUNK]| {
            let mut found = false;
            for &item in *chunk {
                found |= is_it(item);
            }
            found
        };
        let start = CHUNK * chunks.iter().take_while(|chunk| !has_it(chunk)).count();
        let within = self.items[start..].iter().position(|&item| is_it(item));
        start + within.unwrap_or(0)
    }
}

/// The best element of each column so far, and its row.
struct Best<T: Ordered> {
    values: Vec<T>,
    rows: Vec<T::Mark>,
}

impl<T: Ordered> Best<T> {
    /// Takes up one row, the first of which is row 0. The row that is so many bytes away is soon taken
    /// up, too.
    fn take<D: Direction>(&mut self, items: &[T], row: usize, later: isize) {
        let row = T::Mark::new(row);
        if row.get() == 0 {
            self.values.clear();
            self.values.extend_from_slice(items);
            self.rows.clear();
            self.rows.resize(items.len(), row);
        } else {
            widest(Compare::<D, T> { best: self, items, row, later, direction: PhantomData });
        }
    }
}

struct Compare<'a, D, T: Ordered> {
    best: &'a mut Best<T>,
    items: &'a [T],
    row: T::Mark,
    later: isize,
    direction: PhantomData<D>,
}

impl<D: Direction, T: Ordered> Work for Compare<'_, D, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const CHUNK: usize = 64;
        let Self { best, items, row: this, later, .. } = self;
        let best = best.values.chunks_mut(CHUNK).zip(best.rows.chunks_mut(CHUNK));
        for ((values, rows), items) in best.zip(items.chunks(CHUNK)) {
            if items.len() == CHUNK {
                // As long as the compiler knows it to be.
                let items: &[T; CHUNK] = items.try_into().expect("a whole chunk");
                prefetch_at(items, later);
            }
            for ((value, row), &item) in values.iter_mut().zip(rows).zip(items) {
                let is_better = D::is_better(item, *value);
                *value = if is_better { item } else { *value };
                *row = if is_better { this } else { *row };
            }
        }
    }
}
