//! Copies between memory orders: where one side walks along rows and the other along columns.

#![expect(unsafe_code, reason = "elements are copied where they lie")]

use super::rows::with_register;
use super::transpose::Square;
use crate::walk::{Motion, Odometer, Walk};

/// The side of a tile, in items: few enough memory pages on both sides for the processor to
/// remember where they are.
const TILE: usize = 64;

/// The rows of a tile that are written at a time: few enough for their cache lines to stay, even
/// when all fall into the same set.
const BAND: usize = 8;

/// The axis along which block 1 of the walk moves least, if it is not the last one and tiles
/// along both are worth while.
pub fn source_axis(walk: &Walk<'_>, itemsize: usize) -> Option<usize> {
    let inner = walk.lens.len() - 1;
    let reach = |axis: usize| walk.motion(axis, 1).stride().map(isize::unsigned_abs);
    let is_strided =
        |axis: usize| walk.motions(axis).iter().all(|motion| motion.stride().is_some());
    let other = (0..inner)
        .filter(|&axis| reach(axis).is_some_and(|reach| reach != 0))
        .min_by_key(|&axis| reach(axis))?;
    let worth = reach(other)? < reach(inner)?
        && walk.lens[other] >= 4
        && walk.lens[inner] >= 4
        && super::rows::is_register(itemsize);
    (worth && is_strided(other) && is_strided(inner)).then_some(other)
}

/// Copies block 1 to block 0 in tiles along the last axis and `other`.
///
/// # Safety
///
/// As for `copy_walk`; `other` must come from [`source_axis`].
pub unsafe fn copy_tiles(walk: &Walk<'_>, other: usize, itemsize: usize) {
    let inner = walk.lens.len() - 1;
    let stride = |axis: usize, block: usize| match walk.motion(axis, block) {
        Motion::Stride(stride) => stride,
        Motion::Offsets(_) => 0,
    };
    let matrix = Matrix {
        rows: walk.lens[other],
        columns: walk.lens[inner],
        source: (stride(other, 1), stride(inner, 1)),
        dest: (stride(other, 0), stride(inner, 0)),
    };
    let (mut odometer, mut pointers) = Odometer::begin(walk, inner);
    loop {
        if odometer.positions()[other] == 0 {
            // SAFETY: the caller's promise.
            unsafe {
                with_register!(itemsize, T => matrix.copy::<T>(pointers[1], pointers[0]), ());
            }
        }
        if !odometer.advance(walk, &mut pointers) {
            return;
        }
    }
}

/// A matrix and its place on both sides; distances are from row to row and column to column.
#[derive(Clone, Copy)]
struct Matrix {
    rows: usize,
    columns: usize,
    source: (isize, isize),
    dest: (isize, isize),
}

impl Matrix {
    /// Calls a function with each piece of at most `rows` x `columns` and its places.
    fn pieces(
        self,
        source: *const u8,
        dest: *mut u8,
        rows: usize,
        columns: usize,
        mut each: impl FnMut(Self, *const u8, *mut u8),
    ) {
        for row in (0..self.rows).step_by(rows) {
            for column in (0..self.columns).step_by(columns) {
                let offset =
                    |(down, along): (isize, isize)| row as isize * down + column as isize * along;
                let piece = Self {
                    rows: rows.min(self.rows - row),
                    columns: columns.min(self.columns - column),
                    ..self
                };
                each(
                    piece,
                    source.wrapping_offset(offset(self.source)),
                    dest.wrapping_offset(offset(self.dest)),
                );
            }
        }
    }

    /// # Safety
    ///
    /// Both sides must be valid for the items of the matrix and not overlap.
    unsafe fn copy<T: Square>(self, source: *const u8, dest: *mut u8) {
        let unit = size_of::<T>() as isize;
        let plain = self.source.0 == unit && self.dest.1 == unit;
        let band = BAND.max(T::SIDE);
        self.pieces(source, dest, TILE, TILE, |tile, source, dest| {
            tile.pieces(source, dest, band, TILE, |band, source, dest| {
                // SAFETY: the caller's promise, of a part of the matrix.
                unsafe {
                    if plain {
                        band.copy_squares::<T>(source, dest);
                    } else {
                        band.copy_items::<T>(source, dest);
                    }
                }
            });
        });
    }

    /// Copies a matrix whose columns are contiguous at the source and rows at the destination.
    ///
    /// # Safety
    ///
    /// As [`Matrix::copy`].
    unsafe fn copy_squares<T: Square>(self, source: *const u8, dest: *mut u8) {
        let side = T::SIDE;
        let (rows, columns) = (self.rows / side * side, self.columns / side * side);
        for column in (0..columns).step_by(side) {
            for row in (0..rows).step_by(side) {
                let (row, column) = (row as isize, column as isize);
                let unit = size_of::<T>() as isize;
                // SAFETY: a square within the matrix; the caller's promise.
                unsafe {
                    T::transpose(
                        source.wrapping_offset(row * unit + column * self.source.1),
                        self.source.1,
                        dest.wrapping_offset(row * self.dest.0 + column * unit),
                        self.dest.0,
                    );
                }
            }
        }
        let below = Self { rows: self.rows - rows, ..self };
        let beside = Self { rows, columns: self.columns - columns, ..self };
        let (down, along) = (rows as isize, columns as isize);
        // SAFETY: the rest of the matrix; the caller's promise.
        unsafe {
            below.copy_items::<T>(
                source.wrapping_offset(down * self.source.0),
                dest.wrapping_offset(down * self.dest.0),
            );
            beside.copy_items::<T>(
                source.wrapping_offset(along * self.source.1),
                dest.wrapping_offset(along * self.dest.1),
            );
        }
    }

    /// # Safety
    ///
    /// As [`Matrix::copy`].
    unsafe fn copy_items<T: Copy>(self, source: *const u8, dest: *mut u8) {
        for row in 0..self.rows as isize {
            for column in 0..self.columns as isize {
                let offset = |(down, along): (isize, isize)| row * down + column * along;
                // SAFETY: within the matrix; the caller's promise.
                unsafe {
                    let value =
                        source.wrapping_offset(offset(self.source)).cast::<T>().read_unaligned();
                    dest.wrapping_offset(offset(self.dest)).cast::<T>().write_unaligned(value);
                }
            }
        }
    }
}
