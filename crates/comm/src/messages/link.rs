//! Messages over a transport: small ones are packets, of large ones a packet tells the length.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::group::Note;
use super::header::{Header, TRAILER};
use super::mailbox::Slot;
use super::spare::Spare;
use super::transport::Transport;
use crate::sync::lock;
use crate::{CommError, Result};

/// A message that comes in chunks.
struct Bulk {
    len: usize,
    /// How much of it has come.
    done: usize,
    slot: Slot,
}

/// A transport, and what is on its way here.
pub struct Link {
    /// `None` once it is closed.
    transport: Option<Box<dyn Transport>>,
    /// For each rank, the messages that it has announced; the first one is being received.
    incoming: HashMap<usize, VecDeque<Bulk>>,
    pub spare: Spare,
    packet_limit: usize,
    inline_limit: usize,
    chunk_limit: usize,
}

impl Link {
    pub fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            packet_limit: transport.packet_limit(),
            inline_limit: transport.inline_limit(),
            chunk_limit: transport.chunk_limit(),
            transport: Some(transport),
            incoming: HashMap::new(),
            spare: Spare::default(),
        }
    }

    pub fn transport(&mut self) -> Result<&mut dyn Transport> {
        let closed = || CommError::Transport("the transport is closed".into());
        Ok(self.transport.as_mut().ok_or_else(closed)?.as_mut())
    }

    /// Lets go of the transport.
    pub fn close(&mut self) {
        self.transport = None;
        self.incoming.clear();
    }

    /// Whether anything is on its way, from here or to here.
    pub fn is_busy(&self) -> bool {
        let sending = self.transport.as_ref().is_some_and(|transport| transport.in_flight() > 0);
        sending || !self.incoming.is_empty()
    }

    /// Begins to send a message.
    pub fn send(&mut self, dest: usize, header: Header, data: &Arc<Vec<u8>>) -> Result<()> {
        let (inline_limit, chunk_limit) = (self.inline_limit, self.chunk_limit);
        let transport = self.transport()?;
        if data.len() <= inline_limit {
            return transport.send_packet(dest, header.packet(data));
        }
        transport.send_packet(dest, Header { bulk: Some(data.len()), ..header }.packet(&[]))?;
        for start in (0..data.len()).step_by(chunk_limit) {
            let range = start..data.len().min(start + chunk_limit);
            transport.send_chunk(dest, data.clone(), range)?;
        }
        Ok(())
    }

    /// Sends what another endpoint is to be told.
    pub fn tell(&mut self, note: &Note) -> Result<()> {
        let content = note.control.encode(self.packet_limit - TRAILER);
        self.transport()?.send_packet(note.dest, note.header.packet(&content))
    }

    /// Makes a place for a message that `source` has announced.
    pub fn announced(&mut self, source: usize, len: usize) -> Result<Slot> {
        let slot = Slot::default();
        let queue = self.incoming.entry(source).or_default();
        queue.push_back(Bulk { len, done: 0, slot: slot.clone() });
        if queue.len() == 1 {
            let buffer = self.spare.of_len(len);
            self.receive(source, buffer, 0..len)?;
        }
        Ok(slot)
    }

    /// Begins to receive the first of the bytes of a range.
    fn receive(&mut self, source: usize, buffer: Vec<u8>, range: Range<usize>) -> Result<()> {
        let end = range.end.min(range.start + self.chunk_limit);
        self.transport()?.receive_chunk(source, buffer, range.start..end)
    }

    /// Takes a chunk, and begins to receive the next one from `source` if there is one.
    pub fn arrived(&mut self, source: usize, buffer: Vec<u8>) -> Result<()> {
        let chunk_limit = self.chunk_limit;
        let Some(queue) = self.incoming.get_mut(&source) else { return Ok(()) };
        let Some(bulk) = queue.front_mut() else { return Ok(()) };
        bulk.done = bulk.len.min(bulk.done + chunk_limit);
        let rest = bulk.done..bulk.len;
        if !rest.is_empty() {
            return self.receive(source, buffer, rest);
        }
        *lock(&bulk.slot) = Some(buffer);
        queue.pop_front();
        if let Some(next) = queue.front() {
            let len = next.len;
            let buffer = self.spare.of_len(len);
            return self.receive(source, buffer, 0..len);
        }
        self.incoming.remove(&source);
        Ok(())
    }
}
