//! What sessions with engines in several processes have in common.

use distarray_comm::CommError;
use distarray_kernels::fork;

use super::ThreadSession;
use super::job::collect;
use crate::error::{EngineError, Result, SessionError};
use crate::wire::Outcome;
use crate::{Command, Reply, ops};

/// Sees to it that commands may be sent from this thread of this process, where engines are reached
/// since this generation of forks.
pub fn check_caller(generation: u32) -> Result<()> {
    if fork::generation() != generation {
        return Err(SessionError::Forked);
    }
    if ThreadSession::is_engine_thread() {
        return Err(SessionError::Reentered);
    }
    Ok(())
}

/// Sees to it that there are all these engines.
pub fn check_engines(participants: &[usize], count: usize) -> Result<()> {
    match participants.iter().find(|&&engine| engine >= count) {
        Some(engine) => {
            Err(SessionError::Value(format!("there is no engine {engine}; there are {count}")))
        }
        None => Ok(()),
    }
}

/// The replies to a command, of what these engines came to; puts elements where the caller wants them.
pub fn replies(
    participants: &[usize],
    command: &Command,
    outcomes: impl Iterator<Item = Option<Outcome>>,
) -> Result<Vec<Reply>> {
    let engines = participants.iter().zip(outcomes);
    let results = engines.map(|(&engine, outcome)| reply(engine, command, outcome));
    collect(participants, results.collect::<Vec<_>>())
}

fn reply(
    engine: usize,
    command: &Command,
    outcome: Option<Outcome>,
) -> std::result::Result<Reply, EngineError> {
    match (outcome, command) {
        (Some(Outcome::Reply(reply)), _) => Ok(reply),
        (Some(Outcome::Failure(error)), _) => Err(error),
        (
            Some(Outcome::Elements { dtype, bytes }),
            Command::ReadHost { distribution, host, .. },
        ) => {
            if let Some(rank) = distribution.rank_of_target(engine) {
                ops::host::received(distribution, rank, dtype, bytes, host)?;
            }
            Ok(Reply::done())
        }
        (other, _) => Err(EngineError::Comm(CommError::Transport(format!(
            "engine {engine} came to something else: {other:?}"
        )))),
    }
}
