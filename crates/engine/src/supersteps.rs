//! Collective operations, of engines that share memory in supersteps.
//!
//! Every rank posts what others may read, then completes its own part from what was posted, then
//! settles what had to wait until nobody reads any more. Engines on threads of their own meet
//! between the steps; for small arrays one thread takes each step for all engines, which is quicker
//! than waking others. (The model is Valiant's: "A bridging model for parallel computation", 1990.)

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};

use crate::Reply;
use crate::error::EngineError;

/// One rank's part in a collective operation.
pub trait Supersteps {
    /// What is left to settle.
    type Unfinished;

    /// Whether what is posted is memory of arrays, which must not change while others read it. All
    /// ranks say the same.
    fn posts_arrays(&self) -> bool;

    /// What this rank shows the others.
    ///
    /// # Errors
    ///
    /// Whatever the operation meets.
    fn post(&self) -> Result<SharedObject, EngineError>;

    /// This rank's work, given what all ranks posted, in the order of participants.
    ///
    /// # Errors
    ///
    /// Whatever the operation meets.
    fn complete(&self, posted: &[SharedObject]) -> Result<Self::Unfinished, EngineError>;

    /// What changes memory that others may have read; the answer to the command.
    ///
    /// # Errors
    ///
    /// Whatever the operation meets.
    fn settle(&self, unfinished: Self::Unfinished) -> Result<Reply, EngineError>;

    /// The whole operation as one rank among others that share no memory, by messages.
    ///
    /// # Errors
    ///
    /// Whatever the operation meets; [`EngineError::Comm`] when another rank gives up.
    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError>;
}

/// Takes the steps as one rank among others, or passes messages where no memory is shared.
///
/// # Errors
///
/// Whatever the operation meets; [`EngineError::Comm`] when another rank gives up.
pub fn run<S: Supersteps>(
    part: &S,
    communicator: &Arc<dyn Communicator>,
) -> Result<Reply, EngineError> {
    let Some(shared) = communicator.shared() else { return part.pass_messages(communicator) };
    let posted = shared.share(part.post()?)?;
    let unfinished = part.complete(&posted)?;
    if part.posts_arrays() {
        communicator.barrier()?;
    }
    part.settle(unfinished)
}

/// Takes the steps for all ranks, on this thread.
///
/// # Errors
///
/// Whatever the operation meets first, and the position of the rank that met it.
pub fn run_all<S: Supersteps>(parts: &[S]) -> Result<Vec<Reply>, (usize, EngineError)> {
    let posted = each(parts, S::post)?;
    let unfinished = each(parts, |part| part.complete(&posted))?;
    let settled = parts.iter().zip(unfinished).enumerate().map(|(position, (part, unfinished))| {
        part.settle(unfinished).map_err(|error| (position, error))
    });
    settled.collect()
}

fn each<S, T>(
    parts: &[S],
    step: impl Fn(&S) -> Result<T, EngineError>,
) -> Result<Vec<T>, (usize, EngineError)> {
    let numbered = parts.iter().enumerate();
    numbered.map(|(position, part)| step(part).map_err(|error| (position, error))).collect()
}
