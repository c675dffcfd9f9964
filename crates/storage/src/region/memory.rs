//! Items between a buffer and the memory of a block: where the crate is `unsafe`.

#![expect(unsafe_code, reason = "elements are read and written where they lie")]

/// Which way items go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// From the file into memory.
    Read,
    /// From memory into the file.
    Write,
}

/// Distances in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Distances<'a> {
    /// `j * stride`.
    Stride(isize),
    /// `offsets[j]`.
    Offsets(&'a [isize]),
}

/// One axis of items to be moved: how many there are, and where, in the buffer and in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane<'a> {
    pub(super) len: usize,
    pub(super) buffer: Distances<'a>,
    pub(super) memory: Distances<'a>,
}

/// The `len` bytes of memory from `pointer` on.
///
/// # Safety
///
/// They must be valid for reads and writes, and nobody else may use them for the life of the slice.
pub(super) unsafe fn bytes_mut<'a>(pointer: *mut u8, len: usize) -> &'a mut [u8] {
    // SAFETY: as the caller vouches.
    unsafe { std::slice::from_raw_parts_mut(pointer, len) }
}

/// How many items of a far lane are moved before those next to them: as many as stay in the cache.
const TILE: usize = 64;

/// Moves items of `size` bytes, one for each position of the axes.
///
/// # Safety
///
/// All of the items must lie within the buffer and within valid memory, which nobody else may use
/// meanwhile.
pub(super) unsafe fn move_items(
    mode: Mode,
    buffer: *mut u8,
    memory: *mut u8,
    lanes: &[Lane<'_>],
    size: usize,
) {
    match lanes {
        [] => {
            // SAFETY: as the caller vouches.
            unsafe { move_item(mode, buffer, memory, size) };
        }
        [lane] => {
            // SAFETY: as the caller vouches.
            unsafe {
                match size {
                    1 => move_lane::<1>(mode, buffer, memory, lane),
                    2 => move_lane::<2>(mode, buffer, memory, lane),
                    4 => move_lane::<4>(mode, buffer, memory, lane),
                    8 => move_lane::<8>(mode, buffer, memory, lane),
                    16 => move_lane::<16>(mode, buffer, memory, lane),
                    _ => each(lane, |near, far| {
                        move_item(mode, buffer.offset(near), memory.offset(far), size);
                    }),
                }
            }
        }
        [outer, inner] if outer.is_nearer_than(inner) => {
            for first in (0..inner.len).step_by(TILE) {
                let tile = Lane { len: TILE.min(inner.len - first), ..*inner };
                let (start, place) = (inner.buffer.at(first), inner.memory.at(first));
                each(outer, |near, far| {
                    // SAFETY: as the caller vouches.
                    unsafe {
                        let buffer = buffer.offset(start + near);
                        move_items(mode, buffer, memory.offset(place + far), &[tile], size);
                    }
                });
            }
        }
        [lane, inner @ ..] => each(lane, |near, far| {
            // SAFETY: as the caller vouches.
            unsafe { move_items(mode, buffer.offset(near), memory.offset(far), inner, size) };
        }),
    }
}

impl Lane<'_> {
    /// Whether neighbours are nearer in memory than those of an inner lane, which has no lists.
    fn is_nearer_than(&self, inner: &Self) -> bool {
        match (self.memory, inner.memory, inner.buffer) {
            (Distances::Stride(own), Distances::Stride(other), Distances::Stride(_)) => {
                own.abs() < other.abs()
            }
            _ => false,
        }
    }
}

/// Moves items of `SIZE` bytes, which the compiler makes single instructions of.
///
/// # Safety
///
/// As for [`move_items`].
unsafe fn move_lane<const SIZE: usize>(
    mode: Mode,
    buffer: *mut u8,
    memory: *mut u8,
    lane: &Lane<'_>,
) {
    // The mode is asked once, not for each item.
    match mode {
        Mode::Read => each(lane, |near, far| {
            // SAFETY: as the caller vouches.
            unsafe { move_item(Mode::Read, buffer.offset(near), memory.offset(far), SIZE) };
        }),
        Mode::Write => each(lane, |near, far| {
            // SAFETY: as the caller vouches.
            unsafe { move_item(Mode::Write, buffer.offset(near), memory.offset(far), SIZE) };
        }),
    }
}

/// Moves one item.
///
/// # Safety
///
/// As for [`move_items`].
#[inline]
unsafe fn move_item(mode: Mode, buffer: *mut u8, memory: *mut u8, size: usize) {
    // SAFETY: as the caller vouches; a buffer is no part of a block's memory.
    unsafe {
        match mode {
            Mode::Read => memory.copy_from_nonoverlapping(buffer, size),
            Mode::Write => buffer.copy_from_nonoverlapping(memory, size),
        }
    }
}

/// Calls `visit` with the distances of each position in the buffer and in memory.
#[inline]
fn each(lane: &Lane<'_>, mut visit: impl FnMut(isize, isize)) {
    match (lane.buffer, lane.memory) {
        (Distances::Stride(near), Distances::Stride(far)) => {
            for position in 0..lane.len as isize {
                visit(near * position, far * position);
            }
        }
        (buffer, memory) => {
            for position in 0..lane.len {
                visit(buffer.at(position), memory.at(position));
            }
        }
    }
}

impl Distances<'_> {
    #[inline]
    fn at(self, position: usize) -> isize {
        match self {
            Self::Stride(stride) => stride * position as isize,
            Self::Offsets(offsets) => offsets[position],
        }
    }
}
