//! Shared memory that holds elements: allocated here, or lent by someone else.

mod mapping;

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::{KernelError, Result};
use mapping::Mapping;

/// The alignment of memory allocated here: a cache line, and the widest vector register.
pub const ALIGNMENT: usize = 64;

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
    Heap(std::alloc::Layout),
    Mapped {
        #[expect(dead_code, reason = "kept alive for its Drop")]
        mapping: Mapping,
    },
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
    /// [`KernelError::Memory`] when there is not enough.
    pub fn uninitialised(len: usize) -> Result<Arc<Self>> {
        Self::allocate(len, std::alloc::alloc)
    }

    /// Memory of `len` zero bytes.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough.
    pub fn zeroed(len: usize) -> Result<Arc<Self>> {
        Self::allocate(len, std::alloc::alloc_zeroed)
    }

    fn allocate(
        len: usize,
        allocator: unsafe fn(std::alloc::Layout) -> *mut u8,
    ) -> Result<Arc<Self>> {
        if len >= Mapping::WORTH_WHILE
            && let Some((mapping, pointer)) = Mapping::new(len)
        {
            return Ok(Arc::new(Self { pointer, len, owner: Owner::Mapped { mapping } }));
        }
        let layout = std::alloc::Layout::from_size_align(len.max(1), ALIGNMENT)
            .map_err(|_| KernelError::Memory { bytes: len })?;
        // SAFETY: the layout has a size of at least 1.
        let pointer =
            NonNull::new(unsafe { allocator(layout) }).ok_or(KernelError::Memory { bytes: len })?;
        Ok(Arc::new(Self { pointer, len, owner: Owner::Heap(layout) }))
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

    /// Whether the memory may be written to.
    pub fn is_writable(&self) -> bool {
        match &self.owner {
            Owner::Heap(_) | Owner::Mapped { .. } => true,
            Owner::Lent { writable, .. } => *writable,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Owner::Heap(layout) = self.owner {
            // SAFETY: allocated in `allocate` with this layout, and freed once.
            unsafe { std::alloc::dealloc(self.pointer.as_ptr(), layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_memory_is_aligned_and_zero() {
        for len in [1, 4095, 5 << 20] {
            let buffer = Buffer::zeroed(len).unwrap();
            assert_eq!(buffer.as_ptr() as usize % ALIGNMENT, 0);
            // SAFETY: the buffer has so many bytes, and nobody else knows of it.
            let bytes = unsafe { std::slice::from_raw_parts(buffer.as_ptr(), len) };
            assert!(bytes.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn memory_that_nobody_has_is_refused() {
        assert!(matches!(Buffer::uninitialised(1 << 60), Err(KernelError::Memory { .. })));
        assert!(matches!(Buffer::zeroed(usize::MAX), Err(KernelError::Memory { .. })));
    }
}
