//! Copies between memory orders: where one side walks along rows and the other along columns.

use super::rows::with_register;
use crate::walk::{Motion, Odometer, Walk};

/// The side of a tile, in items: its rows and columns stay in the first-level cache.
const TILE: usize = 16;

/// The axis along which block 1 of the walk moves least, if it is not the last one and tiles
/// along both are worth while.
pub fn source_axis(walk: &Walk<'_>, itemsize: usize) -> Option<usize> {
    let inner = walk.lens.len() - 1;
    let reach = |axis: usize| match walk.motion(axis, 1) {
        Motion::Stride(stride) => Some(stride.unsigned_abs()),
        Motion::Offsets(_) => None,
    };
    let all_strided =
        |axis: usize| walk.motions(axis).iter().all(|motion| matches!(motion, Motion::Stride(_)));
    let other = (0..inner)
        .filter(|&axis| reach(axis).is_some_and(|reach| reach != 0))
        .min_by_key(|&axis| reach(axis))?;
    let worth = reach(other)? < reach(inner)?
        && reach(inner)? > 64
        && walk.lens[other] >= 4
        && walk.lens[inner] >= 4
        && super::rows::is_register(itemsize);
    (worth && all_strided(other) && all_strided(inner)).then_some(other)
}

/// Copies block 1 to block 0 in tiles along the last axis and `other`.
///
/// # Safety
///
/// As for `copy_walk`; `other` must come from [`source_axis`].
pub unsafe fn copy_tiles(walk: &Walk<'_>, other: usize, itemsize: usize) {
    let inner = walk.lens.len() - 1;
    let stride = |axis: usize, block: usize| walk.motion(axis, block).stride().unwrap_or(0);
    let sides = Sides {
        rows: walk.lens[other],
        columns: walk.lens[inner],
        source: (stride(other, 1), stride(inner, 1)),
        dest: (stride(other, 0), stride(inner, 0)),
    };
    let mut pointers = walk.starts.clone();
    let mut odometer = Odometer::new(inner);
    loop {
        if odometer.positions()[other] == 0 {
            // SAFETY: the caller's promise.
            unsafe {
                with_register!(itemsize, T => sides.copy::<T>(pointers[1], pointers[0]), ());
            }
        }
        if !odometer.advance(walk, &mut pointers) {
            return;
        }
    }
}

/// A matrix and its place in both blocks; distances are per row and per column.
struct Sides {
    rows: usize,
    columns: usize,
    source: (isize, isize),
    dest: (isize, isize),
}

impl Sides {
    /// # Safety
    ///
    /// Both sides must be valid for the items of the matrix.
    unsafe fn copy<T: Copy>(&self, source: *const u8, dest: *mut u8) {
        for row in (0..self.rows).step_by(TILE) {
            let rows = TILE.min(self.rows - row);
            for column in (0..self.columns).step_by(TILE) {
                let columns = TILE.min(self.columns - column);
                let at =
                    |(down, along): (isize, isize)| row as isize * down + column as isize * along;
                let source = source.wrapping_offset(at(self.source));
                let dest = dest.wrapping_offset(at(self.dest));
                for i in 0..rows as isize {
                    for j in 0..columns as isize {
                        // SAFETY: within the matrix; the caller's promise.
                        unsafe {
                            let value = source
                                .wrapping_offset(i * self.source.0 + j * self.source.1)
                                .cast::<T>()
                                .read_unaligned();
                            dest.wrapping_offset(i * self.dest.0 + j * self.dest.1)
                                .cast::<T>()
                                .write_unaligned(value);
                        }
                    }
                }
            }
        }
    }
}
