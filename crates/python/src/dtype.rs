//! NumPy's dtypes and ours.

use distarray_kernels::DType;
use numpy::{PyArrayDescr, PyArrayDescrMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

/// NumPy's type number of each native dtype.
const fn type_number(dtype: DType) -> Option<i32> {
    Some(match dtype {
        DType::Bool => 0,
        DType::Int8 => 1,
        DType::UInt8 => 2,
        DType::Int16 => 3,
        DType::UInt16 => 4,
        DType::Int32 => 5,
        DType::UInt32 => 6,
        // C's `long` on the systems that we support; `long long` has the same size and a number of
        // its own.
        DType::Int64 => 7,
        DType::UInt64 => 8,
        DType::Float16 => 23,
        DType::Float32 => 11,
        DType::Float64 => 12,
        DType::Complex64 => 14,
        DType::Complex128 => 15,
        DType::Opaque(_) => return None,
    })
}

fn native(number: i32) -> Option<DType> {
    let number = match number {
        9 => 7,
        10 => 8,
        number => number,
    };
    DType::NATIVE.into_iter().find(|&dtype| type_number(dtype) == Some(number))
}

/// Our dtype for one of NumPy's.
///
/// # Errors
///
/// `TypeError` for dtypes that hold Python objects.
pub fn from_numpy(descr: &Bound<'_, PyArrayDescr>) -> PyResult<DType> {
    if descr.is_native_byteorder() != Some(false)
        && let Some(dtype) = native(descr.num())
    {
        return Ok(dtype);
    }
    if descr.has_object() {
        return Err(PyTypeError::new_err(format!(
            "dtype {descr} holds Python objects, which cannot live on several engines; use a numeric, \
             string, datetime or structured dtype"
        )));
    }
    let name: String = helper(descr.py(), "describe")?.call1((descr,))?.extract()?;
    Ok(DType::opaque(descr.itemsize(), &name))
}

/// Our dtype for anything that NumPy takes as one.
///
/// # Errors
///
/// As `numpy.dtype`; `TypeError` for dtypes that hold Python objects.
pub fn extract(object: &Bound<'_, PyAny>) -> PyResult<DType> {
    if let Ok(descr) = object.cast::<PyArrayDescr>() {
        return from_numpy(descr);
    }
    from_numpy(&PyArrayDescr::new(object.py(), object)?)
}

/// NumPy's dtype for one of ours.
///
/// # Errors
///
/// When NumPy does not know the description of a dtype that is not native.
pub fn to_numpy(py: Python<'_>, dtype: DType) -> PyResult<Bound<'_, PyArrayDescr>> {
    static NATIVE: PyOnceLock<Vec<Py<PyArrayDescr>>> = PyOnceLock::new();
    let descrs = NATIVE.get_or_try_init(py, || {
        DType::NATIVE
            .iter()
            .map(|dtype| {
                let name = PyString::new(py, dtype.name());
                Ok::<_, PyErr>(PyArrayDescr::new(py, name)?.unbind())
            })
            .collect::<PyResult<Vec<_>>>()
    })?;
    if let Some(position) = DType::NATIVE.iter().position(|&native| native == dtype) {
        return Ok(descrs[position].bind(py).clone());
    }
    Ok(helper(py, "restore")?.call1((dtype.name(),))?.cast_into()?)
}

fn helper<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("distarray._dtypes")?.getattr(name)
}
