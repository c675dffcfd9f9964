//! Who takes part in a session.

use distarray_comm::messages::{Endpoint, MessageCommunicator};
use distarray_comm::{CommError, Communicator};

/// Who takes part in a session: the client and all engines have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The number of the session, below 2^24. It is used once among the processes of a world, which
    /// make no other groups of numbers between it and the next one, times 2^40.
    pub session: u64,
    /// The client's rank in the world. The client is no engine.
    pub client: usize,
    /// The rank of each engine in the world.
    pub engines: Vec<usize>,
}

/// The client's rank among those who take part.
pub const CLIENT: usize = 0;

/// The rank of an engine among those who take part.
pub fn place(engine: usize) -> usize {
    engine + 1
}

/// The engine of a rank other than the client's.
pub fn engine_at(place: usize) -> usize {
    place - 1
}

impl Roster {
    /// The communicator over the client and all engines.
    pub(super) fn everybody(&self, endpoint: &Endpoint) -> Result<MessageCommunicator, CommError> {
        let mut ranks = Vec::with_capacity(1 + self.engines.len());
        ranks.push(self.client);
        ranks.extend(&self.engines);
        let everybody = endpoint.group(self.first_number(), &ranks)?;
        debug_assert_eq!(everybody.size(), ranks.len());
        Ok(everybody)
    }

    fn first_number(&self) -> u64 {
        self.session << 40
    }

    /// The number that the endpoint knows a set of engines by.
    pub(super) fn number(&self, group: u64) -> u64 {
        self.first_number() + 1 + group
    }

    /// The ranks in the world of some engines.
    pub(super) fn ranks(&self, engines: &[usize]) -> Vec<usize> {
        engines.iter().map(|&engine| self.engines[engine]).collect()
    }
}
