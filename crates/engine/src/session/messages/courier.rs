//! The client's end of a session.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use distarray_comm::CommError;
use distarray_comm::messages::schedule::Tree;
use distarray_comm::messages::{BackOff, Endpoint, MessageCommunicator};

use distarray_kernels::fork;

use super::frame::{self, Bytes, GATHER, LONG, REQUEST, SPREAD, STRING};
use super::peers::Peers;
use super::roster::{Roster, place};
use super::watch::Note;
use crate::session::Courier;
use crate::wire::{Parcel, Request};

/// How often the client looks after engines while it waits.
const ROUND: Duration = Duration::from_millis(50);

/// How long a client that leaves waits until its last words are on their way.
const FAREWELL: Duration = Duration::from_secs(1);

/// Takes requests to engines, and their answers back, over an endpoint.
pub struct MessageCourier {
    endpoint: Endpoint,
    roster: Roster,
    everybody: MessageCommunicator,
    /// Held while answers are waited for; who only wants to know something takes no part in that.
    state: Mutex<State>,
    limit: Mutex<Option<Duration>>,
    /// Says whether the process was forked since.
    generation: u32,
}

struct State {
    peers: Peers,
    /// The number of the last request, and the epoch that it is in.
    sequence: u64,
    epoch: u64,
    group: u64,
}

impl MessageCourier {
    /// The client's end, in the process that is the client in the roster.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when this process is not the client, or the roster's number has been
    /// used; [`CommError::InvalidRank`] when the roster has ranks that are not in the world.
    pub fn new(endpoint: &Endpoint, roster: Roster) -> Result<Self, CommError> {
        if endpoint.rank() != roster.client {
            return Err(CommError::Transport(format!(
                "rank {} is not the client, which is {}",
                endpoint.rank(),
                roster.client
            )));
        }
        let everybody = roster.everybody(endpoint)?;
        let peers = Peers::new(roster.engines.len());
        let state = State { peers, sequence: 0, epoch: 0, group: 0 };
        Ok(Self {
            endpoint: endpoint.clone(),
            roster,
            everybody,
            state: Mutex::new(state),
            limit: Mutex::new(None),
            generation: fork::generation(),
        })
    }

    /// Sets, or takes away, how long an engine may give no sign of life while its answer is waited
    /// for. Engines at work do give them. One that is given up fails its command with
    /// [`CommError::TimedOut`], and the others are released. At first there is no limit.
    pub fn set_limit(&self, limit: Option<Duration>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while this is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame, and the strings that follow it.
    fn send(&self, dest: usize, frame: Bytes, strings: &[Bytes]) -> Result<(), CommError> {
        self.everybody.send_shared(dest, REQUEST, frame)?;
        let following = strings.iter().filter(|string| string.len() >= LONG);
        following
            .into_iter()
            .try_for_each(|string| self.everybody.send_shared(dest, STRING, string.clone()))
    }

    fn release(&self, state: &State, participants: &[usize], culprit: usize, reason: &str) {
        // An engine alone waits for nobody.
        if participants.len() > 1 {
            let (group, ranks) = (self.roster.number(state.group), self.roster.ranks(participants));
            // Engines that cannot be reached are not released either.
            let _ = self.endpoint.abort(group, state.epoch, &ranks, culprit, reason);
        }
    }

    fn look_after(&self, state: &mut State, participants: &[usize]) -> Result<(), CommError> {
        let limit = *self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = limit else { return Ok(()) };
        let looked = state.peers.look_after(&self.everybody, limit);
        if let Err(error @ CommError::TimedOut { rank: Some(engine), .. }) = &looked {
            // The others may be waiting for it, too.
            self.release(state, participants, *engine, &error.to_string());
        }
        looked
    }
}

impl Courier for MessageCourier {
    fn engines(&self) -> usize {
        self.roster.engines.len()
    }

    fn deliver(
        &self,
        participants: &[usize],
        request: Parcel,
        own: Vec<Vec<u8>>,
    ) -> Result<(), CommError> {
        let outline = Request::outline(&request.head)?;
        let mut state = self.state();
        let state = &mut *state;
        (state.sequence, state.epoch, state.group) =
            (outline.sequence, outline.epoch, outline.group);
        if !state.peers.are_idle(participants) {
            state.peers.take(&self.everybody)?;
        }
        let mut strings = frame::strings(request);
        // An engine that may be at work passes nothing on meanwhile.
        let are_idle = state.peers.are_idle(participants);
        if are_idle && own.is_empty() {
            let mut frame = frame::empty(SPREAD | GATHER);
            frame::append(&mut frame, 0, &strings);
            let frame = Bytes::new(frame);
            let tree = Tree::new(0, 1 + participants.len(), 0);
            return tree.children().rev().try_for_each(|child| {
                self.send(place(participants[child.rank - 1]), frame.clone(), &strings)
            });
        }
        let word = if are_idle { GATHER } else { 0 };
        let common = strings.len();
        let mut own = own.into_iter();
        for &engine in participants {
            strings.truncate(common);
            strings.extend(own.next().map(Bytes::new));
            let mut frame = frame::empty(word);
            frame::append(&mut frame, 0, &strings);
            self.send(place(engine), Bytes::new(frame), &strings)?;
        }
        Ok(())
    }

    fn collect(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> Result<Option<Vec<Parcel>>, CommError> {
        let mut state = self.state();
        let state = &mut *state;
        state.peers.expect(participants, sequence);
        let mut back_off = BackOff::new();
        let mut next_look = ROUND;
        loop {
            state.peers.take(&self.everybody)?;
            if let Some(answers) = state.peers.answers() {
                return Ok(Some(answers));
            }
            if self.endpoint.progress()? {
                continue;
            }
            let waited = back_off.pause();
            if waited >= next_look || waited >= patience {
                next_look = waited + ROUND;
                self.look_after(state, participants)?;
            }
            if waited >= patience {
                return Ok(None);
            }
        }
    }

    fn abort(&self, _group: u64, participants: &[usize], reason: &str) {
        let culprit = participants.first().copied().unwrap_or_default();
        self.release(&self.state(), participants, culprit, reason);
    }

    fn stop_functions(&self, participants: &[usize]) {
        let stop = Note::Stop(self.state().sequence);
        for &engine in participants {
            // An engine that cannot be reached cannot be stopped.
            let _ = stop.send(&self.everybody, place(engine));
        }
    }
}

impl Drop for MessageCourier {
    fn drop(&mut self) {
        // The engines are to hear that they may leave. They are the parent's, if there is one.
        if fork::generation() == self.generation {
            let _ = self.endpoint.flush(FAREWELL);
        }
    }
}
