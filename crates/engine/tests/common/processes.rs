//! Engines that exchange messages with the client and with each other, as processes do, over a
//! simulated network.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use distarray_comm::CommError;
use distarray_comm::messages::{Endpoint, Network};
use distarray_engine::session::messages::{MessageCourier, MessageLink, Roster};
use distarray_engine::session::{Courier, Host, serve};
use distarray_engine::wire::Parcel;
use distarray_engine::{Engine, RemoteSession};

use super::remote::Names;

/// What an engine ends with.
pub type Ending = Result<(), CommError>;

/// The client's end, and the threads that play the processes.
pub struct Processes {
    courier: Option<MessageCourier>,
    engines: Vec<JoinHandle<Ending>>,
}

impl Processes {
    /// Starts engines on the ranks of a network, whose last one is the client.
    pub fn start(network: &Network, engines: usize, host: Option<&Arc<dyn Host>>) -> Self {
        let start = |link: MessageLink| {
            std::thread::spawn(move || {
                let mut link = link;
                serve(&Arc::new(Engine::new(link.engine())), &mut link, &Names)
            })
        };
        let engines = links(network, engines, host).into_iter().map(start);
        Self { engines: engines.collect(), courier: None }.with_client(network)
    }

    /// The same engines, of which the given threads play some.
    pub fn of(network: &Network, engines: Vec<JoinHandle<Ending>>) -> Self {
        Self { engines, courier: None }.with_client(network)
    }

    fn with_client(mut self, network: &Network) -> Self {
        let roster = roster(self.engines.len());
        let endpoint = Endpoint::new(network.transport(roster.client)).unwrap();
        self.courier = Some(MessageCourier::new(&endpoint, roster).unwrap());
        self
    }

    /// The client's end.
    pub fn courier(&self) -> &MessageCourier {
        self.courier.as_ref().unwrap()
    }
}

/// Who takes part: the last rank is the client, and the engines are in an order of their own.
pub fn roster(engines: usize) -> Roster {
    Roster { session: 3, client: engines, engines: (0..engines).rev().collect() }
}

/// The ends of all engines.
pub fn links(network: &Network, engines: usize, host: Option<&Arc<dyn Host>>) -> Vec<MessageLink> {
    let link = |&rank: &usize| {
        let endpoint = Endpoint::new(network.transport(rank)).unwrap();
        MessageLink::new(&endpoint, roster(engines), host.cloned()).unwrap()
    };
    roster(engines).engines.iter().map(link).collect()
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.courier.take());
        for engine in self.engines.drain(..) {
            let ending = engine.join().unwrap();
            if !std::thread::panicking() {
                ending.unwrap();
            }
        }
    }
}

impl Courier for Processes {
    fn engines(&self) -> usize {
        self.courier().engines()
    }

    fn deliver(
        &self,
        participants: &[usize],
        request: Parcel,
        own: Vec<Vec<u8>>,
    ) -> Result<(), CommError> {
        self.courier().deliver(participants, request, own)
    }

    fn collect(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> Result<Option<Vec<Parcel>>, CommError> {
        self.courier().collect(participants, sequence, patience)
    }

    fn abort(&self, group: u64, participants: &[usize], reason: &str) {
        self.courier().abort(group, participants, reason);
    }

    fn stop_functions(&self, participants: &[usize]) {
        self.courier().stop_functions(participants);
    }
}

/// A session of engines that exchange messages, on a network on which things are late and overtake
/// each other.
pub fn processes(engines: usize) -> Arc<RemoteSession<Processes>> {
    over(&Network::new(engines + 1).with_disorder(engines as u64), engines)
}

/// The same on an orderly network.
pub fn orderly(engines: usize) -> Arc<RemoteSession<Processes>> {
    over(&Network::new(engines + 1), engines)
}

fn over(network: &Network, engines: usize) -> Arc<RemoteSession<Processes>> {
    RemoteSession::new(Processes::start(network, engines, None), Arc::new(Names), None)
}
