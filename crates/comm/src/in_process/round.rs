//! Where all ranks meet: each leaves something, and when the last has come, all go on with
//! everybody's things.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::signal::Alone;
use crate::SharedObject;
use crate::call::Call;
use crate::sync::lock;

/// What one rank brings: the call that it is in, and its object if the call has one.
#[derive(Clone)]
pub(super) struct Deposit {
    pub call: Call,
    pub object: Option<SharedObject>,
}

/// The meeting place of one communicator.
///
/// No round can end before every rank has come, and no rank comes before it has taken the results
/// of the round before, so one place for results is enough.
pub(super) struct Round {
    /// Twice the number of finished rounds, plus 1 if the last one has results to collect. A
    /// barrier needs nothing else, and so no second lock.
    state: Alone<AtomicU64>,
    meeting: Mutex<Meeting>,
}

struct Meeting {
    deposits: Vec<Option<Deposit>>,
    arrived: usize,
    results: Option<Arc<[Deposit]>>,
    /// How many ranks have still to collect the results, which the last one takes away: nothing
    /// that was shared is kept alive by the meeting place.
    readers: usize,
}

/// A rank's pass for the round that it has joined.
#[derive(Clone, Copy)]
pub(super) struct Ticket(u64);

impl Round {
    pub fn new(size: usize) -> Self {
        let meeting = Meeting { deposits: vec![None; size], arrived: 0, results: None, readers: 0 };
        Self { state: Alone(AtomicU64::new(0)), meeting: Mutex::new(meeting) }
    }

    /// Joins the current round; also tells whether this rank was the last, and so has to wake
    /// the others.
    pub fn join(&self, rank: usize, deposit: Deposit) -> (Ticket, bool) {
        let mut meeting = lock(&self.meeting);
        let ticket = Ticket(self.state.0.load(Ordering::Relaxed) | 1);
        meeting.deposits[rank] = Some(deposit);
        meeting.arrived += 1;
        let size = meeting.deposits.len();
        if meeting.arrived < size {
            return (ticket, false);
        }
        meeting.arrived = 0;
        let first = meeting.deposits[0].as_ref().map(|deposit| deposit.call);
        let plain = meeting
            .deposits
            .iter()
            .flatten()
            .all(|deposit| Some(deposit.call) == first && deposit.object.is_none());
        if plain {
            meeting.deposits.fill(None);
        } else {
            meeting.results = Some(meeting.deposits.iter_mut().filter_map(Option::take).collect());
            meeting.readers = size;
        }
        self.state.0.store(ticket.0 + 1 + u64::from(!plain), Ordering::Release);
        (ticket, true)
    }

    /// `Some` when the round of `ticket` is over, with everybody's deposits; with nothing after a
    /// round without objects in which all calls were the same.
    pub fn leave(&self, ticket: Ticket) -> Option<Arc<[Deposit]>> {
        let state = self.state.0.load(Ordering::Acquire);
        if state | 1 == ticket.0 {
            return None;
        }
        if state.is_multiple_of(2) {
            return Some(Arc::default());
        }
        let mut meeting = lock(&self.meeting);
        meeting.readers -= 1;
        if meeting.readers == 0 { meeting.results.take() } else { meeting.results.clone() }
    }

    pub fn clear(&self) {
        let mut meeting = lock(&self.meeting);
        meeting.deposits.fill(None);
        meeting.arrived = 0;
        meeting.results = None;
        meeting.readers = 0;
    }
}
