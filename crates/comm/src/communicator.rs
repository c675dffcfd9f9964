//! The interface through which all engines communicate.

use std::any::Any;
use std::sync::Arc;

use crate::Result;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The rank that sent it.
    pub source: usize,
    /// Its tag.
    pub tag: i32,
    /// Its content.
    pub data: Vec<u8>,
}

/// What is known about a message before it is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The rank that sent it.
    pub source: usize,
    /// Its tag.
    pub tag: i32,
    /// The length of its content in bytes.
    pub len: usize,
}

/// Something that ranks of one address space hand to each other.
pub type SharedObject = Arc<dyn Any + Send + Sync>;

/// Asked from time to time by a thread that waits: should it give up? It is called on the
/// waiting thread, which holds no lock.
pub type Interrupt = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a rank sends and receives in a [`Communicator::stream`].
///
/// # Errors
///
/// An error ends the call, which fails with it.
pub trait Flow {
    /// Appends the next message to an empty vector, which may have room from an earlier one; returns
    /// its destination, or `None` when there is none left.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn next(&mut self, message: &mut Vec<u8>) -> Result<Option<usize>>;

    /// Takes the message from the source at this place of the list of sources; gives back the memory,
    /// if it is needed no more.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn take(&mut self, place: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>>;
}

/// One rank's view of a group of ranks that exchange bytes.
///
/// Calls other than [`send`](Self::send), [`recv`](Self::recv), [`probe`](Self::probe),
/// [`exchange`](Self::exchange) and [`stream`](Self::stream) are *collective*: every rank makes the same calls in the same
/// order, one thread of each rank at a time. `send`, `recv` and `probe` may be used from several
/// threads of one rank at once.
///
/// # Errors
///
/// Every call fails with [`CommError::Aborted`](crate::CommError::Aborted) while the group is
/// aborted, with [`InvalidRank`](crate::CommError::InvalidRank) when a rank outside the
/// communicator is named, and with [`Interrupted`](crate::CommError::Interrupted) when the host
/// stops the wait. Implementations that can notice report
/// [`Mismatch`](crate::CommError::Mismatch) when ranks are in different collective calls and
/// [`TimedOut`](crate::CommError::TimedOut) when a wait lasts longer than the host allows.
pub trait Communicator: Send + Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks.
    fn size(&self) -> usize;

    /// Sends a message; returns when `data` may be reused, without waiting for the receiver.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn send(&self, dest: usize, tag: i32, data: &[u8]) -> Result<()>;

    /// As [`send`](Self::send), for data that the caller needs no more, which may save a copy.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn send_owned(&self, dest: usize, tag: i32, data: Vec<u8>) -> Result<()> {
        self.send(dest, tag, &data)
    }

    /// Waits for a message from `source` (`None`: any) with `tag` (`None`: any). Messages from one
    /// rank with one tag arrive in the order in which they were sent.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn recv(&self, source: Option<usize>, tag: Option<i32>) -> Result<Message>;

    /// Looks, without waiting, for a message that [`recv`](Self::recv) would return.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Result<Option<Envelope>>;

    /// Returns once every rank has called it.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn barrier(&self) -> Result<()>;

    /// Gives every rank the `data` of `root`; that of other ranks is ignored.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn broadcast(&self, root: usize, data: Vec<u8>) -> Result<Vec<u8>>;

    /// Gives `root` everybody's `data`, in rank order; other ranks get `None`.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn gather(&self, root: usize, data: &[u8]) -> Result<Option<Vec<Vec<u8>>>>;

    /// Gives rank `i` the `i`-th of the `parts` of `root`; those of other ranks are ignored.
    ///
    /// # Errors
    ///
    /// As described for the trait; [`WrongCount`](crate::CommError::WrongCount) at `root` when
    /// there are not as many parts as ranks.
    fn scatter(&self, root: usize, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>>;

    /// Gives every rank everybody's `data`, in rank order.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn all_gather(&self, data: &[u8]) -> Result<Vec<Vec<u8>>>;

    /// Sends the `i`-th part to rank `i`; returns what each rank sent here, in rank order.
    ///
    /// # Errors
    ///
    /// As described for the trait; [`WrongCount`](crate::CommError::WrongCount) when there are not
    /// as many parts as ranks.
    fn all_to_all(&self, parts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>>;

    /// A sparse all-to-all: sends to the named ranks and receives one message from each rank of
    /// `receive_from`, in that order. Only ranks that talk to each other need to call it, and every
    /// message must be expected by its receiver.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn exchange(
        &self,
        sends: Vec<(usize, Vec<u8>)>,
        receive_from: &[usize],
    ) -> Result<Vec<(usize, Vec<u8>)>>;

    /// As [`exchange`](Self::exchange), of messages that are made when there is room for them, and taken
    /// as they come: in the order in which they were sent from one source, in no order from several.
    /// So a few of them are in memory at a time. Ranks may be named several times, and an exchange
    /// receives what a stream sent. When a `flow` fails, the group is to be aborted.
    ///
    /// # Errors
    ///
    /// As described for the trait; what `flow` fails with.
    fn stream(&self, flow: &mut dyn Flow, receive_from: &[usize]) -> Result<()> {
        let mut sends = Vec::new();
        let mut message = Vec::new();
        while let Some(dest) = flow.next(&mut message)? {
            sends.push((dest, std::mem::take(&mut message)));
        }
        for (place, (_, message)) in self.exchange(sends, receive_from)?.into_iter().enumerate() {
            flow.take(place, message)?;
        }
        Ok(())
    }

    /// Folds everybody's `data` with `combine`, in rank order, at `root`; other ranks get `None`.
    /// `combine` is associative: which neighbours are folded first is up to the implementation.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn reduce(
        &self,
        root: usize,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Option<Vec<u8>>>;

    /// Folds everybody's `data` with `combine`, which is associative, in rank order, for every rank.
    /// With a `combine` that is a function of its arguments alone, all ranks get the same bytes.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn all_reduce(
        &self,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Vec<u8>>;

    /// Makes a communicator for each `color`, of the ranks that gave it, ordered by `key` and then
    /// by rank. A rank with color `None` takes part in the call but gets no communicator. Aborting the
    /// group releases the ranks of every communicator split from it.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn split(&self, color: Option<i32>, key: i64) -> Result<Option<Arc<dyn Communicator>>>;

    /// Releases every rank of the group that this communicator was split from, and of all that was
    /// split from it: each call, blocked or later, fails with
    /// [`CommError::Aborted`](crate::CommError::Aborted), which names `culprit`. Returns at once.
    fn abort(&self, culprit: usize, reason: &str);

    /// The means to hand over pointers, where all ranks share one address space.
    fn shared(&self) -> Option<&dyn SharedMemory>;
}

/// What ranks of one address space can do beyond exchanging bytes.
pub trait SharedMemory {
    /// An all-gather of pointers: every rank gets everybody's object, in rank order. Collective.
    ///
    /// No rank returns before all have called it; nothing is promised about when they *stop*
    /// using what they got: a rank that wants to write to its own object again needs a
    /// [`barrier`](Communicator::barrier) first.
    ///
    /// # Errors
    ///
    /// As those of [`Communicator`].
    fn share(&self, mine: SharedObject) -> Result<Vec<SharedObject>>;
}
