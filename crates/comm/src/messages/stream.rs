//! Streams: messages that are made when there is room for them, and taken as they come.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::communicator::MessageCommunicator;
use super::header::Kind;
use crate::{Flow, Result};

/// How many messages of a rank are on their way at a time: while one is read by its receiver, the next
/// one is made, and all of them fit into a cache near the core.
const WINDOW: usize = 4;

/// What a rank still has to send and to receive.
struct State<'a> {
    flow: &'a mut dyn Flow,
    /// The places of the sources in the list, by rank of the world.
    expected: HashMap<usize, VecDeque<usize>>,
    /// How many messages are to come.
    missing: usize,
    /// What may not have gone yet.
    sent: VecDeque<Arc<Vec<u8>>>,
    /// Whether there is more to send.
    has_more: bool,
    /// How long the last message was.
    len: usize,
}

/// What can be done next.
enum Next {
    Take(usize, Vec<u8>),
    /// There is room to send.
    Send,
}

impl MessageCommunicator {
    /// A stream.
    pub(super) fn pass(&self, flow: &mut dyn Flow, receive_from: &[usize]) -> Result<()> {
        receive_from.iter().try_for_each(|&rank| self.check_rank(rank))?;
        let epoch = self.enter()?;
        let mut expected: HashMap<usize, VecDeque<usize>> = HashMap::new();
        for (place, &source) in receive_from.iter().enumerate() {
            expected.entry(self.members.rank(source)).or_default().push_back(place);
        }
        let mut state = State {
            flow,
            expected,
            missing: receive_from.len(),
            sent: VecDeque::with_capacity(WINDOW),
            has_more: true,
            len: 0,
        };
        let mut last_source = receive_from.first().copied();
        while state.has_more || state.missing > 0 {
            // Whoever is blamed when nothing happens is still waited for.
            if last_source.is_some_and(|source| !state.expects(self.members.rank(source))) {
                last_source = state.first_expected().and_then(|rank| self.members.index(rank));
            }
            let next = self.waiting(epoch, last_source, None).until(|context| {
                if let Some((source, message)) =
                    context.mailbox.take_any_exchanged(|source| state.expects(source))
                {
                    return Some(Ok(Next::Take(source, message)));
                }
                state.has_room().then_some(Ok(Next::Send))
            })?;
            match next {
                Next::Take(source, message) => {
                    if let Some(vector) = state.take(source, message)? {
                        self.group.0.shared.recycle(vector);
                    }
                }
                Next::Send => self.send_next(epoch, &mut state)?,
            }
        }
        for message in state.sent {
            self.recycle(message);
        }
        Ok(())
    }

    fn send_next(&self, epoch: u64, state: &mut State<'_>) -> Result<()> {
        let shared = &self.group.0.shared;
        let mut message = match state.gone() {
            Some(message) => message,
            None => shared.spare(state.len.max(1)),
        };
        message.clear();
        let Some(dest) = state.flow.next(&mut message)? else {
            shared.recycle(message);
            state.has_more = false;
            return Ok(());
        };
        self.check_rank(dest)?;
        state.len = message.len();
        let message = Arc::new(message);
        state.sent.push_back(message.clone());
        self.post(dest, epoch, Kind::Exchanged, message)?;
        // Arrivals are taken in between.
        shared.progress().map(drop)
    }

    /// Keeps what nobody reads any more.
    fn recycle(&self, message: Arc<Vec<u8>>) {
        if let Some(vector) = Arc::into_inner(message) {
            self.group.0.shared.recycle(vector);
        }
    }
}

impl State<'_> {
    fn expects(&self, source: usize) -> bool {
        self.expected.contains_key(&source)
    }

    fn first_expected(&self) -> Option<usize> {
        self.expected.keys().min().copied()
    }

    fn take(&mut self, source: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>> {
        let Some(places) = self.expected.get_mut(&source) else { return Ok(None) };
        let Some(place) = places.pop_front() else { return Ok(None) };
        if places.is_empty() {
            self.expected.remove(&source);
        }
        self.missing -= 1;
        self.flow.take(place, message)
    }

    /// Whether another message may be sent.
    fn has_room(&self) -> bool {
        let is_on_its_way = |message: &Arc<Vec<u8>>| Arc::strong_count(message) > 1;
        self.has_more && (self.sent.len() < WINDOW || !self.sent.iter().all(is_on_its_way))
    }

    /// A message that has gone, if there are enough others.
    fn gone(&mut self) -> Option<Vec<u8>> {
        if self.sent.len() < WINDOW {
            return None;
        }
        let position = self.sent.iter().position(|message| Arc::strong_count(message) == 1)?;
        Arc::into_inner(self.sent.remove(position)?)
    }
}
