//! Slices of typed elements out of raw memory: where the reductions are `unsafe`.

#![expect(unsafe_code, reason = "elements are read and written where they lie")]

use crate::buffer::window;
use crate::{Block, DType, Element, Opaque, Result};

use super::walk::Step;

/// Memory of one dtype, walked by byte offsets.
#[derive(Clone, Copy)]
pub(super) struct Memory<T> {
    origin: *const T,
}

impl<T: Element> Memory<T> {
    /// The memory of a block, counted from its first element.
    ///
    /// # Panics
    ///
    /// When the block has another dtype.
    pub(super) fn of(block: &Block) -> Self {
        assert_eq!(block.dtype(), T::DTYPE);
        Self { origin: block.as_ptr().cast_const().cast() }
    }

    /// The `len` elements from `offset` bytes on, at the distances of `step` from position `first`:
    /// a slice of the memory itself where they are neighbours, else copied to `scratch`.
    ///
    /// # Safety
    ///
    /// The elements must lie within the block, which nobody writes to for the life of the slice.
    #[inline]
    pub(super) unsafe fn slice<'a>(
        self,
        offset: isize,
        step: &Step,
        first: usize,
        len: usize,
        scratch: &'a mut Vec<T>,
    ) -> &'a [T] {
        let item = size_of::<T>() as isize;
        if window::is_in_use() && len > 0 {
            let place = self.origin.wrapping_byte_offset(offset + step.at(first));
            window::touched(place.cast(), len, step.distance());
        }
        match step {
            Step::Stride(stride) => {
                let start = self.origin.wrapping_byte_offset(offset + stride * first as isize);
                if (*stride == item || len == 1) && start.is_aligned() {
                    // SAFETY: the caller vouches for `len` neighbouring elements, aligned as just
                    // seen.
                    return unsafe { std::slice::from_raw_parts(start, len) };
                }
                scratch.clear();
                scratch.extend((0..len as isize).map(|position| {
                    // SAFETY: the caller vouches for the element.
                    unsafe { start.wrapping_byte_offset(stride * position).read_unaligned() }
                }));
            }
            Step::Offsets(offsets) => {
                let start = self.origin.wrapping_byte_offset(offset);
                scratch.clear();
                scratch.extend(offsets[first..first + len].iter().map(|&distance| {
                    // SAFETY: the caller vouches for the element.
                    unsafe { start.wrapping_byte_offset(distance).read_unaligned() }
                }));
            }
        }
        scratch
    }
}

/// Elements as the parts that they consist of: a complex number as two floats.
pub(super) fn parts<T: Element, P: Element>(items: &[T]) -> &[P] {
    const { assert!(size_of::<T>().is_multiple_of(size_of::<P>())) };
    const { assert!(align_of::<T>() >= align_of::<P>()) };
    // SAFETY: elements are plain bytes, of which every pattern is a value of either type.
    unsafe {
        std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items) / size_of::<P>())
    }
}

/// A new block that holds one `T` for each element of `shape`, all of them `value`.
pub(super) fn filled<T: Copy>(shape: &[usize], dtype: DType, value: T) -> Result<Block> {
    debug_assert_eq!(dtype.itemsize(), size_of::<T>());
    let block = Block::uninitialised(dtype, shape)?;
    let start = block.as_ptr().cast::<T>();
    for position in 0..block.size() {
        // SAFETY: the block is new, contiguous, aligned to 64 bytes and has room for its size.
        unsafe { start.add(position).write(value) };
    }
    Ok(block)
}

/// The elements of a block that [`filled`] made.
pub(super) fn items<T: Copy>(block: &Block) -> &[T] {
    assert_eq!(block.dtype().itemsize(), size_of::<T>());
    // SAFETY: blocks of partial results are made by `filled`, which sets every element; they are
    // contiguous and aligned, and `Partial` lends them to nobody.
    unsafe { std::slice::from_raw_parts(block.as_ptr().cast(), block.size()) }
}

/// The elements of a block that [`filled`] made, to be changed.
pub(super) fn items_mut<T: Copy>(block: &mut Block) -> &mut [T] {
    assert_eq!(block.dtype().itemsize(), size_of::<T>());
    // SAFETY: as in `items`; whoever makes or merges a partial result holds the only handle.
    unsafe { std::slice::from_raw_parts_mut(block.as_ptr().cast(), block.size()) }
}

/// The dtype under which totals of type `T` are kept.
pub(super) fn total_dtype<T>() -> DType {
    DType::Opaque(Opaque { itemsize: size_of::<T>(), name: "total" })
}

/// The bytes of a block that [`filled`] made.
pub(super) fn bytes(block: &Block) -> &[u8] {
    let len = block.size() * block.dtype().itemsize();
    // SAFETY: as in `items`; no type of a total or an element has padding.
    unsafe { std::slice::from_raw_parts(block.as_ptr(), len) }
}

/// A copy of a block that [`filled`] made.
pub(super) fn copied(block: &Block) -> Result<Block> {
    from_bytes(&block.shape(), block.dtype(), bytes(block))
}

/// A block with the bytes of one that [`filled`] made.
pub(super) fn from_bytes(shape: &[usize], dtype: DType, bytes: &[u8]) -> Result<Block> {
    let block = Block::uninitialised(dtype, shape)?;
    assert_eq!(block.size() * dtype.itemsize(), bytes.len());
    // SAFETY: the block is new, contiguous and as long as the bytes.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), block.as_ptr(), bytes.len()) };
    Ok(block)
}
