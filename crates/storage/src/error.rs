//! What can go wrong with a file.

use std::io;
use std::path::PathBuf;

use distarray_kernels::KernelError;

/// The result of reading or writing a file.
pub type Result<T> = std::result::Result<T, StorageError>;

/// What can go wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as files of the format do.
    #[error("{path:?} is not an .npy file: it begins with {found:?} instead of {expected:?}")]
    Magic {
        /// The file.
        path: PathBuf,
        /// How files of the format begin.
        expected: Vec<u8>,
        /// How this one does.
        found: Vec<u8>,
    },
    /// A version of the format that is not known.
    #[error("{path:?} has version {major}.{minor} of the .npy format; 1.0, 2.0 and 3.0 are known")]
    Version {
        /// The file.
        path: PathBuf,
        /// The first number.
        major: u8,
        /// The second.
        minor: u8,
    },
    /// The header is not the text of a Python dictionary.
    #[error("the header of {path:?} cannot be read: {reason} at character {position}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where in the header.
        position: usize,
        /// What is wrong.
        reason: String,
    },
    /// The header's contents make no sense.
    #[error("the header of {path:?} has a bad {key:?}: {reason}")]
    Header {
        /// The file.
        path: PathBuf,
        /// Which key of the dictionary is wrong.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The elements are Python objects, which only Python's pickle can read.
    #[error("{path:?} holds Python objects; arrays of objects cannot be distributed")]
    Objects {
        /// The file.
        path: PathBuf,
    },
    /// The file ends too early.
    #[error("{path:?} ends too early: {needed} bytes were expected and there are {found}")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How long it should be.
        needed: u64,
        /// How long it is.
        found: u64,
    },
    /// A block does not fit the region that it is to hold.
    #[error("{0}")]
    Region(String),
    /// Memory, or what else a kernel may lack.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

/// What a caller does about an error: the exception that it is in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `OSError`: the system refused.
    Os,
    /// `ValueError`: the file or the request makes no sense.
    Value,
    /// As the kernel's own error.
    Kernel,
}

impl StorageError {
    /// What kind of exception the error is in Python.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } => ErrorKind::Os,
            Self::Kernel(_) => ErrorKind::Kernel,
            Self::Magic { .. }
            | Self::Version { .. }
            | Self::Syntax { .. }
            | Self::Header { .. }
            | Self::Objects { .. }
            | Self::Truncated { .. }
            | Self::Region(_) => ErrorKind::Value,
        }
    }
}
