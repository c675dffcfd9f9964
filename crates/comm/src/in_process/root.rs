//! What all communicators of one group have in common: the poison, and how their ranks wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Instant;

use super::context::Context;
use super::signal::{PATIENCE, Signal};
use crate::sync::lock;
use crate::{CommError, Interrupt, Result};

/// The state shared by a group and everything split from it.
pub(super) struct Root {
    /// One for each rank of the whole group.
    pub signals: Vec<Signal>,
    /// Whether waiting threads spin: only when every rank can have a core.
    spins: bool,
    /// Odd while the group is aborted. A call that began in another epoch is aborted too, so that
    /// a reset cannot overtake a thread that was slow to wake.
    epoch: AtomicU64,
    /// Who aborted the group last, and why.
    culprit: Mutex<(usize, String)>,
    interrupt: RwLock<Option<Interrupt>>,
    /// For each rank of the whole group that has left, the number that it left with, plus 1.
    gone: Vec<AtomicUsize>,
    /// Every communicator of the group, to be cleared by a reset.
    pub contexts: Mutex<Vec<Weak<Context>>>,
}

impl Root {
    pub fn new(size: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            signals: (0..size).map(|_| Signal::default()).collect(),
            spins: size <= cores,
            epoch: AtomicU64::new(0),
            culprit: Mutex::new((0, String::new())),
            interrupt: RwLock::new(None),
            gone: (0..size).map(|_| AtomicUsize::new(0)).collect(),
            contexts: Mutex::new(Vec::new()),
        }
    }

    /// The epoch in which a call begins, unless the group is aborted.
    pub fn enter(&self) -> Result<u64> {
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch.is_multiple_of(2) { Ok(epoch) } else { Err(self.aborted()) }
    }

    fn aborted(&self) -> CommError {
        let (rank, reason) = lock(&self.culprit).clone();
        CommError::Aborted { rank, reason }
    }

    /// Fails if a rank of the whole group has left.
    pub fn check_present(&self, member: usize) -> Result<()> {
        match self.gone[member].load(Ordering::Acquire) {
            0 => Ok(()),
            number => Err(CommError::Gone { rank: number - 1 }),
        }
    }

    fn interrupted(&self) -> bool {
        let hook = self.interrupt.read().unwrap_or_else(PoisonError::into_inner).clone();
        hook.is_some_and(|hook| hook())
    }

    /// Waits, as rank `member` of the whole group, until `attempt` gives a value. `stalled` is
    /// called now and then to notice that it never will.
    pub fn wait<T>(
        &self,
        member: usize,
        epoch: u64,
        mut attempt: impl FnMut() -> Option<T>,
        mut stalled: impl FnMut() -> Result<()>,
    ) -> Result<T> {
        let mut attempt = || {
            let now = self.epoch.load(Ordering::Acquire);
            // What is there when the group is aborted stays good: a meeting to which all ranks came
            // succeeds for all of them, whatever one of them does next. What comes after a reset
            // is not for this call.
            if now <= epoch + 1
                && let Some(value) = attempt()
            {
                return Some(Ok(value));
            }
            (now != epoch).then(|| Err(self.aborted()))
        };
        if let Some(value) = attempt() {
            return value;
        }
        if self.spins
            && let Some(value) = Signal::spin(&mut attempt)
        {
            return value;
        }
        let mut looked = Instant::now();
        loop {
            if let Some(value) = self.signals[member].sleep(&mut attempt) {
                return value;
            }
            // Something else may have woken this thread; the host is not to be asked each time.
            if looked.elapsed() < PATIENCE {
                continue;
            }
            looked = Instant::now();
            if self.interrupted() {
                return Err(CommError::Interrupted);
            }
            if let Err(error) = stalled() {
                // What was sent before somebody left counts.
                return attempt().unwrap_or(Err(error));
            }
        }
    }
}

/// The host's handle on a group of ranks: to release them when one gives up, and to make
/// them usable again.
#[derive(Clone)]
pub struct Group(pub(super) Arc<Root>);

impl Group {
    /// The number of ranks of the whole group.
    pub fn size(&self) -> usize {
        self.0.signals.len()
    }

    /// Releases every rank: each blocked or later call, on the group or on anything split from it,
    /// fails with [`CommError::Aborted`]. The first abort is the one that is reported; others
    /// are ignored until [`reset`](Self::reset).
    pub fn abort(&self, rank: usize, reason: impl Into<String>) {
        {
            let mut culprit = lock(&self.0.culprit);
            if self.is_aborted() {
                return;
            }
            *culprit = (rank, reason.into());
            self.0.epoch.fetch_add(1, Ordering::AcqRel);
        }
        for signal in &self.0.signals {
            signal.notify();
        }
    }

    /// Whether the group is aborted.
    pub fn is_aborted(&self) -> bool {
        !self.0.epoch.load(Ordering::Acquire).is_multiple_of(2)
    }

    /// Says that a rank has returned and makes no more calls; `number` is how errors name it. Whoever
    /// waits for it, or comes to wait, fails with [`CommError::Gone`] unless what it waits for is
    /// there already.
    ///
    /// # Panics
    ///
    /// When there is no such rank.
    pub fn leave(&self, rank: usize, number: usize) {
        self.0.gone[rank].store(number + 1, Ordering::Release);
    }

    /// Says that every rank is there again.
    pub fn rejoin(&self) {
        for gone in &self.0.gone {
            gone.store(0, Ordering::Release);
        }
    }

    /// Makes an aborted group usable again: forgets every message and every half-finished call.
    /// To be called when no rank is inside a call.
    pub fn reset(&self) {
        let culprit = lock(&self.0.culprit);
        lock(&self.0.contexts).retain(|context| {
            let Some(context) = context.upgrade() else { return false };
            context.clear();
            true
        });
        if self.is_aborted() {
            self.0.epoch.fetch_add(1, Ordering::AcqRel);
        }
        drop(culprit);
    }

    /// Sets, or takes away, what waiting threads ask about every 50 ms. If it answers `true`, the
    /// call fails with [`CommError::Interrupted`].
    pub fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        *self.0.interrupt.write().unwrap_or_else(PoisonError::into_inner) = interrupt;
    }
}
