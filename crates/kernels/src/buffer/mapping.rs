//! Large memory, asked of the system in huge pages.

use std::ptr::NonNull;

/// The size of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// Memory that the system maps for this buffer alone. It reads as zeros until it is written, costs
/// nothing until it is touched, and goes back to the system at once when it is dropped.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

impl Mapping {
    /// From this size on, a mapping is better than the allocator: fresh memory is touched several
    /// times faster when the system hands out 2 MB at a time instead of 4 KB.
    pub const WORTH_WHILE: usize = 4 << 20;

    /// Maps room for `len` bytes that begin on a huge page; `None` when there is not enough memory
    /// or the system has no such mappings. Returns the first byte of the room, too.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn new(len: usize) -> Option<(Self, NonNull<u8>)> {
        let mapped = len.checked_add(HUGE_PAGE)?;
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
        let first = base.as_ptr().wrapping_add(base.as_ptr().align_offset(HUGE_PAGE));
        // SAFETY: the range lies in the mapping just made; the advice changes no bytes, and a system
        // without huge pages ignores it.
        unsafe { libc::madvise(first.cast(), len, libc::MADV_HUGEPAGE) };
        Some((Self { base, len: mapped }, NonNull::new(first)?))
    }

    /// As on Linux, but there is no such mapping.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub fn new(_len: usize) -> Option<(Self, NonNull<u8>)> {
        None
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        #[cfg(all(target_os = "linux", not(miri)))]
        // SAFETY: mapped in `new` with this length, and unmapped once.
        unsafe {
            libc::munmap(self.base.as_ptr().cast(), self.len);
        }
    }
}
