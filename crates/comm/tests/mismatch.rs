//! Ranks that disagree about the call they are in get an error, not a hang.

mod common;

use std::thread;
use std::time::Duration;

use common::Hosted;
use distarray_comm::conformance::spmd;
use distarray_comm::{CommError, Result};

fn assert_all_mismatched(results: &[Result<()>]) {
    for result in results {
        assert!(matches!(result, Err(CommError::Mismatch { .. })), "{result:?}");
    }
}

fn two_meetings_of_different_kinds<C: Hosted>() {
    let results = spmd("kinds", &C::group(3), |comm| match comm.rank() {
        0 => comm.barrier(),
        _ => comm.all_gather(&[]).map(drop),
    });
    // Ranks 1 and 2 see rank 0's call, and rank 0 theirs.
    assert_all_mismatched(&results);
    let error = results[0].clone().unwrap_err().to_string();
    let seen = |other: usize| {
        format!(
            "collective calls do not match: rank 0 called barrier (its collective call number 1), \
             but rank {other} called all-gather (its collective call number 1)"
        )
    };
    // Either may be the first to notice.
    assert!([seen(1), seen(2)].contains(&error), "{error}");
}

fn a_meeting_and_a_message<C: Hosted>() {
    let results = spmd("mixed", &C::group(2), |comm| match comm.rank() {
        0 => comm.barrier(),
        _ => comm.broadcast(0, vec![]).map(drop),
    });
    assert_all_mismatched(&results);
}

fn different_roots<C: Hosted>() {
    let results = spmd("roots", &C::group(2), |comm| {
        // Each expects the other to be the root; neither sends.
        comm.broadcast(1 - comm.rank(), vec![]).map(drop)
    });
    assert_all_mismatched(&results);
}

fn one_rank_is_a_call_ahead<C: Hosted>() {
    let results = spmd("ahead", &C::group(2), |comm| {
        if comm.rank() == 0 {
            // Returns at once: the root of a broadcast waits for nobody.
            comm.broadcast(0, vec![1])?;
        }
        thread::sleep(Duration::from_millis(5));
        comm.barrier()
    });
    assert_all_mismatched(&results);
}

with_every_implementation!(
    two_meetings_of_different_kinds,
    a_meeting_and_a_message,
    different_roots,
    one_rank_is_a_call_ahead,
);
