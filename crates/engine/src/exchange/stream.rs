//! A redistribution as a stream of messages that fit into a cache.

use std::collections::VecDeque;
use std::sync::Arc;

use distarray_comm::{CommError, Communicator, Flow};
use distarray_kernels::{Block, DType, copy};
use distarray_meta::Transfer;

use super::pieces::{Piece, loads};
use crate::error::EngineError;

/// About how long a message is: its bytes are still in a cache when they are sent and unpacked, and
/// there are few enough of them that what each one costs doesn't count.
const MESSAGE: usize = 1 << 20;

/// One engine's part in a redistribution between engines that share no memory.
pub struct Stream<'a> {
    dtype: DType,
    source: Option<&'a Block>,
    dest: Option<&'a Block>,
    /// What each receiver gets, message by message.
    sends: VecDeque<(usize, VecDeque<Vec<Piece>>)>,
    /// What comes, and from whom.
    receives: Vec<Vec<Piece>>,
    senders: Vec<usize>,
    error: Option<EngineError>,
}

impl<'a> Stream<'a> {
    /// A stream from this engine's piece of the source, which has that dtype everywhere, to its piece
    /// of the destination. They don't overlap.
    pub fn new(dtype: DType, source: Option<&'a Block>, dest: Option<&'a Block>) -> Self {
        let (sends, receives, senders) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { dtype, source, dest, sends, receives, senders, error: None }
    }

    fn loads(&self, transfer: &Transfer, block: Option<&Block>) -> Vec<Vec<Piece>> {
        let strided = block.is_some_and(Block::is_strided);
        loads(transfer, strided, self.dtype.itemsize(), MESSAGE)
    }

    /// Adds what a rank gets.
    pub fn send(&mut self, receiver: usize, transfer: &Transfer) {
        let loads = self.loads(transfer, self.source);
        self.sends.push_back((receiver, loads.into()));
    }

    /// Adds what comes from a rank.
    pub fn receive(&mut self, sender: usize, transfer: &Transfer) {
        let loads = self.loads(transfer, self.dest);
        self.senders.extend(loads.iter().map(|_| sender));
        self.receives.extend(loads);
    }

    /// Sends and receives all of it, as this rank of the communicator.
    ///
    /// # Errors
    ///
    /// [`EngineError::Comm`] when another rank gives up, [`EngineError::Kernel`] when memory is
    /// short.
    pub fn run(
        mut self,
        communicator: &Arc<dyn Communicator>,
        own: usize,
    ) -> Result<(), EngineError> {
        // Everybody begins with another rank, or all would send to the first one at once.
        let first = self.sends.partition_point(|(receiver, _)| *receiver < own);
        self.sends.rotate_left(first);
        let senders = std::mem::take(&mut self.senders);
        let streamed = communicator.stream(&mut self, &senders);
        self.error.map_or(Ok(streamed?), Err)
    }

    /// Ends the stream if something failed.
    fn checked<T>(&mut self, result: Result<T, EngineError>) -> Result<T, CommError> {
        result.map_err(|error| {
            self.error = Some(error);
            CommError::Interrupted
        })
    }
}

impl Flow for Stream<'_> {
    fn next(&mut self, message: &mut Vec<u8>) -> Result<Option<usize>, CommError> {
        let (Some(source), Some((receiver, mut loads))) = (self.source, self.sends.pop_front())
        else {
            return Ok(None);
        };
        let load = loads.pop_front().unwrap_or_default();
        if !loads.is_empty() {
            self.sends.push_back((receiver, loads));
        }
        let mut pieces = load.iter();
        let packed = pieces.try_for_each(|piece| piece.of_source(source).append_to(message));
        self.checked(packed.map_err(EngineError::from))?;
        Ok(Some(receiver))
    }

    fn take(&mut self, place: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>, CommError> {
        let Some(dest) = self.dest else { return Ok(None) };
        let message = Arc::new(message);
        let load = std::mem::take(&mut self.receives[place]);
        let unpacked = unpack(&message, self.dtype, dest, &load);
        self.checked(unpacked)?;
        Ok(Arc::into_inner(message))
    }
}

/// Copies elements to where they belong, casting.
fn unpack(
    message: &Arc<Vec<u8>>,
    dtype: DType,
    dest: &Block,
    pieces: &[Piece],
) -> Result<(), EngineError> {
    let items = pieces.iter().map(Piece::len).sum();
    let packed = Block::of_shared_bytes(dtype, &[items], message.clone());
    let mut from = 0;
    for piece in pieces {
        let target = piece.of_dest(dest);
        let part = packed.slice_axis(0, from, 1, target.size());
        from += target.size();
        copy::copy(&Block::from_flattened(&part, &target.shape()), &target)?;
    }
    Ok(())
}
