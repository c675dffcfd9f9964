//! Every implementation passes the conformance suite.

use std::sync::Arc;

use distarray_comm::messages::Network;
use distarray_comm::{Communicator, InProcess, conformance};

fn group(size: usize) -> Vec<Arc<dyn Communicator>> {
    let ranks = InProcess::group(size).into_iter();
    ranks.map(|rank| -> Arc<dyn Communicator> { rank }).collect()
}

#[test]
fn in_process_groups_conform() {
    conformance::run(group);
}

#[test]
fn parts_of_groups_conform() {
    conformance::run(|size| parts(&group(size + 2)));
    conformance::run(|size| parts(&messages(&Network::new(size + 2).with_disorder(7))));
}

/// The middle of a group, backwards.
fn parts(whole: &[Arc<dyn Communicator>]) -> Vec<Arc<dyn Communicator>> {
    let parts = conformance::spmd("split", whole, |comm| {
        let inside = comm.rank() > 0 && comm.rank() + 1 < comm.size();
        comm.split(inside.then_some(1), -(comm.rank() as i64)).unwrap()
    });
    parts.into_iter().flatten().rev().collect()
}

fn messages(network: &Network) -> Vec<Arc<dyn Communicator>> {
    network.group().into_iter().map(|rank| -> Arc<dyn Communicator> { rank }).collect()
}

#[test]
fn groups_that_exchange_messages_conform() {
    conformance::run(|size| messages(&Network::new(size)));
}

#[test]
fn long_messages_and_tiny_chunks_conform() {
    conformance::run(|size| messages(&Network::new(size).with_limits(0, 1000)));
}

#[test]
fn messages_out_of_order_conform() {
    for seed in 0..2 {
        conformance::run(|size| {
            messages(&Network::new(size).with_limits(8, 50_000).with_disorder(seed))
        });
    }
}

#[test]
#[should_panic(expected = "rank 1 failed: on purpose")]
fn a_failing_check_names_its_rank() {
    conformance::spmd("failing", &group(3), |comm| assert!(comm.rank() != 1, "on purpose"));
}
