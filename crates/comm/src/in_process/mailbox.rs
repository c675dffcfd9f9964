//! Where messages to one rank wait until they are received.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::signal::Alone;
use crate::call::Call;
use crate::sync::lock;
use crate::{Envelope, Message};

/// The messages to one rank of one communicator.
pub(super) struct Mailbox {
    /// How many parcels have ever arrived, so that a spinning receiver need not take the lock.
    arrivals: Alone<AtomicU64>,
    queues: Mutex<Queues>,
}

#[derive(Default)]
struct Queues {
    /// Messages of `send`, in order of arrival.
    messages: VecDeque<Message>,
    /// Parts of collective calls, by source.
    parts: Vec<VecDeque<(Call, Vec<u8>)>>,
    /// Parcels of `exchange`, by source.
    exchanged: Vec<VecDeque<Vec<u8>>>,
}

impl Queues {
    fn position(&self, source: Option<usize>, tag: Option<i32>) -> Option<usize> {
        self.messages.iter().position(|message| {
            source.is_none_or(|source| source == message.source)
                && tag.is_none_or(|tag| tag == message.tag)
        })
    }
}

impl Mailbox {
    pub fn new(size: usize) -> Self {
        let queues = Queues {
            messages: VecDeque::new(),
            parts: vec![VecDeque::new(); size],
            exchanged: vec![VecDeque::new(); size],
        };
        Self { arrivals: Alone(AtomicU64::new(0)), queues: Mutex::new(queues) }
    }

    fn deliver(&self, put: impl FnOnce(&mut Queues)) {
        let mut queues = lock(&self.queues);
        put(&mut queues);
        self.arrivals.0.fetch_add(1, Ordering::Release);
    }

    pub fn deliver_message(&self, message: Message) {
        self.deliver(|queues| queues.messages.push_back(message));
    }

    pub fn deliver_part(&self, source: usize, call: Call, data: Vec<u8>) {
        self.deliver(|queues| queues.parts[source].push_back((call, data)));
    }

    pub fn deliver_exchanged(&self, source: usize, data: Vec<u8>) {
        self.deliver(|queues| queues.exchanged[source].push_back(data));
    }

    pub fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Option<Envelope> {
        let queues = lock(&self.queues);
        let message = &queues.messages[queues.position(source, tag)?];
        Some(Envelope { source: message.source, tag: message.tag, len: message.data.len() })
    }

    /// An attempt to take a matching message, for repeated calls.
    pub fn take_message(
        &self,
        source: Option<usize>,
        tag: Option<i32>,
    ) -> impl FnMut() -> Option<Message> {
        self.taking(move |queues| {
            let position = queues.position(source, tag)?;
            queues.messages.remove(position)
        })
    }

    /// An attempt to take the next part of a collective call from `source`.
    pub fn take_part(&self, source: usize) -> impl FnMut() -> Option<(Call, Vec<u8>)> {
        self.taking(move |queues| queues.parts[source].pop_front())
    }

    /// An attempt to take the next exchanged parcel from `source`.
    pub fn take_exchanged(&self, source: usize) -> impl FnMut() -> Option<Vec<u8>> {
        self.taking(move |queues| queues.exchanged[source].pop_front())
    }

    fn taking<T>(
        &self,
        mut take: impl FnMut(&mut Queues) -> Option<T>,
    ) -> impl FnMut() -> Option<T> {
        let mut seen = None;
        move || {
            let arrivals = self.arrivals.0.load(Ordering::Acquire);
            if seen == Some(arrivals) {
                return None;
            }
            seen = Some(arrivals);
            take(&mut lock(&self.queues))
        }
    }

    pub fn clear(&self) {
        let mut queues = lock(&self.queues);
        queues.messages.clear();
        queues.parts.iter_mut().for_each(VecDeque::clear);
        queues.exchanged.iter_mut().for_each(VecDeque::clear);
    }
}
