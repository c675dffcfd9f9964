//! Shared memory that holds elements: allocated here, or lent by someone else.

#![expect(unsafe_code, reason = "memory is allocated, lent and freed")]

mod allowance;
#[cfg(all(target_os = "linux", not(miri)))]
mod file;
#[cfg(not(all(target_os = "linux", not(miri))))]
#[path = "no_file.rs"]
mod file;
#[cfg(all(target_os = "linux", not(miri)))]
mod guard;
mod limits;
mod mapping;
mod pool;
mod resident;
mod scratch;
pub(crate) mod window;

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::{KernelError, Result};
use mapping::Mapping;

pub use allowance::{MemoryLimit, Prediction, predict};
pub use file::{Lost, lost};
pub use limits::memory;
pub use scratch::directory as scratch_directory;

/// The alignment of memory allocated here: a cache line, and the widest vector register.
pub const ALIGNMENT: usize = 64;

/// The alignment that every allocation has.
const USUAL_ALIGNMENT: usize = 16;

/// From this size on, memory is mapped for one buffer alone, and pooled when it is free again.
const WORTH_POOLING: usize = 1 << 18;

/// What buffers take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of memory, of buffers that are large.
    pub memory: usize,
    /// Bytes of scratch files.
    pub scratch: usize,
}

/// What all large buffers of this process take now.
pub fn usage() -> Usage {
    let (memory, scratch) = pool::in_use();
    Usage { memory, scratch }
}

/// Memory that holds elements. Shared by the blocks that view it and freed with the last of them.
///
/// Like the memory of a NumPy array it may be read and written through several views at once;
/// keeping writers and readers apart is the business of whoever runs the kernels.
#[derive(Debug)]
pub struct Buffer {
    pointer: NonNull<u8>,
    len: usize,
    owner: Owner,
}

#[derive(Debug)]
enum Owner {
    /// Where the allocation begins, and what was asked for.
    Heap(NonNull<u8>, std::alloc::Layout),
    /// `None` only while the buffer is dropped.
    Pooled(Option<Mapping>),
    Lent {
        #[expect(dead_code, reason = "kept alive for its Drop")]
        owner: Box<dyn Any + Send + Sync>,
        writable: bool,
    },
}

// SAFETY: the pointer is to memory that this value owns or keeps alive, valid from any thread; who
// may write when is agreed on by the callers of the kernels, as for NumPy's own memory.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Memory of `len` bytes whose contents are not set.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough, [`KernelError::Scratch`] when there is a
    /// [`MemoryLimit`] and no room for a file either.
    pub fn uninitialised(len: usize) -> Result<Arc<Self>> {
        Self::allocate(len, std::alloc::alloc).map(|(buffer, _)| buffer)
    }

    /// Memory of `len` zero bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::uninitialised`].
    pub fn zeroed(len: usize) -> Result<Arc<Self>> {
        let (buffer, zero) = Self::allocate(len, std::alloc::alloc_zeroed)?;
        if !zero {
            // SAFETY: the buffer has so many bytes, and nobody else knows of it.
            unsafe { buffer.as_ptr().write_bytes(0, len) };
        }
        Ok(buffer)
    }

    /// A buffer, and whether its bytes are as the system or `small` made them: false if they have
    /// been used before.
    fn allocate(
        len: usize,
        small: unsafe fn(std::alloc::Layout) -> *mut u8,
    ) -> Result<(Arc<Self>, bool)> {
        if len >= WORTH_POOLING
            && let Some((mapping, fresh)) = pool::take(len)?
        {
            let pointer = mapping.first();
            let owner = Owner::Pooled(Some(mapping));
            return Ok((Arc::new(Self { pointer, len, owner }), fresh));
        }
        let short = KernelError::Memory { bytes: len };
        // Allocators are quick to find memory that is aligned as usual, and slow for any other; so
        // there is room to go on to a multiple of the alignment.
        let layout = len
            .checked_add(ALIGNMENT - USUAL_ALIGNMENT)
            .and_then(|room| std::alloc::Layout::from_size_align(room, USUAL_ALIGNMENT).ok());
        let Some(layout) = layout else { return Err(short) };
        // SAFETY: the layout has a size of at least 1.
        let mut base = unsafe { small(layout) };
        if base.is_null() && pool::empty() {
            // SAFETY: as above.
            base = unsafe { small(layout) };
        }
        let Some(base) = NonNull::new(base) else { return Err(short) };
        // SAFETY: the way to the next multiple is no longer than the room for it.
        let pointer = unsafe { base.add(base.align_offset(ALIGNMENT)) };
        Ok((Arc::new(Self { pointer, len, owner: Owner::Heap(base, layout) }), true))
    }

    /// Memory that `owner` keeps valid for as long as it lives.
    ///
    /// # Safety
    ///
    /// `pointer` must be valid for reads (and writes, if `writable`) of `len` bytes until `owner`
    /// is dropped.
    pub unsafe fn lent(
        pointer: NonNull<u8>,
        len: usize,
        writable: bool,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self { pointer, len, owner: Owner::Lent { owner, writable } })
    }

    /// The first byte.
    pub fn as_ptr(&self) -> *mut u8 {
        self.pointer.as_ptr()
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the buffer's memory was allocated for it, not lent by someone else.
    pub fn is_owned(&self) -> bool {
        !matches!(self.owner, Owner::Lent { .. })
    }

    /// Whether the memory may be written to.
    pub fn is_writable(&self) -> bool {
        match &self.owner {
            Owner::Heap(..) | Owner::Pooled(_) => true,
            Owner::Lent { writable, .. } => *writable,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        match &mut self.owner {
            // SAFETY: allocated in `allocate` with this layout, and freed once.
            Owner::Heap(base, layout) => unsafe {
                std::alloc::dealloc(base.as_ptr(), *layout);
            },
            Owner::Pooled(mapping) => {
                if let Some(mapping) = mapping.take() {
                    pool::give(mapping);
                }
            }
            Owner::Lent { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_memory_is_aligned_and_zero() {
        let lengths: &[usize] =
            if cfg!(miri) { &[1, 4095, 9000] } else { &[1, 4095, 1 << 20, 5 << 20, (5 << 20) + 1] };
        for &len in lengths {
            let buffer = Buffer::zeroed(len).unwrap();
            assert_eq!(buffer.as_ptr() as usize % ALIGNMENT, 0);
            // SAFETY: the buffer has so many bytes, and nobody else knows of it.
            let bytes = unsafe { std::slice::from_raw_parts(buffer.as_ptr(), len) };
            assert!(bytes.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many bytes")]
    fn memory_that_was_used_before_is_zero_when_asked_for() {
        let len = 3 << 20;
        for _ in 0..3 {
            let buffer = Buffer::zeroed(len).unwrap();
            // SAFETY: the buffer has so many bytes, and nobody else knows of it.
            let bytes = unsafe { std::slice::from_raw_parts_mut(buffer.as_ptr(), len) };
            assert!(bytes.iter().all(|&byte| byte == 0));
            bytes.fill(7);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri gives up where the allocator says no")]
    fn memory_that_nobody_has_is_refused() {
        assert!(matches!(Buffer::uninitialised(1 << 60), Err(KernelError::Memory { .. })));
        assert!(matches!(Buffer::zeroed(usize::MAX), Err(KernelError::Memory { .. })));
    }
}
