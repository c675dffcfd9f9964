//! Single values between Python and the engines.

#![expect(unsafe_code, reason = "NumPy's memory is read")]

use distarray_engine::command::Item;
use distarray_kernels::{Block, DType, Scalar, copy};
use numpy::PyUntypedArray;
use numpy::npyffi::PY_ARRAY_API;
use pyo3::prelude::*;

use crate::dtype;
use crate::errors::raise;
use crate::host;

/// The bytes of the one element of a block, cast to `dtype`.
pub fn item_bytes(block: &Block, dtype: DType) -> PyResult<Vec<u8>> {
    let cast = Block::uninitialised(dtype, &[])
        .and_then(|cast| copy::copy(block, &cast).map(|()| cast))
        .map_err(raise)?;
    cast.to_bytes().map_err(raise)
}

/// The one element of a 0-d ndarray of native dtype.
pub fn scalar_of(array: &Bound<'_, PyUntypedArray>) -> PyResult<Scalar> {
    let block = host::block_of(array)?;
    if !block.dtype().is_native() || block.size() != 1 {
        return Err(pyo3::exceptions::PyTypeError::new_err("a numeric scalar is needed"));
    }
    Ok(Scalar::from_bytes(block.dtype(), &item_bytes(&block, block.dtype())?))
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
