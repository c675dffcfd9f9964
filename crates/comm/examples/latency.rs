//! How long the calls take between two threads: `cargo run --release --example latency [ranks]`.

use std::sync::Arc;
use std::time::Instant;

use distarray_comm::conformance::spmd;
use distarray_comm::{Communicator, InProcess, Result};

type Call = fn(&InProcess) -> Result<()>;

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

fn main() {
    let ranks = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    let repeats = if ranks > 2 { 20_000 } else { 200_000 };
    for (name, call) in CALLS {
        let times = spmd(name, &InProcess::group(ranks), move |comm| {
            let start = Instant::now();
            for _ in 0..repeats {
                call(comm).expect("nobody aborts");
            }
            start.elapsed() / repeats
        });
        println!("{name:24} {:>8.2?}", times[0]);
    }
}
