//! Values between Python and `distarray_meta`.

use distarray_meta::protocol::{DimDict, RawDict, RawValue};
use distarray_meta::{DistType, RawIndex};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyDict, PyEllipsis, PyInt, PyList, PyMapping, PyMemoryView, PySlice,
    PyString, PyTuple,
};

use crate::errors::raise;

/// The module `numpy`.
pub(crate) fn numpy(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static NUMPY: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    NUMPY
        .get_or_try_init(py, || py.import("numpy").map(Bound::unbind))
        .map(|module| module.bind(py))
}

/// A new NumPy array of `int64`.
pub(crate) fn int_array<'py>(py: Python<'py>, integers: &[i64]) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = integers.iter().flat_map(|integer| integer.to_ne_bytes()).collect();
    numpy(py)?.call_method1("frombuffer", (PyByteArray::new(py, &bytes), "int64"))
}

/// The integers of a one-dimensional sequence or buffer, `None` when it holds anything else.
pub(crate) fn integers(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<i64>>> {
    let numpy = numpy(object.py())?;
    let array = numpy.call_method1("asarray", (object,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    let is_empty = array.len().is_ok_and(|len| len == 0);
    if array.getattr("ndim")?.extract::<usize>()? != 1
        || !(matches!(kind.as_str(), "i" | "u") || is_empty)
    {
        return Ok(None);
    }
    let array = numpy.call_method1("ascontiguousarray", (array, "int64"))?;
    PyBuffer::<i64>::get(&array)?.to_vec(object.py()).map(Some)
}

/// Sizes, which are not negative.
pub(crate) fn sizes(argument: &str, sizes: &[i64]) -> PyResult<Vec<usize>> {
    sizes
        .iter()
        .map(|&size| {
            usize::try_from(size)
                .map_err(|_| PyValueError::new_err(format!("{argument}: {size} is negative")))
        })
        .collect()
}

/// A distribution type from each letter of a string.
pub(crate) fn dist_types(letters: &str) -> PyResult<Vec<DistType>> {
    let one = |letter: char| DistType::from_name(letter.encode_utf8(&mut [0; 4])).map_err(raise);
    letters.chars().map(one).collect()
}

/// A mapping with any keys and values; keys that are not strings are left out.
pub(crate) fn raw_dict(object: &Bound<'_, PyAny>) -> PyResult<RawDict> {
    let Ok(mapping) = object.cast::<PyMapping>() else {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("expected a dictionary, not '{kind}'")));
    };
    let mut entries = Vec::new();
    for item in mapping.items()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        if let Ok(key) = key.extract::<String>() {
            entries.push((key, raw_value(&value)?));
        }
    }
    Ok(entries.into_iter().collect())
}

fn raw_value(object: &Bound<'_, PyAny>) -> PyResult<RawValue> {
    let kind = object.get_type().name()?.to_string();
    if object.is_instance_of::<PyBool>() || kind == "bool" {
        return object.is_truthy().map(RawValue::Boolean);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(RawValue::Text(text.to_string()));
    }
    if let Ok(integer) = object.extract::<i64>() {
        return Ok(RawValue::Integer(integer));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(RawValue::Other("an integer of more than 64 bits".into()));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return raw_sequence(object);
    }
    if let Ok(view) = PyMemoryView::from(object) {
        if let Some(integers) = integers(&view)? {
            return Ok(RawValue::Buffer(integers.into()));
        }
        let ndim: usize = view.getattr("ndim")?.extract()?;
        return match ndim {
            2 => raw_sequence(object),
            1 => Ok(RawValue::Other("a buffer of something else than integers".into())),
            _ => Ok(RawValue::Other(format!("a buffer of {ndim} dimensions"))),
        };
    }
    Ok(RawValue::Other(format!("of type '{kind}'")))
}

fn raw_sequence(object: &Bound<'_, PyAny>) -> PyResult<RawValue> {
    let values = object.try_iter()?.map(|value| raw_value(&value?)).collect::<PyResult<_>>()?;
    Ok(RawValue::Sequence(values))
}

/// A dimension dictionary as Python has it.
pub(crate) fn dict<'py>(py: Python<'py>, dim_dict: &DimDict) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in dim_dict.to_raw().iter() {
        dict.set_item(key, python_value(py, value)?)?;
    }
    Ok(dict)
}

fn python_value<'py>(py: Python<'py>, value: &RawValue) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        RawValue::Integer(integer) => integer.into_pyobject(py)?.into_any(),
        RawValue::Boolean(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        RawValue::Text(text) | RawValue::Other(text) => text.into_pyobject(py)?.into_any(),
        RawValue::Buffer(integers) => int_array(py, integers)?,
        RawValue::Sequence(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(python_value(py, value)?)?;
            }
            list.into_any()
        }
    })
}

/// The dictionaries of the axes on one rank, as Python has them.
pub(crate) fn dim_data<'py>(
    py: Python<'py>,
    dim_data: &[DimDict],
) -> PyResult<Bound<'py, PyTuple>> {
    let dicts: Vec<_> = dim_data.iter().map(|axis| dict(py, axis)).collect::<PyResult<_>>()?;
    PyTuple::new(py, dicts)
}

/// The items of an index expression, as a user writes it between brackets.
///
/// # Errors
///
/// `IndexError` for an item that is no integer, slice, `Ellipsis` or `None`.
pub(crate) fn raw_index(index: &Bound<'_, PyAny>) -> PyResult<Vec<RawIndex>> {
    match index.cast::<PyTuple>() {
        Ok(items) => items.iter().map(|item| raw_index_item(&item)).collect(),
        Err(_) => Ok(vec![raw_index_item(index)?]),
    }
}

fn raw_index_item(item: &Bound<'_, PyAny>) -> PyResult<RawIndex> {
    if let Ok(slice) = item.cast::<PySlice>() {
        return Ok(RawIndex::Slice {
            start: slice_bound(slice, "start")?,
            stop: slice_bound(slice, "stop")?,
            step: slice_bound(slice, "step")?,
        });
    }
    if item.is_none() {
        return Ok(RawIndex::NewAxis);
    }
    if item.is_instance_of::<PyEllipsis>() {
        return Ok(RawIndex::Ellipsis);
    }
    if !item.is_instance_of::<PyBool>() {
        if let Ok(index) = item.extract::<i64>() {
            return Ok(RawIndex::Integer(index));
        }
        if item.is_instance_of::<PyInt>() {
            return Err(PyIndexError::new_err(format!("index {item} does not fit 64 bits")));
        }
    }
    let kind = item.get_type().name()?;
    Err(PyIndexError::new_err(format!(
        "only integers, slices (`:`), ellipsis (`...`) and numpy.newaxis (`None`) are valid \
         indices, not '{kind}'"
    )))
}

/// An attribute of a slice; integers beyond 64 bits are as good as the largest that fits.
fn slice_bound(slice: &Bound<'_, PySlice>, name: &str) -> PyResult<Option<i64>> {
    let bound = slice.getattr(name)?;
    if bound.is_none() {
        return Ok(None);
    }
    match bound.extract::<i64>() {
        Ok(bound) => Ok(Some(bound)),
        Err(_) if bound.is_instance_of::<PyInt>() => {
            Ok(Some(if bound.lt(0)? { i64::MIN + 1 } else { i64::MAX }))
        }
        Err(_) => Err(PyTypeError::new_err(
            "slice indices must be integers or None or have an __index__ method",
        )),
    }
}
