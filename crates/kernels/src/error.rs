//! What can go wrong in a kernel.

use crate::DType;

/// The result of a kernel.
pub type Result<T> = std::result::Result<T, KernelError>;

/// What can go wrong in a kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// No loop of the operation takes these dtypes. `TypeError` in Python.
    #[error(
        "ufunc '{op}' not supported for the input types, and the inputs could not be safely \
         coerced to any supported types according to the casting rule ''safe''"
    )]
    NoLoop {
        /// The operation.
        op: &'static str,
    },
    /// The same, with a reason of its own. `TypeError` in Python.
    #[error("{0}")]
    Type(String),
    /// A value that an operation refuses. `ValueError` in Python.
    #[error("{0}")]
    Value(String),
    /// A Python integer that the dtype cannot hold. `OverflowError` in Python.
    #[error("Python integer {value} out of bounds for {dtype}")]
    OutOfBounds {
        /// The integer.
        value: String,
        /// The dtype that it was to have.
        dtype: DType,
    },
    /// Memory could not be had. `MemoryError` in Python.
    #[error("unable to allocate {bytes} bytes")]
    Memory {
        /// How many bytes were asked for.
        bytes: usize,
    },
    /// The process may have no more memory, and there is no room for a file. `MemoryError` in Python.
    #[error(
        "unable to allocate {bytes} bytes: there is no room for them within the memory limit of {limit} \
         bytes, nor for a scratch file in {directory}: {reason}"
    )]
    Scratch {
        /// How many bytes were asked for.
        bytes: usize,
        /// The limit of the process, in bytes.
        limit: usize,
        /// Where the file was to be.
        directory: String,
        /// Why it could not be made.
        reason: String,
    },
}
