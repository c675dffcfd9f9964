//! Copies along one axis, or two.

#![expect(unsafe_code, reason = "elements are copied where they lie")]

use crate::simd;
use crate::walk::Motion;

/// From this many bytes on, `memcpy` beats anything written here.
pub const LONG_RUN: usize = 32;

/// Whether an item of this size is moved through one register.
pub const fn is_register(itemsize: usize) -> bool {
    matches!(itemsize, 1 | 2 | 4 | 8 | 16)
}

/// Calls `$body` with `$T` an integer type of `$itemsize` bytes, or else `$other`.
macro_rules! with_register {
    ($itemsize:expr, $T:ident => $body:expr, $other:expr) => {
        match $itemsize {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            16 => {
                type $T = u128;
                $body
            }
            _ => $other,
        }
    };
}
pub(super) use with_register;

/// Where the items of one or several rows lie, on one side of a copy.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The first item of row 0.
    pub start: *mut u8,
    /// From one row to the next.
    pub rows: Motion<'a>,
    /// From one item to the next.
    pub columns: Motion<'a>,
}

impl<'a> Place<'a> {
    /// One row.
    pub fn row(start: *mut u8, columns: Motion<'a>) -> Self {
        Self { start, rows: Motion::Stride(0), columns }
    }
}

/// Copies `rows` rows of `columns` items.
///
/// # Safety
///
/// The items must be valid for reads at the source and writes at the destination, and the two must
/// not overlap.
pub unsafe fn copy_rows(
    source: Place<'_>,
    dest: Place<'_>,
    itemsize: usize,
    rows: usize,
    columns: usize,
) {
    // SAFETY: the caller's promise, for each.
    unsafe {
        with_register!(itemsize, T => copy_registers::<T>(source, dest, rows, columns), {
            for row in 0..rows {
                let from = source.start.wrapping_offset(source.rows.offset(row));
                let to = dest.start.wrapping_offset(dest.rows.offset(row));
                for column in 0..columns {
                    std::ptr::copy_nonoverlapping(
                        from.wrapping_offset(source.columns.offset(column)),
                        to.wrapping_offset(dest.columns.offset(column)),
                        itemsize,
                    );
                }
            }
        });
    }
}

/// # Safety
///
/// As [`copy_rows`].
unsafe fn copy_registers<T: Copy>(source: Place<'_>, dest: Place<'_>, rows: usize, columns: usize) {
    use Motion::{Offsets, Stride};
    let unit = size_of::<T>() as isize;
    let steps = |step: isize| move |j: usize| j as isize * step;
    // The distances that are common are constants here, so that the loops can use vectors.
    // SAFETY: the caller's promise, for each.
    unsafe {
        match (source.columns, dest.columns) {
            (Stride(from), Stride(to))
                if from == unit && to == unit && columns * size_of::<T>() < LONG_RUN =>
            {
                copy_each::<T>(source, steps(unit), dest, steps(unit), rows, columns);
            }
            (Stride(from), Stride(to)) if from == unit && to == unit => {
                for row in 0..rows {
                    std::ptr::copy_nonoverlapping(
                        source.start.wrapping_offset(source.rows.offset(row)).cast_const(),
                        dest.start.wrapping_offset(dest.rows.offset(row)),
                        columns * size_of::<T>(),
                    );
                }
            }
            (Stride(0), Stride(to)) if to == unit => {
                copy_each::<T>(source, steps(0), dest, steps(unit), rows, columns);
            }
            (Stride(from), Stride(to)) if from == 2 * unit && to == unit => {
                copy_each::<T>(source, steps(2 * unit), dest, steps(unit), rows, columns);
            }
            (Stride(from), Stride(to)) if to == unit => {
                copy_each::<T>(source, steps(from), dest, steps(unit), rows, columns);
            }
            (Stride(from), Stride(to)) if from == unit => {
                copy_each::<T>(source, steps(unit), dest, steps(to), rows, columns);
            }
            (Stride(from), Stride(to)) if is_long(from, to, columns) => {
                // Four items in the 64 bytes of a cache line.
                if from.unsigned_abs().max(to.unsigned_abs()) <= 16 {
                    copy_long::<T, true>((source, from), (dest, to), rows, columns);
                } else {
                    copy_long::<T, false>((source, from), (dest, to), rows, columns);
                }
            }
            (Stride(from), Stride(to)) => {
                copy_each::<T>(source, steps(from), dest, steps(to), rows, columns);
            }
            (Offsets(from), Stride(to)) => {
                copy_each::<T>(source, |j| from[j], dest, steps(to), rows, columns);
            }
            (Stride(from), Offsets(to)) => {
                copy_each::<T>(source, steps(from), dest, |j| to[j], rows, columns);
            }
            (Offsets(from), Offsets(to)) => {
                copy_each::<T>(source, |j| from[j], dest, |j| to[j], rows, columns);
            }
        }
    }
}

/// Copies items from and to the offsets within a row that the two functions give.
///
/// # Safety
///
/// As [`copy_rows`].
#[inline(always)]
unsafe fn copy_each<T: Copy>(
    source: Place<'_>,
    from: impl Fn(usize) -> isize,
    dest: Place<'_>,
    to: impl Fn(usize) -> isize,
    rows: usize,
    columns: usize,
) {
    for row in 0..rows {
        let source = source.start.wrapping_offset(source.rows.offset(row)).cast_const();
        let dest = dest.start.wrapping_offset(dest.rows.offset(row));
        for j in 0..columns {
            // SAFETY: the caller's promise.
            unsafe {
                let value = source.wrapping_offset(from(j)).cast::<T>().read_unaligned();
                dest.wrapping_offset(to(j)).cast::<T>().write_unaligned(value);
            }
        }
    }
}

/// Whether rows with these distances from one item to the next come from memory.
fn is_long(from: isize, to: isize, columns: usize) -> bool {
    const LONG: usize = 1 << 18;
    from.unsigned_abs().min(to.unsigned_abs()).saturating_mul(columns) > LONG
}

/// How far ahead [`copy_long`] asks for memory, in bytes.
const AHEAD: isize = 1 << 10;

/// Copies items that lie apart on both sides, from memory to memory: asks for what is next, on both
/// sides, for what lies between the items that are written has to be read. (The processor does so
/// itself, but not as early: this takes five sixths of the time.) With `SHARES`, items have a cache
/// line with those that are copied with them.
///
/// # Safety
///
/// As [`copy_rows`]; the places go with the distance from one item to the next.
unsafe fn copy_long<T: Copy, const SHARES: bool>(
    (source, from): (Place<'_>, isize),
    (dest, to): (Place<'_>, isize),
    rows: usize,
    columns: usize,
) {
    /// How many items are copied together.
    const GROUP: usize = 4;
    let (ahead_from, ahead_to) = (from.signum() * AHEAD, to.signum() * AHEAD);
    for row in 0..rows {
        let mut source = source.start.wrapping_offset(source.rows.offset(row)).cast_const();
        let mut dest = dest.start.wrapping_offset(dest.rows.offset(row));
        let item = |source: *const u8, dest: *mut u8, j: usize| {
            // SAFETY: the caller's promise.
            unsafe {
                let value = source.wrapping_offset(j as isize * from).cast::<T>().read_unaligned();
                dest.wrapping_offset(j as isize * to).cast::<T>().write_unaligned(value);
            }
        };
        for _ in 0..columns / GROUP {
            for j in 0..if SHARES { 1 } else { GROUP as isize } {
                simd::prefetch_line(source.wrapping_offset(j * from + ahead_from));
                simd::prefetch_line(dest.cast_const().wrapping_offset(j * to + ahead_to));
            }
            for j in 0..GROUP {
                item(source, dest, j);
            }
            source = source.wrapping_offset(GROUP as isize * from);
            dest = dest.wrapping_offset(GROUP as isize * to);
        }
        for j in 0..columns % GROUP {
            item(source, dest, j);
        }
    }
}

/// Sets `len` items (one, without a motion) to the same bytes.
///
/// # Safety
///
/// The items must be valid for writes of `item.len()` bytes.
pub unsafe fn fill_row(dest: *mut u8, motion: Option<Motion<'_>>, item: &[u8], len: usize) {
    let source = Place::row(item.as_ptr().cast_mut(), Motion::Stride(0));
    let dest = Place::row(dest, motion.unwrap_or(Motion::Stride(0)));
    // SAFETY: the caller's promise; the item is only read.
    unsafe { copy_rows(source, dest, item.len(), 1, len) }
}
