//! Blocks as bytes, and as one run of elements: for messages, files and reshaping.

#![expect(unsafe_code, reason = "a block is seen as bytes")]

use std::ptr::NonNull;
use std::sync::Arc;

use super::{AxisLayout, Block, contiguous_axes};
use crate::copy::copy;
use crate::{Buffer, DType, KernelError, Result};

impl Block {
    /// A new contiguous block whose elements, of any dtype, are `bytes` in C order.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`] when there is not enough.
    ///
    /// # Panics
    ///
    /// When there are not as many bytes as the shape needs.
    pub fn from_bytes(dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<Self> {
        let block = Self::uninitialised(dtype, shape)?;
        assert_eq!(bytes.len(), block.size() * dtype.itemsize(), "bytes for shape {shape:?}");
        // SAFETY: the new buffer has room for as many bytes.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), block.as_ptr(), bytes.len()) };
        Ok(block)
    }

    /// A contiguous block whose elements, of any dtype, are these bytes in C order, which need not be
    /// aligned. Copies nothing.
    ///
    /// # Panics
    ///
    /// When there are not as many bytes as the shape needs.
    pub fn of_bytes(dtype: DType, shape: &[usize], mut bytes: Vec<u8>) -> Self {
        let size: usize = shape.iter().product();
        assert_eq!(bytes.len(), size * dtype.itemsize(), "bytes for shape {shape:?}");
        let len = bytes.len();
        let pointer = NonNull::new(bytes.as_mut_ptr()).unwrap_or(NonNull::dangling());
        // SAFETY: the vector, which nobody else has, keeps its memory where it is until it is dropped.
        let buffer = unsafe { Buffer::lent(pointer, len, true, Box::new(bytes)) };
        Self { buffer, offset: 0, dtype, axes: contiguous_axes(dtype, shape) }
    }

    /// As [`Self::of_bytes`], of bytes that others have, too: nobody writes to them.
    ///
    /// # Panics
    ///
    /// As [`Self::of_bytes`].
    pub fn of_shared_bytes(dtype: DType, shape: &[usize], bytes: Arc<Vec<u8>>) -> Self {
        let size: usize = shape.iter().product();
        assert_eq!(bytes.len(), size * dtype.itemsize(), "bytes for shape {shape:?}");
        let len = bytes.len();
        let pointer = NonNull::new(bytes.as_ptr().cast_mut()).unwrap_or(NonNull::dangling());
        // SAFETY: a vector that is shared stays as it is, and where it is, until the last owner drops it;
        // the buffer says that it is not to be written to.
        let buffer = unsafe { Buffer::lent(pointer, len, false, Box::new(bytes)) };
        Self { buffer, offset: 0, dtype, axes: contiguous_axes(dtype, shape) }
    }

    /// A view of the same memory that can't be written to.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let owner = self.buffer.clone();
        let pointer = NonNull::new(owner.as_ptr()).unwrap_or(NonNull::dangling());
        // SAFETY: the memory is that of a buffer, which the new one keeps.
        let buffer = unsafe { Buffer::lent(pointer, owner.len(), false, Box::new(owner)) };
        Self { buffer, ..self.clone() }
    }

    /// The elements of a shape that lie one after another in a buffer, from a byte on, in C or Fortran
    /// order; `None` when not all of them lie within it.
    pub fn within(
        buffer: Arc<Buffer>,
        offset: usize,
        dtype: DType,
        shape: &[usize],
        fortran_order: bool,
    ) -> Option<Self> {
        let len = shape.iter().try_fold(dtype.itemsize(), |len, &axis| len.checked_mul(axis))?;
        if offset.checked_add(len)? > buffer.len() {
            return None;
        }
        let axes = if fortran_order {
            let reversed: Vec<usize> = shape.iter().rev().copied().collect();
            contiguous_axes(dtype, &reversed).into_iter().rev().collect()
        } else {
            contiguous_axes(dtype, shape)
        };
        Some(Self { buffer, offset: offset as isize, dtype, axes })
    }

    /// The bytes of the elements in C order.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`] when there is not enough.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Appends the bytes of the elements, in C order.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough.
    pub fn append_to(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let len = self.size() * self.dtype.itemsize();
        bytes.try_reserve(len).map_err(|_| KernelError::Memory { bytes: len })?;
        let end = &mut bytes.spare_capacity_mut()[..len];
        if self.is_contiguous() {
            // SAFETY: a contiguous block has so many bytes, one after the other, and there is room for
            // as many in the vector, which nobody else has.
            unsafe { std::ptr::copy_nonoverlapping(self.as_ptr(), end.as_mut_ptr().cast(), len) };
        } else {
            let pointer = NonNull::new(end.as_mut_ptr().cast()).unwrap_or(NonNull::dangling());
            // SAFETY: there is room for so many bytes, and the buffer is gone before the vector is
            // used again.
            let buffer = unsafe { Buffer::lent(pointer, len, true, Box::new(())) };
            let axes = contiguous_axes(self.dtype, &self.shape());
            copy(self, &Self { buffer, offset: 0, dtype: self.dtype, axes })?;
        }
        // SAFETY: the bytes of all elements have been written there.
        unsafe { bytes.set_len(bytes.len() + len) };
        Ok(())
    }

    /// A view with all elements along one axis, in C order; `None` when the block is not
    /// contiguous.
    pub fn flattened(&self) -> Option<Self> {
        let stride = self.dtype.itemsize() as isize;
        let axes = vec![AxisLayout::Strided { len: self.size(), stride }];
        self.is_contiguous().then(|| Self { axes: axes.into(), ..self.clone() })
    }

    /// A contiguous block along one axis, seen with another shape of as many elements.
    ///
    /// # Panics
    ///
    /// When the block is not contiguous along one axis, or the shape has another number of elements.
    pub fn from_flattened(flat: &Self, shape: &[usize]) -> Self {
        assert!(flat.ndim() == 1 && flat.is_contiguous(), "a contiguous block along one axis");
        assert_eq!(shape.iter().product::<usize>(), flat.size(), "elements for shape {shape:?}");
        Self { axes: contiguous_axes(flat.dtype, shape), ..flat.clone() }
    }
}
