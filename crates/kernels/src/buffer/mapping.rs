//! Large memory, asked of the system: from what it has, or in a file.

#![expect(unsafe_code, reason = "memory is asked of the system")]
#![cfg_attr(
    any(miri, not(target_os = "linux")),
    expect(dead_code, reason = "there are no such mappings: the allocator is asked")
)]

use std::ptr::NonNull;

#[cfg(all(target_os = "linux", not(miri)))]
use super::scratch;
use super::window;

/// The size of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// Mappings are as long as a whole number of these.
const PAGE: usize = 4 << 10;

/// From this size on, huge pages are asked for: fresh memory is touched several times faster when
/// the system hands out 2 MB at a time instead of 4 KB.
const WORTH_HUGE_PAGES: usize = 4 << 20;

/// Memory that the system maps for this process. It reads as zeros until it is written, costs
/// nothing until it is touched, and goes back to the system at once when it is dropped.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    mapped: usize,
    first: NonNull<u8>,
    room: usize,
    backing: Backing,
}

/// Where what was written is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backing {
    /// In memory.
    Memory,
    /// In a file, which is gone with the mapping.
    Scratch,
}

// SAFETY: a mapping is memory of the whole process, and this value alone unmaps it.
unsafe impl Send for Mapping {}
// SAFETY: shared, it only tells where it lies.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps room for `len` bytes; `None` when there is not enough memory or the system has no such
    /// mappings. Large ones begin on a huge page.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn new(len: usize) -> Option<Self> {
        let room = len.checked_next_multiple_of(PAGE)?;
        let huge = room >= WORTH_HUGE_PAGES;
        let mapped = if huge { room.checked_add(HUGE_PAGE)? } else { room };
        // SAFETY: an anonymous mapping at an address of the system's choice touches nothing that
        // exists.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                mapped,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        let base = NonNull::new(base.cast::<u8>())?;
        let mut first = base;
        if huge {
            first = NonNull::new(base.as_ptr().wrapping_add(base.align_offset(HUGE_PAGE)))?;
            // SAFETY: the range lies in the mapping just made; the advice changes no bytes, and a
            // system without huge pages ignores it.
            unsafe { libc::madvise(first.as_ptr().cast(), room, libc::MADV_HUGEPAGE) };
        }
        Some(Self { base, mapped, first, room, backing: Backing::Memory })
    }

    /// As on Linux, but there is no such mapping.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub fn new(_len: usize) -> Option<Self> {
        None
    }

    /// Room for `len` bytes in a file of its own, which vanishes with the mapping or the process.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Scratch`] when there is no room for the file,
    /// [`crate::KernelError::Memory`] when it can't be mapped.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn scratch(len: usize) -> crate::Result<Self> {
        let short = crate::KernelError::Memory { bytes: len };
        let Some(room) = len.checked_next_multiple_of(PAGE) else { return Err(short) };
        let file = scratch::file(room)?;
        // SAFETY: a mapping at an address of the system's choice touches nothing that exists; it
        // keeps the file, whose space is there.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                room,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                std::os::fd::AsRawFd::as_raw_fd(&file),
                0,
            )
        };
        let base = NonNull::new(base.cast::<u8>()).filter(|_| base != libc::MAP_FAILED);
        let Some(base) = base else { return Err(short) };
        window::add(base.as_ptr(), room, false);
        Ok(Self { base, mapped: room, first: base, room, backing: Backing::Scratch })
    }

    /// As on Linux, but there is no such mapping.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub fn scratch(len: usize) -> crate::Result<Self> {
        Err(crate::KernelError::Memory { bytes: len })
    }

    /// Whether the bytes are kept in a file.
    pub fn is_scratch(&self) -> bool {
        self.backing == Backing::Scratch
    }

    /// The first byte of the room.
    pub fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// The number of bytes that there is room for.
    pub fn room(&self) -> usize {
        self.room
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.is_scratch() {
            window::remove(self.base.as_ptr());
        }
        #[cfg(all(target_os = "linux", not(miri)))]
        // SAFETY: mapped in `new` with this length, and unmapped once.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.mapped);
        }
    }
}
