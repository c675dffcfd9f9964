//! Exact sums over a block: the loops of [`super::accumulate`], for accumulators that are no monoids.

#![expect(unsafe_code, reason = "elements are read where they lie")]

use std::ops::Range;

use half::f16;
use num_complex::Complex;

use super::accumulate::{NARROW, Task};
use super::item::Item;
use super::memory::{self, Memory};
use super::partial::no_loop;
use super::results::{Counts, Exact};
use super::truth::CountTrue;
use super::walk::{Axis, Place, Step, Walk};
use crate::element::with_element;
use crate::exact::{Accumulator, MOST_ROWS, Plain, Squared, TILE, Term, Terms, Totals};
use crate::ops::Convert;
use crate::{Block, Bool, DType, Element, Reduction, Result};

/// A float, or a complex number of two.
pub(super) trait Float: Item {
    /// The type of its parts.
    type Part: Term;
    /// How many there are.
    const PARTS: usize;
    /// Zero.
    const NOTHING: Self;

    /// The parts of all elements.
    fn parts(items: &[Self]) -> &[Self::Part];

    /// The elements of a block, converted; `None` for opaque ones.
    fn items(block: &Block) -> Option<Box<dyn Items<Self>>>;

    /// Adds a run that belongs to one result.
    fn deposit<K: Terms<Self::Part, S>, const S: usize>(
        accumulator: &mut Accumulator<Self::Part, K, S>,
        result: usize,
        items: &[Self],
    );
}

macro_rules! floats {
    ($($float:ty, $part:ty, $parts:literal, $zero:expr;)*) => {$(
        impl Float for $float {
            type Part = $part;
            const PARTS: usize = $parts;
            const NOTHING: Self = $zero;

            fn parts(items: &[Self]) -> &[$part] {
                memory::parts(items)
            }

            fn items(block: &Block) -> Option<Box<dyn Items<Self>>> {
                if block.dtype() == Self::DTYPE {
                    return Some(Box::new(Memory::<Self>::of(block)));
                }
                with_element!(
                    block.dtype(),
                    T => Some(Box::new(Converted(Memory::<T>::of(block)))),
                    _ => None
                )
            }

            #[inline]
            fn deposit<K: Terms<$part, S>, const S: usize>(
                accumulator: &mut Accumulator<$part, K, S>,
                result: usize,
                items: &[Self],
            ) {
                accumulator.deposit(result * $parts, Self::parts(items).as_chunks::<$parts>().0);
            }
        }
    )*};
}

floats! {
    f16, f16, 1, f16::ZERO;
    f32, f32, 1, 0.0;
    f64, f64, 1, 0.0;
    Complex<f32>, f32, 2, Complex::new(0.0, 0.0);
    Complex<f64>, f64, 2, Complex::new(0.0, 0.0);
}

/// What a reduction sums exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exactly {
    /// The elements.
    Elements,
    /// The elements and their squares.
    Squares,
}

impl Exactly {
    /// What a reduction that gives `dtype` sums exactly; `None` for those that don't.
    pub(super) fn of(reduction: Reduction, dtype: DType) -> Option<Self> {
        match reduction {
            Reduction::Sum | Reduction::Mean if is_inexact(dtype) => Some(Self::Elements),
            Reduction::Variance | Reduction::StandardDeviation | Reduction::Norm => {
                Some(Self::Squares)
            }
            _ => None,
        }
    }

    /// The dtype of what is summed: elements are converted to the result's dtype first, but for
    /// floats that are summed as well as they are.
    pub(super) fn summed(self, input: DType, dtype: DType) -> DType {
        use DType as D;
        match (self, input) {
            (Self::Squares, _) => {
                if is_inexact(input) {
                    input
                } else {
                    D::Float64
                }
            }
            (_, D::Float16) if matches!(dtype, D::Float32 | D::Float64) => input,
            (_, D::Float32) if dtype == D::Float64 => input,
            (_, D::Complex64) if dtype == D::Complex128 => input,
            _ => dtype,
        }
    }
}

pub(super) fn is_complex(dtype: DType) -> bool {
    matches!(dtype, DType::Complex64 | DType::Complex128)
}

pub(super) fn is_inexact(dtype: DType) -> bool {
    use DType as D;
    matches!(dtype, D::Float16 | D::Float32 | D::Float64 | D::Complex64 | D::Complex128)
}

impl Task<'_> {
    /// What is summed exactly for a reduction that gives `dtype`.
    pub(super) fn exactly(
        &self,
        reduction: Reduction,
        exactly: Exactly,
        dtype: DType,
    ) -> Result<Exact> {
        let summed = exactly.summed(self.input.dtype(), dtype);
        let parts = if is_complex(summed) { 2 } else { 1 };
        let totals = self.totals_of(reduction, exactly, summed)?;
        Ok(Exact { totals, parts, counts: self.counts(reduction)? })
    }

    /// How many elements go into each result.
    fn counts(&self, reduction: Reduction) -> Result<Counts> {
        match self.mask {
            // Nobody asks.
            Some(_) if matches!(reduction, Reduction::Sum | Reduction::Norm) => {
                Ok(Counts::Every(0))
            }
            Some(mask) => {
                let mask = mask.broadcast_to(&self.input.shape())?;
                let counts = Task { input: &mask, mask: None, ..*self };
                let counts = counts.accumulate::<CountTrue, Bool>()?;
                let counts = memory::items::<i64>(&counts).iter();
                Ok(Counts::Each(counts.map(|&count| count as u64).collect()))
            }
            None => {
                let axes = self.input.axes().iter().zip(self.reduced);
                let lengths = axes.filter(|(_, reduced)| **reduced).map(|(axis, _)| axis.len());
                Ok(Counts::Every(lengths.map(|len| len as u64).product()))
            }
        }
    }

    fn totals_of(&self, reduction: Reduction, exactly: Exactly, summed: DType) -> Result<Totals> {
        use DType as D;
        match (exactly, summed) {
            (Exactly::Elements, D::Float16) => self.float_totals::<f16, Plain, 1>(reduction),
            (Exactly::Elements, D::Float32) => self.float_totals::<f32, Plain, 1>(reduction),
            (Exactly::Elements, D::Float64) => self.float_totals::<f64, Plain, 1>(reduction),
            (Exactly::Elements, D::Complex64) => {
                self.float_totals::<Complex<f32>, Plain, 1>(reduction)
            }
            (Exactly::Elements, D::Complex128) => {
                self.float_totals::<Complex<f64>, Plain, 1>(reduction)
            }
            (Exactly::Squares, D::Float16) => self.float_totals::<f16, Squared, 2>(reduction),
            (Exactly::Squares, D::Float32) => self.float_totals::<f32, Squared, 2>(reduction),
            (Exactly::Squares, D::Float64) => self.float_totals::<f64, Squared, 3>(reduction),
            (Exactly::Squares, D::Complex64) => {
                self.float_totals::<Complex<f32>, Squared, 2>(reduction)
            }
            (Exactly::Squares, D::Complex128) => {
                self.float_totals::<Complex<f64>, Squared, 3>(reduction)
            }
            (_, dtype) => Err(no_loop(reduction, dtype)),
        }
    }

    fn float_totals<E: Float, K: Terms<E::Part, S>, const S: usize>(
        &self,
        reduction: Reduction,
    ) -> Result<Totals> {
        let results: usize = self.shape().iter().product();
        let accumulator = Accumulator::<E::Part, K, S>::new(results * E::PARTS);
        if self.input.size() == 0 {
            return Ok(accumulator.into_totals());
        }
        let walk = Walk::new(self.input, self.reduced, self.mask, None)?;
        let mut loops = Loops {
            items: E::items(self.input).ok_or_else(|| no_loop(reduction, self.input.dtype()))?,
            mask: self.mask.map(Memory::of),
            accumulator,
            scratch: std::array::from_fn(|_| Vec::new()),
            mask_scratch: Vec::new(),
        };
        if walk.inner.is_reduced {
            walk.for_each(&mut |place| loops.run(&walk.inner, place));
        } else {
            walk.for_each(&mut |place| loops.rows(&walk.rows, &walk.inner, place));
        }
        Ok(loops.accumulator.into_totals())
    }
}

/// Elements in memory, as elements of type `E`.
pub(super) trait Items<E> {
    /// See [`Memory::slice`].
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn slice<'a>(
        &self,
        offset: isize,
        step: &Step,
        first: usize,
        len: usize,
        scratch: &'a mut Vec<E>,
    ) -> &'a [E];
}

impl<E: Item> Items<E> for Memory<E> {
    #[inline]
    unsafe fn slice<'a>(
        &self,
        offset: isize,
        step: &Step,
        first: usize,
        len: usize,
        scratch: &'a mut Vec<E>,
    ) -> &'a [E] {
        // SAFETY: the caller's promise.
        unsafe { Memory::slice(*self, offset, step, first, len, scratch) }
    }
}

/// Elements of another type in memory.
struct Converted<T>(Memory<T>);

impl<E: 'static, T: Item + Convert<E>> Items<E> for Converted<T> {
    unsafe fn slice<'a>(
        &self,
        offset: isize,
        step: &Step,
        first: usize,
        len: usize,
        scratch: &'a mut Vec<E>,
    ) -> &'a [E] {
        let mut own = Vec::new();
        // SAFETY: the caller's promise.
        let items = unsafe { self.0.slice(offset, step, first, len, &mut own) };
        scratch.clear();
        scratch.extend(items.iter().map(|&item| item.convert()));
        scratch
    }
}

/// How many elements of a run are read at once.
const RUN: usize = 8192;

/// The sums of so many results lie in a second-level cache.
const WIDE: usize = 1 << 14;

/// The state of the loops over one block.
struct Loops<E: Float, K, const S: usize> {
    items: Box<dyn Items<E>>,
    mask: Option<Memory<Bool>>,
    accumulator: Accumulator<E::Part, K, S>,
    scratch: [Vec<E>; MOST_ROWS],
    mask_scratch: Vec<Bool>,
}

impl<E: Float, K: Terms<E::Part, S>, const S: usize> Loops<E, K, S> {
    /// Takes up one run along a reduced axis.
    fn run(&mut self, axis: &Axis, place: Place) {
        for first in (0..axis.len).step_by(RUN) {
            let len = RUN.min(axis.len - first);
            // SAFETY: the walk stays within the block.
            let items = unsafe {
                self.items.slice(place.item, &axis.item, first, len, &mut self.scratch[0])
            };
            match self.mask {
                None => E::deposit(&mut self.accumulator, place.out, items),
                Some(mask) => {
                    // SAFETY: the walk stays within the mask.
                    let mask = unsafe {
                        mask.slice(place.mask, &axis.mask, first, len, &mut self.mask_scratch)
                    };
                    let selected = selected(items, mask);
                    E::deposit(&mut self.accumulator, place.out, &selected);
                }
            }
        }
    }

    /// Takes up rows along a kept axis.
    fn rows(&mut self, rows: &Axis, inner: &Axis, place: Place) {
        if let Some((wide_rows, wide)) = self.widened(rows, inner) {
            self.apart(&wide_rows, &wide, place, |column| {
                place.out + column % inner.len * inner.out
            });
            let done = wide_rows.len * (wide.len / inner.len);
            if done < rows.len {
                let rest = Axis { len: rows.len - done, ..rows.clone() };
                self.rows(&rest, inner, place.along(rows, done));
            }
        } else if inner.out == 1 || inner.len == 1 {
            // So that the tiles are those of the accumulator.
            let tile = TILE / E::PARTS;
            // A few rows after one another are read faster than pieces of all of them.
            let group = if inner.len <= WIDE { MOST_ROWS } else { rows.len };
            for row in (0..rows.len).step_by(group.max(1)) {
                let taken = row..rows.len.min(row + group);
                let mut first = 0;
                while first < inner.len {
                    let width = (tile - (place.out + first) % tile).min(inner.len - first);
                    let columns = first..first + width;
                    self.tile(rows, taken.clone(), inner, columns, place, place.out + first);
                    first += width;
                }
            }
        } else {
            self.apart(rows, inner, place, |column| place.out + column * inner.out);
        }
    }

    /// Narrow rows that are neighbours in memory, as fewer and wider rows.
    fn widened(&self, rows: &Axis, inner: &Axis) -> Option<(Axis, Axis)> {
        let (Step::Stride(far), Step::Stride(near)) = (&rows.item, &inner.item) else {
            return None;
        };
        let count = NARROW / inner.len;
        if self.mask.is_some()
            || count < 2
            || rows.len < 4 * count
            || *far != near * inner.len as isize
        {
            return None;
        }
        let wide = Axis { len: inner.len * count, ..inner.clone() };
        let rows = Axis {
            len: rows.len / count,
            item: Step::Stride(far * count as isize),
            ..rows.clone()
        };
        Some((rows, wide))
    }

    /// Takes up rows in sums of their own, and these in the results that the function tells.
    fn apart(&mut self, rows: &Axis, inner: &Axis, place: Place, result: impl Fn(usize) -> usize) {
        let results = Accumulator::new(inner.len * E::PARTS);
        let results = std::mem::replace(&mut self.accumulator, results);
        for first in (0..inner.len).step_by(TILE / E::PARTS) {
            let columns = first..inner.len.min(first + TILE / E::PARTS);
            self.tile(rows, 0..rows.len, inner, columns, place, first);
        }
        let own = std::mem::replace(&mut self.accumulator, results);
        self.accumulator.deposit_totals(&own.into_totals(), |slot| {
            result(slot / E::PARTS) * E::PARTS + slot % E::PARTS
        });
    }

    /// Takes up some columns of some rows; they belong to the results from `result` on.
    fn tile(
        &mut self,
        rows: &Axis,
        taken: Range<usize>,
        inner: &Axis,
        columns: Range<usize>,
        place: Place,
        result: usize,
    ) {
        let (first, width) = (columns.start, columns.len());
        let slot = result * E::PARTS;
        let Some(mask) = self.mask else {
            for row in taken.clone().step_by(MOST_ROWS) {
                let mut slices = [&[] as &[E::Part]; MOST_ROWS];
                let slices = &mut slices[..MOST_ROWS.min(taken.end - row)];
                for (next, (slice, scratch)) in slices.iter_mut().zip(&mut self.scratch).enumerate()
                {
                    let offset = place.item + rows.item.at(row + next);
                    // SAFETY: the walk stays within the block.
                    let items =
                        unsafe { self.items.slice(offset, &inner.item, first, width, scratch) };
                    *slice = E::parts(items);
                }
                self.accumulator.deposit_rows(slot, slices);
            }
            return;
        };
        for row in taken {
            let place = place.along(rows, row);
            // SAFETY: the walk stays within the block.
            let items = unsafe {
                self.items.slice(place.item, &inner.item, first, width, &mut self.scratch[0])
            };
            // SAFETY: the walk stays within the mask.
            let mask = unsafe {
                mask.slice(place.mask, &inner.mask, first, width, &mut self.mask_scratch)
            };
            let selected = selected(items, mask);
            self.accumulator.deposit_rows(slot, &[E::parts(&selected)]);
        }
    }
}

/// The elements that a mask selects, and zeros.
fn selected<E: Float>(items: &[E], mask: &[Bool]) -> Vec<E> {
    let items = items.iter().zip(mask);
    items.map(|(&item, &selected)| if selected.get() { item } else { E::NOTHING }).collect()
}
