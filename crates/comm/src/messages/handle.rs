//! The host's handle on a group.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::endpoint::{Endpoint, Shared};
use super::group::GroupState;
use super::members::Members;
use crate::Interrupt;

/// This process's handle on a group of processes: to release them when one gives up, and to make
/// them usable again. Clones are the same handle.
#[derive(Clone)]
pub struct MessageGroup(pub(super) Arc<Handle>);

pub(super) struct Handle {
    pub shared: Arc<Shared>,
    pub number: u64,
    pub members: Arc<Members>,
    host: RwLock<Host>,
}

/// What the host wants of those who wait.
#[derive(Clone, Default)]
pub(super) struct Host {
    pub interrupt: Option<Interrupt>,
    pub timeout: Option<Duration>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.free(self.number);
    }
}

impl Handle {
    pub fn host(&self) -> Host {
        self.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn with<T>(&self, action: impl FnOnce(&mut GroupState) -> T) -> T {
        self.shared.with(self.number, action)
    }
}

impl MessageGroup {
    pub(super) fn new(shared: Arc<Shared>, number: u64, members: Arc<Members>) -> Self {
        Self(Arc::new(Handle { shared, number, members, host: RwLock::default() }))
    }

    /// The number of ranks of the whole group.
    pub fn size(&self) -> usize {
        self.0.members.len()
    }

    /// The endpoint that it belongs to.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint(self.0.shared.clone())
    }

    /// Releases every rank: each blocked or later call, on the group or on anything split from it,
    /// fails with [`CommError::Aborted`](crate::CommError::Aborted), here at once and elsewhere when
    /// the news has come. The first abort that a rank hears of is the one that it reports; others are
    /// ignored until [`reset`](Self::reset). Of a long reason others hear the beginning.
    pub fn abort(&self, rank: usize, reason: impl AsRef<str>) {
        let notes = self.0.with(|group| group.abort(rank, reason.as_ref()));
        // There is nobody to tell of a transport that fails: those who wait find out themselves.
        let _ = self.0.shared.tell(&notes);
    }

    /// Whether this rank knows that the group is aborted.
    pub fn is_aborted(&self) -> bool {
        let _ = self.0.shared.progress();
        self.0.with(|group| group.is_aborted())
    }

    /// The epoch that the group is in here: 0, or that of the last [`reset`](Self::reset).
    pub fn epoch(&self) -> u64 {
        self.0.with(|group| group.epoch)
    }

    /// Makes the group usable again on this rank: forgets every message and every half-finished call,
    /// and begins an epoch. Whoever drives the ranks has all of them do this, with the same number,
    /// greater than any before. Messages pass between ranks in the same epoch only: those of an
    /// older one are dropped, those of a newer one wait.
    ///
    /// To be called when no thread of this process is inside a call.
    pub fn reset(&self, epoch: u64) {
        let notes = self.0.with(|group| group.reset(epoch));
        let _ = self.0.shared.tell(&notes);
    }

    /// Says that this rank enters a user's function that it may leave before others do. All ranks
    /// number their common functions alike, each with a greater number than the one before.
    pub fn enter(&self, generation: u64) {
        let notes = self.0.with(|group| {
            let notes = group.presence.enter(generation);
            group.notes(notes)
        });
        let _ = self.0.shared.tell(&notes);
    }

    /// Says that this rank has left the function that it entered; `number` is how errors name it.
    /// Whoever waits for it in that function, or comes to wait, fails with
    /// [`CommError::Gone`](crate::CommError::Gone), after a moment, unless what it waits for is there
    /// already. This rank has to be in calls now and then for others to be told.
    pub fn leave(&self, number: usize) {
        let notes = self.0.with(|group| {
            let notes = group.presence.leave(number);
            group.notes(notes)
        });
        let _ = self.0.shared.tell(&notes);
    }

    /// Sets, or takes away, what waiting threads of this process ask about every 50 ms. If it answers
    /// `true`, the call fails with [`CommError::Interrupted`](crate::CommError::Interrupted).
    pub fn set_interrupt(&self, interrupt: Option<Interrupt>) {
        self.0.host.write().unwrap_or_else(PoisonError::into_inner).interrupt = interrupt;
    }

    /// Sets, or takes away, how long threads of this process wait for one message, or for the next
    /// chunk of long ones, before the call fails with
    /// [`CommError::TimedOut`](crate::CommError::TimedOut). At first there is no limit.
    pub fn set_timeout(&self, timeout: Option<Duration>) {
        self.0.host.write().unwrap_or_else(PoisonError::into_inner).timeout = timeout;
    }
}
