//! What an engine does while it is at work: it hears that a function is to stop, and says that it
//! lives.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use distarray_comm::messages::{Endpoint, MessageCommunicator};
use distarray_comm::{CommError, Communicator};

use super::frame::NOTE;
use super::roster::CLIENT;
use crate::session::Host;

/// How often the watcher looks up.
const TICK: Duration = Duration::from_millis(20);

/// How long a link that is dropped waits for its watcher. Longer, it may be the host that the watcher
/// waits for, and whom the link keeps waiting.
const FAREWELL: Duration = Duration::from_millis(200);

/// What client and engines tell each other besides requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The function of this request is to stop.
    Stop(u64),
    /// Does the engine live?
    Ask,
    /// The engine lives.
    Alive,
}

impl Note {
    fn bytes(self) -> Vec<u8> {
        let (kind, sequence) = match self {
            Self::Stop(sequence) => (0, sequence),
            Self::Ask => (1, 0),
            Self::Alive => (2, 0),
        };
        let mut bytes = sequence.to_le_bytes().to_vec();
        bytes.push(kind);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, CommError> {
        match bytes.split_first_chunk() {
            Some((sequence, [0])) => Ok(Self::Stop(u64::from_le_bytes(*sequence))),
            Some((_, [1])) => Ok(Self::Ask),
            Some((_, [2])) => Ok(Self::Alive),
            _ => Err(CommError::Transport("a note makes no sense".to_owned())),
        }
    }

    /// Sends the note.
    pub fn send(self, everybody: &MessageCommunicator, dest: usize) -> Result<(), CommError> {
        everybody.send_owned(dest, NOTE, self.bytes())
    }

    /// The next note that has come, and its sender.
    pub fn next(everybody: &MessageCommunicator) -> Result<Option<(usize, Self)>, CommError> {
        let Some(message) = everybody.try_recv(None, Some(NOTE))? else { return Ok(None) };
        Ok(Some((message.source, Self::read(&message.data)?)))
    }
}

/// What an engine is at, as its watcher sees it.
pub struct Work {
    everybody: Arc<MessageCommunicator>,
    endpoint: Endpoint,
    engine: usize,
    host: Option<Arc<dyn Host>>,
    /// The number of the request that is being carried out; 0 for none.
    sequence: AtomicU64,
    is_over: (Mutex<bool>, Condvar),
    has_left: AtomicBool,
}

impl Work {
    pub fn new(
        everybody: Arc<MessageCommunicator>,
        engine: usize,
        host: Option<Arc<dyn Host>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            endpoint: everybody.handle().endpoint(),
            everybody,
            engine,
            host,
            sequence: AtomicU64::new(0),
            is_over: (Mutex::new(false), Condvar::new()),
            has_left: AtomicBool::new(false),
        })
    }

    /// Notes what is being carried out.
    pub fn begin(&self, sequence: u64) {
        self.sequence.store(sequence, Ordering::Release);
    }

    /// Notes that nothing is.
    pub fn end(&self) {
        self.begin(0);
    }

    /// Does what notes say; returns whether there were any.
    pub fn heed(&self) -> Result<bool, CommError> {
        let mut any = false;
        while let Some((_, note)) = Note::next(&self.everybody)? {
            any = true;
            match note {
                Note::Stop(sequence) => {
                    // The client asks again if that comes to nothing.
                    let is_running = self.sequence.load(Ordering::Acquire) == sequence;
                    if let Some(host) = self.host.as_ref().filter(|_| is_running) {
                        host.stop_function(self.engine);
                    }
                }
                Note::Ask => Note::Alive.send(&self.everybody, CLIENT)?,
                Note::Alive => {}
            }
        }
        Ok(any)
    }

    /// Looks up while the same request is carried out for long, until the link is gone.
    fn watch(&self) {
        let mut last = 0;
        let (is_over, changed) = &self.is_over;
        let mut over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            over = changed.wait_timeout(over, TICK).unwrap_or_else(PoisonError::into_inner).0;
            let sequence = self.sequence.load(Ordering::Acquire);
            if sequence != 0 && sequence == last && !*over {
                drop(over);
                // The engine meets the same error when it is done.
                let _ = self.look_up();
                over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
            }
            last = sequence;
        }
        drop(over);
        self.has_left.store(true, Ordering::Release);
    }

    fn look_up(&self) -> Result<(), CommError> {
        while self.endpoint.progress()? {}
        self.heed().map(drop)
    }
}

/// The thread that looks up.
pub struct Watcher {
    work: Arc<Work>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub fn start(work: Arc<Work>) -> Result<Self, CommError> {
        let builder = std::thread::Builder::new().name(format!("engine {} watches", work.engine));
        let watched = work.clone();
        let thread = builder.spawn(move || watched.watch());
        let thread = thread
            .map_err(|error| CommError::Transport(format!("an engine got no thread: {error}")))?;
        Ok(Self { work, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let (is_over, changed) = &self.work.is_over;
        *is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        let start = Instant::now();
        while !self.work.has_left.load(Ordering::Acquire) {
            if start.elapsed() > FAREWELL {
                return;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_written() {
        for note in [Note::Stop(u64::MAX), Note::Ask, Note::Alive] {
            assert_eq!(Note::read(&note.bytes()), Ok(note));
        }
        assert!(Note::read(&[0; 8]).is_err());
        assert!(Note::read(&[9; 9]).is_err());
    }
}
