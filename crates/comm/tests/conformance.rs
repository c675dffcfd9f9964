//! Every implementation passes the conformance suite.

use std::sync::Arc;

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
fn parts_of_in_process_groups_conform() {
    conformance::run(|size| {
        let whole = group(size + 2);
        let parts = conformance::spmd("split", &whole, |comm| {
            // The middle of the group, backwards.
            let inside = comm.rank() > 0 && comm.rank() + 1 < comm.size();
            comm.split(inside.then_some(1), -(comm.rank() as i64)).unwrap()
        });
        parts.into_iter().flatten().rev().collect()
    });
}

#[test]
#[should_panic(expected = "rank 1 failed: on purpose")]
fn a_failing_check_names_its_rank() {
    conformance::spmd("failing", &group(3), |comm| assert!(comm.rank() != 1, "on purpose"));
}
