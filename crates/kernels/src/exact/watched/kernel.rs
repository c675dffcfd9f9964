//! The loops over runs and rows.

#![expect(unsafe_code, reason = "instructions that the processor may lack")]

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_set1_epi64, _mm512_set1_pd, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_test_epi64_mask,
};

use super::lanes::{Lanes, Squares, Sums, added, joined, load, mixed};
use super::register::{begin, end};
use super::{PLACES, PLANES, Places, levels};
use crate::exact::terms::Term;
use crate::simd::{prefetch_after, prefetch_at};

/// The bits of sign and exponent.
const EXPONENT: i64 = -1 << 52;

/// What is summed of elements that are cut with constants, on a processor that has what it takes.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    constants: [f64; 2],
    has_squares: bool,
}

/// A part of rows and the integers of each of its columns.
pub(super) struct Columns<'a, T> {
    pub rows: &'a [&'a [T]],
    /// The first column.
    pub start: usize,
    /// Rows of `stride`, one for each integer, of which the first column's integers are at `first`.
    pub planes: &'a mut [u64],
    pub stride: usize,
    pub first: usize,
}

impl Kernel {
    /// Whether the processor has what it takes.
    pub(super) fn is_supported(has_squares: bool) -> bool {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("f16c")
            && (!has_squares || is_x86_feature_detected!("avx512ifma"))
    }

    /// The kernel with some constants; `None` where it is not supported.
    pub(super) fn new(constants: [f64; 2], has_squares: bool) -> Option<Self> {
        Self::is_supported(has_squares).then_some(Self { constants, has_squares })
    }

    /// Sums a run; `None` if not all is exact.
    pub(super) fn run<T: Term>(self, items: &[T]) -> Option<Places> {
        // SAFETY: the processor has what it takes, as seen in `new`.
        unsafe {
            match (self.has_squares, levels::<T>(self.has_squares)) {
                (false, 1) => sums_of_run::<T, 1>(items, self.constants),
                (false, _) => sums_of_run::<T, 2>(items, self.constants),
                (true, 1) => squares_of_run::<T, 1>(items, self.constants),
                (true, _) => squares_of_run::<T, 2>(items, self.constants),
            }
        }
    }

    /// Sums some columns, which are taken up by steps; gives the number of columns that were, or would
    /// have been were they exact, and whether they were.
    ///
    /// # Panics
    ///
    /// When there are no columns left.
    pub(super) fn columns<T: Term>(self, columns: &mut Columns<'_, T>) -> (usize, bool) {
        let left = columns.rows[0].len() - columns.start;
        if left < PLACES {
            let mut padded = [[T::ZERO; PLACES]; crate::exact::totals::MOST_ROWS];
            for (padded, row) in padded.iter_mut().zip(columns.rows) {
                padded[..left].copy_from_slice(&row[columns.start..]);
            }
            let mut rows = [&[] as &[T]; crate::exact::totals::MOST_ROWS];
            for (row, padded) in rows.iter_mut().zip(&padded) {
                *row = padded;
            }
            let rows = &rows[..columns.rows.len()];
            let mut own = [0; PLANES * PLACES];
            let mut few = Columns { rows, start: 0, planes: &mut own, stride: PLACES, first: 0 };
            let is_exact = self.eightfold::<T, 1>(&mut few);
            if is_exact {
                for (plane, own) in own.as_chunks::<PLACES>().0.iter().enumerate() {
                    let to = plane * columns.stride + columns.first;
                    // Planes that are not used need not be there.
                    let Some(to) = columns.planes.get_mut(to..to + left) else { break };
                    for (to, own) in to.iter_mut().zip(own) {
                        *to = to.wrapping_add(*own);
                    }
                }
            }
            return (left, is_exact);
        }
        // As many as there are registers for.
        match (self.has_squares, levels::<T>(self.has_squares)) {
            (false, _) if left >= 8 * PLACES => (8 * PLACES, self.eightfold::<T, 8>(columns)),
            (true, 1) if left >= 4 * PLACES => (4 * PLACES, self.eightfold::<T, 4>(columns)),
            (true, _) if left >= 2 * PLACES => (2 * PLACES, self.eightfold::<T, 2>(columns)),
            _ => (PLACES, self.eightfold::<T, 1>(columns)),
        }
    }

    /// Sums `VECTORS` times eight columns; whether they are exact.
    fn eightfold<T: Term, const VECTORS: usize>(self, columns: &mut Columns<'_, T>) -> bool {
        // SAFETY: the processor has what it takes, as seen in `new`.
        unsafe {
            match (self.has_squares, levels::<T>(self.has_squares)) {
                (false, 1) => sums_of_columns::<T, 1, VECTORS>(columns, self.constants),
                (false, _) => sums_of_columns::<T, 2, VECTORS>(columns, self.constants),
                (true, 1) => squares_of_columns::<T, 1, VECTORS>(columns, self.constants),
                (true, _) => squares_of_columns::<T, 2, VECTORS>(columns, self.constants),
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq,f16c")]
unsafe fn sums_of_run<T: Term, const LEVELS: usize>(
    items: &[T],
    constants: [f64; 2],
) -> Option<Places> {
    // SAFETY: the features are there.
    unsafe { run::<T, Sums<LEVELS>, 4>(items, constants) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma,f16c")]
unsafe fn squares_of_run<T: Term, const LEVELS: usize>(
    items: &[T],
    constants: [f64; 2],
) -> Option<Places> {
    // SAFETY: the features are there.
    unsafe { run::<T, Squares<LEVELS>, 2>(items, constants) }
}

#[target_feature(enable = "avx512f,avx512dq,f16c")]
unsafe fn sums_of_columns<T: Term, const LEVELS: usize, const VECTORS: usize>(
    part: &mut Columns<'_, T>,
    constants: [f64; 2],
) -> bool {
    // SAFETY: the features are there.
    unsafe { columns::<T, Sums<LEVELS>, VECTORS>(part, constants) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma,f16c")]
unsafe fn squares_of_columns<T: Term, const LEVELS: usize, const VECTORS: usize>(
    part: &mut Columns<'_, T>,
    constants: [f64; 2],
) -> bool {
    // SAFETY: the features are there.
    unsafe { columns::<T, Squares<LEVELS>, VECTORS>(part, constants) }
}

/// # Safety
///
/// To be inlined where the features are there.
#[inline(always)]
unsafe fn run<T: Term, L: Lanes, const VECTORS: usize>(
    items: &[T],
    constants: [f64; 2],
) -> Option<Places> {
    const MOST: usize = 4 * PLACES;
    const { assert!(VECTORS * PLACES <= MOST) };
    // SAFETY: the features are there, and all is loaded from within the slices.
    unsafe {
        let (constants, before) = begin(constants.map(|constant| _mm512_set1_pd(constant)));
        let mut lanes = [L::begin(&constants); VECTORS];
        let chunks = items.chunks_exact(VECTORS * PLACES);
        let tail = chunks.remainder();
        let count = chunks.len() + 1;
        for chunk in chunks {
            prefetch_after(chunk);
            for (vector, lanes) in lanes.iter_mut().enumerate() {
                lanes.add(load(chunk.as_ptr().add(vector * PLACES)), &constants);
            }
        }
        let mut last = [T::ZERO; MOST];
        last[..tail.len()].copy_from_slice(tail);
        for (vector, lanes) in lanes.iter_mut().enumerate() {
            lanes.add(load(last.as_ptr().add(vector * PLACES)), &constants);
        }
        let mut planes = [_mm512_setzero_si512(); PLANES];
        let mut misfit = _mm512_setzero_si512();
        for lanes in &lanes {
            let these = lanes.planes(&constants, count);
            for (plane, this) in planes.iter_mut().zip(these) {
                *plane = added(*plane, this);
            }
            misfit = joined(misfit, lanes.misfit(&constants));
        }
        let mut integers = [[0; PLACES]; PLANES];
        for (place, plane) in integers.iter_mut().zip(planes) {
            _mm512_storeu_si512(place.as_mut_ptr().cast(), plane);
        }
        let is_exact = end(mixed(&planes, misfit), before) && fits(misfit);
        is_exact.then_some((integers, count * VECTORS))
    }
}

/// # Safety
///
/// To be inlined where the features are there.
#[inline(always)]
unsafe fn columns<T: Term, L: Lanes, const VECTORS: usize>(
    part: &mut Columns<'_, T>,
    constants: [f64; 2],
) -> bool {
    let Columns { rows, start, stride, first, .. } = *part;
    let width = VECTORS * PLACES;
    // SAFETY: the features are there, and all is loaded from and stored to slices.
    unsafe {
        let (constants, before) = begin(constants.map(|constant| _mm512_set1_pd(constant)));
        let mut lanes = [L::begin(&constants); VECTORS];
        for row in rows {
            let items = &row[start..][..width];
            for (vector, lanes) in lanes.iter_mut().enumerate() {
                let items = &items[vector * PLACES..][..PLACES];
                prefetch_at(items, (AHEAD * size_of::<T>()) as isize);
                lanes.add(load(items.as_ptr()), &constants);
            }
        }
        let mut planes = [[_mm512_setzero_si512(); PLANES]; VECTORS];
        let mut misfit = _mm512_setzero_si512();
        let mut all = misfit;
        for (planes, lanes) in planes.iter_mut().zip(&lanes) {
            *planes = lanes.planes(&constants, rows.len());
            misfit = joined(misfit, lanes.misfit(&constants));
            all = mixed(planes, all);
        }
        let is_exact = end(mixed(&[all], misfit), before) && fits(misfit);
        if is_exact {
            for plane in 0..L::COUNT {
                let to = &mut part.planes[plane * stride + first..][..width];
                for (to, planes) in to.as_chunks_mut::<PLACES>().0.iter_mut().zip(&planes) {
                    let sum = added(_mm512_loadu_si512(to.as_ptr().cast()), planes[plane]);
                    _mm512_storeu_si512(to.as_mut_ptr().cast(), sum);
                }
            }
        }
        is_exact
    }
}

/// How many columns ahead memory is asked for.
const AHEAD: usize = 64;

#[inline]
#[target_feature(enable = "avx512f")]
fn fits(misfit: __m512i) -> bool {
    _mm512_test_epi64_mask(misfit, _mm512_set1_epi64(EXPONENT)) == 0
}
