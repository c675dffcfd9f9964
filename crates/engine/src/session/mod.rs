//! Sessions: how commands get from the user's side to the engines.

mod job;
pub mod messages;
mod outcomes;
mod remote;
mod serve;
mod spmd;
mod threads;
mod turn;
mod worker;

pub use remote::{Courier, RemoteSession};
pub use serve::{Link, serve};
pub use spmd::SpmdSession;
pub use threads::{Host, ThreadSession};

use crate::error::{EngineError, Result};
use crate::{ArrayId, Command, Reply};

/// The user's side of a group of engines.
pub trait Session: Send + Sync {
    /// The number of engines.
    fn engines(&self) -> usize;

    /// A name for a new array.
    fn new_array_id(&self) -> ArrayId;

    /// Has each of the engines `participants` (ascending) execute a command; returns their replies
    /// in that order. `weight` is about how many bytes the busiest of them touches: it decides
    /// whether other threads are worth waking.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Engines`] when engines fail, and what a session of this kind may meet.
    fn execute(
        &self,
        participants: &[usize],
        command: Command,
        weight: usize,
    ) -> Result<Vec<Reply>>;

    /// Whether commands may be sent from here.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Reentered`] on an engine, [`crate::SessionError::Forked`] in a child of
    /// the process that has the engines.
    fn check(&self) -> Result<()>;

    /// Whether so little work per engine is done at once, by the caller's own thread.
    fn is_small(&self, weight: usize) -> bool;

    /// Does once what concerns files that all engines see, and gives what it gives: where several
    /// processes run the program, the first of them does it, and the others wait for that.
    ///
    /// # Errors
    ///
    /// What `work` fails with, in every process.
    fn once(
        &self,
        work: &mut dyn FnMut() -> std::result::Result<Vec<u8>, EngineError>,
    ) -> Result<Vec<u8>> {
        Ok(work()?)
    }

    /// Forgets an array on these engines.
    fn free(&self, array: ArrayId, participants: &[usize]);
}
