//! Elements of a block as Rust values: for single elements, small results and tests.

#![expect(unsafe_code, reason = "elements are read and written where they lie")]

use super::Block;
use crate::element::Element;
use crate::{KernelError, Result, Scalar, copy};

impl Block {
    /// A new contiguous block of these elements in C order.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough.
    ///
    /// # Panics
    ///
    /// When `shape` has another number of elements.
    pub fn from_slice<T: Element>(elements: &[T], shape: &[usize]) -> Result<Self> {
        let block = Self::uninitialised(T::DTYPE, shape)?;
        assert_eq!(block.size(), elements.len(), "elements for shape {shape:?}");
        // SAFETY: the new buffer has room for as many elements.
        unsafe {
            std::ptr::copy_nonoverlapping(elements.as_ptr(), block.as_ptr().cast(), elements.len());
        }
        Ok(block)
    }

    /// A new block without axes that holds one value.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough.
    pub fn from_scalar(value: &Scalar) -> Result<Self> {
        let block = Self::uninitialised(value.dtype(), &[])?;
        block.write(&[], value);
        Ok(block)
    }

    /// The elements in C order.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when the dtype is not that of `T`, [`KernelError::Memory`] when there
    /// is not enough.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if self.dtype != T::DTYPE {
            return Err(KernelError::Type(format!(
                "elements of {} read as {}",
                self.dtype,
                T::DTYPE
            )));
        }
        let block = if self.is_contiguous() { self.clone() } else { self.copied()? };
        let mut elements = Vec::<T>::with_capacity(block.size());
        if block.size() > 0 {
            // SAFETY: there are as many elements, one after another, and any bytes are a `T`;
            // bytes are copied, so that they need not be aligned.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    block.as_ptr(),
                    elements.as_mut_ptr().cast::<u8>(),
                    block.size() * size_of::<T>(),
                );
                elements.set_len(block.size());
            }
        }
        Ok(elements)
    }

    /// The elements of a contiguous block, if it is one of aligned elements of `T`.
    ///
    /// # Safety
    ///
    /// Nobody may write to the elements while the slice lives.
    pub unsafe fn as_slice<T: Element>(&self) -> Option<&[T]> {
        let pointer = self.as_ptr().cast::<T>();
        let fits = self.dtype == T::DTYPE && self.is_contiguous() && pointer.is_aligned();
        match self.size() {
            0 if fits => Some(&[]),
            // SAFETY: contiguous and aligned elements of `T` that the block keeps alive.
            size if fits => Some(unsafe { std::slice::from_raw_parts(pointer, size) }),
            _ => None,
        }
    }

    /// The elements of a contiguous block for writing, if it is one of aligned elements of `T`.
    ///
    /// # Safety
    ///
    /// Nobody else may use the elements while the slice lives, through this block or another.
    #[expect(clippy::mut_from_ref, reason = "a block shares its memory, as a NumPy array does")]
    pub unsafe fn as_mut_slice<T: Element>(&self) -> Option<&mut [T]> {
        let pointer = self.as_ptr().cast::<T>();
        let fits = self.dtype == T::DTYPE
            && self.is_contiguous()
            && pointer.is_aligned()
            && self.buffer.is_writable();
        match self.size() {
            0 if fits => Some(&mut []),
            // SAFETY: contiguous, aligned, writable elements of `T` that the block keeps alive.
            size if fits => Some(unsafe { std::slice::from_raw_parts_mut(pointer, size) }),
            _ => None,
        }
    }

    /// One element.
    ///
    /// # Panics
    ///
    /// When `index` is not the index of an element, or an item has more than 16 bytes.
    pub fn read(&self, index: &[usize]) -> Scalar {
        let pointer = self.element(index);
        let mut bytes = [0; 16];
        let len = self.dtype.itemsize();
        assert!(len <= bytes.len(), "an item of {len} bytes is no scalar");
        // SAFETY: the element lies within the buffer.
        unsafe { std::ptr::copy_nonoverlapping(pointer, bytes.as_mut_ptr(), len) };
        Scalar::from_bytes(self.dtype, &bytes)
    }

    /// Sets one element.
    ///
    /// # Panics
    ///
    /// When `index` is not the index of an element, the value has another dtype, or the memory is
    /// read-only.
    pub fn write(&self, index: &[usize], value: &Scalar) {
        assert_eq!(self.dtype, value.dtype(), "the value has another dtype");
        assert!(self.buffer.is_writable(), "the memory is read-only");
        let pointer = self.element(index);
        // SAFETY: the element lies within the buffer, which is writable.
        unsafe {
            std::ptr::copy_nonoverlapping(value.bytes().as_ptr(), pointer, self.dtype.itemsize());
        }
    }

    /// A new contiguous block of the same elements.
    ///
    /// # Errors
    ///
    /// [`KernelError::Memory`] when there is not enough.
    pub fn copied(&self) -> Result<Self> {
        let copied = Self::uninitialised(self.dtype, &self.shape())?;
        copy::copy(self, &copied)?;
        Ok(copied)
    }

    fn element(&self, index: &[usize]) -> *mut u8 {
        assert_eq!(index.len(), self.ndim(), "one position for each axis");
        let mut pointer = self.as_ptr();
        for (axis, &position) in self.axes.iter().zip(index) {
            assert!(position < axis.len(), "position {position} of an axis of {}", axis.len());
            pointer = pointer.wrapping_offset(axis.offset(position));
        }
        pointer
    }
}
