//! Where messages to one rank of one communicator wait until they are received.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crate::call::Call;
use crate::sync::lock;
use crate::{Envelope, Message};

/// A place for the content of a message that is still on its way.
pub type Slot = Arc<Mutex<Option<Vec<u8>>>>;

/// The content of a message that was announced.
#[derive(Debug)]
pub enum Content {
    Here(Vec<u8>),
    Coming { len: usize, slot: Slot },
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Here(data) => data.len(),
            Self::Coming { len, .. } => *len,
        }
    }

    fn is_here(&self) -> bool {
        match self {
            Self::Here(_) => true,
            Self::Coming { slot, .. } => lock(slot).is_some(),
        }
    }

    /// The content, which must be here.
    fn take(self) -> Vec<u8> {
        match self {
            Self::Here(data) => data,
            Self::Coming { slot, .. } => lock(&slot).take().unwrap_or_default(),
        }
    }
}

struct Letter {
    source: usize,
    tag: i32,
    content: Content,
}

/// The messages to one rank of one communicator; sources are ranks of the world.
#[derive(Default)]
pub struct Mailbox {
    /// Messages of `send`, in order of arrival.
    messages: VecDeque<Letter>,
    /// Parts of collective calls, by source.
    parts: HashMap<usize, VecDeque<(Call, Content)>>,
    /// Parcels of `exchange`, by source.
    exchanged: HashMap<usize, VecDeque<Content>>,
}

impl Mailbox {
    pub fn put_message(&mut self, source: usize, tag: i32, content: Content) {
        self.messages.push_back(Letter { source, tag, content });
    }

    pub fn put_part(&mut self, source: usize, call: Call, content: Content) {
        self.parts.entry(source).or_default().push_back((call, content));
    }

    pub fn put_exchanged(&mut self, source: usize, content: Content) {
        self.exchanged.entry(source).or_default().push_back(content);
    }

    /// The first message that matches and is here, unless one from the same source comes before it.
    fn position(&self, source: Option<usize>, tag: Option<i32>) -> Option<usize> {
        let mut waited_for = Vec::new();
        let mut matching = self.messages.iter().enumerate().filter(|(_, letter)| {
            source.is_none_or(|source| source == letter.source)
                && tag.is_none_or(|tag| tag == letter.tag)
        });
        matching.find_map(|(position, letter)| {
            if waited_for.contains(&letter.source) {
                return None;
            }
            if !letter.content.is_here() {
                waited_for.push(letter.source);
                return None;
            }
            Some(position)
        })
    }

    pub fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Option<Envelope> {
        let letter = &self.messages[self.position(source, tag)?];
        Some(Envelope { source: letter.source, tag: letter.tag, len: letter.content.len() })
    }

    pub fn take_message(&mut self, source: Option<usize>, tag: Option<i32>) -> Option<Message> {
        let letter = self.messages.remove(self.position(source, tag)?)?;
        Some(Message { source: letter.source, tag: letter.tag, data: letter.content.take() })
    }

    /// The next part from `source`, if it is of this call; `Err` with its call if it is not.
    pub fn take_part(
        &mut self,
        source: usize,
        call: Call,
    ) -> Option<std::result::Result<Vec<u8>, Call>> {
        let queue = self.parts.get_mut(&source)?;
        let (theirs, content) = queue.front()?;
        if *theirs != call {
            return Some(Err(*theirs));
        }
        if !content.is_here() {
            return None;
        }
        queue.pop_front().map(|(_, content)| Ok(content.take()))
    }

    pub fn take_exchanged(&mut self, source: usize) -> Option<Vec<u8>> {
        let queue = self.exchanged.get_mut(&source)?;
        if !queue.front()?.is_here() {
            return None;
        }
        let taken = queue.pop_front().map(Content::take);
        if queue.is_empty() {
            self.exchanged.remove(&source);
        }
        taken
    }

    /// The next parcel from any of those sources that `wanted` is true for.
    pub fn take_any_exchanged(
        &mut self,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<(usize, Vec<u8>)> {
        let is_here = |queue: &VecDeque<Content>| queue.front().is_some_and(Content::is_here);
        let ready = self.exchanged.iter().filter(|(_, queue)| is_here(queue));
        let source = ready.map(|(&source, _)| source).find(|&source| wanted(source))?;
        self.take_exchanged(source).map(|message| (source, message))
    }

    /// Whether something that `source` announced is still on its way.
    pub fn expects(&self, source: usize) -> bool {
        let letters = self.messages.iter().filter(|letter| letter.source == source);
        let parts = self.parts.get(&source).into_iter().flatten();
        let exchanged = self.exchanged.get(&source).into_iter().flatten();
        let all = letters.map(|letter| &letter.content).chain(parts.map(|(_, content)| content));
        all.chain(exchanged).any(|content| !content.is_here())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_on_its_way_holds_up_those_that_its_sender_sent_later() {
        let mut mailbox = Mailbox::default();
        let slot = Slot::default();
        mailbox.put_message(1, 0, Content::Coming { len: 4, slot: slot.clone() });
        mailbox.put_message(1, 0, Content::Here(vec![2]));
        mailbox.put_message(1, 9, Content::Here(vec![3]));
        mailbox.put_message(2, 0, Content::Here(vec![4]));
        assert!(mailbox.expects(1) && !mailbox.expects(2));
        assert_eq!(mailbox.take_message(Some(1), Some(0)), None);
        assert_eq!(mailbox.take_message(Some(1), None), None);
        assert_eq!(mailbox.take_message(Some(1), Some(9)).unwrap().data, [3]);
        assert_eq!(mailbox.take_message(None, None).unwrap().data, [4]);
        *lock(&slot) = Some(vec![1; 4]);
        assert_eq!(mailbox.probe(None, None), Some(Envelope { source: 1, tag: 0, len: 4 }));
        assert_eq!(mailbox.take_message(None, None).unwrap().data, [1; 4]);
        assert_eq!(mailbox.take_message(None, None).unwrap().data, [2]);
    }
}
