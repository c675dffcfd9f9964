//! What can go wrong on an engine, and how it reaches the client.

use std::any::Any;
use std::fmt;

use distarray_comm::CommError;
use distarray_kernels::KernelError;
use distarray_meta::MetaError;
use distarray_storage::StorageError;

use crate::ArrayId;

/// The result of an operation on arrays.
pub type Result<T> = std::result::Result<T, SessionError>;

/// What can go wrong on one engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A kernel refused.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// A layout or an index was refused.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// Another engine could not be talked to.
    #[error(transparent)]
    Comm(#[from] CommError),
    /// A file could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The engine has no array of this name: it was freed, or never made there.
    #[error("array {} is not on engine {engine}", array.0)]
    UnknownArray {
        /// The name.
        array: ArrayId,
        /// The engine.
        engine: usize,
    },
    /// The user's function failed.
    #[error("the function failed")]
    Function(FunctionError),
    /// Elements could not be brought from outside, or taken there.
    #[error("elements could not be read or written")]
    Outside(FunctionError),
    /// A kernel panicked: a bug of ours.
    #[error("internal error: {0}")]
    Panic(String),
}

/// Why the user's function failed.
pub struct FunctionError {
    /// Whatever the caller's language uses to say so.
    pub cause: Box<dyn Any + Send + Sync>,
    /// Whether it failed only because another engine gave up.
    pub is_echo: bool,
    /// Whether it failed because the user asked to stop.
    pub is_interrupt: bool,
}

impl fmt::Debug for FunctionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionError(..)")
    }
}

/// What went wrong on which engine.
#[derive(Debug)]
pub struct EngineFailure {
    /// The engine.
    pub engine: usize,
    /// What went wrong there.
    pub error: EngineError,
}

/// What a user of a session meets.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A layout or an index was refused, before any engine was asked.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// Dtypes or values were refused, before any engine was asked.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// A file was refused, before any engine was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Engines failed; those that only stopped because another one failed are left out.
    #[error("{}", describe(.0))]
    Engines(Vec<EngineFailure>),
    /// The engines could not be reached.
    #[error(transparent)]
    Comm(#[from] CommError),
    /// Processes that run one program are not at the same place of it.
    #[error("{0}")]
    Diverged(String),
    /// Arrays of different sessions met in one operation.
    #[error("the arrays live on engines of different sessions")]
    DifferentSessions,
    /// Data would move although the user forbids that.
    #[error(
        "{operation} would move {bytes} bytes between engines, and the context forbids communication"
    )]
    CommunicationForbidden {
        /// The operation.
        operation: &'static str,
        /// How many bytes would move.
        bytes: u64,
    },
    /// The session is used in a child process that was forked after the engines started.
    #[error(
        "the engines live in the parent process and did not survive fork(); use the 'spawn' start \
         method, or make contexts and arrays only after forking"
    )]
    Forked,
    /// The session was entered from one of its own engines.
    #[error(
        "a function that runs on an engine cannot use arrays globally: it would wait for itself"
    )]
    Reentered,
    /// The wait was given up; why is known to whoever interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The session was closed: it runs no more functions.
    #[error("the program is about to end, and engines call no more functions")]
    Closed,
    /// The host of the session refused; the cause is in its own language.
    #[error("refused by the host")]
    Host(Box<dyn Any + Send + Sync>),
    /// A value that no engine was asked about. `ValueError` in Python.
    #[error("{0}")]
    Value(String),
    /// A type that no engine was asked about. `TypeError` in Python.
    #[error("{0}")]
    Type(String),
}

impl From<EngineError> for SessionError {
    /// The same error, met on the client's side.
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Kernel(error) => Self::Kernel(error),
            EngineError::Meta(error) => Self::Meta(error),
            EngineError::Storage(error) => Self::Storage(error),
            EngineError::Comm(error) => Self::Comm(error),
            error @ (EngineError::UnknownArray { .. }
            | EngineError::Function(_)
            | EngineError::Outside(_)
            | EngineError::Panic(_)) => Self::Value(error.to_string()),
        }
    }
}

fn describe(failures: &[EngineFailure]) -> String {
    failures
        .iter()
        .map(|failure| format!("engine {}: {}", failure.engine, failure.error))
        .collect::<Vec<_>>()
        .join("; ")
}
