//! Memory that NumPy arrays and blocks share.

#![expect(unsafe_code, reason = "NumPy and blocks share memory")]

use std::any::Any;
use std::ptr::NonNull;
use std::sync::Arc;

use distarray_kernels::{AxisLayout, Block, Buffer};
use numpy::npyffi::{NPY_ARRAY_WRITEABLE, PY_ARRAY_API, PyArrayObject};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::type_object::PyTypeInfo;

use crate::dtype;
use crate::errors::raise;

/// Keeps a NumPy array alive for a block that views its memory.
struct Lender {
    #[expect(dead_code, reason = "kept alive for its Drop")]
    array: Py<PyUntypedArray>,
}

/// Keeps a block's memory alive for a NumPy array that views it.
#[pyclass(frozen, module = "distarray._core")]
struct Memory {
    #[expect(dead_code, reason = "kept alive for its Drop")]
    buffer: Arc<Buffer>,
}

/// A block that views the memory of a NumPy array.
///
/// # Errors
///
/// `TypeError` for dtypes that hold Python objects.
pub fn block_of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Block> {
    let dtype = dtype::from_numpy(&array.dtype())?;
    let axes: Vec<AxisLayout> = array
        .shape()
        .iter()
        .zip(array.strides())
        .map(|(&len, &stride)| AxisLayout::Strided { len, stride })
        .collect();
    // The lowest and the highest byte that an element can have, from the first element.
    let mut low = 0;
    let mut high = dtype.itemsize() as isize;
    for axis in &axes {
        if let AxisLayout::Strided { len, stride } = axis {
            let reach = (*len as isize - 1).max(0) * stride;
            low += reach.min(0);
            high += reach.max(0);
        }
    }
    let empty = array.shape().contains(&0);
    // SAFETY: the object is an array, and we only read its fields.
    let (data, flags) = unsafe {
        let object = array.as_array_ptr();
        ((*object).fields.data.cast::<u8>(), (*object).fields.flags)
    };
    let owner: Box<dyn Any + Send + Sync> = Box::new(Lender { array: array.clone().unbind() });
    let first = if empty { data } else { data.wrapping_offset(low) };
    let len = if empty { 0 } else { (high - low) as usize };
    let pointer = NonNull::new(first).unwrap_or(NonNull::dangling());
    // SAFETY: NumPy keeps the memory between these bounds valid while the array lives, which the
    // lender sees to.
    let buffer = unsafe { Buffer::lent(pointer, len, flags & NPY_ARRAY_WRITEABLE != 0, owner) };
    // SAFETY: the bounds were computed from this layout.
    Ok(unsafe { Block::from_parts(buffer, if empty { 0 } else { -low }, dtype, axes) })
}

/// A NumPy array that views the memory of a block; a copy where no strides describe the block.
/// Says whether it is a view.
///
/// # Errors
///
/// `MemoryError` when a copy is needed and memory is short.
pub fn array_of<'py>(
    py: Python<'py>,
    block: &Block,
) -> PyResult<(Bound<'py, PyUntypedArray>, bool)> {
    let Some(mut strides) = block.strides() else {
        let copied = block.copied().map_err(raise)?;
        return Ok((array_of(py, &copied)?.0, false));
    };
    let mut shape: Vec<isize> = block.shape().iter().map(|&len| len as isize).collect();
    let descr = dtype::to_numpy(py, block.dtype())?;
    let flags = if block.buffer().is_writable() { NPY_ARRAY_WRITEABLE } else { 0 };
    let memory = Py::new(py, Memory { buffer: block.buffer().clone() })?;
    // SAFETY: the pointer, shape and strides describe elements within the buffer, which the base
    // object keeps alive. NewFromDescr steals the reference to the descriptor, SetBaseObject the
    // one to the base.
    unsafe {
        let array = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            PyUntypedArray::type_object_raw(py),
            descr.into_ptr().cast(),
            shape.len() as i32,
            shape.as_mut_ptr(),
            strides.as_mut_ptr(),
            block.as_ptr().cast(),
            flags,
            std::ptr::null_mut(),
        );
        let array = Bound::from_owned_ptr_or_err(py, array)?;
        let status = PY_ARRAY_API.PyArray_SetBaseObject(
            py,
            array.as_ptr().cast::<PyArrayObject>(),
            memory.into_ptr(),
        );
        if status < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok((array.cast_into_unchecked(), true))
    }
}
