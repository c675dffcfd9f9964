//! Expressions that are evaluated later, as Python sees them.

use std::sync::Arc;

use distarray_engine::Array;
use distarray_engine::client::{Note, Passing};
use distarray_kernels::program::FloatFlags;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use super::elementwise::bits;
use super::{PyArray, bytes, work};
use crate::dtype;
use crate::errors::raise;

/// As long as it lives, an array counts as one that nobody will ask for.
#[pyclass(frozen, name = "Passing", module = "distarray._core")]
pub struct PyPassing {
    pub _guard: Passing,
}

/// The module that knows of floating-point exceptions.
const FLOATING: &str = "distarray.globalapi._floating";

/// What an operation of this name is to be given back with floating-point exceptions; `None` if the
/// user wants to hear of them at once.
pub fn note(py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<Option<Note>> {
    // Looked up once: an import, even of what is there, takes as long as all the rest.
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = FUNCTION.import(py, FLOATING, "note")?;
    let note = function.call1((name,))?;
    Ok(if note.is_none() { None } else { Some(Arc::new(note.unbind())) })
}

/// Reports the floating-point exceptions of an operation that was carried out later; `note` is the
/// Python object that came with the operation.
pub fn report(py: Python<'_>, note: &Note, flags: FloatFlags) -> PyResult<()> {
    let Some(note) = note.downcast_ref::<Py<PyAny>>() else { return Ok(()) };
    py.import(FLOATING)?.getattr("report_later")?.call1((bits(flags), note))?;
    Ok(())
}

/// Computes the elements of arrays; those of one layout in one pass.
#[pyfunction]
pub fn evaluate(py: Python<'_>, arrays: Vec<PyRef<'_, PyArray>>) -> PyResult<()> {
    let arrays: Vec<&Array> = arrays.iter().map(|array| &array.inner).collect();
    let most = arrays.iter().map(|array| bytes(array)).max().unwrap_or(0);
    work(py, most, || Array::evaluate(&arrays))
}

/// What evaluating an array will do: how many operations, the loops that do them, what is read as (shape, dtype, bytes,
/// bytes moved between engines, whether from outside), and numbers.
pub fn explain<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyDict>> {
    let explanation = array.explain().map_err(raise)?;
    let inputs = explanation
        .inputs
        .iter()
        .map(|read| {
            let shape = PyTuple::new(py, &read.shape)?;
            let dtype = dtype::to_numpy(py, read.dtype)?;
            Ok((shape, dtype, read.bytes, read.bytes_moved, read.is_outside))
        })
        .collect::<PyResult<Vec<_>>>()?;
    let text = explanation.program.to_string();
    let result = PyDict::new(py);
    result.set_item("operations", explanation.program.steps().len())?;
    result.set_item("loops", text.lines().collect::<Vec<_>>())?;
    result.set_item("inputs", inputs)?;
    result.set_item("stored", explanation.stored)?;
    result.set_item("bytes_written", explanation.bytes_written)?;
    result.set_item("temporaries_avoided", explanation.temporaries_avoided)?;
    result.set_item("bytes_avoided", explanation.bytes_avoided)?;
    Ok(result)
}
