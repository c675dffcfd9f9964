//! The shared half of one communicator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::mailbox::Mailbox;
use super::root::Root;
use super::round::{Deposit, Round};
use crate::call::{Call, Operation};
use crate::sync::lock;
use crate::{CommError, Result, SharedObject};

/// What the ranks of one communicator share.
pub(super) struct Context {
    pub root: Arc<Root>,
    /// The rank in the whole group of each rank.
    pub members: Vec<usize>,
    pub mailboxes: Vec<Mailbox>,
    round: Round,
    /// The last collective call of each rank, packed.
    progress: Vec<AtomicU64>,
}

impl Context {
    pub fn new(root: Arc<Root>, members: Vec<usize>) -> Arc<Self> {
        let size = members.len();
        let context = Arc::new(Self {
            root,
            members,
            mailboxes: (0..size).map(|_| Mailbox::new(size)).collect(),
            round: Round::new(size),
            progress: (0..size).map(|_| AtomicU64::new(0)).collect(),
        });
        let mut contexts = lock(&context.root.contexts);
        contexts.retain(|other| other.strong_count() > 0);
        contexts.push(Arc::downgrade(&context));
        drop(contexts);
        context
    }

    pub fn check_rank(&self, rank: usize) -> Result<()> {
        let size = self.members.len();
        if rank < size { Ok(()) } else { Err(CommError::InvalidRank { rank, size }) }
    }

    /// Fails if nobody is left from whom `rank` can receive: `source`, or any other rank.
    pub fn check_source(&self, rank: usize, source: Option<usize>) -> Result<()> {
        if let Some(source) = source {
            return self.root.check_present(self.members[source]);
        }
        let others = self.members.iter().enumerate().filter(|&(other, _)| other != rank);
        let mut presence = others.map(|(_, &member)| self.root.check_present(member));
        // A rank may still send to itself from another thread, so alone it waits.
        let Some(first) = presence.next() else { return Ok(()) };
        presence.fold(first, Result::or)
    }

    /// Wakes `rank`, to look for what it is waiting for.
    pub fn notify(&self, rank: usize) {
        self.root.signals[self.members[rank]].notify();
    }

    /// Notes that `rank` begins a collective call.
    pub fn begin(&self, rank: usize, operation: Operation, root: usize) -> Result<(u64, Call)> {
        let epoch = self.root.enter()?;
        let progress = &self.progress[rank];
        let last = (progress.load(Ordering::Relaxed) >> 32) as u32;
        let call = Call { sequence: last.wrapping_add(1), operation, root: root as u32 };
        progress.store(call.pack(), Ordering::Relaxed);
        Ok((epoch, call))
    }

    /// Fails if a rank is in another call than `rank` at the same place of the sequence.
    pub fn check_progress(&self, rank: usize, call: Call) -> Result<()> {
        let mut others = self.progress.iter().enumerate();
        let other = others.find_map(|(other, progress)| {
            let theirs = Call::unpack(progress.load(Ordering::Relaxed))?;
            (theirs.sequence == call.sequence && theirs != call).then_some((other, theirs))
        });
        other.map_or(Ok(()), |(other, theirs)| Err(mismatch(rank, call, other, theirs)))
    }

    /// Waits until every rank has come; returns everybody's objects (none if there are none).
    pub fn meet(
        &self,
        rank: usize,
        operation: Operation,
        object: Option<SharedObject>,
    ) -> Result<Vec<SharedObject>> {
        let (epoch, call) = self.begin(rank, operation, 0)?;
        let (ticket, last) = self.round.join(rank, Deposit { call, object });
        if last {
            for other in (0..self.members.len()).filter(|&other| other != rank) {
                self.notify(other);
            }
        }
        let deposits = self.root.wait(
            self.members[rank],
            epoch,
            || self.round.leave(ticket),
            || {
                self.check_progress(rank, call)?;
                self.members.iter().try_for_each(|&member| self.root.check_present(member))
            },
        )?;
        for (other, deposit) in deposits.iter().enumerate() {
            if deposit.call != call {
                return Err(mismatch(rank, call, other, deposit.call));
            }
        }
        Ok(deposits.iter().filter_map(|deposit| deposit.object.clone()).collect())
    }

    /// Sends a part of a collective call.
    pub fn send_part(&self, source: usize, dest: usize, call: Call, data: Vec<u8>) {
        self.mailboxes[dest].deliver_part(source, call, data);
        self.notify(dest);
    }

    /// Waits for a part of a collective call from `source`.
    pub fn receive_part(
        &self,
        rank: usize,
        source: usize,
        epoch: u64,
        call: Call,
    ) -> Result<Vec<u8>> {
        let (theirs, data) = self.root.wait(
            self.members[rank],
            epoch,
            self.mailboxes[rank].take_part(source),
            || {
                self.check_progress(rank, call)?;
                self.root.check_present(self.members[source])
            },
        )?;
        if theirs == call { Ok(data) } else { Err(mismatch(rank, call, source, theirs)) }
    }

    /// Forgets all messages and half-finished calls.
    pub fn clear(&self) {
        self.mailboxes.iter().for_each(Mailbox::clear);
        self.round.clear();
        for progress in &self.progress {
            progress.store(0, Ordering::Relaxed);
        }
    }
}

fn mismatch(rank: usize, call: Call, other_rank: usize, theirs: Call) -> CommError {
    CommError::Mismatch { rank, call: call.to_string(), other_rank, other_call: theirs.to_string() }
}
