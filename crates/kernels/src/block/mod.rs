//! A typed view of a buffer: what every kernel works on.

#![expect(unsafe_code, reason = "a block points into its buffer")]

mod access;
mod bytes;
mod layout;
mod region;
mod slicing;

pub use region::Region;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::{Buffer, DType, Result};

/// How one axis of a block lies in memory. Distances are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisLayout {
    /// Element `j` lies at `j * stride`; 0 repeats one element, negative walks backwards.
    Strided {
        /// The number of elements.
        len: usize,
        /// The distance between neighbours.
        stride: isize,
    },
    /// Element `j` lies at `offsets[j]`: a view that no stride can describe, as the slices of
    /// block-cyclic and unstructured pieces are. In a block the first offset is 0: whoever walks
    /// along the axis begins at the block's own place.
    Indexed {
        /// The place of each element.
        offsets: Arc<[isize]>,
    },
}

impl AxisLayout {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Strided { len, .. } => *len,
            Self::Indexed { offsets } => offsets.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The distance of element `position` from element 0.
    ///
    /// # Panics
    ///
    /// When an indexed axis has no such position.
    pub fn offset(&self, position: usize) -> isize {
        match self {
            Self::Strided { stride, .. } => stride * position as isize,
            Self::Indexed { offsets } => offsets[position],
        }
    }

    /// An axis of these offsets, strided when they are equally spaced, and what must be added to
    /// the block's offset.
    pub(crate) fn from_offsets(offsets: &[isize]) -> (Self, isize) {
        let stride = match *offsets {
            [] | [_] => 0,
            [first, second, ..] => second - first,
        };
        let first = offsets.first().copied().unwrap_or(0);
        if offsets.windows(2).all(|pair| pair[1] - pair[0] == stride) {
            (Self::Strided { len: offsets.len(), stride }, first)
        } else {
            (
                Self::Indexed { offsets: offsets.iter().map(|offset| offset - first).collect() },
                first,
            )
        }
    }
}

/// A typed view of a buffer. Cheap to clone; clones share the memory.
#[derive(Clone, Debug)]
pub struct Block {
    buffer: Arc<Buffer>,
    /// Where the element at index 0 of every axis lies, in bytes.
    offset: isize,
    dtype: DType,
    axes: Axes,
}

/// The layout of each axis; that of few axes needs no memory of its own, so that views are cheap.
type Axes = SmallVec<[AxisLayout; 3]>;

impl Block {
    /// A view of `buffer`.
    ///
    /// # Safety
    ///
    /// Every element that the layout describes must lie within the buffer.
    pub unsafe fn from_parts(
        buffer: Arc<Buffer>,
        mut offset: isize,
        dtype: DType,
        mut axes: Vec<AxisLayout>,
    ) -> Self {
        for axis in &mut axes {
            if let AxisLayout::Indexed { offsets } = axis
                && offsets.first().is_some_and(|&first| first != 0)
            {
                let (begun, first) = AxisLayout::from_offsets(offsets);
                *axis = begun;
                offset += first;
            }
        }
        Self { buffer, offset, dtype, axes: axes.into() }
    }

    /// A new C-contiguous block whose elements are not set.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`] when there is not enough.
    pub fn uninitialised(dtype: DType, shape: &[usize]) -> Result<Self> {
        Ok(Self::contiguous(Buffer::uninitialised(byte_len(dtype, shape)?)?, dtype, shape))
    }

    /// A new C-contiguous block of zero bytes.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`] when there is not enough.
    pub fn zeroed(dtype: DType, shape: &[usize]) -> Result<Self> {
        Ok(Self::contiguous(Buffer::zeroed(byte_len(dtype, shape)?)?, dtype, shape))
    }

    fn contiguous(buffer: Arc<Buffer>, dtype: DType, shape: &[usize]) -> Self {
        Self { buffer, offset: 0, dtype, axes: contiguous_axes(dtype, shape) }
    }

    /// The dtype of the elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// How the axes lie in memory.
    pub fn axes(&self) -> &[AxisLayout] {
        &self.axes
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.axes.len()
    }

    /// The length of each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(AxisLayout::len).collect()
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.axes.iter().map(AxisLayout::len).product()
    }

    /// The memory.
    pub fn buffer(&self) -> &Arc<Buffer> {
        &self.buffer
    }

    /// The address of the element at index 0 of every axis; dangling when there are no elements.
    pub fn as_ptr(&self) -> *mut u8 {
        self.buffer.as_ptr().wrapping_offset(self.offset)
    }

    /// The byte offset in the buffer of the element at index 0 of every axis.
    pub fn offset(&self) -> isize {
        self.offset
    }
}

/// The axes of C-contiguous elements.
fn contiguous_axes(dtype: DType, shape: &[usize]) -> Axes {
    let mut stride = dtype.itemsize() as isize;
    let mut axes: Axes = shape
        .iter()
        .rev()
        .map(|&len| {
            let axis = AxisLayout::Strided { len, stride };
            stride *= len.max(1) as isize;
            axis
        })
        .collect();
    axes.reverse();
    axes
}

fn byte_len(dtype: DType, shape: &[usize]) -> Result<usize> {
    shape
        .iter()
        .try_fold(dtype.itemsize(), |bytes, &len| bytes.checked_mul(len))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or(crate::KernelError::Memory { bytes: usize::MAX })
}
