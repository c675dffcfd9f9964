//! Ranks that exchange bytes and nothing else.

use std::sync::Arc;

use distarray_comm::{Communicator, Envelope, Message, Result, SharedMemory};

/// A communicator that hides that its ranks share memory.
pub struct MessagesOnly(Arc<dyn Communicator>);

impl MessagesOnly {
    /// The same rank, which exchanges messages only.
    pub fn of(rank: Arc<dyn Communicator>) -> Arc<dyn Communicator> {
        Arc::new(Self(rank))
    }
}

impl Communicator for MessagesOnly {
    fn rank(&self) -> usize {
        self.0.rank()
    }
    fn size(&self) -> usize {
        self.0.size()
    }
    fn send(&self, dest: usize, tag: i32, data: &[u8]) -> Result<()> {
        self.0.send(dest, tag, data)
    }
    fn recv(&self, source: Option<usize>, tag: Option<i32>) -> Result<Message> {
        self.0.recv(source, tag)
    }
    fn probe(&self, source: Option<usize>, tag: Option<i32>) -> Result<Option<Envelope>> {
        self.0.probe(source, tag)
    }
    fn barrier(&self) -> Result<()> {
        self.0.barrier()
    }
    fn broadcast(&self, root: usize, data: Vec<u8>) -> Result<Vec<u8>> {
        self.0.broadcast(root, data)
    }
    fn gather(&self, root: usize, data: &[u8]) -> Result<Option<Vec<Vec<u8>>>> {
        self.0.gather(root, data)
    }
    fn scatter(&self, root: usize, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>> {
        self.0.scatter(root, parts)
    }
    fn all_gather(&self, data: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.0.all_gather(data)
    }
    fn all_to_all(&self, parts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        self.0.all_to_all(parts)
    }
    fn exchange(
        &self,
        sends: Vec<(usize, Vec<u8>)>,
        receive_from: &[usize],
    ) -> Result<Vec<(usize, Vec<u8>)>> {
        self.0.exchange(sends, receive_from)
    }
    fn reduce(
        &self,
        root: usize,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Option<Vec<u8>>> {
        self.0.reduce(root, data, combine)
    }
    fn all_reduce(
        &self,
        data: Vec<u8>,
        combine: &mut dyn FnMut(&mut Vec<u8>, &[u8]),
    ) -> Result<Vec<u8>> {
        self.0.all_reduce(data, combine)
    }
    fn split(&self, color: Option<i32>, key: i64) -> Result<Option<Arc<dyn Communicator>>> {
        Ok(self.0.split(color, key)?.map(Self::of))
    }
    fn abort(&self, culprit: usize, reason: &str) {
        self.0.abort(culprit, reason);
    }
    fn shared(&self) -> Option<&dyn SharedMemory> {
        None
    }
}
