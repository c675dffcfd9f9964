//! What the client sends to engines.

use std::sync::Arc;

use distarray_comm::CommError;
use distarray_kernels::DType;
use distarray_meta::{Distribution, ReaderDictionary, WriterDictionary};
use serde::{Deserialize, Serialize};

use super::unreadable;
use crate::{ArrayId, Command};

/// What the client sends to engines.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request<C = Command, D = Distribution> {
    /// The number of the request, which the answer repeats.
    pub sequence: u64,
    /// How often engines were released in the middle of a collective step: what they say to each
    /// other belongs to one epoch.
    pub epoch: u64,
    /// The number of the set of engines that take part. A set keeps its number until
    /// [`Request::GROUPS`] others have got theirs.
    pub group: u64,
    /// The engines that take part, in ascending order.
    #[serde(with = "distarray_meta::lists")]
    pub participants: Arc<[usize]>,
    /// The arrays that are to be forgotten first, where there are any.
    pub freed: Vec<ArrayId>,
    /// The numbers of long lists of indices that are to be forgotten.
    pub dropped: Vec<u64>,
    /// What is to be done.
    pub instruction: Instruction<C, D>,
}

/// What a request says first: where it goes.
#[derive(Debug, Deserialize)]
pub struct Outline {
    /// As [`Request::sequence`].
    pub sequence: u64,
    /// As [`Request::epoch`].
    pub epoch: u64,
    /// As [`Request::group`].
    pub group: u64,
    /// As [`Request::participants`].
    #[serde(with = "distarray_meta::lists")]
    pub participants: Arc<[usize]>,
}

/// What an engine is to do. The client writes it from what it borrows.
#[derive(Debug, Serialize, Deserialize)]
pub enum Instruction<C = Command, D = Distribution> {
    /// Executes a command that needs nothing of the client's.
    Execute(C),
    /// Sends the elements of its piece.
    ReadHost {
        /// The array.
        array: ArrayId,
        /// Its layout.
        distribution: D,
    },
    /// Sets the elements of its piece to what the last part of the message has.
    WriteHost {
        /// The array.
        array: ArrayId,
        /// Its layout.
        distribution: D,
        /// The dtype of what the message has.
        dtype: DType,
    },
    /// Calls the function that the parts of the message are.
    Call,
    /// Says how many arrays it keeps.
    Count,
    /// Nothing, and answers nothing: arrays were to be forgotten.
    Rest,
    /// Answers nothing and ends.
    Leave,
}

impl<'a> Instruction<&'a Command, &'a Distribution> {
    /// What engines are to do for a command.
    pub fn of(command: &'a Command) -> Self {
        match command {
            Command::ReadHost { array, distribution, .. } => {
                Self::ReadHost { array: *array, distribution }
            }
            Command::WriteHost { array, distribution, host } => {
                Self::WriteHost { array: *array, distribution, dtype: host.dtype() }
            }
            Command::Call { .. } => Self::Call,
            command => Self::Execute(command),
        }
    }
}

impl<C, D> Instruction<C, D> {
    /// Whether engines answer.
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Rest | Self::Leave)
    }
}

impl Request {
    /// How many sets of engines have a number at a time.
    pub const GROUPS: u64 = 64;

    /// The request in these bytes. Long lists of indices that it repeats are taken from the
    /// dictionary, and new ones are put there.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when there is none.
    pub fn from_bytes(bytes: &[u8], dictionary: &mut ReaderDictionary) -> Result<Self, CommError> {
        let request = dictionary.reading(|| postcard::from_bytes(bytes));
        let request: Self = request.map_err(|error| unreadable(&error))?;
        dictionary.forget(&request.dropped);
        Ok(request)
    }

    /// Where the request in these bytes goes; what is to be done isn't looked at.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when there is none.
    pub fn outline(bytes: &[u8]) -> Result<Outline, CommError> {
        // A structure is written as its fields, one after the other, and these are the first.
        let outline = postcard::take_from_bytes(bytes).map_err(|error| unreadable(&error))?;
        Ok(outline.0)
    }
}

impl<C: Serialize, D: Serialize> Request<C, D> {
    /// The request as bytes, for its participants. Long lists of indices that they know go without
    /// saying.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] for commands that are no instruction as they are.
    pub fn to_bytes(&self, dictionary: &mut WriterDictionary) -> Result<Vec<u8>, CommError> {
        let write = || postcard::to_extend(self, Vec::with_capacity(256));
        let bytes = dictionary.writing(&self.participants, write);
        bytes.map_err(|error| unreadable(&error))
    }
}
