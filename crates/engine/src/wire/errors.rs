//! Errors of engines, written for other processes: the same ones are read that were written, so that
//! nobody can tell where an engine was.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use distarray_comm::CommError;
use distarray_kernels::{DType, KernelError};
use distarray_meta::MetaError;
use distarray_storage::StorageError;
use serde::{Deserialize, Deserializer, Serialize};

use super::FunctionCodec;
use crate::ArrayId;
use crate::error::{EngineError, FunctionError};

/// What went wrong on an engine. The cause of a function's failure is in the parts of the message.
#[derive(Serialize, Deserialize)]
pub enum Failure {
    Kernel(#[serde(with = "Kernel")] KernelError),
    Meta(#[serde(with = "Meta")] MetaError),
    Comm(#[serde(with = "Comm")] CommError),
    Storage(#[serde(with = "Storage")] StorageError),
    UnknownArray { array: ArrayId, engine: usize },
    Function { is_echo: bool, is_interrupt: bool },
    Outside { is_interrupt: bool },
    Panic(String),
}

impl Failure {
    /// The error, as it is written.
    pub fn of(error: EngineError, codec: &dyn FunctionCodec, parts: &mut Vec<Vec<u8>>) -> Self {
        match error {
            EngineError::Kernel(error) => Self::Kernel(error),
            EngineError::Meta(error) => Self::Meta(error),
            EngineError::Comm(error) => Self::Comm(error),
            EngineError::Storage(error) => Self::Storage(error),
            EngineError::UnknownArray { array, engine } => Self::UnknownArray { array, engine },
            EngineError::Function(FunctionError { cause, is_echo, is_interrupt }) => {
                *parts = codec.encode_failure(cause);
                Self::Function { is_echo, is_interrupt }
            }
            EngineError::Outside(FunctionError { cause, is_interrupt, .. }) => {
                *parts = codec.encode_failure(cause);
                Self::Outside { is_interrupt }
            }
            EngineError::Panic(message) => Self::Panic(message),
        }
    }

    /// The error that was written.
    pub fn error(self, codec: &dyn FunctionCodec, parts: Vec<Vec<u8>>) -> EngineError {
        match self {
            Self::Kernel(error) => EngineError::Kernel(error),
            Self::Meta(error) => EngineError::Meta(error),
            Self::Comm(error) => EngineError::Comm(error),
            Self::Storage(error) => EngineError::Storage(error),
            Self::UnknownArray { array, engine } => EngineError::UnknownArray { array, engine },
            Self::Function { is_echo, is_interrupt } => {
                let cause = codec.decode_failure(parts);
                EngineError::Function(FunctionError { cause, is_echo, is_interrupt })
            }
            Self::Outside { is_interrupt } => {
                let cause = codec.decode_failure(parts);
                EngineError::Outside(FunctionError { cause, is_echo: false, is_interrupt })
            }
            Self::Panic(message) => EngineError::Panic(message),
        }
    }
}

/// A word of the program's own.
type Word = &'static str;

/// Reads a word. There are few, and each is kept for ever, as it is in the process that wrote it.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    static WORDS: Mutex<Option<HashSet<Word>>> = Mutex::new(None);
    let read = <&str>::deserialize(deserializer)?;
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let words = words.get_or_insert_default();
    Ok(words.get(read).copied().unwrap_or_else(|| {
        let kept: Word = Box::leak(read.into());
        words.insert(kept);
        kept
    }))
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KernelError")]
enum Kernel {
    NoLoop {
        #[serde(deserialize_with = "word")]
        op: Word,
    },
    Type(String),
    Value(String),
    OutOfBounds {
        value: String,
        dtype: DType,
    },
    Memory {
        bytes: usize,
    },
    Scratch {
        bytes: usize,
        limit: usize,
        directory: String,
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MetaError")]
enum Meta {
    IndexOutOfBounds {
        index: i64,
        axis: usize,
        size: usize,
    },
    TooManyIndices {
        ndim: usize,
        given: usize,
    },
    ZeroStep,
    Invalid {
        #[serde(deserialize_with = "word")]
        argument: Word,
        message: String,
    },
    Protocol {
        axis: usize,
        key: String,
        message: String,
    },
    InvalidGridShape(String),
    GridShape(String),
    Broadcast {
        shapes: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CommError")]
enum Comm {
    Aborted {
        rank: usize,
        reason: String,
    },
    Gone {
        rank: usize,
    },
    Interrupted,
    TimedOut {
        rank: Option<usize>,
        after: Duration,
    },
    InvalidRank {
        rank: usize,
        size: usize,
    },
    WrongCount {
        #[serde(deserialize_with = "word")]
        operation: Word,
        expected: usize,
        found: usize,
    },
    Mismatch {
        rank: usize,
        call: String,
        other_rank: usize,
        other_call: String,
    },
    Transport(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StorageError")]
enum Storage {
    Io {
        #[serde(with = "super::path")]
        path: PathBuf,
        #[serde(deserialize_with = "word")]
        action: Word,
        #[serde(with = "system")]
        source: io::Error,
    },
    Magic {
        #[serde(with = "super::path")]
        path: PathBuf,
        expected: Vec<u8>,
        found: Vec<u8>,
    },
    Version {
        #[serde(with = "super::path")]
        path: PathBuf,
        major: u8,
        minor: u8,
    },
    Syntax {
        #[serde(with = "super::path")]
        path: PathBuf,
        position: usize,
        reason: String,
    },
    Header {
        #[serde(with = "super::path")]
        path: PathBuf,
        key: String,
        reason: String,
    },
    Objects {
        #[serde(with = "super::path")]
        path: PathBuf,
    },
    Truncated {
        #[serde(with = "super::path")]
        path: PathBuf,
        needed: u64,
        found: u64,
    },
    Region(String),
    Kernel(#[serde(with = "Kernel")] KernelError),
}

/// Errors of the system, which have a number or at least words.
mod system {
    use std::io::Error;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
        error.raw_os_error().ok_or_else(|| error.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Error, D::Error> {
        let read = Result::<i32, String>::deserialize(deserializer)?;
        Ok(read.map_or_else(Error::other, Error::from_raw_os_error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, NoFunctions, Outcome};
    use super::*;

    fn returned(error: EngineError) -> EngineError {
        let answer = Answer { sequence: 3, outcome: Outcome::Failure(error) };
        let parcel = answer.pack(&NoFunctions).unwrap();
        match Answer::unpack(parcel, &NoFunctions).unwrap() {
            Answer { sequence: 3, outcome: Outcome::Failure(error) } => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_come_back_as_they_were() {
        let path = || PathBuf::from("/tmp/a b\n");
        let io = |source| StorageError::Io { path: path(), action: "open", source };
        let errors: Vec<EngineError> = vec![
            KernelError::NoLoop { op: "add" }.into(),
            KernelError::OutOfBounds { value: "300".to_owned(), dtype: DType::UInt8 }.into(),
            KernelError::Memory { bytes: usize::MAX }.into(),
            KernelError::Scratch {
                bytes: 9,
                limit: 8,
                directory: "/tmp".to_owned(),
                reason: "No space left on device".to_owned(),
            }
            .into(),
            MetaError::IndexOutOfBounds { index: -12, axis: 1, size: 5 }.into(),
            MetaError::ZeroStep.into(),
            MetaError::Invalid { argument: "targets", message: "too many".to_owned() }.into(),
            CommError::Aborted { rank: 2, reason: "why".to_owned() }.into(),
            CommError::TimedOut { rank: Some(3), after: Duration::from_millis(1500) }.into(),
            CommError::WrongCount { operation: "scatter", expected: 2, found: 3 }.into(),
            io(io::Error::from_raw_os_error(2)).into(),
            io(io::Error::other("no number")).into(),
            StorageError::Truncated { path: path(), needed: 9, found: 7 }.into(),
            StorageError::Kernel(KernelError::Value("v".to_owned())).into(),
            EngineError::UnknownArray { array: ArrayId(5), engine: 1 },
            EngineError::Panic("a bug".to_owned()),
        ];
        for error in errors {
            let (shown, debugged) = (error.to_string(), format!("{error:?}"));
            let back = returned(error);
            assert_eq!(back.to_string(), shown);
            // What the system says without a number comes back as words.
            if !shown.contains("no number") {
                assert_eq!(format!("{back:?}"), debugged);
            }
        }
    }
}
