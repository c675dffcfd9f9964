//! The least that a way to move bytes between processes has to do.

use std::ops::Range;
use std::sync::Arc;

use super::header::TRAILER;
use crate::Result;

/// The least [`Transport::packet_limit`] that there may be.
pub const LEAST_PACKET_LIMIT: usize = 1024;

/// Something that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A packet.
    Packet {
        /// The rank that sent it.
        source: usize,
        /// Its content.
        data: Vec<u8>,
    },
    /// A chunk for which [`Transport::receive_chunk`] gave the buffer.
    Chunk {
        /// The rank that sent it.
        source: usize,
        /// The buffer, with the chunk in the range that was given.
        buffer: Vec<u8>,
    },
}

/// Moves bytes between the ranks of a world; [`Endpoint`](super::Endpoint) makes messages of them.
///
/// There are two kinds of things that are moved. A *packet* is small and comes unasked: the receiver
/// learns its source and length when it is there. A *chunk* is large and expected: the receiver knows
/// its source and exact length from a packet that came before, and provides the memory. (Over
/// MPI these are two tags of one communicator.)
///
/// From one rank to another packets arrive in the order in which they were sent, and so do chunks;
/// nothing is promised about a packet and a chunk. Nothing is sent to oneself. No call waits for
/// another rank.
///
/// The endpoint calls one method at a time, but from any thread (as `MPI_THREAD_SERIALIZED` allows),
/// and holds a lock meanwhile: a transport that takes another lock (an interpreter's, for example)
/// must not be waited for by a thread that holds that one.
///
/// # Errors
///
/// Every method fails with [`CommError::Transport`](crate::CommError::Transport) when the medium
/// does.
pub trait Transport: Send {
    /// The number of this rank in the world, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks in the world.
    fn size(&self) -> usize;

    /// The length of the longest packet, [`LEAST_PACKET_LIMIT`] or more. No longer one is sent, so
    /// that a buffer of this length receives any.
    fn packet_limit(&self) -> usize;

    /// The length of the longest message that travels in a packet; longer ones travel as chunks. The
    /// default is what a packet can hold, and none may hold more.
    fn inline_limit(&self) -> usize {
        self.packet_limit() - TRAILER
    }

    /// The length of the longest chunk. (MPI counts with 32 bits.)
    fn chunk_limit(&self) -> usize;

    /// Begins to send a packet.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn send_packet(&mut self, dest: usize, packet: Vec<u8>) -> Result<()>;

    /// Begins to send `data[range]`, which the transport keeps until it has gone.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn send_chunk(&mut self, dest: usize, data: Arc<Vec<u8>>, range: Range<usize>) -> Result<()>;

    /// Begins to receive the next chunk from `source`, of exactly that length, into `buffer[range]`.
    /// At most one is begun for each source at a time.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn receive_chunk(&mut self, source: usize, buffer: Vec<u8>, range: Range<usize>) -> Result<()>;

    /// Moves on what has begun, lets go of what was sent, and returns something that has arrived,
    /// without waiting.
    ///
    /// # Errors
    ///
    /// As described for the trait.
    fn poll(&mut self) -> Result<Option<Arrival>>;

    /// How many packets and chunks are still being sent, as of the last [`poll`](Self::poll).
    fn in_flight(&self) -> usize;
}
