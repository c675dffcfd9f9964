//! What goes through an engine: requests come and are passed on, answers are gathered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use distarray_comm::messages::schedule::Tree;
use distarray_comm::messages::{BackOff, MessageCommunicator};
use distarray_comm::{CommError, Message};

use super::frame::{self, ANSWERS, Frame, GATHER, REQUEST, SPREAD, STRING};
use super::gathering::Gathering;
use super::roster::{CLIENT, place};
use crate::wire::{Outline, Parcel, Request};

/// An engine's place in what goes on between the client and the engines.
pub struct Station {
    pub everybody: Arc<MessageCommunicator>,
    engine: usize,
    gathering: Gathering,
    /// How long the engine waits for the client.
    pub limit: Option<Duration>,
}

impl Station {
    pub fn new(everybody: Arc<MessageCommunicator>, engine: usize) -> Self {
        Self { everybody, engine, gathering: Gathering::default(), limit: None }
    }

    /// The next request, if there is one; it has been passed on then.
    pub fn request(&mut self) -> Result<Option<(u64, Parcel)>, CommError> {
        let Some(message) = self.everybody.try_recv(None, Some(REQUEST))? else {
            return Ok(None);
        };
        let Message { source, data, .. } = message;
        let data = Arc::new(data);
        let mut frame = Frame::read(&data)?;
        let (word, missing) = (frame.word, frame.missing());
        // The head says where a request goes, and is passed on with it: only a long one is waited
        // for first.
        let nothing = || CommError::Transport("a request has no parcel".to_owned());
        let mut awaited = 0;
        let mut passed = Vec::new();
        while frame.parcels.first().ok_or_else(nothing)?.1.head.is_empty() && awaited < missing {
            let string = self.string(source)?;
            passed.push(string.clone());
            frame.take(Arc::unwrap_or_clone(string));
            awaited += 1;
        }
        let outline = Request::outline(&frame.parcels[0].1.head)?;
        let tree = self.tree(&outline)?;
        let places = |rank: usize| place(outline.participants[rank - 1]);
        let below: Vec<usize> = if word & SPREAD != 0 {
            tree.children().rev().map(|child| places(child.rank)).collect()
        } else {
            Vec::new()
        };
        self.pass_on(&below, REQUEST, &data)?;
        for string in &passed {
            self.pass_on(&below, STRING, string)?;
        }
        let mut rest = Vec::new();
        for _ in awaited..missing {
            let string = self.string(source)?;
            self.pass_on(&below, STRING, &string)?;
            rest.push(string);
        }
        for string in rest {
            frame.take(self.owned(string)?);
        }
        let (parent, children) = if word & GATHER == 0 {
            (CLIENT, 0)
        } else {
            let parent = tree.parent().filter(|&rank| rank != CLIENT);
            (parent.map_or(CLIENT, places), tree.children().count())
        };
        self.gathering.begin(&self.everybody, outline.sequence, parent, children)?;
        Ok(Some((outline.sequence, frame.parcels.swap_remove(0).1)))
    }

    /// This engine's place in the tree over the client and those who take part, in their order.
    fn tree(&self, outline: &Outline) -> Result<Tree, CommError> {
        let participants = &outline.participants;
        let astray = |_| CommError::Transport(format!("engine {} is not meant", self.engine));
        let position = participants.binary_search(&self.engine).map_err(astray)?;
        Ok(Tree::new(1 + position, 1 + participants.len(), 0))
    }

    fn pass_on(&self, below: &[usize], tag: i32, data: &frame::Bytes) -> Result<(), CommError> {
        below.iter().try_for_each(|&dest| self.everybody.send_shared(dest, tag, data.clone()))
    }

    /// The next string from who sends one.
    fn string(&self, source: usize) -> Result<frame::Bytes, CommError> {
        let (start, mut back_off) = (Instant::now(), BackOff::new());
        loop {
            if let Some(message) = self.everybody.try_recv(Some(source), Some(STRING))? {
                return Ok(Arc::new(message.data));
            }
            if !self.everybody.handle().endpoint().progress()? {
                back_off.pause();
                self.check_limit(start.elapsed())?;
            }
        }
    }

    /// A string that may still be on its way to others: a copy is made only where they are not quick to
    /// take it.
    fn owned(&self, string: frame::Bytes) -> Result<Vec<u8>, CommError> {
        // A copy to fresh memory takes no longer.
        let (start, patience) = (Instant::now(), Duration::from_nanos(string.len() as u64));
        let mut back_off = BackOff::new();
        while Arc::strong_count(&string) > 1 && start.elapsed() < patience {
            if !self.everybody.handle().endpoint().progress()? {
                back_off.pause();
            }
        }
        Ok(Arc::unwrap_or_clone(string))
    }

    /// Fails if the engine has waited for too long.
    pub fn check_limit(&self, waited: Duration) -> Result<(), CommError> {
        match self.limit {
            Some(limit) if waited >= limit => Err(CommError::Transport(format!(
                "engine {} has heard nothing from its client for {limit:?}",
                self.engine
            ))),
            _ => Ok(()),
        }
    }

    /// Sends this engine's answer to the last request.
    pub fn answer(&mut self, answer: Parcel) -> Result<(), CommError> {
        let strings = frame::strings(answer);
        self.gathering.add_own(&self.everybody, self.engine, &strings)?;
        self.gather().map(drop)
    }

    /// Takes answers that have come from engines below this one; returns whether there were any.
    pub fn gather(&mut self) -> Result<bool, CommError> {
        let mut any = false;
        while let Some(message) = self.everybody.try_recv(None, Some(ANSWERS))? {
            self.gathering.add_frame(&self.everybody, message.data)?;
            any = true;
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use distarray_comm::messages::{Endpoint, Network};
    use distarray_meta::WriterDictionary;

    use super::super::{MessageCourier, Roster};
    use super::*;
    use crate::session::Courier;
    use crate::wire::{Answer, Instruction, NoFunctions, Outcome};

    #[test]
    fn messages_of_a_command_grow_with_the_logarithm_of_the_engines() {
        for engines in [1, 2, 3, 7, 64, 1000, 4096] {
            count_messages(engines);
        }
    }

    /// Messages that go one way along a tree can be moved by one thread, engine after engine.
    fn count_messages(engines: usize) {
        // What the client sends, and nobody more than that.
        let most = (engines + 1).next_power_of_two().ilog2() as usize;
        let network = Network::new(engines + 1);
        let roster = Roster { session: 0, client: 0, engines: (1..=engines).collect() };
        let endpoint = |rank| Endpoint::new(network.transport(rank)).unwrap();
        let courier = MessageCourier::new(&endpoint(0), roster.clone()).unwrap();
        let mut stations: Vec<Station> = (0..engines)
            .map(|engine| {
                let everybody = roster.everybody(&endpoint(place(engine))).unwrap();
                Station::new(Arc::new(everybody), engine)
            })
            .collect();
        let participants: Arc<[usize]> = (0..engines).collect();
        let (sequence, instruction) = (1, Instruction::Count);
        let (freed, mut dictionary) = (Vec::new(), WriterDictionary::default());
        let request: Request = Request {
            sequence,
            epoch: 0,
            group: 0,
            participants: participants.clone(),
            freed,
            dropped: Vec::new(),
            instruction,
        };
        let request =
            Parcel { head: request.to_bytes(&mut dictionary).unwrap(), parts: Vec::new() };
        courier.deliver(&participants, request.clone(), Vec::new()).unwrap();
        let settle = |station: &Station| {
            while station.everybody.handle().endpoint().progress().unwrap() {}
        };
        for station in &mut stations {
            settle(station);
            assert_eq!(station.request().unwrap(), Some((sequence, request.clone())));
        }
        let sent = |rank| network.sent(rank).packets;
        assert_eq!((sent(0), (0..=engines).map(sent).sum()), (most, engines));
        assert!((1..=engines).all(|rank| sent(rank) < most));
        for (engine, station) in stations.iter_mut().enumerate().rev() {
            settle(station);
            let answer = Answer { sequence, outcome: Outcome::Count(engine) };
            station.answer(answer.pack(&NoFunctions).unwrap()).unwrap();
        }
        let answers = courier.collect(&participants, sequence, Duration::from_secs(10));
        let counts = answers.unwrap().unwrap().into_iter().map(|answer| {
            match Answer::unpack(answer, &NoFunctions).unwrap().outcome {
                Outcome::Count(count) => count,
                other => panic!("{other:?}"),
            }
        });
        assert!(counts.eq(0..engines));
        assert_eq!((0..=engines).map(sent).sum::<usize>(), 2 * engines);
        assert!((1..=engines).all(|rank| sent(rank) <= most));
    }
}
