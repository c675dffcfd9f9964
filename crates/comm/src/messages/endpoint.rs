//! A process's end of all its connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};

use super::communicator::MessageCommunicator;
use super::control::Control;
use super::group::{Closed, GroupState, Note, Parcel, WHOLE};
use super::handle::MessageGroup;
use super::header::{Header, Kind, TRAILER};
use super::link::Link;
use super::mailbox::Content;
use super::members::Members;
use super::transport::{Arrival, LEAST_PACKET_LIMIT, Transport};
use super::wait::BackOff;
use crate::sync::lock;
use crate::{CommError, Result};

/// A process's end of a [`Transport`]: the messages of all its groups pass through it.
///
/// There is one for each process (and world of processes); clones are the same endpoint. Messages
/// move only while a thread of the process is in a call: one that waits, or one that begins.
#[derive(Clone)]
pub struct Endpoint(pub(super) Arc<Shared>);

/// What all users of an endpoint share.
///
/// A thread that holds the link may take the post office, and never the other way round: closing
/// something, which takes the post office alone, doesn't wait for a transport.
pub(super) struct Shared {
    /// This process's rank in the world.
    pub rank: usize,
    size: usize,
    /// How many chunks of long messages have arrived.
    pub chunks: AtomicUsize,
    link: Mutex<Link>,
    post: Mutex<PostOffice>,
}

/// Where messages wait for their receivers.
#[derive(Default)]
struct PostOffice {
    groups: HashMap<u64, GroupState>,
    /// What came for groups that this process has not made yet.
    early: HashMap<u64, Vec<Parcel>>,
    closed: Closed,
}

impl Endpoint {
    /// An endpoint over a transport.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the limits of the transport cannot be.
    pub fn new(transport: Box<dyn Transport>) -> Result<Self> {
        let inline = transport.packet_limit().saturating_sub(TRAILER);
        if transport.packet_limit() < LEAST_PACKET_LIMIT
            || transport.inline_limit() > inline
            || transport.chunk_limit() == 0
        {
            return Err(CommError::Transport("the limits of the transport cannot be".into()));
        }
        Ok(Self(Arc::new(Shared {
            rank: transport.rank(),
            size: transport.size(),
            chunks: AtomicUsize::new(0),
            link: Mutex::new(Link::new(transport)),
            post: Mutex::default(),
        })))
    }

    /// The rank of this process in the world.
    pub fn rank(&self) -> usize {
        self.0.rank
    }

    /// The number of processes of the world.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Makes a group of these ranks of the world, in this order, of which this process is one. All of
    /// them make it with the same number and list, without a message, and not necessarily at the
    /// same time; a number is used once. The group is freed with the last of its communicators and
    /// handles.
    ///
    /// # Errors
    ///
    /// [`CommError::InvalidRank`] when a rank is not in the world, [`CommError::Transport`]
    /// when the list is without this process or has a rank twice, or the number is in use.
    pub fn group(&self, number: u64, ranks: &[usize]) -> Result<MessageCommunicator> {
        let size = self.0.size;
        if let Some(&rank) = ranks.iter().find(|&&rank| rank >= size) {
            return Err(CommError::InvalidRank { rank, size });
        }
        let members = Members::new(ranks.to_vec());
        let refused = |why: &str| CommError::Transport(format!("a group cannot be made: {why}"));
        if ranks.iter().enumerate().any(|(index, &rank)| members.index(rank) != Some(index)) {
            return Err(refused("a rank is in it twice"));
        }
        let index = members.index(self.0.rank);
        let index = index.ok_or_else(|| refused("this process is not in it"))?;
        let notes: Vec<Note> = {
            let mut post = lock(&self.0.post);
            if post.groups.contains_key(&number) {
                return Err(refused("its number is in use"));
            }
            let mut state = GroupState::new(number, self.0.rank, members.clone());
            let early = post.early.remove(&number).unwrap_or_default();
            let notes = early.into_iter().flat_map(|parcel| state.file(parcel)).collect();
            post.groups.insert(number, state);
            notes
        };
        let handle = MessageGroup::new(self.0.clone(), number, members.clone());
        self.0.tell(&notes)?;
        Ok(MessageCommunicator::new(handle, WHOLE, members, index))
    }

    /// Aborts a group of other processes, in this epoch of theirs, as
    /// [`MessageGroup::abort`] does for its members: `ranks` are those of the world that are to be
    /// released. `number` and `reason` are what their calls fail with.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the transport fails.
    pub fn abort(
        &self,
        group: u64,
        epoch: u64,
        ranks: &[usize],
        number: usize,
        reason: &str,
    ) -> Result<()> {
        let header = Header { group, context: WHOLE, epoch, kind: Kind::Control, bulk: None };
        let control = Control::Abort { number, reason: reason.to_owned() };
        let notes: Vec<Note> =
            ranks.iter().map(|&dest| Note { dest, header, control: control.clone() }).collect();
        self.0.tell(&notes)
    }

    /// Moves on what is on its way; returns whether anything arrived. Calls do this by themselves; it
    /// is for a process that makes none for long.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the transport fails.
    pub fn progress(&self) -> Result<bool> {
        self.0.progress()
    }

    /// Waits until nothing is on its way from here, or to here that was announced; not longer than
    /// `limit`. Returns whether that is so.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the transport fails.
    pub fn flush(&self, limit: Duration) -> Result<bool> {
        let start = Instant::now();
        let mut back_off = BackOff::new();
        loop {
            self.0.progress()?;
            if !lock(&self.0.link).is_busy() {
                return Ok(true);
            }
            if start.elapsed() >= limit {
                return Ok(false);
            }
            back_off.pause();
        }
    }

    /// Flushes, and lets go of the transport: later calls fail. Returns what
    /// [`flush`](Self::flush) does.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the transport fails; it is closed all the same.
    pub fn close(&self, limit: Duration) -> Result<bool> {
        let flushed = self.flush(limit);
        lock(&self.0.link).close();
        flushed
    }
}

impl Shared {
    /// Takes something that has arrived, unless another thread is at it; returns whether anything has.
    ///
    /// It is one thing at a time: a transport that looks for more and finds nothing may let other
    /// processes run, while somebody here waits for what has been found.
    pub fn progress(&self) -> Result<bool> {
        let mut link = match self.link.try_lock() {
            Ok(link) => link,
            Err(TryLockError::Poisoned(link)) => link.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        match link.transport()?.poll()? {
            None => return Ok(false),
            Some(Arrival::Chunk { source, buffer }) => {
                self.chunks.fetch_add(1, Ordering::Relaxed);
                link.arrived(source, buffer)?;
            }
            Some(Arrival::Packet { source, data }) => {
                let (header, data) = Header::split(data)?;
                let content = match header.bulk {
                    Some(len) => Content::Coming { len, slot: link.announced(source, len)? },
                    None => Content::Here(data),
                };
                let notes = lock(&self.post).file(Parcel { source, header, content });
                notes.iter().try_for_each(|note| link.tell(note))?;
            }
        }
        Ok(true)
    }

    /// Sends a message to a rank of the world.
    pub fn send(&self, dest: usize, header: Header, data: Arc<Vec<u8>>) -> Result<()> {
        if dest != self.rank {
            return lock(&self.link).send(dest, header, &data);
        }
        let content = Content::Here(Arc::unwrap_or_clone(data));
        let notes = lock(&self.post).file(Parcel { source: dest, header, content });
        self.tell(&notes)
    }

    /// A vector that has room from an earlier message of such a length, if there is one.
    pub fn spare(&self, len: usize) -> Vec<u8> {
        lock(&self.link).spare.take(len)
    }

    /// Keeps the memory of a message for later ones.
    pub fn recycle(&self, vector: Vec<u8>) {
        lock(&self.link).spare.give(vector);
    }

    /// Sends what other endpoints are to be told.
    pub fn tell(&self, notes: &[Note]) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let mut link = lock(&self.link);
        notes.iter().try_for_each(|note| link.tell(note))
    }

    /// Does something with what is known of a group, which is there as long as its handle.
    pub fn with<T>(&self, group: u64, action: impl FnOnce(&mut GroupState) -> T) -> T {
        let mut post = lock(&self.post);
        action(post.groups.get_mut(&group).expect("a group lives as long as its handles"))
    }

    pub fn free(&self, group: u64) {
        let mut post = lock(&self.post);
        post.groups.remove(&group);
        post.closed.add(group);
    }
}

impl PostOffice {
    fn file(&mut self, parcel: Parcel) -> Vec<Note> {
        let number = parcel.header.group;
        if let Some(group) = self.groups.get_mut(&number) {
            return group.file(parcel);
        }
        if !self.closed.contains(number) {
            self.early.entry(number).or_default().push(parcel);
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Network;
    use super::*;
    use crate::Communicator;

    #[test]
    fn what_is_dropped_is_freed_and_what_comes_for_it_late_is_too() {
        let network = Network::new(2).with_limits(4, 4);
        let ends: Vec<Endpoint> =
            (0..2).map(|rank| Endpoint::new(network.transport(rank)).unwrap()).collect();
        let contexts = |rank: usize| {
            let post = lock(&ends[rank].0.post);
            let open: usize = post.groups.values().map(GroupState::contexts).sum();
            (open, post.early.values().map(Vec::len).sum::<usize>())
        };
        let settle = || {
            for end in &ends {
                while end.progress().unwrap() {}
            }
        };
        for number in 0..3 {
            let group: Vec<_> =
                ends.iter().map(|end| end.group(number, &[0, 1]).unwrap()).collect();
            std::thread::scope(|scope| {
                for comm in &group {
                    scope.spawn(|| {
                        let part = comm.split(Some(1), 0).unwrap().unwrap();
                        part.send(1 - part.rank(), 0, b"never received").unwrap();
                        part.barrier().unwrap();
                    });
                }
            });
            settle();
            assert_eq!((contexts(0), contexts(1)), ((1, 0), (1, 0)));
            group[0].send(1, 0, b"never received").unwrap();
            group[0].send(1, 0, b"x").unwrap();
            drop(group);
            settle();
            assert_eq!((contexts(0), contexts(1)), ((0, 0), (0, 0)));
        }
        assert_eq!(ends[1].flush(Duration::ZERO), Ok(true));
    }
}
