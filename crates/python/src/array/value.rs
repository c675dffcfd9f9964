//! Single values between Python and the engines.

#![expect(unsafe_code, reason = "NumPy's memory is read")]

use distarray_engine::command::Item;
use distarray_kernels::{Block, DType, Scalar, copy};
use numpy::npyffi::{NPY_TYPES, PY_ARRAY_API};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::dtype;
use crate::errors::raise;
use crate::host;

/// The bytes of the one element of a 0-d ndarray, cast to `dtype`: the same for equal elements.
pub fn item_bytes(array: &Bound<'_, PyUntypedArray>, dtype: DType) -> PyResult<Vec<u8>> {
    let block = host::block_of(array)?;
    let cast = Block::uninitialised(dtype, &[])
        .and_then(|cast| copy::copy(&block, &cast).map(|()| cast))
        .map_err(raise)?;
    let mut bytes = cast.to_bytes().map_err(raise)?;
    if dtype == dtype::extract(&array.dtype())? {
        clear_padding(&mut bytes, array.dtype().num());
    }
    Ok(bytes)
}

/// Clears the bytes of an extended float that hold nothing: they are whatever was there before, and
/// processes that compare their commands would find them different.
fn clear_padding(bytes: &mut [u8], number: i32) {
    let is_extended = [NPY_TYPES::NPY_LONGDOUBLE as i32, NPY_TYPES::NPY_CLONGDOUBLE as i32];
    if cfg!(target_arch = "x86_64") && is_extended.contains(&number) {
        // Of 16 bytes, 80 bits are used.
        for float in bytes.chunks_mut(16) {
            float[10..].fill(0);
        }
    }
}

/// The one element of a 0-d ndarray of native dtype.
pub fn scalar_of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Scalar> {
    let block = host::block_of(array)?;
    if !block.dtype().is_native() || block.size() != 1 {
        return Err(pyo3::exceptions::PyTypeError::new_err("a numeric scalar is needed"));
    }
    Ok(Scalar::from_bytes(block.dtype(), &item_bytes(array, block.dtype())?))
}

/// A NumPy scalar.
pub fn item_to_python<'py>(py: Python<'py>, item: &Item) -> PyResult<Bound<'py, PyAny>> {
    let descr = dtype::to_numpy(py, item.dtype)?;
    let mut bytes = item.bytes.clone();
    // SAFETY: `bytes` holds one item of this dtype, which NumPy copies.
    unsafe {
        let scalar = PY_ARRAY_API.PyArray_Scalar(
            py,
            bytes.as_mut_ptr().cast(),
            descr.as_ptr().cast(),
            std::ptr::null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, scalar)
    }
}
