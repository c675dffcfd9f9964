//! Engines to which somebody brings requests, one at a time, and that do nothing in between.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use distarray_comm::CommError;
use distarray_comm::messages::{Endpoint, Network};
use distarray_engine::RemoteSession;
use distarray_engine::session::Courier;
use distarray_engine::session::messages::Attendant;
use distarray_engine::wire::{Answer, Parcel};

use super::remote::Names;

/// What engines have answered: what is on its way, and what has arrived.
type Answers = (Receiver<(usize, Parcel)>, HashMap<usize, Parcel>);

/// Queues of requests, and the threads that take them to attendants.
pub struct Queues {
    requests: Vec<Sender<Parcel>>,
    answers: Mutex<Answers>,
    running: Vec<JoinHandle<()>>,
}

impl Queues {
    fn start(network: &Network) -> Self {
        let engines = network.size();
        let (sender, answers) = channel();
        let (mut requests, mut running) = (Vec::new(), Vec::new());
        for number in 0..engines {
            let (request, receiver) = channel::<Parcel>();
            requests.push(request);
            // The ranks are in an order of their own.
            let rank = |number: usize| engines - 1 - number;
            let endpoint = Endpoint::new(network.transport(rank(number))).unwrap();
            let ranks: HashMap<usize, usize> =
                (0..engines).map(|each| (each, rank(each))).collect();
            let attendant = Attendant::new(&endpoint, number, ranks, None);
            let sender = sender.clone();
            running.push(std::thread::spawn(move || {
                for request in receiver {
                    if let Some(answer) = attendant.attend(request, &Names).unwrap() {
                        // The client may be gone.
                        let _ = sender.send((number, answer));
                    }
                }
            }));
        }
        Self { requests, answers: Mutex::new((answers, HashMap::new())), running }
    }
}

impl Drop for Queues {
    fn drop(&mut self) {
        self.requests.clear();
        for thread in self.running.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Courier for Queues {
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
            self.requests[engine].send(parcel).unwrap();
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
                return Ok(Some(
                    participants.iter().filter_map(|each| arrived.remove(each)).collect(),
                ));
            }
            match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((engine, answer)) if Answer::sequence(&answer.head)? == sequence => {
                    arrived.insert(engine, answer);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => panic!("all engines are gone"),
            }
        }
    }

    fn abort(&self, _group: u64, _participants: &[usize], _reason: &str) {}

    fn stop_functions(&self, _participants: &[usize]) {}
}

/// A session of engines to which requests are brought.
pub fn attendants(engines: usize) -> Arc<RemoteSession<Queues>> {
    let network = Network::new(engines).with_disorder(engines as u64);
    RemoteSession::new(Queues::start(&network), Arc::new(Names), None)
}
