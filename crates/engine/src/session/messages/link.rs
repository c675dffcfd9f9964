//! An engine's end of a session.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use distarray_comm::messages::{BackOff, Endpoint, MessageGroup};
use distarray_comm::{CommError, Communicator};

use super::roster::Roster;
use super::station::Station;
use super::watch::{Watcher, Work};
use crate::session::{Host, Link};
use crate::wire::{Parcel, Request};

/// An engine's connection to a client and to other engines over an endpoint.
///
/// A thread of its own looks out, while the engine is at work, for the wish that a function stops. It
/// calls the transport and the host, and nobody may keep it from that for long by a lock of
/// theirs.
pub struct MessageLink {
    endpoint: Endpoint,
    roster: Roster,
    engine: usize,
    station: Station,
    work: Arc<Work>,
    /// Handles on the sets of engines that work together.
    groups: HashMap<u64, MessageGroup>,
    epoch: u64,
    /// Dropped with the link.
    _watcher: Watcher,
}

impl MessageLink {
    /// The connection of the engine that this process is in the roster, with a host that can stop its
    /// functions.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when this process is not an engine of the roster, or the roster's
    /// number has been used; [`CommError::InvalidRank`] when the roster has ranks that are not in the
    /// world.
    pub fn new(
        endpoint: &Endpoint,
        roster: Roster,
        host: Option<Arc<dyn Host>>,
    ) -> Result<Self, CommError> {
        let rank = endpoint.rank();
        let engine = roster.engines.iter().position(|&engine| engine == rank);
        let engine =
            engine.ok_or_else(|| CommError::Transport(format!("rank {rank} is no engine")))?;
        let everybody = Arc::new(roster.everybody(endpoint)?);
        let work = Work::new(everybody.clone(), engine, host);
        Ok(Self {
            endpoint: endpoint.clone(),
            roster,
            engine,
            station: Station::new(everybody, engine),
            work: work.clone(),
            groups: HashMap::new(),
            epoch: 0,
            _watcher: Watcher::start(work)?,
        })
    }

    /// The number of the engine.
    pub fn engine(&self) -> usize {
        self.engine
    }

    /// Sets, or takes away, how long the engine waits to hear from the client before it gives up. At
    /// first there is no limit: a client may have nothing to ask for hours.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        self.station.limit = limit;
    }
}

impl Link for MessageLink {
    fn receive(&mut self) -> Result<Option<Parcel>, CommError> {
        self.work.end();
        let mut back_off = BackOff::new();
        loop {
            if let Some((sequence, request)) = self.station.request()? {
                self.work.begin(sequence);
                return Ok(Some(request));
            }
            let heard = self.station.gather()? | self.work.heed()?;
            if heard {
                back_off = BackOff::new();
            }
            if !heard && !self.endpoint.progress()? {
                let waited = back_off.pause();
                self.station.check_limit(waited)?;
            }
        }
    }

    fn answer(&mut self, answer: Parcel) -> Result<(), CommError> {
        self.work.end();
        self.station.answer(answer)
    }

    fn join(
        &mut self,
        group: u64,
        participants: &[usize],
    ) -> Result<Arc<dyn Communicator>, CommError> {
        // Sets that were numbered so long ago have lost their number.
        self.groups.retain(|&other, _| other.saturating_add(Request::GROUPS) > group);
        let ranks = self.roster.ranks(participants);
        let communicator = self.endpoint.group(self.roster.number(group), &ranks)?;
        let handle = communicator.handle();
        if self.epoch > 0 {
            handle.reset(self.epoch);
        }
        self.groups.insert(group, handle);
        Ok(Arc::new(communicator))
    }

    fn enter(&mut self, group: u64, generation: u64) {
        if let Some(handle) = self.groups.get(&group) {
            handle.enter(generation);
        }
    }

    fn leave(&mut self, group: u64) {
        if let Some(handle) = self.groups.get(&group) {
            handle.leave(self.engine);
        }
    }

    fn reset(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.groups.values().for_each(|handle| handle.reset(epoch));
    }
}
