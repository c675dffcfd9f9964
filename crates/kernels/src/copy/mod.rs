//! Copies between blocks of any layout and dtype, and filling with one value.

#![expect(unsafe_code, reason = "elements are copied where they lie")]

pub(crate) mod rows;
mod tiles;
mod transpose;

use crate::buffer::window;
use crate::scalar::no_cast;
use crate::walk::{Motion, Odometer, Walk};
use crate::{Block, DType, KernelError, Program, Result, Scalar};
use rows::Place;

/// Copies `source`, broadcast to the shape of `dest`, into `dest`.
///
/// Elements of another dtype are converted with NumPy's `unsafe` casting. The two may overlap.
///
/// # Errors
///
/// [`KernelError::Value`] when the shapes don't fit or `dest` is read-only, [`KernelError::Type`]
/// when an opaque dtype meets another, [`KernelError::Memory`] when the two overlap and there is
/// not enough for a copy.
pub fn copy(source: &Block, dest: &Block) -> Result<()> {
    let source = source.broadcast_to(&dest.shape())?;
    check_writable(dest)?;
    if dest.size() == 0 || (source.dtype() == dest.dtype() && source.same_view(dest)) {
        return Ok(());
    }
    let overlapping = source.may_overlap(dest);
    let source = if overlapping { source.copied()? } else { source };
    if source.dtype() != dest.dtype() {
        if !source.dtype().is_native() || !dest.dtype().is_native() {
            return Err(no_cast(source.dtype(), dest.dtype()));
        }
        let shape = dest.shape();
        Program::cast(source.dtype(), dest.dtype()).evaluate(
            &shape,
            &[source],
            &[],
            std::slice::from_ref(dest),
        )?;
        return Ok(());
    }
    let walk = Walk::new(&dest.shape(), &[dest, &source], |_| false);
    // SAFETY: both blocks lie within their buffers, the walk stays within the blocks, `dest` is
    // writable and does not overlap `source`.
    unsafe { copy_walk(walk, dest.dtype().itemsize()) };
    Ok(())
}

/// Sets every element to `value`, converted to the block's dtype.
///
/// # Errors
///
/// [`KernelError::Value`] when the block is read-only, [`KernelError::Type`] when an opaque dtype
/// meets another.
pub fn fill(dest: &Block, value: &Scalar) -> Result<()> {
    fill_bytes(dest, value.cast(dest.dtype())?.bytes())
}

/// Sets the bytes of every element, of any dtype.
///
/// # Errors
///
/// [`KernelError::Value`] when the block is read-only.
///
/// # Panics
///
/// When `item` is not as long as an item of the dtype.
pub fn fill_bytes(dest: &Block, item: &[u8]) -> Result<()> {
    check_writable(dest)?;
    assert_eq!(item.len(), dest.dtype().itemsize(), "the bytes of one item");
    if dest.size() == 0 {
        return Ok(());
    }
    let walk = Walk::new(&dest.shape(), &[dest], |_| false);
    // SAFETY: the walk stays within the block, which is writable.
    let mut fill = |walk: Walk<'_>| unsafe { fill_walk(&walk, item) };
    if window::is_in_use() {
        walk.in_parts(item.len(), &mut fill);
    } else {
        fill(walk);
    }
    Ok(())
}

/// Sets the bytes of every element of the walk's only block.
///
/// # Safety
///
/// The walk must stay within memory that is valid for writes of items.
unsafe fn fill_walk(walk: &Walk<'_>, item: &[u8]) {
    let inner = walk.lens.len().saturating_sub(1);
    let len = walk.lens.last().copied().unwrap_or(1);
    let (mut odometer, mut pointers) = Odometer::begin(walk, inner);
    loop {
        let motion = walk.lens.last().map(|_| walk.motion(inner, 0));
        // SAFETY: the caller's promise.
        unsafe { rows::fill_row(pointers[0], motion, item, len) };
        if !odometer.advance(walk, &mut pointers) {
            return;
        }
    }
}

/// The error of a write to read-only memory.
pub(crate) fn check_writable(dest: &Block) -> Result<()> {
    if dest.buffer().is_writable() {
        Ok(())
    } else {
        Err(KernelError::Value("assignment destination is read-only".to_owned()))
    }
}

/// Copies block 1 of the walk to block 0.
///
/// # Safety
///
/// The walk must stay within memory that is valid for reads (block 1) and writes (block 0) of
/// items, and the two must not overlap.
unsafe fn copy_walk(walk: Walk<'_>, itemsize: usize) {
    if !window::is_in_use() {
        // SAFETY: the caller's promise.
        return unsafe { copy_part(walk, itemsize) };
    }
    // SAFETY: the caller's promise, of each part.
    walk.in_parts(itemsize, &mut |part| unsafe { copy_part(part, itemsize) });
}

/// Copies block 1 of the walk to block 0, at once.
///
/// # Safety
///
/// As [`copy_walk`].
unsafe fn copy_part(mut walk: Walk<'_>, itemsize: usize) {
    // A short contiguous run on both sides is one larger item.
    let mut itemsize = itemsize;
    while let Some(inner) = walk.lens.len().checked_sub(1) {
        let len = walk.lens[inner];
        let unit = Some(itemsize as isize);
        let contiguous = walk.motions(inner).iter().all(|motion| motion.stride() == unit);
        let run = len * itemsize;
        if !contiguous || (inner > 0 && run < rows::LONG_RUN && !rows::is_register(run)) {
            break;
        }
        itemsize = run;
        walk.pop();
    }
    let Some(inner) = walk.lens.len().checked_sub(1) else {
        // SAFETY: one run of bytes; the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(walk.starts[1], walk.starts[0], itemsize) };
        return;
    };
    // SAFETY: the caller's promise, for all three.
    unsafe {
        if let Some(other) = tiles::source_axis(&walk, itemsize) {
            tiles::copy_tiles(&walk, other, itemsize);
            return;
        }
        // Two axes at a time, where there are two.
        let axes = walk.lens.len().min(2);
        let rows = if axes == 2 { walk.lens[inner - 1] } else { 1 };
        let place = |start: *mut u8, block: usize| Place {
            start,
            rows: if axes == 2 { walk.motion(inner - 1, block) } else { Motion::Stride(0) },
            columns: walk.motion(inner, block),
        };
        let (mut odometer, mut pointers) = Odometer::begin(&walk, walk.lens.len() - axes);
        loop {
            let (dest, source) = (place(pointers[0], 0), place(pointers[1], 1));
            rows::copy_rows(source, dest, itemsize, rows, walk.lens[inner]);
            if !odometer.advance(&walk, &mut pointers) {
                return;
            }
        }
    }
}

impl Program {
    /// The program that converts its input.
    pub fn cast(from: DType, to: DType) -> Self {
        let mut builder = crate::program::Builder::new();
        let input = builder.input(from);
        let value = builder.cast(input, to);
        builder.output(value, None);
        builder.finish()
    }
}
