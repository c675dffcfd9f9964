//! How long the calls take between two threads, by memory and by messages:
//! `cargo run --release --example latency [ranks]`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use distarray_comm::conformance::spmd;
use distarray_comm::messages::Network;
use distarray_comm::{Communicator, InProcess, Result};

type Call = fn(&dyn Communicator) -> Result<()>;

const CALLS: [(&str, Call); 7] = [
    ("barrier", |comm| comm.barrier()),
    ("share", |comm| comm.shared().map_or(Ok(()), |memory| memory.share(Arc::new(())).map(drop))),
    ("broadcast of 8 bytes", |comm| comm.broadcast(0, vec![1; 8]).map(drop)),
    ("all_gather of 8 bytes", |comm| comm.all_gather(&[1; 8]).map(drop)),
    ("all_reduce of 8 bytes", |comm| comm.all_reduce(vec![1; 8], &mut |_, _| ()).map(drop)),
    ("all_to_all of 8 bytes", |comm| comm.all_to_all(vec![vec![1; 8]; comm.size()]).map(drop)),
    ("ring of 8 bytes", |comm| {
        let (rank, size) = (comm.rank(), comm.size());
        comm.send((rank + 1) % size, 0, &[1; 8])?;
        comm.recv(Some((rank + size - 1) % size), None).map(drop)
    }),
];

fn measure<C: Communicator + 'static>(name: &str, group: &[Arc<C>], call: Call) -> Duration {
    let repeats = if group.len() > 2 { 5_000 } else { 50_000 };
    let times = spmd(name, group, move |comm| {
        let start = Instant::now();
        for _ in 0..repeats {
            call(&**comm).expect("nobody aborts");
        }
        start.elapsed() / repeats
    });
    times[0]
}

fn main() {
    let ranks = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    for (name, call) in CALLS {
        let memory = measure(name, &InProcess::group(ranks), call);
        let messages = measure(name, &Network::new(ranks).group(), call);
        println!("{name:24} {memory:>10.2?} {messages:>10.2?}");
    }
}
