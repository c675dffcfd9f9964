//! What engines met, as one Python exception.

use distarray_engine::{EngineError, EngineFailure};
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use crate::errors::Raise;

/// The exception of the one engine that failed, or the group of those of several; each names its
/// engine. `distarray._failures` makes it.
pub(crate) fn raise(py: Python<'_>, failures: Vec<EngineFailure>) -> PyErr {
    let is_own = !failures.iter().any(|failure| matches!(failure.error, EngineError::Function(_)));
    let failures: Vec<(usize, Bound<'_, PyBaseException>)> = failures
        .into_iter()
        .map(|failure| (failure.engine, failure.error.raise(py).into_value(py).into_bound(py)))
        .collect();
    py.import("distarray._failures")
        .and_then(|module| module.getattr("summary"))
        .and_then(|summary| summary.call1((failures, is_own)))
        .map_or_else(|error| error, PyErr::from_value)
}
