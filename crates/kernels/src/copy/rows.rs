//! Copies along one axis.

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

/// Copies `len` items.
///
/// # Safety
///
/// The items must be valid for reads and writes and not overlap.
pub unsafe fn copy_row(
    source: *const u8,
    from: Motion<'_>,
    dest: *mut u8,
    to: Motion<'_>,
    itemsize: usize,
    len: usize,
) {
    // SAFETY: the caller's promise, for each.
    unsafe {
        with_register!(itemsize, T => copy_registers::<T>(source, from, dest, to, len), {
            for j in 0..len {
                std::ptr::copy_nonoverlapping(
                    source.wrapping_offset(from.offset(j)),
                    dest.wrapping_offset(to.offset(j)),
                    itemsize,
                );
            }
        });
    }
}

/// # Safety
///
/// As [`copy_row`].
unsafe fn copy_registers<T: Copy>(
    source: *const u8,
    from: Motion<'_>,
    dest: *mut u8,
    to: Motion<'_>,
    len: usize,
) {
    let unit = size_of::<T>() as isize;
    // SAFETY: the caller's promise, for each.
    unsafe {
        match (from, to) {
            (Motion::Stride(0), Motion::Stride(to)) if to == unit => {
                let value = source.cast::<T>().read_unaligned();
                for j in 0..len as isize {
                    dest.wrapping_offset(j * unit).cast::<T>().write_unaligned(value);
                }
            }
            (Motion::Stride(from), Motion::Stride(to)) if to == unit => {
                copy_offsets::<T>(source, |j| j as isize * from, dest, |j| j as isize * unit, len);
            }
            (Motion::Stride(from), Motion::Stride(to)) if from == unit => {
                copy_offsets::<T>(source, |j| j as isize * unit, dest, |j| j as isize * to, len);
            }
            (Motion::Stride(from), Motion::Stride(to)) => {
                copy_offsets::<T>(source, |j| j as isize * from, dest, |j| j as isize * to, len);
            }
            (Motion::Offsets(from), Motion::Stride(to)) => {
                copy_offsets::<T>(source, |j| from[j], dest, |j| j as isize * to, len);
            }
            (Motion::Stride(from), Motion::Offsets(to)) => {
                copy_offsets::<T>(source, |j| j as isize * from, dest, |j| to[j], len);
            }
            (Motion::Offsets(from), Motion::Offsets(to)) => {
                copy_offsets::<T>(source, |j| from[j], dest, |j| to[j], len);
            }
        }
    }
}

/// # Safety
///
/// As [`copy_row`], for the offsets that the two functions give.
#[inline(always)]
unsafe fn copy_offsets<T: Copy>(
    source: *const u8,
    from: impl Fn(usize) -> isize,
    dest: *mut u8,
    to: impl Fn(usize) -> isize,
    len: usize,
) {
    for j in 0..len {
        // SAFETY: the caller's promise.
        unsafe {
            let value = source.wrapping_offset(from(j)).cast::<T>().read_unaligned();
            dest.wrapping_offset(to(j)).cast::<T>().write_unaligned(value);
        }
    }
}

/// Sets `len` items (one, without a motion) to the same bytes.
///
/// # Safety
///
/// The items must be valid for writes of `item.len()` bytes.
pub unsafe fn fill_row(dest: *mut u8, motion: Option<Motion<'_>>, item: &[u8], len: usize) {
    let motion = motion.unwrap_or(Motion::Stride(0));
    // SAFETY: the caller's promise.
    unsafe { copy_row(item.as_ptr(), Motion::Stride(0), dest, motion, item.len(), len) }
}
