//! What a command to an engine in another process costs, but for the way there and back.
//!
//!     cargo run --release -p distarray-engine --example round_trip
//!
//! One thread plays the client and the engine in turn, so that nobody waits for anybody: the time is
//! that of writing, sending, reading and filing a request and an answer.

use std::time::{Duration, Instant};

use distarray_comm::messages::{Endpoint, Network};
use distarray_engine::session::messages::{MessageCourier, MessageLink, Roster};
use distarray_engine::session::{Courier, Link};
use distarray_engine::wire::{Answer, Instruction, NoFunctions, Outcome, Parcel, Request};
use distarray_meta::WriterDictionary;

fn main() {
    let network = Network::new(2);
    let roster = Roster { session: 0, client: 0, engines: vec![1] };
    let end = |rank| Endpoint::new(network.transport(rank)).expect("the network is possible");
    let courier = MessageCourier::new(&end(0), roster.clone()).expect("the client is rank 0");
    let mut link = MessageLink::new(&end(1), roster, None).expect("the engine is rank 1");
    let mut dictionary = WriterDictionary::default();
    let mut round = |sequence| {
        let request: Request = Request {
            sequence,
            epoch: 0,
            group: 0,
            participants: [0].into(),
            freed: Vec::new(),
            dropped: Vec::new(),
            instruction: Instruction::Count,
        };
        let head = request.to_bytes(&mut dictionary).expect("a request can be written");
        courier
            .deliver(&[0], Parcel { head, parts: Vec::new() }, Vec::new())
            .and_then(|()| link.receive())
            .and_then(|_| Answer { sequence, outcome: Outcome::Count(0) }.pack(&NoFunctions))
            .and_then(|answer| link.answer(answer))
            .and_then(|()| courier.collect(&[0], sequence, Duration::from_secs(1)))
            .expect("everybody is here");
    };
    let rounds = 1000;
    let least = (0..50)
        .map(|batch| {
            let start = Instant::now();
            (1..=rounds).for_each(|number| round(batch * rounds + number));
            start.elapsed() / u32::try_from(rounds).unwrap_or(1)
        })
        .min();
    println!("request and answer: {:?}", least.unwrap_or_default());
}
