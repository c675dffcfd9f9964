//! A transport between threads of one process, which can be as slow and unorderly as a network.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::{Arrival, Endpoint, LEAST_PACKET_LIMIT, MessageCommunicator, Transport};
use crate::sync::lock;
use crate::{CommError, Result};

/// What a rank has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets, each of which is a message or announces one.
    pub packets: usize,
    /// Chunks of long messages.
    pub chunks: usize,
    /// Bytes of packets and chunks.
    pub bytes: usize,
}

/// A simulated network between the ranks of a world.
#[derive(Clone)]
pub struct Network {
    ranks: Arc<Vec<Node>>,
    inline_limit: usize,
    chunk_limit: usize,
    /// The seed of the disorder, if there is any.
    seed: Option<u64>,
}

#[derive(Default)]
struct Node {
    inbox: Mutex<BTreeMap<usize, Pair>>,
    in_flight: AtomicUsize,
    sent: Mutex<Traffic>,
}

/// What is on its way from one rank to another.
#[derive(Default)]
struct Pair {
    packets: VecDeque<Vec<u8>>,
    chunks: VecDeque<(Arc<Vec<u8>>, Range<usize>)>,
    /// Where the receiver wants the next chunk.
    buffer: Option<(Vec<u8>, Range<usize>)>,
}

impl Pair {
    fn has_packet(&self) -> bool {
        !self.packets.is_empty()
    }

    fn has_chunk(&self) -> bool {
        !self.chunks.is_empty() && self.buffer.is_some()
    }
}

impl Network {
    /// A network of `size` ranks, without delays.
    pub fn new(size: usize) -> Self {
        let ranks = Arc::new((0..size).map(|_| Node::default()).collect());
        Self { ranks, inline_limit: 512, chunk_limit: 4096, seed: None }
    }

    /// Sets how long a message in a packet, and a chunk, may be.
    #[must_use]
    pub fn with_limits(self, inline_limit: usize, chunk_limit: usize) -> Self {
        Self { inline_limit, chunk_limit, ..self }
    }

    /// Makes packets and chunks late, and lets them overtake each other as far as transports may.
    #[must_use]
    pub fn with_disorder(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The transport of a rank. (There should be one of each.)
    pub fn transport(&self, rank: usize) -> Box<dyn Transport> {
        let state =
            self.seed.map(|seed| seed ^ (rank as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Box::new(Simulated { network: self.clone(), rank, turn: 0, disorder: state })
    }

    /// A group of all ranks, in rank order, with an endpoint for each.
    ///
    /// # Panics
    ///
    /// When the limits cannot be.
    pub fn group(&self) -> Vec<Arc<MessageCommunicator>> {
        let ranks: Vec<usize> = (0..self.ranks.len()).collect();
        let member = |&rank: &usize| {
            let endpoint = Endpoint::new(self.transport(rank)).expect("the limits are possible");
            Arc::new(endpoint.group(0, &ranks).expect("the world is a group"))
        };
        ranks.iter().map(member).collect()
    }

    /// The number of ranks.
    pub fn size(&self) -> usize {
        self.ranks.len()
    }

    /// What a rank has sent so far.
    pub fn sent(&self, rank: usize) -> Traffic {
        *lock(&self.ranks[rank].sent)
    }
}

struct Simulated {
    network: Network,
    rank: usize,
    /// After which rank the search for something that has arrived begins.
    turn: usize,
    /// The state of a generator of random numbers.
    disorder: Option<u64>,
}

impl Simulated {
    fn node(&self) -> &Node {
        &self.network.ranks[self.rank]
    }

    /// A random number below `bound`: a linear congruential generator's high bits.
    fn random(&mut self, bound: usize) -> usize {
        let Some(state) = &mut self.disorder else { return 0 };
        *state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (*state >> 33) as usize % bound
    }

    fn check(&self, other: usize) -> Result<&Node> {
        if other == self.rank {
            return Err(CommError::Transport("nothing is sent to oneself".into()));
        }
        let unknown = || CommError::Transport(format!("there is no rank {other}"));
        self.network.ranks.get(other).ok_or_else(unknown)
    }

    fn count(&self, dest: usize, len: usize, is_chunk: bool) {
        debug_assert_ne!(dest, self.rank);
        self.node().in_flight.fetch_add(1, Ordering::Relaxed);
        let mut sent = lock(&self.node().sent);
        sent.packets += usize::from(!is_chunk);
        sent.chunks += usize::from(is_chunk);
        sent.bytes += len;
    }
}

impl Transport for Simulated {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.network.ranks.len()
    }

    fn packet_limit(&self) -> usize {
        LEAST_PACKET_LIMIT
    }

    fn inline_limit(&self) -> usize {
        self.network.inline_limit
    }

    fn chunk_limit(&self) -> usize {
        self.network.chunk_limit
    }

    fn send_packet(&mut self, dest: usize, packet: Vec<u8>) -> Result<()> {
        if packet.len() > self.packet_limit() {
            return Err(CommError::Transport("a packet is too long".into()));
        }
        let node = self.check(dest)?;
        self.count(dest, packet.len(), false);
        lock(&node.inbox).entry(self.rank).or_default().packets.push_back(packet);
        Ok(())
    }

    fn send_chunk(&mut self, dest: usize, data: Arc<Vec<u8>>, range: Range<usize>) -> Result<()> {
        if range.is_empty() || range.len() > self.chunk_limit() {
            return Err(CommError::Transport(format!("a chunk has {} bytes", range.len())));
        }
        let node = self.check(dest)?;
        self.count(dest, range.len(), true);
        lock(&node.inbox).entry(self.rank).or_default().chunks.push_back((data, range));
        Ok(())
    }

    fn receive_chunk(&mut self, source: usize, buffer: Vec<u8>, range: Range<usize>) -> Result<()> {
        self.check(source)?;
        let mut inbox = lock(&self.node().inbox);
        let previous = inbox.entry(source).or_default().buffer.replace((buffer, range));
        if previous.is_some() {
            return Err(CommError::Transport("a chunk is already being received".into()));
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<Option<Arrival>> {
        if self.random(3) == 1 {
            return Ok(None);
        }
        let network = self.network.clone();
        let mut inbox = lock(&network.ranks[self.rank].inbox);
        let ready: Vec<usize> = (inbox.iter())
            .filter(|(_, pair)| pair.has_packet() || pair.has_chunk())
            .map(|(&source, _)| source)
            .collect();
        if ready.is_empty() {
            return Ok(None);
        }
        let source = if self.disorder.is_some() {
            ready[self.random(ready.len())]
        } else {
            *ready.iter().find(|&&source| source > self.turn).unwrap_or(&ready[0])
        };
        self.turn = source;
        let Some(pair) = inbox.get_mut(&source) else { return Ok(None) };
        let chunk_first = self.random(2) == 1;
        let arrival = if pair.has_packet() && !(chunk_first && pair.has_chunk()) {
            pair.packets.pop_front().map(|data| Arrival::Packet { source, data })
        } else {
            match (pair.chunks.pop_front(), pair.buffer.take()) {
                (Some((data, range)), Some((mut buffer, place))) if place.len() == range.len() => {
                    buffer[place].copy_from_slice(&data[range]);
                    Some(Arrival::Chunk { source, buffer })
                }
                _ => return Err(CommError::Transport("a chunk has another length".into())),
            }
        };
        network.ranks[source].in_flight.fetch_sub(1, Ordering::Relaxed);
        Ok(arrival)
    }

    fn in_flight(&self) -> usize {
        self.node().in_flight.load(Ordering::Relaxed)
    }
}
