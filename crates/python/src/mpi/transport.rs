//! Bytes between MPI processes.

#![expect(unsafe_code, reason = "MPI uses memory after its functions have returned")]

use std::collections::VecDeque;
use std::ffi::c_int;
use std::ops::Range;
use std::sync::Arc;

use distarray_comm::messages::{Arrival, Transport};
use distarray_comm::{CommError, Result};

use super::library::{Handle, Library};

/// The tags of packets and of chunks.
const PACKET: c_int = 1;
const CHUNK: c_int = 2;

/// The longest packet: a few pages, which MPIs send without asking the receiver first.
const PACKET_LIMIT: usize = 1 << 14;

/// At the end of each packet is the rank that sent it: MPIs agree on no place where they say so.
const SOURCE: usize = size_of::<u32>();

/// MPI counts with 32 bits, sign included.
const CHUNK_LIMIT: usize = 1 << 30;

/// How many sends are looked after in a poll.
const SENDS_AT_ONCE: usize = 8;

/// A transport over a communicator of MPI's that nobody else uses.
pub struct MpiTransport {
    library: Library,
    rank: usize,
    size: usize,
    chunk_limit: usize,
    sends: VecDeque<Send>,
    chunks: Vec<Chunk>,
    /// Where the next packet goes, and the request for it.
    packet: (Vec<u8>, Option<Handle>),
}

/// What is being sent.
struct Send {
    request: Handle,
    /// Keeps the bytes where they are.
    _bytes: Bytes,
}

#[expect(dead_code, reason = "they are kept for MPI, which has their addresses")]
enum Bytes {
    Packet(Vec<u8>),
    Chunk(Arc<Vec<u8>>),
}

/// A chunk that is being received.
struct Chunk {
    request: Handle,
    source: usize,
    buffer: Vec<u8>,
    len: usize,
}

impl MpiTransport {
    /// A transport over the communicator that a library has. `chunk_limit` is the length of the
    /// longest chunk; 0 is as long as MPI allows.
    pub fn new(library: Library, rank: usize, size: usize, chunk_limit: usize) -> Self {
        let chunk_limit = if chunk_limit == 0 { CHUNK_LIMIT } else { chunk_limit.min(CHUNK_LIMIT) };
        Self {
            library,
            rank,
            size,
            chunk_limit,
            sends: VecDeque::new(),
            chunks: Vec::new(),
            packet: (vec![0; PACKET_LIMIT + SOURCE], None),
        }
    }

    fn check(&self, rank: usize) -> Result<()> {
        if self.library.has_ended() {
            return Err(CommError::Transport("MPI has ended".into()));
        }
        if rank == self.rank || rank >= self.size {
            return Err(CommError::InvalidRank { rank, size: self.size });
        }
        Ok(())
    }

    /// Lets go of what has been sent.
    fn tidy(&mut self) -> Result<()> {
        for _ in 0..SENDS_AT_ONCE.min(self.sends.len()) {
            let Some(mut send) = self.sends.pop_front() else { break };
            // SAFETY: requests of sends are in this list until they are done.
            if unsafe { self.library.test(&mut send.request)? }.is_none() {
                self.sends.push_back(send);
            }
        }
        Ok(())
    }

    fn take_packet(&mut self) -> Result<Option<Arrival>> {
        let (buffer, pending) = &mut self.packet;
        let mut request = match pending.take() {
            Some(request) => request,
            // SAFETY: the buffer is this transport's own, is never resized, and is looked at only
            // when the request is done; `drop` gives the request up.
            None => unsafe { self.library.receive(buffer, None, PACKET)? },
        };
        // SAFETY: the request was made above, or was not done the last time.
        let Some(len) = (unsafe { self.library.test(&mut request)? }) else {
            *pending = Some(request);
            return Ok(None);
        };
        let len = len.saturating_sub(SOURCE);
        let mut source = [0; SOURCE];
        source.copy_from_slice(&buffer[len..len + SOURCE]);
        let source = u32::from_le_bytes(source) as usize;
        Ok(Some(Arrival::Packet { source, data: buffer[..len].to_vec() }))
    }

    fn take_chunk(&mut self) -> Result<Option<Arrival>> {
        for index in 0..self.chunks.len() {
            let chunk = &mut self.chunks[index];
            // SAFETY: requests of chunks are in this list until they are done.
            let Some(len) = (unsafe { self.library.test(&mut chunk.request)? }) else { continue };
            let Chunk { source, buffer, len: expected, .. } = self.chunks.swap_remove(index);
            if len != expected {
                let what = format!("a chunk of {expected} bytes from rank {source} has {len}");
                return Err(CommError::Transport(what));
            }
            return Ok(Some(Arrival::Chunk { source, buffer }));
        }
        Ok(None)
    }
}

impl Transport for MpiTransport {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn packet_limit(&self) -> usize {
        PACKET_LIMIT
    }

    fn chunk_limit(&self) -> usize {
        self.chunk_limit
    }

    fn send_packet(&mut self, dest: usize, mut packet: Vec<u8>) -> Result<()> {
        self.check(dest)?;
        packet.extend((self.rank as u32).to_le_bytes());
        // SAFETY: the bytes are kept, and are not moved when the vector that owns them is.
        let request = unsafe { self.library.send(&packet, dest, PACKET)? };
        self.sends.push_back(Send { request, _bytes: Bytes::Packet(packet) });
        Ok(())
    }

    fn send_chunk(&mut self, dest: usize, data: Arc<Vec<u8>>, range: Range<usize>) -> Result<()> {
        self.check(dest)?;
        // SAFETY: as above; nobody can write to what is shared.
        let request = unsafe { self.library.send(&data[range], dest, CHUNK)? };
        self.sends.push_back(Send { request, _bytes: Bytes::Chunk(data) });
        Ok(())
    }

    fn receive_chunk(
        &mut self,
        source: usize,
        mut buffer: Vec<u8>,
        range: Range<usize>,
    ) -> Result<()> {
        self.check(source)?;
        let len = range.len();
        // SAFETY: the buffer is kept, unseen, until the request is done; `drop` gives it up.
        let request = unsafe { self.library.receive(&mut buffer[range], Some(source), CHUNK)? };
        self.chunks.push(Chunk { request, source, buffer, len });
        Ok(())
    }

    fn poll(&mut self) -> Result<Option<Arrival>> {
        if self.library.has_ended() {
            return Err(CommError::Transport("MPI has ended".into()));
        }
        self.tidy()?;
        if let Some(chunk) = self.take_chunk()? {
            return Ok(Some(chunk));
        }
        self.take_packet()
    }

    fn in_flight(&self) -> usize {
        self.sends.len()
    }
}

impl Drop for MpiTransport {
    fn drop(&mut self) {
        if !self.library.has_ended() {
            let requests = self.chunks.iter().map(|chunk| chunk.request).chain(self.packet.1);
            for request in requests {
                // SAFETY: these are not done: those that are have left the lists.
                unsafe { self.library.give_up(request) };
            }
        }
        // MPI may still be reading what has not gone.
        std::mem::forget(std::mem::take(&mut self.sends));
    }
}
