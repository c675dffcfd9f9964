//! Which Python exception each error becomes.

use std::ffi::CString;

use std::io;

use distarray_comm::CommError;
use distarray_engine::{EngineError, SessionError};
use distarray_kernels::KernelError;
use distarray_meta::MetaError;
use distarray_storage::StorageError;
use pyo3::exceptions::{
    PyIndexError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyOverflowError, PyRuntimeError,
    PyTypeError, PyValueError,
};
use pyo3::prelude::*;

use crate::comm::pending_signal;
use crate::failures;

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
            Self::Gone { .. }
            | Self::Mismatch { .. }
            | Self::TimedOut { .. }
            | Self::Transport(_) => exception(py, "CommunicationError", (message,)),
        }
    }
}

impl Raise for KernelError {
    fn raise(self, _py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::NoLoop { .. } | Self::Type(_) => PyTypeError::new_err(message),
            Self::Value(_) => PyValueError::new_err(message),
            Self::OutOfBounds { .. } => PyOverflowError::new_err(message),
            Self::Memory { .. } | Self::Scratch { .. } => PyMemoryError::new_err(message),
        }
    }
}

/// The number that Python chooses the subclass of an `OSError` by, for what we have found out
/// ourselves, too.
fn number_of(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or(match error.kind() {
        io::ErrorKind::AlreadyExists => Some(17),
        io::ErrorKind::IsADirectory => Some(21),
        _ => None,
    })
}

impl Raise for StorageError {
    fn raise(self, py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::Io { source, path, .. } => match number_of(&source) {
                // Python chooses the subclass (FileNotFoundError and so on) by the number.
                Some(number) => {
                    let text = source.to_string();
                    let text = text.split(" (os error").next().unwrap_or_default().to_owned();
                    PyOSError::new_err((number, text, path.display().to_string()))
                }
                None => PyOSError::new_err(message),
            },
            Self::Kernel(error) => error.raise(py),
            Self::Magic { .. }
            | Self::Version { .. }
            | Self::Syntax { .. }
            | Self::Header { .. }
            | Self::Objects { .. }
            | Self::Truncated { .. }
            | Self::Region(_) => PyValueError::new_err(message),
        }
    }
}

impl Raise for EngineError {
    fn raise(self, py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::Kernel(error) => error.raise(py),
            Self::Meta(error) => error.raise(py),
            Self::Storage(error) => error.raise(py),
            Self::Comm(error) => error.raise(py),
            Self::Function(error) | Self::Outside(error) => match error.cause.downcast::<PyErr>() {
                Ok(error) => *error,
                Err(_) => PyRuntimeError::new_err(message),
            },
            Self::UnknownArray { .. } | Self::Panic(_) => PyRuntimeError::new_err(message),
        }
    }
}

impl Raise for SessionError {
    fn raise(self, py: Python<'_>) -> PyErr {
        let message = self.to_string();
        match self {
            Self::Meta(error) => error.raise(py),
            Self::Storage(error) => error.raise(py),
            Self::Kernel(error) => error.raise(py),
            Self::Engines(failures) => failures::raise(py, failures),
            Self::Comm(error) => error.raise(py),
            Self::DifferentSessions
            | Self::Diverged(_)
            | Self::Forked
            | Self::Reentered
            | Self::Closed => exception(py, "ContextError", (message,)),
            Self::CommunicationForbidden { .. } => {
                exception(py, "CommunicationForbiddenError", (message,))
            }
            Self::Interrupted => {
                pending_signal().unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
            }
            Self::Host(cause) => match cause.downcast::<PyErr>() {
                Ok(error) => *error,
                Err(_) => PyRuntimeError::new_err(message),
            },
            Self::Value(_) => PyValueError::new_err(message),
            Self::Type(_) => PyTypeError::new_err(message),
        }
    }
}

/// Warns that an operation moves data between engines.
///
/// # Errors
///
/// The warning, where the user turned it into an exception.
pub(crate) fn warn_communication(py: Python<'_>, operation: &str, bytes: u64) -> PyResult<()> {
    let class = py.import("distarray.error")?.getattr("CommunicationWarning")?;
    let message = format!("{operation} moves {bytes} bytes between engines");
    let message = CString::new(message).unwrap_or_default();
    PyErr::warn(py, &class, &message, 2)
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
