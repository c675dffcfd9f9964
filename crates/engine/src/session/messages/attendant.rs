//! An engine to which others bring requests, one at a time: nobody waits for them here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use distarray_comm::messages::{Endpoint, MessageCommunicator};
use distarray_comm::{CommError, Communicator};

use crate::Engine;
use crate::session::{Host, Link, serve};
use crate::wire::{FunctionCodec, Parcel, Request};

/// For so long an engine that is done waits until what it has sent is gone.
const FAREWELL: Duration = Duration::from_millis(200);

/// An engine to which others bring requests, one at a time, while it talks to other engines over
/// an endpoint.
///
/// Requests come, and answers go, by a way of their host's, such as a queue of tasks. All engines that
/// take part in a request get it, and all get their requests in the same order. Between requests
/// nothing happens here, which is why the engines that have worked together wait for each other at the
/// end of each.
pub struct Attendant {
    engine: Arc<Engine>,
    endpoint: Endpoint,
    /// The rank of each engine in the world.
    ranks: HashMap<usize, usize>,
    host: Option<Arc<dyn Host>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The sets of engines that have worked together.
    sets: HashMap<u64, Set>,
    epoch: u64,
}

/// This engine's place in a set of engines.
#[derive(Clone)]
struct Set {
    work: Arc<MessageCommunicator>,
    /// Where they meet at the end of a request, however it has ended.
    end: Arc<MessageCommunicator>,
}

impl Attendant {
    /// The engine of this number; `ranks` has the rank in the endpoint's world of each engine.
    pub fn new(
        endpoint: &Endpoint,
        number: usize,
        ranks: HashMap<usize, usize>,
        host: Option<Arc<dyn Host>>,
    ) -> Self {
        let endpoint = endpoint.clone();
        let engine = Arc::new(Engine::new(number));
        Self { engine, endpoint, ranks, host, state: Mutex::default() }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Carries out a request; returns the answer, if there is to be one.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when the request makes no sense, or the other engines can't be
    /// reached.
    pub fn attend(
        &self,
        request: Parcel,
        codec: &dyn FunctionCodec,
    ) -> Result<Option<Parcel>, CommError> {
        let mut visit = Visit {
            attendant: self,
            state: self.state(),
            request: Some(request),
            answer: None,
            joined: None,
        };
        let served = serve(&self.engine, &mut visit, codec);
        if let Some(set) = &visit.joined {
            set.end.barrier()?;
            // What nobody has asked for may still be on its way: it goes on with the next request.
            self.endpoint.flush(FAREWELL)?;
        }
        served.map(|()| visit.answer)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A request that panicked has left nothing half done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request.
struct Visit<'a> {
    attendant: &'a Attendant,
    state: MutexGuard<'a, State>,
    request: Option<Parcel>,
    answer: Option<Parcel>,
    /// The set of engines that carry it out together, if they do.
    joined: Option<Set>,
}

impl Link for Visit<'_> {
    fn receive(&mut self) -> Result<Option<Parcel>, CommError> {
        Ok(self.request.take())
    }

    fn answer(&mut self, answer: Parcel) -> Result<(), CommError> {
        self.answer = Some(answer);
        Ok(())
    }

    fn join(
        &mut self,
        group: u64,
        participants: &[usize],
    ) -> Result<Arc<dyn Communicator>, CommError> {
        let Attendant { endpoint, ranks, host, .. } = self.attendant;
        let State { sets, epoch } = &mut *self.state;
        // Sets that were numbered so long ago have lost their number.
        sets.retain(|&other, _| other.saturating_add(Request::GROUPS) > group);
        let set = if let Some(set) = sets.get(&group) {
            set.clone()
        } else {
            let unknown = |engine| CommError::Transport(format!("there is no engine {engine}"));
            let rank = |engine| ranks.get(engine).copied().ok_or_else(|| unknown(engine));
            let members = participants.iter().map(rank).collect::<Result<Vec<usize>, _>>()?;
            let work = endpoint.group(2 * group, &members)?;
            work.handle().set_interrupt(host.as_ref().and_then(|host| host.interrupt()));
            if *epoch > 0 {
                work.handle().reset(*epoch);
            }
            let end = endpoint.group(2 * group + 1, &members)?;
            let set = Set { work: Arc::new(work), end: Arc::new(end) };
            sets.insert(group, set.clone());
            set
        };
        self.joined = Some(set.clone());
        Ok(set.work)
    }

    fn enter(&mut self, _group: u64, generation: u64) {
        if let Some(set) = &self.joined {
            set.work.handle().enter(generation);
        }
    }

    fn leave(&mut self, _group: u64) {
        if let Some(set) = &self.joined {
            set.work.handle().leave(self.attendant.engine.number());
        }
    }

    fn reset(&mut self, epoch: u64) {
        // For who carries out one request, each of them is the first that names an epoch.
        if epoch > self.state.epoch {
            self.state.epoch = epoch;
            self.state.sets.values().for_each(|set| set.work.handle().reset(epoch));
        }
    }
}
