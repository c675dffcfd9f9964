//! What the client knows of its engines, and what they have answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use distarray_comm::messages::MessageCommunicator;
use distarray_comm::{CommError, Message};

use super::frame::{ANSWERS, Frame, STRING};
use super::roster::{engine_at, place};
use super::watch::Note;
use crate::wire::Parcel;

/// Engines that have not answered for this long are asked whether they live, where there is a limit.
const DOUBT: Duration = Duration::from_secs(1);

/// What the client knows of an engine.
#[derive(Clone, Copy, Default)]
struct Peer {
    /// The last request that it is to answer, and the last one that it has answered.
    asked: u64,
    answered: u64,
    /// When it was last heard of.
    heard: Option<Instant>,
    /// Whether it was given up, and not heard of since.
    is_lost: bool,
}

/// The request whose answers are waited for.
struct Awaited {
    sequence: u64,
    participants: Arc<[usize]>,
    answers: Vec<Option<Parcel>>,
    missing: usize,
    since: Instant,
    /// When those who are missing were last asked whether they live.
    asked: Option<Instant>,
}

/// What the client knows of its engines, and what they have answered.
pub struct Peers {
    engines: Vec<Peer>,
    awaited: Option<Awaited>,
    /// Frames, and who sent them, some of whose strings have not come yet.
    unfinished: Vec<(usize, Frame)>,
}

impl Peers {
    pub fn new(engines: usize) -> Self {
        Self { engines: vec![Peer::default(); engines], awaited: None, unfinished: Vec::new() }
    }

    /// Whether all of these have answered all that they were asked: they are at no work.
    pub fn are_idle(&self, engines: &[usize]) -> bool {
        engines.iter().all(|&engine| self.engines[engine].answered >= self.engines[engine].asked)
    }

    /// Begins to wait for the answers to a request, unless that is what is waited for.
    pub fn expect(&mut self, participants: &[usize], sequence: u64) {
        if self.awaited.as_ref().is_some_and(|awaited| awaited.sequence == sequence) {
            return;
        }
        for &engine in participants {
            self.engines[engine].asked = sequence;
        }
        self.awaited = Some(Awaited {
            sequence,
            participants: participants.into(),
            answers: participants.iter().map(|_| None).collect(),
            missing: participants.len(),
            since: Instant::now(),
            asked: None,
        });
    }

    /// All answers, if they are there.
    pub fn answers(&mut self) -> Option<Vec<Parcel>> {
        let awaited = self.awaited.take_if(|awaited| awaited.missing == 0)?;
        Some(awaited.answers.into_iter().flatten().collect())
    }

    /// Takes what has come.
    pub fn take(&mut self, everybody: &MessageCommunicator) -> Result<(), CommError> {
        while let Some(Message { source, data, .. }) = everybody.try_recv(None, Some(ANSWERS))? {
            let frame = Frame::read(&data)?;
            if frame.missing() == 0 {
                self.file(frame)?;
            } else {
                self.unfinished.push((source, frame));
            }
        }
        let mut position = 0;
        while position < self.unfinished.len() {
            let (earlier, later) = self.unfinished.split_at_mut(position);
            let (source, frame) = &mut later[0];
            // What an engine sends for an earlier frame comes earlier.
            let is_next = earlier.iter().all(|(other, _)| other != source);
            while is_next
                && frame.missing() > 0
                && let Some(string) = everybody.try_recv(Some(*source), Some(STRING))?
            {
                frame.take(string.data);
            }
            if frame.missing() == 0 {
                let (_, frame) = self.unfinished.remove(position);
                self.file(frame)?;
            } else {
                position += 1;
            }
        }
        Ok(())
    }

    fn file(&mut self, frame: Frame) -> Result<(), CommError> {
        let sequence = frame.word;
        for (engine, parcel) in frame.parcels {
            let unknown = || CommError::Transport(format!("there is no engine {engine}"));
            let peer = self.engines.get_mut(engine).ok_or_else(unknown)?;
            peer.answered = peer.answered.max(sequence);
            (peer.heard, peer.is_lost) = (Some(Instant::now()), false);
            let Some(awaited) = self.awaited.as_mut() else { continue };
            if awaited.sequence == sequence
                && let Ok(position) = awaited.participants.binary_search(&engine)
                && awaited.answers[position].replace(parcel).is_none()
            {
                awaited.missing -= 1;
            }
        }
        Ok(())
    }

    /// Asks engines that have not answered for long whether they live; fails with the first of those
    /// that have given no sign of life for as long as `limit`.
    pub fn look_after(
        &mut self,
        everybody: &MessageCommunicator,
        limit: Duration,
    ) -> Result<(), CommError> {
        while let Some((source, _)) = Note::next(everybody)? {
            let peer = &mut self.engines[engine_at(source)];
            (peer.heard, peer.is_lost) = (Some(Instant::now()), false);
        }
        let Some(awaited) = self.awaited.as_mut() else { return Ok(()) };
        let answers = awaited.participants.iter().zip(&awaited.answers);
        let missing: Vec<usize> =
            answers.filter(|(_, answer)| answer.is_none()).map(|(&engine, _)| engine).collect();
        let interval = DOUBT.min(limit / 4);
        if awaited.asked.unwrap_or(awaited.since).elapsed() >= interval {
            awaited.asked = Some(Instant::now());
            for &engine in &missing {
                Note::Ask.send(everybody, place(engine))?;
            }
        }
        let silence = |peer: &Peer| match peer.heard {
            Some(heard) if peer.is_lost => heard.elapsed(),
            Some(heard) => heard.max(awaited.since).elapsed(),
            None => awaited.since.elapsed(),
        };
        let mut lost = None;
        for engine in missing {
            let peer = &mut self.engines[engine];
            let after = silence(peer);
            if after >= limit {
                peer.is_lost = true;
                lost = lost.or(Some(CommError::TimedOut { rank: Some(engine), after }));
            }
        }
        lost.map_or(Ok(()), Err)
    }
}
