//! Which Python exception each error becomes.

use distarray_comm::CommError;
use distarray_meta::MetaError;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;

use crate::comm::pending_signal;

/// An error that has a Python exception.
pub(crate) trait Raise {
    /// The exception.
    fn raise(self, py: Python<'_>) -> PyErr;
}

/// The exception for an error, for `map_err`.
pub(crate) fn raise(error: impl Raise) -> PyErr {
    Python::attach(|py| error.raise(py))
}

impl Raise for MetaError {
    fn raise(self, py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::IndexOutOfBounds { .. } | Self::TooManyIndices { .. } => {
                PyIndexError::new_err(message)
            }
            Self::ZeroStep | Self::Broadcast { .. } => PyValueError::new_err(message),
            Self::Invalid { .. } | Self::Protocol { .. } => {
                exception(py, "DistributionError", (message,))
            }
            Self::InvalidGridShape(_) => exception(py, "InvalidGridShapeError", (message,)),
            Self::GridShape(_) => exception(py, "GridShapeError", (message,)),
        }
    }
}

impl Raise for CommError {
    fn raise(self, py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::Aborted { rank, reason } => exception(py, "EngineAbortedError", (rank, reason)),
            Self::InvalidRank { .. } => exception(py, "InvalidRankError", (message,)),
            Self::WrongCount { .. } => PyValueError::new_err(message),
            Self::Interrupted => {
                pending_signal().unwrap_or_else(|| exception(py, "CommunicationError", (message,)))
            }
            Self::Mismatch { .. } | Self::Transport(_) => {
                exception(py, "CommunicationError", (message,))
            }
        }
    }
}

/// An exception of a class of `distarray.error`.
pub(crate) fn exception<'py>(
    py: Python<'py>,
    class: &str,
    arguments: impl pyo3::call::PyCallArgs<'py>,
) -> PyErr {
    py.import("distarray.error")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1(arguments))
        .map_or_else(|failure| failure, PyErr::from_value)
}
