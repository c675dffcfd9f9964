//! What engines met, as one Python exception.

use distarray_engine::EngineFailure;
use pyo3::exceptions::{PyBaseExceptionGroup, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::errors::Raise;

/// The exception of the one engine that failed, or the group of those of several; each names its
/// engine.
pub(crate) fn raise(py: Python<'_>, failures: Vec<EngineFailure>) -> PyErr {
    let count = failures.len();
    let mut raised: Vec<PyErr> = failures
        .into_iter()
        .map(|failure| {
            let error = failure.error.raise(py);
            let note = format!("raised on engine {}", failure.engine);
            // A note is an addition; an exception that takes none is raised without it.
            let _ = error.value(py).call_method1("add_note", (note,));
            error
        })
        .collect();
    match (count, raised.pop()) {
        (1, Some(error)) => error,
        (_, None) => PyRuntimeError::new_err("engines failed without saying why"),
        (_, Some(last)) => {
            raised.push(last);
            group(py, &raised).unwrap_or_else(|error| error)
        }
    }
}

fn group(py: Python<'_>, errors: &[PyErr]) -> PyResult<PyErr> {
    let values = PyList::new(py, errors.iter().map(|error| error.value(py)))?;
    let message = format!("{} engines failed", errors.len());
    let group = py.get_type::<PyBaseExceptionGroup>().call1((message, values))?;
    Ok(PyErr::from_value(group))
}
