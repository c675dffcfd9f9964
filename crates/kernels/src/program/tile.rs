//! The pieces in which a program runs over its shape.

#![expect(unsafe_code, reason = "tiles are gathered and scattered")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Bool;
use crate::copy::rows::{Place, copy_rows};
use crate::simd::{self, Work};
use crate::walk::{Motion, Walk};

/// The number of elements in a register: three registers of doubles fit a first-level cache with
/// room to spare.
pub const BLOCK: usize = 256;

static BLOCK_LEN: OnceLock<AtomicUsize> = OnceLock::new();

fn setting() -> &'static AtomicUsize {
    BLOCK_LEN.get_or_init(|| {
        let wanted = std::env::var("DISTARRAY_BLOCK").ok().and_then(|text| text.parse().ok());
        AtomicUsize::new(wanted.unwrap_or(BLOCK).max(1))
    })
}

/// The number of elements in a register.
pub fn block_len() -> usize {
    setting().load(Ordering::Relaxed)
}

/// Sets the number of elements in a register, so that tests meet the edges of blocks. The
/// environment variable `DISTARRAY_BLOCK` does the same at the start.
pub fn set_block_len(len: usize) {
    setting().store(len.max(1), Ordering::Relaxed);
}

/// How far a tile reaches.
#[derive(Clone, Copy)]
pub struct TileShape {
    /// The number of axes within a tile: the last ones of the walk, at most two.
    pub axes: usize,
    pub rows: usize,
    pub columns: usize,
}

impl TileShape {
    /// Tiles of as many elements as a register has, or fewer.
    pub fn new(walk: &Walk<'_>) -> Self {
        let capacity = block_len();
        let Some(&columns) = walk.lens.last() else {
            return Self { axes: 0, rows: 1, columns: 1 };
        };
        if columns > capacity / 2 || walk.lens.len() == 1 {
            return Self { axes: 1, rows: 1, columns: columns.min(capacity) };
        }
        let rows = walk.lens[walk.lens.len() - 2];
        Self { axes: 2, rows: rows.min(capacity / columns), columns }
    }
}

/// A rectangle of elements: `rows` of the last axis but one and `columns` of the last.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    pub row: usize,
    pub rows: usize,
    pub column: usize,
    pub columns: usize,
}

impl Tile {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }
}

/// How one block moves through the rows and columns of a tile.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    pub rows: Motion<'a>,
    pub columns: Motion<'a>,
}

impl<'a> Path<'a> {
    /// The path of a block through tiles of the last `axes` axes (up to 2) of a walk.
    pub fn new(walk: &Walk<'a>, axes: usize, block: usize) -> Self {
        let motion =
            |axis: Option<usize>| axis.map_or(Motion::Stride(0), |axis| walk.motion(axis, block));
        let count = walk.lens.len();
        Self {
            rows: motion(if axes > 1 { count.checked_sub(2) } else { None }),
            columns: motion(count.checked_sub(1)),
        }
    }

    /// Whether the elements of every tile lie one after another.
    pub fn is_contiguous(&self, itemsize: usize, full_columns: usize, rows: usize) -> bool {
        self.columns == Motion::Stride(itemsize as isize)
            && (rows == 1 || self.rows == Motion::Stride((itemsize * full_columns) as isize))
    }

    /// Whether every row of every tile with the same start is the same: there is one element, or
    /// one row that tiles have the whole of.
    pub fn is_repeated(&self, tile_axes: usize) -> bool {
        self.rows == Motion::Stride(0) && (tile_axes == 2 || self.columns == Motion::Stride(0))
    }

    /// The place of the first element of a tile when `start` is that of row 0, column 0.
    pub fn first(&self, start: *mut u8, tile: Tile) -> *mut u8 {
        start
            .wrapping_offset(self.rows.offset(tile.row))
            .wrapping_offset(self.columns.offset(tile.column))
    }

    /// Where the elements of a tile lie.
    fn place(self, start: *mut u8, tile: Tile) -> Place<'a> {
        let part = |motion: Motion<'a>, first: usize, len: usize| match motion {
            Motion::Stride(stride) => (stride * first as isize, motion),
            Motion::Offsets(offsets) => (0, Motion::Offsets(&offsets[first..first + len])),
        };
        let (down, rows) = part(self.rows, tile.row, tile.rows);
        let (along, columns) = part(self.columns, tile.column, tile.columns);
        Place { start: start.wrapping_offset(down).wrapping_offset(along), rows, columns }
    }

    /// Gathers a tile into a register.
    ///
    /// # Safety
    ///
    /// The elements must be valid for reads, the register for writes of as many items.
    pub unsafe fn gather(self, start: *mut u8, tile: Tile, register: *mut u8, itemsize: usize) {
        let (source, dest) = (self.place(start, tile), packed(register, tile, itemsize));
        // SAFETY: the caller's promise.
        unsafe { copy_rows(source, dest, itemsize, tile.rows, tile.columns) };
    }

    /// Scatters a register over a tile.
    ///
    /// # Safety
    ///
    /// The elements must be valid for writes, the register for reads of as many items.
    pub unsafe fn scatter(self, register: *mut u8, start: *mut u8, tile: Tile, itemsize: usize) {
        let (source, dest) = (packed(register, tile, itemsize), self.place(start, tile));
        // SAFETY: the caller's promise.
        unsafe { copy_rows(source, dest, itemsize, tile.rows, tile.columns) };
    }

    /// Scatters those elements of a register for which the byte of `mask` is not zero.
    ///
    /// # Safety
    ///
    /// As [`Path::scatter`]; `mask` must be valid for reads of as many bytes.
    pub unsafe fn scatter_masked(
        self,
        register: *const u8,
        mask: *const u8,
        start: *mut u8,
        tile: Tile,
        itemsize: usize,
    ) {
        let dest = self.place(start, tile);
        // SAFETY: the caller's promise, for each row.
        unsafe {
            for row in 0..tile.rows {
                let first = row * tile.columns;
                let values = register.add(first * itemsize);
                let mask = std::slice::from_raw_parts(mask.add(first).cast(), tile.columns);
                let to = dest.start.wrapping_offset(dest.rows.offset(row));
                let contiguous = dest.columns == Motion::Stride(itemsize as isize);
                if !(contiguous && blend(values, mask, to, itemsize)) {
                    scatter_each(values, mask, to, dest.columns, itemsize);
                }
            }
        }
    }
}

/// Copies items where a mask says so.
///
/// # Safety
///
/// `values` must be valid for reads, and the items of `dest` for writes, of as many items as the
/// mask has.
unsafe fn scatter_each(
    values: *const u8,
    mask: &[Bool],
    dest: *mut u8,
    columns: Motion<'_>,
    itemsize: usize,
) {
    for (item, stored) in mask.iter().enumerate() {
        if stored.get() {
            let place = dest.wrapping_offset(columns.offset(item));
            // SAFETY: the caller's promise.
            unsafe { std::ptr::copy_nonoverlapping(values.add(item * itemsize), place, itemsize) };
        }
    }
}

/// Copies items where a mask says so, without branches: where it doesn't, an item is written as it
/// was. False if items of this size or alignment are not copied so.
///
/// # Safety
///
/// `values` must be valid for reads, and `dest` for reads and writes, of as many items as the mask
/// has, one after another.
unsafe fn blend(values: *const u8, mask: &[Bool], dest: *mut u8, itemsize: usize) -> bool {
    if !dest.addr().is_multiple_of(itemsize.min(8)) {
        return false;
    }
    // SAFETY: the caller's promise; both are aligned.
    unsafe {
        match itemsize {
            1 => blend_as::<u8>(values, mask, dest),
            2 => blend_as::<u16>(values, mask, dest),
            4 => blend_as::<u32>(values, mask, dest),
            8 => blend_as::<u64>(values, mask, dest),
            16 => blend_as::<[u64; 2]>(values, mask, dest),
            _ => return false,
        }
    }
    true
}

/// # Safety
///
/// As [`blend`], for items that are like a `T`, aligned.
unsafe fn blend_as<T: Copy>(values: *const u8, mask: &[Bool], dest: *mut u8) {
    // SAFETY: the caller's promise.
    let (values, dest) = unsafe {
        let values = std::slice::from_raw_parts(values.cast::<T>(), mask.len());
        (values, std::slice::from_raw_parts_mut(dest.cast::<T>(), mask.len()))
    };
    simd::widest(Blend { values, mask, dest });
}

struct Blend<'a, T> {
    values: &'a [T],
    mask: &'a [Bool],
    dest: &'a mut [T],
}

impl<T: Copy> Work for Blend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((dest, &value), stored) in self.dest.iter_mut().zip(self.values).zip(self.mask) {
            let old = *dest;
            *dest = if stored.get() { value } else { old };
        }
    }
}

/// Where the elements of a tile lie in a register.
fn packed(register: *mut u8, tile: Tile, itemsize: usize) -> Place<'static> {
    Place {
        start: register,
        rows: Motion::Stride((itemsize * tile.columns) as isize),
        columns: Motion::Stride(itemsize as isize),
    }
}
