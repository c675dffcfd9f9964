//! Ranks that are threads of one process.
//!
//! - `root`: what a group and everything split from it share, and how a rank waits;
//! - `signal`: a brief spin, then sleep;
//! - `context`: the shared half of one communicator, made of a `mailbox` for each rank and a `round`
//!   at which all meet.

mod context;
mod mailbox;
mod root;
mod round;
mod signal;

use std::sync::Arc;

pub use root::Group;

use crate::call::Operation;
use context::Context;
use root::Root;

use crate::{CommError, Communicator, Envelope, Message, Result, SharedMemory, SharedObject};

/// A rank among threads of this process.
#[derive(Clone)]
pub struct InProcess {
    context: Arc<Context>,
    rank: usize,
}

impl InProcess {
    /// A new group of `size` ranks, in rank order.
    pub fn group(size: usize) -> Vec<Arc<InProcess>> {
        let context = Context::new(Arc::new(Root::new(size)), (0..size).collect());
        (0..size).map(|rank| Arc::new(InProcess { context: context.clone(), rank })).collect()
    }

    /// The host's handle on the whole group that this rank belongs to.
    pub fn handle(&self) -> Group {
        Group(self.context.root.clone())
    }

    /// The number of this rank in the whole group, by which errors name it.
    pub fn group_rank(&self) -> usize {
        self.context.members[self.rank]
    }

    /// Everybody's `data`, without a copy for each reader.
    fn all_gather_shared(&self, operation: Operation, data: Vec<u8>) -> Result<Vec<Arc<Vec<u8>>>> {
        let objects = self.context.meet(self.rank, operation, Some(Arc::new(data)))?;
        Ok(objects.into_iter().filter_map(|object| object.downcast().ok()).collect())
    }

    fn check_count(&self, operation: &'static str, found: usize) -> Result<()> {
        let expected = self.size();
        if found == expected {
            Ok(())
        } else {
            Err(CommError::WrongCount { operation, expected, found })
        }
    }

    /// Brings everybody's `data` to `root`.
    fn collect(
        &self,
        operation: Operation,
        root: usize,
        data: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>> {
        self.context.check_rank(root)?;
        let (epoch, call) = self.context.begin(self.rank, operation, root)?;
        if self.rank != root {
            self.context.send_part(self.rank, root, call, data);
            return Ok(None);
        }
        let mut mine = Some(data);
        let parts = (0..self.size()).map(|source| match mine.take_if(|_| source == root) {
            Some(data) => Ok(data),
            None => self.context.receive_part(self.rank, source, epoch, call),
        });
        parts.collect::<Result<_>>().map(Some)
    }
}

impl Communicator for InProcess {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.context.members.len()
    }

    fn send(&self, dest: usize, tag: i32, data: &[u8]) -> Result<()> {
        self.send_owned(dest, tag, data.to_vec())
    }

    fn send_owned(&self, dest: usize, tag: i32, data: Vec<u8>) -> Result<()> {
        self.context.check_rank(dest)?;
        self.context.root.enter()?;
        let message = Message { source: self.rank, tag, data };
        self.context.mailboxes[dest].deliver_message(message);
        self.context.notify(dest);
        Ok(())
    }

    fn recv(&self, source: Option<usize>, tag: Option<i32>) -> Result<Message> {
        source.map_or(Ok(()), |source| self.context.check_rank(source))?;
        let epoch = self.context.root.enter()?;
        let attempt = self.context.mailboxes[self.rank].take_message(source, tag);
        let stalled = || self.context.check_source(self.rank, source);
        self.context.root.wait(self.group_rank(), epoch, attempt, stalled)
    }

    fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Result<Option<Envelope>> {
        source.map_or(Ok(()), |source| self.context.check_rank(source))?;
        self.context.root.enter()?;
        Ok(self.context.mailboxes[self.rank].probe(source, tag))
    }

    fn barrier(&self) -> Result<()> {
        self.context.meet(self.rank, Operation::Barrier, None).map(drop)
    }

    fn broadcast(&self, root: usize, data: Vec<u8>) -> Result<Vec<u8>> {
        self.context.check_rank(root)?;
        let (epoch, call) = self.context.begin(self.rank, Operation::Broadcast, root)?;
        if self.rank != root {
            return self.context.receive_part(self.rank, root, epoch, call);
        }
        for dest in (0..self.size()).filter(|&dest| dest != root) {
            self.context.send_part(root, dest, call, data.clone());
        }
        Ok(data)
    }

    fn gather(&self, root: usize, data: &[u8]) -> Result<Option<Vec<Vec<u8>>>> {
        self.collect(Operation::Gather, root, data.to_vec())
    }

    fn scatter(&self, root: usize, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>> {
        self.context.check_rank(root)?;
        let (epoch, call) = self.context.begin(self.rank, Operation::Scatter, root)?;
        if self.rank != root {
            return self.context.receive_part(self.rank, root, epoch, call);
        }
        let parts = parts.unwrap_or_default();
        self.check_count("scatter", parts.len())?;
        let mut mine = Vec::new();
        for (dest, part) in parts.into_iter().enumerate() {
            if dest == root {
                mine = part;
            } else {
                self.context.send_part(root, dest, call, part);
            }
        }
        Ok(mine)
    }

    fn all_gather(&self, data: &[u8]) -> Result<Vec<Vec<u8>>> {
        let parts = self.all_gather_shared(Operation::AllGather, data.to_vec())?;
        Ok(parts.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    fn all_to_all(&self, parts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        self.check_count("all_to_all", parts.len())?;
        let (epoch, call) = self.context.begin(self.rank, Operation::AllToAll, 0)?;
        for (dest, part) in parts.into_iter().enumerate() {
            self.context.send_part(self.rank, dest, call, part);
        }
        (0..self.size())
            .map(|source| self.context.receive_part(self.rank, source, epoch, call))
            .collect()
    }

    fn exchange(
        &self,
        sends: Vec<(usize, Vec<u8>)>,
        receive_from: &[usize],
    ) -> Result<Vec<(usize, Vec<u8>)>> {
        let ranks = sends.iter().map(|(dest, _)| dest).chain(receive_from);
        ranks.into_iter().try_for_each(|&rank| self.context.check_rank(rank))?;
        let epoch = self.context.root.enter()?;
        for (dest, data) in sends {
            self.context.mailboxes[dest].deliver_exchanged(self.rank, data);
            self.context.notify(dest);
        }
        let mailbox = &self.context.mailboxes[self.rank];
        let receive = |&source: &usize| {
            let attempt = mailbox.take_exchanged(source);
            let stalled = || self.context.check_source(self.rank, Some(source));
            let data = self.context.root.wait(self.group_rank(), epoch, attempt, stalled)?;
            Ok((source, data))
        };
        receive_from.iter().map(receive).collect()
    }

    fn reduce(
        &self,
        root: usize,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Option<Vec<u8>>> {
        let Some(parts) = self.collect(Operation::Reduce, root, data)? else { return Ok(None) };
        Ok(parts.into_iter().reduce(|mut total, part| {
            combine(&mut total, &part);
            total
        }))
    }

    fn all_reduce(
        &self,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Vec<u8>> {
        // Every rank folds for itself: one meeting instead of two, and no rank idles meanwhile.
        let mut parts = self.all_gather_shared(Operation::AllReduce, data)?.into_iter();
        let mut total = parts.next().map(Arc::unwrap_or_clone).unwrap_or_default();
        for part in parts {
            combine(&mut total, &part);
        }
        Ok(total)
    }

    fn split(&self, color: Option<i32>, key: i64) -> Result<Option<Arc<dyn Communicator>>> {
        let wishes =
            self.context.meet(self.rank, Operation::Split, Some(Arc::new((color, key))))?;
        let mut members: Vec<(i64, usize)> = (wishes.iter().enumerate())
            .filter_map(|(rank, wish)| Some((rank, wish.downcast_ref::<(Option<i32>, i64)>()?)))
            .filter(|(_, (other, _))| color.is_some() && *other == color)
            .map(|(rank, &(_, key))| (key, rank))
            .collect();
        members.sort_unstable();
        let leader = members.first().is_some_and(|&(_, rank)| rank == self.rank);
        let context = leader.then(|| {
            let ranks = members.iter().map(|&(_, rank)| self.context.members[rank]).collect();
            Context::new(self.context.root.clone(), ranks)
        });
        let contexts = self.context.meet(self.rank, Operation::Split, Some(Arc::new(context)))?;
        let Some(&(_, leader)) = members.first() else { return Ok(None) };
        let context = contexts[leader].downcast_ref::<Option<Arc<Context>>>().cloned().flatten();
        let rank = members.iter().position(|&(_, rank)| rank == self.rank);
        Ok(context.zip(rank).map(|(context, rank)| -> Arc<dyn Communicator> {
            Arc::new(InProcess { context, rank })
        }))
    }

    fn abort(&self, culprit: usize, reason: &str) {
        self.handle().abort(culprit, reason);
    }

    fn shared(&self) -> Option<&dyn SharedMemory> {
        Some(self)
    }
}

impl SharedMemory for InProcess {
    fn share(&self, mine: SharedObject) -> Result<Vec<SharedObject>> {
        self.context.meet(self.rank, Operation::Share, Some(mine))
    }
}
