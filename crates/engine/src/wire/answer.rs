//! What engines answer.

use distarray_comm::CommError;
use distarray_kernels::{DType, FloatFlags};
use serde::{Deserialize, Serialize};

use super::errors::Failure;
use super::{FunctionCodec, Parcel, unreadable};
use crate::Reply;
use crate::command::Item;
use crate::error::EngineError;

/// What an engine answers to a request.
#[derive(Debug)]
pub struct Answer {
    /// The number of the request.
    pub sequence: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It was carried out.
    Reply(Reply),
    /// The elements of a piece that the engine sends, as [`crate::exchange::pack`] has them.
    Elements {
        /// Their dtype.
        dtype: DType,
        /// Their bytes.
        bytes: Vec<u8>,
    },
    /// How many arrays the engine keeps.
    Count(usize),
    /// It failed.
    Failure(EngineError),
}

/// An outcome as it is written; what is large is in the parts.
#[derive(Serialize, Deserialize)]
enum Form {
    Done(FloatFlags),
    Evaluated(Vec<(usize, FloatFlags)>),
    Item(Item),
    Value,
    Elements(DType),
    Count(usize),
    Failure(Failure),
}

impl From<Result<Reply, EngineError>> for Outcome {
    fn from(result: Result<Reply, EngineError>) -> Self {
        result.map_or_else(Self::Failure, Self::Reply)
    }
}

impl Answer {
    /// The answer as a message.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when it cannot be written.
    pub fn pack(self, codec: &dyn FunctionCodec) -> Result<Parcel, CommError> {
        let mut parts = Vec::new();
        let form = match self.outcome {
            Outcome::Reply(Reply::Done { flags }) => Form::Done(flags),
            Outcome::Reply(Reply::Evaluated { flags }) => Form::Evaluated(flags),
            Outcome::Reply(Reply::Item(item)) => Form::Item(item),
            Outcome::Reply(Reply::Value(value)) => match codec.encode_value(value) {
                Ok(value) => {
                    parts = value;
                    Form::Value
                }
                Err(error) => {
                    Form::Failure(Failure::of(EngineError::Function(error), codec, &mut parts))
                }
            },
            Outcome::Elements { dtype, bytes } => {
                parts.push(bytes);
                Form::Elements(dtype)
            }
            Outcome::Count(count) => Form::Count(count),
            Outcome::Failure(error) => Form::Failure(Failure::of(error, codec, &mut parts)),
        };
        let head = postcard::to_stdvec(&(self.sequence, form));
        Ok(Parcel { head: head.map_err(|error| unreadable(&error))?, parts })
    }

    /// The answer in a message.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when there is none.
    pub fn unpack(mut parcel: Parcel, codec: &dyn FunctionCodec) -> Result<Self, CommError> {
        let (sequence, form) =
            postcard::from_bytes(&parcel.head).map_err(|error| unreadable(&error))?;
        let outcome = match form {
            Form::Done(flags) => Outcome::Reply(Reply::Done { flags }),
            Form::Evaluated(flags) => Outcome::Reply(Reply::Evaluated { flags }),
            Form::Item(item) => Outcome::Reply(Reply::Item(item)),
            Form::Value => {
                let value = codec.decode_value(parcel.parts);
                value.map(Reply::Value).map_err(EngineError::Function).into()
            }
            Form::Elements(dtype) => {
                Outcome::Elements { dtype, bytes: parcel.parts.pop().unwrap_or_default() }
            }
            Form::Count(count) => Outcome::Count(count),
            Form::Failure(failure) => Outcome::Failure(failure.error(codec, parcel.parts)),
        };
        Ok(Self { sequence, outcome })
    }

    /// The number of the request that a message answers.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when it is no answer.
    pub fn sequence(head: &[u8]) -> Result<u64, CommError> {
        let number = postcard::take_from_bytes(head).map_err(|error| unreadable(&error))?;
        Ok(number.0)
    }
}
