//! Blocks as bytes, and as one run of elements: for messages, files and reshaping.

#![expect(unsafe_code, reason = "a block is seen as bytes")]

use std::ptr::NonNull;

use super::{AxisLayout, Block, contiguous_axes};
use crate::{Buffer, DType, Result};

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

    /// The bytes of the elements in C order.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`] when there is not enough.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let block = if self.is_contiguous() { self.clone() } else { self.copied()? };
        let len = block.size() * block.dtype.itemsize();
        let mut bytes = Vec::with_capacity(len);
        // SAFETY: a contiguous block has so many bytes, one after the other, and so has the vector.
        unsafe {
            std::ptr::copy_nonoverlapping(block.as_ptr(), bytes.as_mut_ptr(), len);
            bytes.set_len(len);
        }
        Ok(bytes)
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
