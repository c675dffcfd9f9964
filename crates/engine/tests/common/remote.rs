//! Engines that share nothing with the client, nor with each other, but bytes: threads that live in
//! the same process by chance alone.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use distarray_comm::{CommError, Communicator, Group, InProcess};
use distarray_engine::error::FunctionError;
use distarray_engine::session::{Courier, Link, serve};
use distarray_engine::wire::{Answer, FunctionCodec, Parcel};
use distarray_engine::{
    Engine, EngineFunction, FunctionContext, RemoteSession, Session, SessionError,
};

use super::messages_only::MessagesOnly;

/// The ranks of a set of engines that have not joined yet, and the handle on all of them.
type Members = (Group, Vec<Option<Arc<InProcess>>>);

/// What engines have answered: what is on its way, and what has arrived.
type Answers = (Receiver<(usize, Parcel)>, HashMap<usize, Parcel>);

/// The ranks of the sets of engines, which only their communicators know of.
#[derive(Default)]
struct Ranks {
    groups: HashMap<u64, Members>,
    epoch: u64,
}

/// One engine's connection.
struct Channels {
    number: usize,
    requests: Receiver<Parcel>,
    answers: Sender<(usize, Parcel)>,
    ranks: Arc<Mutex<Ranks>>,
    /// Which rank the engine is in each set.
    own: HashMap<u64, usize>,
}

impl Link for Channels {
    fn receive(&mut self) -> Result<Option<Parcel>, CommError> {
        Ok(self.requests.recv().ok())
    }

    fn answer(&mut self, answer: Parcel) -> Result<(), CommError> {
        let gone = |_| CommError::Transport("the client is gone".to_owned());
        self.answers.send((self.number, answer)).map_err(gone)
    }

    fn join(
        &mut self,
        group: u64,
        participants: &[usize],
    ) -> Result<Arc<dyn Communicator>, CommError> {
        let mut ranks = self.ranks.lock().unwrap();
        let (_, members) = ranks.groups.entry(group).or_insert_with(|| {
            let members = InProcess::group(participants.len());
            (members[0].handle(), members.into_iter().map(Some).collect())
        });
        let rank = participants.binary_search(&self.number).unwrap();
        self.own.insert(group, rank);
        Ok(MessagesOnly::of(members[rank].take().expect("each engine joins once")))
    }

    fn enter(&mut self, _group: u64, _generation: u64) {
        // Whoever collects the answers has all ranks rejoin.
    }

    fn leave(&mut self, group: u64) {
        self.ranks.lock().unwrap().groups[&group].0.leave(self.own[&group], self.number);
    }

    fn reset(&mut self, epoch: u64) {
        let mut ranks = self.ranks.lock().unwrap();
        // Every engine has answered before the client begins an epoch, so that the first does it.
        if ranks.epoch < epoch {
            ranks.epoch = epoch;
            ranks.groups.values().for_each(|(handle, _)| handle.reset());
        }
    }
}

/// Channels to threads.
pub struct Threads {
    requests: Vec<Sender<Parcel>>,
    answers: Mutex<Answers>,
    ranks: Arc<Mutex<Ranks>>,
    running: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Starts engines.
    pub fn start(engines: usize) -> Self {
        let (sender, answers) = channel();
        let ranks = Arc::<Mutex<Ranks>>::default();
        let (mut requests, mut threads) = (Vec::new(), Vec::new());
        for number in 0..engines {
            let (request, receiver) = channel();
            requests.push(request);
            let mut link = Channels {
                number,
                requests: receiver,
                answers: sender.clone(),
                ranks: ranks.clone(),
                own: HashMap::new(),
            };
            threads.push(std::thread::spawn(move || {
                serve(&Arc::new(Engine::new(number)), &mut link, &Names).unwrap();
            }));
        }
        Self { requests, answers: Mutex::new((answers, HashMap::new())), ranks, running: threads }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.requests.clear();
        for thread in self.running.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Courier for Threads {
    fn engines(&self) -> usize {
        self.requests.len()
    }

    fn deliver(
        &self,
        participants: &[usize],
        request: Parcel,
        own: Vec<Vec<u8>>,
    ) -> Result<(), CommError> {
        let mut own = own.into_iter();
        for &engine in participants {
            let mut parcel = request.clone();
            parcel.parts.extend(own.next());
            // As it would go through one pipe.
            let parcel = Parcel::from_bytes(&parcel.to_bytes())?;
            let gone = |_| CommError::Transport(format!("engine {engine} is gone"));
            self.requests[engine].send(parcel).map_err(gone)?;
        }
        Ok(())
    }

    fn collect(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> Result<Option<Vec<Parcel>>, CommError> {
        let mut answers = self.answers.lock().unwrap();
        let (receiver, arrived) = &mut *answers;
        let end = Instant::now() + patience;
        loop {
            if participants.iter().all(|engine| arrived.contains_key(engine)) {
                let each = participants.iter().filter_map(|engine| arrived.remove(engine));
                let each = each.collect();
                self.ranks.lock().unwrap().groups.values().for_each(|(handle, _)| handle.rejoin());
                return Ok(Some(each));
            }
            match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((engine, answer)) if Answer::sequence(&answer.head)? == sequence => {
                    arrived.insert(engine, answer);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(CommError::Transport("all engines are gone".to_owned()));
                }
            }
        }
    }

    fn abort(&self, group: u64, _participants: &[usize], reason: &str) {
        if let Some((handle, _)) = self.ranks.lock().unwrap().groups.get(&group) {
            handle.abort(usize::MAX, reason);
        }
    }

    fn stop_functions(&self, _participants: &[usize]) {}
}

/// A session of engines that get bytes.
pub fn remote(engines: usize) -> Arc<RemoteSession<Threads>> {
    RemoteSession::new(Threads::start(engines), Arc::new(Names), None)
}

/// The same, as any session.
pub fn remote_session(engines: usize) -> Arc<dyn Session> {
    remote(engines)
}

/// A function that has a name, by which every process finds it.
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it is called with.
    pub argument: i64,
}

impl EngineFunction for Named {
    fn call(&self, context: &FunctionContext<'_>) -> Result<Box<dyn Any + Send>, FunctionError> {
        let failure = |cause: &str, is_echo| FunctionError {
            cause: Box::new(cause.to_owned()),
            is_echo,
            is_interrupt: false,
        };
        let number = context.engine.number();
        match self.name.as_str() {
            "number" => Ok(Box::new(self.argument + number as i64)),
            // Together: the sum over all engines.
            "sum" => {
                let own = (self.argument + number as i64).to_le_bytes().to_vec();
                let add = &mut |sum: &mut Vec<u8>, next: &[u8]| {
                    *sum = (word(sum) + word(next)).to_le_bytes().to_vec();
                };
                let sum = context.communicator.all_reduce(own, add);
                let sum = sum.map_err(|error| failure(&error.to_string(), true))?;
                Ok(Box::new(word(&sum)))
            }
            // One waits until it is stopped, while the others wait for it.
            "until stopped" if number as i64 == self.argument => {
                while !STOPPED[number].swap(false, Ordering::AcqRel) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(failure("stopped", false))
            }
            // One fails while the others wait for it.
            "fail" if number as i64 == self.argument => Err(failure("no luck", false)),
            "fail" | "until stopped" => match context.communicator.barrier() {
                Ok(()) => Ok(Box::new(0_i64)),
                Err(error) => Err(failure(&error.to_string(), true)),
            },
            // One returns while the others wait for it.
            "return" if number as i64 == self.argument => Ok(Box::new(1_i64)),
            "return" => match context.communicator.barrier() {
                Ok(()) => Ok(Box::new(0_i64)),
                Err(error) => Err(failure(&error.to_string(), false)),
            },
            "panic" => panic!("at the disco"),
            // Engine 1 is at work for so many milliseconds.
            "sleep on 1" => {
                if number == 1 {
                    std::thread::sleep(Duration::from_millis(self.argument as u64));
                }
                Ok(Box::new(0_i64))
            }
            other => Err(failure(&format!("there is no {other}"), false)),
        }
    }
}

/// Which engines' functions are to stop.
static STOPPED: [AtomicBool; 8] = [const { AtomicBool::new(false) }; 8];

/// Has the function of an engine stop.
pub fn stop(engine: usize) {
    STOPPED[engine].store(true, Ordering::Release);
}

fn word(bytes: &[u8]) -> i64 {
    i64::from_le_bytes(bytes.try_into().unwrap())
}

/// Writes functions by their names.
pub struct Names;

impl FunctionCodec for Names {
    fn encode(&self, function: &dyn EngineFunction) -> Result<Vec<Vec<u8>>, SessionError> {
        let function: &dyn Any = function;
        let Some(named) = function.downcast_ref::<Named>() else {
            return Err(SessionError::Type("a function without a name".to_owned()));
        };
        Ok(vec![named.name.clone().into_bytes(), named.argument.to_le_bytes().to_vec()])
    }

    fn decode(&self, parts: Vec<Vec<u8>>) -> Result<Arc<dyn EngineFunction>, FunctionError> {
        let name = String::from_utf8(parts[0].clone()).unwrap();
        Ok(Arc::new(Named { name, argument: word(&parts[1]) }))
    }

    fn encode_value(&self, value: Box<dyn Any + Send>) -> Result<Vec<Vec<u8>>, FunctionError> {
        Ok(vec![value.downcast::<i64>().unwrap().to_le_bytes().to_vec()])
    }

    fn decode_value(&self, parts: Vec<Vec<u8>>) -> Result<Box<dyn Any + Send>, FunctionError> {
        Ok(Box::new(word(&parts[0])))
    }

    fn encode_failure(&self, cause: Box<dyn Any + Send + Sync>) -> Vec<Vec<u8>> {
        vec![cause.downcast::<String>().unwrap().into_bytes()]
    }

    fn decode_failure(&self, parts: Vec<Vec<u8>>) -> Box<dyn Any + Send + Sync> {
        Box::new(String::from_utf8(parts[0].clone()).unwrap())
    }
}
