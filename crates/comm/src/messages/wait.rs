//! How a thread waits for a message.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::control::Poison;
use super::group::Context;
use super::handle::Handle;
use crate::call::Call;
use crate::{CommError, Result};

/// For so long nothing but the arrival is looked for: an answer from a process that runs takes no
/// longer.
const BRIEF: Duration = Duration::from_micros(20);

/// How long a thread lets others run and looks again, before it sleeps. It does so from the start:
/// that takes half a microsecond where nobody else wants the core, and where there are more processes
/// than cores, it may be the sender who does.
const YIELD: Duration = Duration::from_micros(500);

const SHORTEST_SLEEP: Duration = Duration::from_micros(20);
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// How often the host is asked whether to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// After how long the rank that is waited for is asked where it is.
const DOUBT: Duration = Duration::from_millis(100);

/// Pauses that grow with the time that has been waited: an idle process takes no core away from
/// those who compute, also where there are more processes than cores, and one that has waited for
/// long notices an arrival late by no more than an eighth of that.
pub struct BackOff(Instant);

impl Default for BackOff {
    fn default() -> Self {
        Self::new()
    }
}

impl BackOff {
    /// The beginning of a wait.
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Pauses; returns how long the wait has been.
    pub fn pause(&mut self) -> Duration {
        let waited = self.0.elapsed();
        if waited < YIELD {
            thread::yield_now();
        } else {
            thread::sleep((waited / 8).clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
        }
        waited
    }
}

/// A thread that waits for something to come to a communicator.
pub struct Waiting<'a> {
    pub handle: &'a Handle,
    pub context: u64,
    /// The rank in the communicator of this process.
    pub rank: usize,
    /// When the call began.
    pub epoch: u64,
    /// The rank of the world that has to send; `None` for anybody.
    pub source: Option<usize>,
    /// The collective call that it is in.
    pub call: Option<Call>,
}

impl Waiting<'_> {
    /// Waits until `attempt` gives a value.
    pub fn until<T>(
        &self,
        mut attempt: impl FnMut(&mut Context) -> Option<Result<T>>,
    ) -> Result<T> {
        let shared = &self.handle.shared;
        let mut back_off = BackOff::new();
        let mut next_look = PATIENCE;
        let mut has_asked = false;
        // A long message may take longer than the limit, but not a chunk of it.
        let (mut chunks, mut quiet_since) = (shared.chunks.load(Ordering::Relaxed), Duration::ZERO);
        loop {
            if let Some(value) = self.look(&mut attempt) {
                return value;
            }
            if shared.progress()? {
                continue;
            }
            let waited = back_off.pause();
            if waited < BRIEF {
                continue;
            }
            let host = self.handle.host();
            let chunks_now = shared.chunks.load(Ordering::Relaxed);
            if chunks != chunks_now {
                (chunks, quiet_since) = (chunks_now, waited);
            }
            let after = waited.saturating_sub(quiet_since);
            if host.timeout.is_some_and(|timeout| after >= timeout) {
                let rank = self.source.and_then(|source| self.handle.members.index(source));
                return Err(CommError::TimedOut { rank, after });
            }
            if waited >= next_look {
                next_look = waited + PATIENCE;
                if host.interrupt.is_some_and(|interrupt| interrupt()) {
                    return Err(CommError::Interrupted);
                }
            }
            if waited >= DOUBT && !has_asked {
                has_asked = true;
                let ask = self.handle.with(|group| group.ask(self.context, self.source, self.call));
                shared.tell(&ask)?;
            }
        }
    }

    /// One attempt; also says when there will be no value.
    fn look<T>(
        &self,
        attempt: &mut impl FnMut(&mut Context) -> Option<Result<T>>,
    ) -> Option<Result<T>> {
        self.handle.with(|group| {
            // What is there when the group is aborted stays good; what comes after a reset is not
            // for this call.
            if group.epoch == self.epoch
                && let Some(value) = attempt(group.context(self.context))
            {
                return Some(value);
            }
            if let Err(error) = group.check(self.epoch) {
                return Some(Err(error));
            }
            if let Some(call) = self.call
                && let Some(poison) = group.context(self.context).poison(call)
            {
                return Some(Err(Poison::error(poison, self.rank, call)));
            }
            group.check_present(self.context, self.source).err().map(Err)
        })
    }
}
