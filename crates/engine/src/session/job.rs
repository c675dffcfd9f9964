//! One command on its way through the engines of a process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;

use distarray_comm::{CommError, Communicator, Group};

use crate::error::{EngineError, EngineFailure, Result, SessionError};
use crate::{Command, Engine, Reply, executor};

/// The ranks of one set of engines.
#[derive(Clone)]
pub struct Ranks {
    /// One communicator for each engine, in their order.
    pub communicators: Vec<Arc<dyn Communicator>>,
    /// The handle by which all of them are released.
    pub group: Group,
}

/// A command that several engines execute, each on a thread of its own.
pub struct Job {
    command: Command,
    participants: Vec<usize>,
    engines: Vec<Arc<Engine>>,
    ranks: Ranks,
    results: Vec<Mutex<Option<std::result::Result<Reply, EngineError>>>>,
    remaining: AtomicUsize,
    /// Set when a function ended because the user asked to stop.
    interrupted: AtomicBool,
    client: Thread,
}

impl Job {
    /// A command for `engines`, sent by the current thread.
    pub fn new(
        command: Command,
        participants: &[usize],
        engines: Vec<Arc<Engine>>,
        ranks: Ranks,
    ) -> Self {
        Self {
            command,
            participants: participants.to_vec(),
            results: engines.iter().map(|_| Mutex::new(None)).collect(),
            remaining: AtomicUsize::new(engines.len()),
            engines,
            ranks,
            interrupted: AtomicBool::new(false),
            client: std::thread::current(),
        }
    }

    /// Executes the command as the `index`-th of its engines, on this thread.
    pub fn run(&self, index: usize) {
        let result = guarded(
            &self.engines[index],
            &self.participants,
            &self.ranks.communicators[index],
            &self.command,
        );
        if let Err(error) = &result {
            if matches!(error, EngineError::Function(error) | EngineError::Outside(error) if error.is_interrupt)
            {
                self.interrupted.store(true, Ordering::Release);
            }
            if self.engines.len() > 1 {
                self.ranks.group.abort(self.participants[index], error.to_string());
                self.stop_passes(true);
            }
        }
        if self.is_call() {
            // The others' functions may still be waiting for this one.
            self.ranks.group.leave(index, self.participants[index]);
        }
        *self.results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        if self.remaining.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.client.unpark();
        }
    }

    /// The number of the `index`-th engine.
    pub fn engine(&self, index: usize) -> usize {
        self.participants[index]
    }

    /// Whether the command is a user's function, which may last as long as it likes.
    pub fn is_call(&self) -> bool {
        matches!(self.command, Command::Call { .. })
    }

    /// Whether a function ended because the user asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Whether every engine is done.
    pub fn is_done(&self) -> bool {
        self.remaining.load(Ordering::Acquire) == 0
    }

    /// The engines, by position in the list of participants, that are not done.
    pub fn unfinished(&self) -> Vec<usize> {
        (0..self.results.len())
            .filter(|&index| {
                self.results[index].lock().unwrap_or_else(PoisonError::into_inner).is_none()
            })
            .collect()
    }

    /// Releases the engines that wait for each other, and has them give up what takes long.
    pub fn abort(&self, reason: &str) {
        self.ranks.group.abort(self.participants[0], reason);
        self.stop_passes(true);
    }

    /// Has engines give up what takes long, or not any more: the next command is another one.
    pub fn stop_passes(&self, is_stopped: bool) {
        for engine in &self.engines {
            engine.set_stopped(is_stopped);
        }
    }

    /// Whether an engine goes through elements from outside, which may take long.
    pub fn is_passing(&self) -> bool {
        self.engines.iter().any(|engine| engine.is_passing())
    }

    /// The replies of all engines, or what failed.
    pub fn finish(&self) -> Result<Vec<Reply>> {
        let results: Vec<_> = self
            .results
            .iter()
            .map(|result| {
                result
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()
                    .unwrap_or(Err(EngineError::Comm(CommError::Interrupted)))
            })
            .collect();
        self.ranks.group.rejoin();
        if self.ranks.group.is_aborted() {
            self.ranks.group.reset();
        }
        collect(&self.participants, results)
    }
}

/// Executes a command on one engine; a panic becomes an error.
pub fn guarded(
    engine: &Arc<Engine>,
    participants: &[usize],
    communicator: &Arc<dyn Communicator>,
    command: &Command,
) -> std::result::Result<Reply, EngineError> {
    caught(|| executor::execute(engine, participants, communicator, command))
}

/// What `work` gives; a panic becomes an error.
pub fn caught<T>(
    work: impl FnOnce() -> std::result::Result<T, EngineError>,
) -> std::result::Result<T, EngineError> {
    // What a panic may leave half done is elements of arrays, never the engine's own records.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(EngineError::Panic(panic_message(panic.as_ref()))))
}

/// Executes a collective command for all its engines on this thread, where that can be done; a panic
/// becomes an error of the first engine.
pub fn guarded_all(
    engines: &[Arc<Engine>],
    participants: &[usize],
    command: &Command,
) -> Option<std::result::Result<Vec<Reply>, (usize, EngineError)>> {
    catch_unwind(AssertUnwindSafe(|| executor::execute_all(engines, participants, command)))
        .unwrap_or_else(|panic| Some(Err((0, EngineError::Panic(panic_message(panic.as_ref()))))))
}

/// All replies, or the failures that are not merely the echo of another engine's failure.
pub fn collect<R>(participants: &[usize], results: R) -> Result<Vec<Reply>>
where
    R: IntoIterator<Item = std::result::Result<Reply, EngineError>>
        + AsRef<[std::result::Result<Reply, EngineError>]>,
{
    if results.as_ref().iter().all(std::result::Result::is_ok) {
        let mut replies = Vec::with_capacity(participants.len());
        replies.extend(results.into_iter().flatten());
        return Ok(replies);
    }
    let mut failures: Vec<EngineFailure> = participants
        .iter()
        .zip(results)
        .filter_map(|(&engine, result)| Some(EngineFailure { engine, error: result.err()? }))
        .collect();
    let echo = |failure: &EngineFailure| {
        matches!(&failure.error, EngineError::Comm(CommError::Aborted { .. }))
            || matches!(&failure.error, EngineError::Function(error) if error.is_echo)
    };
    if failures.iter().any(|failure| !echo(failure)) {
        failures.retain(|failure| !echo(failure));
    }
    Err(SessionError::Engines(failures))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a kernel panicked".to_owned())
}
