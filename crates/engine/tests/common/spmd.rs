//! Processes that run one program and are the engines: threads that share nothing but a simulated
//! network.

use std::sync::Arc;
use std::time::Duration;

use distarray_comm::messages::{Endpoint, Network};
use distarray_engine::SpmdSession;

use super::remote::Names;

/// Runs a program as so many processes; each is given its rank and its session.
pub fn run<T: Send>(
    processes: usize,
    program: impl Fn(usize, &Arc<SpmdSession>) -> T + Sync,
) -> Vec<T> {
    let network = Network::new(processes);
    let ranks: Vec<usize> = (0..processes).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = ranks
            .iter()
            .map(|&rank| {
                let (network, ranks, program) = (&network, &ranks, &program);
                scope.spawn(move || {
                    let endpoint = Endpoint::new(network.transport(rank)).unwrap();
                    let [work, agreement] = [0, 1].map(|number| {
                        let whole = endpoint.group(number, ranks).unwrap();
                        // Who waits for a process whose assertion failed is to fail too.
                        whole.handle().set_timeout(Some(Duration::from_secs(20)));
                        whole
                    });
                    let session = SpmdSession::new(work, agreement, Arc::new(Names), None);
                    let result = program(rank, &session);
                    drop(session);
                    endpoint.close(Duration::from_secs(20)).unwrap();
                    result
                })
            })
            .collect();
        running.into_iter().map(|process| process.join().unwrap()).collect()
    })
}
