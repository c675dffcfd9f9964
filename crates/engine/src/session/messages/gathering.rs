//! How answers come together on their way to the client.

use distarray_comm::CommError;
use distarray_comm::messages::MessageCommunicator;

use super::frame::{self, ANSWERS, Bytes, LONG, STRING};
use super::roster::CLIENT;

/// Answers that are longer together go straight to the client: on their way along the tree they
/// would be copied again and again.
const MUCH: usize = 64 << 10;

/// The answers of an engine, and of those below it, to one request.
#[derive(Default)]
pub struct Gathering {
    sequence: u64,
    /// To whom they go.
    parent: usize,
    /// How many are to come: this engine's own, and one frame from each engine right below it.
    missing: usize,
    /// What has come.
    frame: Vec<u8>,
    /// Frames for requests that have not come here yet.
    early: Vec<Vec<u8>>,
}

impl Gathering {
    /// Begins to gather the answers to a request.
    pub fn begin(
        &mut self,
        everybody: &MessageCommunicator,
        sequence: u64,
        parent: usize,
        children: usize,
    ) -> Result<(), CommError> {
        // The client has given up those that are not all there, but wants to know who is done.
        self.send(everybody, CLIENT)?;
        (self.sequence, self.parent, self.missing) = (sequence, parent, children + 1);
        self.frame = frame::empty(sequence);
        for frame in std::mem::take(&mut self.early) {
            self.add_frame(everybody, frame)?;
        }
        Ok(())
    }

    /// Adds this engine's own answer.
    pub fn add_own(
        &mut self,
        everybody: &MessageCommunicator,
        engine: usize,
        strings: &[Bytes],
    ) -> Result<(), CommError> {
        if strings.iter().all(|string| string.len() < LONG) {
            frame::append(&mut self.frame, engine, strings);
        } else {
            let mut direct = frame::empty(self.sequence);
            frame::append(&mut direct, engine, strings);
            everybody.send_shared(CLIENT, ANSWERS, Bytes::new(direct))?;
            for string in strings.iter().filter(|string| string.len() >= LONG) {
                everybody.send_shared(CLIENT, STRING, string.clone())?;
            }
        }
        self.added(everybody)
    }

    /// Adds what has come from an engine below this one.
    pub fn add_frame(
        &mut self,
        everybody: &MessageCommunicator,
        frame: Vec<u8>,
    ) -> Result<(), CommError> {
        let sequence = frame::word(&frame)?;
        if sequence > self.sequence {
            self.early.push(frame);
            return Ok(());
        }
        if sequence < self.sequence || self.missing == 0 {
            return if frame::is_empty(&frame) {
                Ok(())
            } else {
                everybody.send_shared(CLIENT, ANSWERS, Bytes::new(frame))
            };
        }
        frame::extend(&mut self.frame, &frame);
        self.added(everybody)
    }

    fn added(&mut self, everybody: &MessageCommunicator) -> Result<(), CommError> {
        self.missing = self.missing.saturating_sub(1);
        if self.frame.len() > MUCH {
            self.send(everybody, CLIENT)?;
            self.frame = frame::empty(self.sequence);
        }
        if self.missing > 0 {
            return Ok(());
        }
        if self.parent == CLIENT {
            return self.send(everybody, CLIENT);
        }
        // Also if there is nothing in it: the one above waits for it.
        everybody.send_shared(self.parent, ANSWERS, Bytes::new(std::mem::take(&mut self.frame)))
    }

    /// Sends what has come, if anything.
    fn send(&mut self, everybody: &MessageCommunicator, dest: usize) -> Result<(), CommError> {
        let frame = std::mem::take(&mut self.frame);
        if frame.is_empty() || frame::is_empty(&frame) {
            return Ok(());
        }
        everybody.send_shared(dest, ANSWERS, Bytes::new(frame))
    }
}
