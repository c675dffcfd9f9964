//! What can go wrong between ranks.

use std::time::Duration;

/// The result of a call on a communicator.
pub type Result<T> = std::result::Result<T, CommError>;

/// An error of communication.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommError {
    /// A rank gave up, so that whoever waits for it is released.
    #[error("engine {rank} gave up: {reason}")]
    Aborted {
        /// Who gave up, by the number that they were aborted with.
        rank: usize,
        /// Why, in words.
        reason: String,
    },

    /// A rank for which this one waits has returned, and will never come.
    #[error("engine {rank} has returned, but others wait for it")]
    Gone {
        /// Who has returned, by the number that it left with.
        rank: usize,
    },

    /// The host asked to stop waiting (for example because the user pressed Ctrl-C). The
    /// communicator is out of step afterwards: the group is to be aborted and reset.
    #[error("interrupted while waiting for other engines")]
    Interrupted,

    /// What was waited for didn't come in the time that the host allows. The communicator is out of
    /// step afterwards: the group is to be aborted and reset.
    #[error("{} within {after:?}", awaited(*.rank))]
    TimedOut {
        /// Who was waited for, by its number in the whole group; `None` for any rank.
        rank: Option<usize>,
        /// How long.
        after: Duration,
    },

    /// A rank outside the communicator was named.
    #[error("rank {rank} is not in a communicator of {size} ranks")]
    InvalidRank {
        /// The rank that was named.
        rank: usize,
        /// The number of ranks.
        size: usize,
    },

    /// A list with one entry per rank has the wrong length.
    #[error("{operation} needs one part for each of {expected} ranks, got {found}")]
    WrongCount {
        /// The operation.
        operation: &'static str,
        /// The number of ranks.
        expected: usize,
        /// The number of parts given.
        found: usize,
    },

    /// Ranks are in different collective calls, which would otherwise wait for ever.
    #[error(
        "collective calls do not match: rank {rank} called {call}, but rank {other_rank} called \
         {other_call}"
    )]
    Mismatch {
        /// The rank that noticed.
        rank: usize,
        /// Its call.
        call: String,
        /// A rank that is elsewhere.
        other_rank: usize,
        /// The call of that rank.
        other_call: String,
    },

    /// The transport beneath failed.
    #[error("communication failed: {0}")]
    Transport(String),
}

fn awaited(rank: Option<usize>) -> String {
    rank.map_or_else(
        || "no engine sent what is waited for".to_owned(),
        |rank| format!("engine {rank} did not send what is waited for"),
    )
}
