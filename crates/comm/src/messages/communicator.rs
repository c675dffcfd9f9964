//! The communicator of processes that exchange messages.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::control::Poison;
use super::handle::MessageGroup;
use super::header::{Header, Kind};
use super::members::Members;
use super::wait::Waiting;
use crate::call::{Call, Operation};
use crate::{CommError, Communicator, Envelope, Flow, Message, Result, SharedMemory};

/// A rank among processes that exchange messages. It is freed when it is dropped.
pub struct MessageCommunicator {
    pub(super) group: MessageGroup,
    pub(super) context: u64,
    pub(super) members: Arc<Members>,
    pub(super) rank: usize,
    /// Whether the same communicator may be made again when this one is freed.
    may_return: bool,
}

impl Drop for MessageCommunicator {
    fn drop(&mut self) {
        self.group.0.with(|group| group.close(self.context, self.may_return));
    }
}

impl MessageCommunicator {
    pub(super) fn new(
        group: MessageGroup,
        context: u64,
        members: Arc<Members>,
        rank: usize,
    ) -> Self {
        Self { group, context, members, rank, may_return: false }
    }

    /// The host's handle on the whole group that this rank belongs to.
    pub fn handle(&self) -> MessageGroup {
        self.group.clone()
    }

    /// The communicator of some of the ranks of this one, in this order, this rank among them. All of
    /// them call it, without a message and not necessarily at the same time; others don't. Each
    /// has one communicator of the same list at a time.
    ///
    /// # Errors
    ///
    /// [`CommError::InvalidRank`] when a rank is not in this communicator;
    /// [`CommError::Transport`] when the list is without this rank or has a rank twice, or its
    /// communicator is there already.
    pub fn subset(&self, ranks: &[usize]) -> Result<MessageCommunicator> {
        ranks.iter().try_for_each(|&rank| self.check_rank(rank))?;
        let context = derived(("subset", self.context, ranks));
        let world = ranks.iter().map(|&rank| self.members.rank(rank)).collect();
        let refused = || CommError::Transport("this rank is not in the subset".into());
        let rank = ranks.iter().position(|&rank| rank == self.rank).ok_or_else(refused)?;
        let mut subset = self.part(context, world, rank)?;
        subset.may_return = true;
        Ok(subset)
    }

    /// As [`send`](Communicator::send), for data that several messages have in common. Takes nothing
    /// that arrives: who calls this sees to that, too.
    ///
    /// # Errors
    ///
    /// As those of [`Communicator`].
    pub fn send_shared(&self, dest: usize, tag: i32, data: Arc<Vec<u8>>) -> Result<()> {
        self.check_rank(dest)?;
        let epoch = self.group.0.with(|group| group.enter())?;
        self.post(dest, epoch, Kind::Message(tag), data)
    }

    /// The message that [`recv`](Communicator::recv) would return, if it is here. Moves nothing on: who
    /// waits for one of several things calls [`Endpoint::progress`](super::Endpoint::progress) in
    /// between.
    ///
    /// # Errors
    ///
    /// As those of [`Communicator`].
    pub fn try_recv(&self, source: Option<usize>, tag: Option<i32>) -> Result<Option<Message>> {
        source.map_or(Ok(()), |source| self.check_rank(source))?;
        let from = source.map(|source| self.members.rank(source));
        let taken = self.group.0.with(|group| {
            group.enter()?;
            Ok(group.context(self.context).mailbox.take_message(from, tag))
        })?;
        Ok(taken.map(|message| Message {
            source: self.members.index(message.source).unwrap_or_default(),
            ..message
        }))
    }

    /// A communicator of these ranks of the world.
    fn part(&self, context: u64, ranks: Vec<usize>, rank: usize) -> Result<MessageCommunicator> {
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(CommError::Transport("a rank is in a communicator twice".into()));
        }
        let members = Members::new(ranks);
        if !self.group.0.with(|group| group.open(context, members.clone())) {
            return Err(CommError::Transport("a communicator is made twice".into()));
        }
        Ok(Self::new(self.group.clone(), context, members, rank))
    }

    pub(super) fn check_rank(&self, rank: usize) -> Result<()> {
        let size = self.members.len();
        if rank < size { Ok(()) } else { Err(CommError::InvalidRank { rank, size }) }
    }

    fn check_count(&self, operation: &'static str, found: usize) -> Result<()> {
        let expected = self.members.len();
        if found == expected {
            Ok(())
        } else {
            Err(CommError::WrongCount { operation, expected, found })
        }
    }

    /// The epoch in which a call begins.
    pub(super) fn enter(&self) -> Result<u64> {
        // A process that only ever sends is to take what arrives, too, an abort above all.
        self.group.0.shared.progress()?;
        self.group.0.with(|group| group.enter())
    }

    pub(super) fn post(
        &self,
        dest: usize,
        epoch: u64,
        kind: Kind,
        data: Arc<Vec<u8>>,
    ) -> Result<()> {
        let (group, context) = (self.group.0.number, self.context);
        let header = Header { group, context, epoch, kind, bulk: None };
        self.group.0.shared.send(self.members.rank(dest), header, data)
    }

    pub(super) fn waiting(
        &self,
        epoch: u64,
        source: Option<usize>,
        call: Option<Call>,
    ) -> Waiting<'_> {
        let source = source.map(|source| self.members.rank(source));
        let (context, rank) = (self.context, self.rank);
        Waiting { handle: &self.group.0, context, rank, epoch, source, call }
    }

    /// Begins a collective call.
    pub(super) fn begin(&self, operation: Operation, root: usize) -> Result<(u64, Call)> {
        self.check_rank(root)?;
        self.group.0.shared.progress()?;
        let (begun, notes) =
            self.group.0.with(|group| group.begin(self.context, self.rank, operation, root));
        self.group.0.shared.tell(&notes)?;
        begun
    }

    /// Sends a part of a collective call.
    pub(super) fn send_part(
        &self,
        dest: usize,
        (epoch, call): (u64, Call),
        data: Arc<Vec<u8>>,
    ) -> Result<()> {
        self.post(dest, epoch, Kind::Part(call), data)
    }

    /// Waits for a part of a collective call. If there will be none, those who take part in the call
    /// are told: what some of them wait for may depend on it.
    pub(super) fn receive_part(
        &self,
        source: usize,
        (epoch, call): (u64, Call),
    ) -> Result<Vec<u8>> {
        let from = self.members.rank(source);
        let mut poison = None;
        let received = self.waiting(epoch, Some(source), Some(call)).until(|context| {
            let taken = context.mailbox.take_part(from, call)?;
            Some(taken.map_err(|theirs| {
                let (rank, other_rank) = (self.rank, source);
                let mismatch = Poison::Mismatch { rank, call, other_rank, other_call: theirs };
                poison = Some(mismatch);
                mismatch.error(self.rank, call)
            }))
        });
        if let Err(CommError::Gone { rank: number }) = received {
            poison = Some(Poison::Gone { number });
        }
        if let Some(poison) = poison {
            let poisoned =
                self.group.0.with(|group| group.poison(self.context, call.sequence, poison));
            self.group.0.shared.tell(&poisoned)?;
        }
        received
    }
}

impl Communicator for MessageCommunicator {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.members.len()
    }

    fn send(&self, dest: usize, tag: i32, data: &[u8]) -> Result<()> {
        self.send_owned(dest, tag, data.to_vec())
    }

    fn send_owned(&self, dest: usize, tag: i32, data: Vec<u8>) -> Result<()> {
        self.check_rank(dest)?;
        let epoch = self.enter()?;
        self.post(dest, epoch, Kind::Message(tag), Arc::new(data))
    }

    fn recv(&self, source: Option<usize>, tag: Option<i32>) -> Result<Message> {
        source.map_or(Ok(()), |source| self.check_rank(source))?;
        let epoch = self.enter()?;
        let from = source.map(|source| self.members.rank(source));
        let mut message = self
            .waiting(epoch, source, None)
            .until(|context| context.mailbox.take_message(from, tag).map(Ok))?;
        message.source = self.members.index(message.source).unwrap_or_default();
        Ok(message)
    }

    fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Result<Option<Envelope>> {
        source.map_or(Ok(()), |source| self.check_rank(source))?;
        self.enter()?;
        let from = source.map(|source| self.members.rank(source));
        let found = self.group.0.with(|group| group.context(self.context).mailbox.probe(from, tag));
        Ok(found.map(|envelope| Envelope {
            source: self.members.index(envelope.source).unwrap_or_default(),
            ..envelope
        }))
    }

    fn barrier(&self) -> Result<()> {
        self.meet()
    }

    fn broadcast(&self, root: usize, data: Vec<u8>) -> Result<Vec<u8>> {
        self.spread(root, data)
    }

    fn gather(&self, root: usize, data: &[u8]) -> Result<Option<Vec<Vec<u8>>>> {
        self.collect(root, data.to_vec())
    }

    fn scatter(&self, root: usize, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>> {
        let call = self.begin(Operation::Scatter, root)?;
        let parts = parts.filter(|_| self.rank == root);
        if self.rank == root {
            self.check_count("scatter", parts.as_ref().map_or(0, Vec::len))?;
        }
        self.deal(root, call, parts)
    }

    fn all_gather(&self, data: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.collect_for_all(Operation::AllGather, data.to_vec())
    }

    fn all_to_all(&self, parts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        self.check_count("all_to_all", parts.len())?;
        self.transpose(parts)
    }

    fn exchange(
        &self,
        sends: Vec<(usize, Vec<u8>)>,
        receive_from: &[usize],
    ) -> Result<Vec<(usize, Vec<u8>)>> {
        let ranks = sends.iter().map(|(dest, _)| dest).chain(receive_from);
        ranks.into_iter().try_for_each(|&rank| self.check_rank(rank))?;
        let epoch = self.enter()?;
        for (dest, data) in sends {
            self.post(dest, epoch, Kind::Exchanged, Arc::new(data))?;
        }
        let receive = |&source: &usize| {
            let from = self.members.rank(source);
            let data = self
                .waiting(epoch, Some(source), None)
                .until(|context| context.mailbox.take_exchanged(from).map(Ok))?;
            Ok((source, data))
        };
        receive_from.iter().map(receive).collect()
    }

    fn stream(&self, flow: &mut dyn Flow, receive_from: &[usize]) -> Result<()> {
        self.pass(flow, receive_from)
    }

    fn reduce(
        &self,
        root: usize,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Option<Vec<u8>>> {
        self.fold(root, data, combine)
    }

    fn all_reduce(
        &self,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Vec<u8>> {
        self.fold_for_all(data, combine)
    }

    fn split(&self, color: Option<i32>, key: i64) -> Result<Option<Arc<dyn Communicator>>> {
        let mine = color.map_or(i64::MIN, i64::from);
        let wish = [mine.to_le_bytes(), key.to_le_bytes()].concat();
        let call = self.begin(Operation::Split, 0)?;
        let wishes = self.collect_parts(call, wish)?;
        let Some(color) = color else { return Ok(None) };
        let mut members = Vec::new();
        for (rank, theirs) in wishes.iter().enumerate() {
            let ([theirs, key], []) = theirs.as_chunks() else {
                return Err(CommError::Transport("a wish for a split is unreadable".into()));
            };
            if i64::from_le_bytes(*theirs) == mine {
                members.push((i64::from_le_bytes(*key), rank));
            }
        }
        members.sort_unstable();
        let rank = members.iter().position(|&(_, rank)| rank == self.rank).unwrap_or_default();
        let ranks = members.iter().map(|&(_, rank)| self.members.rank(rank)).collect();
        // Nowhere else do these four meet.
        let context = derived(("split", self.context, call.0, call.1.sequence, color));
        Ok(Some(Arc::new(self.part(context, ranks, rank)?)))
    }

    fn abort(&self, culprit: usize, reason: &str) {
        self.group.abort(culprit, reason);
    }

    fn shared(&self) -> Option<&dyn SharedMemory> {
        None
    }
}

/// The number of a communicator, which all its ranks derive by themselves from the same things.
fn derived(from: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    from.hash(&mut hasher);
    hasher.finish()
}
