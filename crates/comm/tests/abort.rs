//! A rank that gives up releases the others, whatever they are waiting for.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::Hosted;
use distarray_comm::conformance::spmd;
use distarray_comm::{CommError, Communicator, InProcess, Result};

type Call = fn(&dyn Communicator) -> Result<()>;

/// Each kind of call, made so that it waits for rank 1, which does not come.
const CALLS: [(&str, Call); 13] = [
    ("recv", |comm| comm.recv(Some(1), None).map(drop)),
    ("recv from any", |comm| comm.recv(None, Some(3)).map(drop)),
    ("barrier", |comm| comm.barrier()),
    ("broadcast", |comm| comm.broadcast(1, vec![]).map(drop)),
    ("gather", |comm| comm.gather(comm.rank(), &[1]).map(drop)),
    ("scatter", |comm| comm.scatter(1, None).map(drop)),
    ("all_gather", |comm| comm.all_gather(&[1]).map(drop)),
    ("all_to_all", |comm| comm.all_to_all(vec![vec![]; comm.size()]).map(drop)),
    ("exchange", |comm| comm.exchange(vec![], &[1]).map(drop)),
    ("reduce", |comm| comm.reduce(comm.rank(), vec![], &mut |_, _| ()).map(drop)),
    ("all_reduce", |comm| comm.all_reduce(vec![], &mut |_, _| ()).map(drop)),
    ("split", |comm| comm.split(Some(0), 0).map(drop)),
    ("share", |comm| match comm.shared() {
        Some(memory) => memory.share(Arc::new(())).map(drop),
        // Where there is no such call, one like it.
        None => comm.barrier(),
    }),
];

fn aborted(reason: &str) -> CommError {
    CommError::Aborted { rank: 1, reason: reason.into() }
}

/// Long enough to be asleep, not only spinning.
fn nap() {
    thread::sleep(Duration::from_millis(3));
}

fn abort_releases_ranks_blocked_in_every_kind_of_call<C: Hosted>() {
    for size in [2, 3, 7] {
        for (name, call) in CALLS {
            let group = C::group(size);
            let results = spmd(name, &group, move |comm| {
                if comm.rank() == 1 {
                    nap();
                    comm.abort(1, "a bad day");
                    return Err(aborted("a bad day"));
                }
                // In a rooted call, each of the others would be a root of its own.
                if comm.rank() > 1 && ["gather", "reduce"].contains(&name) {
                    return comm.recv(Some(1), None).map(drop);
                }
                call(&**comm)
            });
            assert_eq!(results, vec![Err(aborted("a bad day")); size], "{name}");
        }
    }
}

fn abort_fails_later_calls_too_until_the_reset<C: Hosted>() {
    for (name, call) in CALLS {
        let group = C::group(1);
        let comm = &*group[0];
        comm.abort(1, "done");
        comm.abort(0, "too late to be the reason");
        let retargeted: Result<()> = match name {
            "recv" | "recv from any" => comm.recv(None, None).map(drop),
            "broadcast" => comm.broadcast(0, vec![]).map(drop),
            "scatter" => comm.scatter(0, Some(vec![vec![]])).map(drop),
            "exchange" => comm.exchange(vec![], &[0]).map(drop),
            _ => call(comm),
        };
        assert_eq!(retargeted, Err(aborted("done")), "{name}");
        assert_eq!(comm.send(0, 0, &[]), Err(aborted("done")));
        assert_eq!(comm.probe(None, None), Err(aborted("done")));
        C::reset(&group);
        comm.send(0, 0, b"again").unwrap();
        assert_eq!(comm.recv(None, None).unwrap().data, b"again");
        assert_eq!(comm.all_gather(b"x").unwrap(), [b"x"]);
    }
}

fn abort_reaches_parts_of_the_group_in_other_communicators<C: Hosted>() {
    let group = C::group(4);
    let results = spmd("parts", &group, |comm| {
        // On a busy machine, the abort may come before a rank has made them.
        let part = comm.split(Some((comm.rank() / 2) as i32), 0)?.unwrap();
        let pair = part.split(Some(0), 0)?.unwrap();
        if comm.rank() == 3 {
            nap();
            comm.abort(3, "no more");
        } else if comm.rank() == 2 {
            return pair.barrier();
        } else {
            // Waits for a message that was never sent, far from rank 3.
            return pair.recv(None, None).map(drop);
        }
        pair.barrier()
    });
    let error = CommError::Aborted { rank: 3, reason: "no more".into() };
    assert_eq!(results, vec![Err(error); 4]);
}

#[test]
fn a_call_that_all_ranks_have_made_succeeds_although_one_gives_up_next() {
    let calls = CALLS.iter().filter(|(name, _)| {
        ["barrier", "all_gather", "all_reduce", "split", "share"].contains(name)
    });
    for &(name, call) in calls {
        for round in 0..200 {
            let group = InProcess::group(3);
            let results = spmd(name, &group, move |comm| {
                let result = call(&**comm);
                if comm.rank() == round % 3 {
                    comm.abort(comm.rank(), "right after the call");
                }
                result
            });
            assert_eq!(results, vec![Ok(()); 3], "{name}");
        }
    }
}

fn a_reset_clears_messages_and_half_finished_calls<C: Hosted>() {
    let group = C::group(3);
    for round in 0..20 {
        let results = spmd("disturbed", &group, move |comm| {
            let part = comm.split(Some(0), 0)?.unwrap();
            comm.send((comm.rank() + 1) % 3, 0, b"stale")?;
            comm.exchange(vec![((comm.rank() + 1) % 3, vec![0])], &[])?;
            if comm.rank() == round % 3 {
                comm.abort(round % 3, "disturbance");
            }
            if comm.rank() == 0 {
                part.barrier()?;
            } else {
                part.broadcast(1, vec![9])?;
            }
            comm.all_gather(&[1]).map(drop)
        });
        assert!(results.iter().any(Result::is_err));
        C::reset(&group);
        let results = spmd("after the reset", &group, |comm| {
            assert_eq!(comm.probe(None, None)?, None);
            let left = (comm.rank() + 2) % 3;
            let got = comm.exchange(vec![((comm.rank() + 1) % 3, vec![1])], &[left])?;
            assert_eq!(got, [(left, vec![1])]);
            comm.all_gather(&[2])
        });
        assert_eq!(results, vec![Ok(vec![vec![2]; 3]); 3]);
    }
}

#[test]
fn a_reset_does_not_overtake_a_thread_that_is_slow_to_wake() {
    let mut released = 0;
    for _ in 0..50 {
        let group = InProcess::group(2);
        let results = spmd("slow", &group, |comm| {
            if comm.rank() == 0 {
                comm.send(1, 0, b"about to wait")?;
                return comm.recv(Some(1), Some(0)).map(drop);
            }
            comm.recv(Some(0), Some(0))?;
            nap();
            comm.abort(1, "x");
            comm.handle().reset();
            comm.send(0, 0, b"for whoever came after the reset")
        });
        assert_eq!(results[1], Ok(()));
        released += usize::from(results[0] == Err(aborted("x")));
    }
    // Only a rank that began to wait after the reset, 3 ms late, may get the message.
    assert!(released > 0);
}

fn the_host_can_interrupt_a_wait<C: Hosted>() {
    let group = C::group(2);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    group[0].set_interrupt(Some(Arc::new(move || count.fetch_add(1, Ordering::Relaxed) >= 2)));
    for (name, call) in CALLS {
        asked.store(0, Ordering::Relaxed);
        assert_eq!(call(&*group[0]), Err(CommError::Interrupted), "{name}");
        assert!(asked.load(Ordering::Relaxed) >= 3);
        group[0].abort(0, "interrupted");
        C::reset(&group);
    }
    group[0].set_interrupt(None);
    let results = spmd("afterwards", &group, |comm| comm.barrier());
    assert_eq!(results, [Ok(()), Ok(())]);
}

fn whoever_waits_for_a_rank_that_has_returned_is_told_so<C: Hosted>() {
    for size in [2, 3, 7] {
        for (name, call) in CALLS {
            // Others may well send, as long as there are any.
            if name == "recv from any" && size > 2 {
                continue;
            }
            let group = C::group(size);
            C::enter(&group, 0);
            let done = AtomicUsize::new(0);
            let results = spmd(name, &group, move |comm| {
                let result = if comm.rank() == 1 {
                    nap();
                    comm.leave(41);
                    Ok(())
                } else if comm.rank() > 1 && ["gather", "reduce"].contains(&name) {
                    comm.recv(Some(1), None).map(drop)
                } else {
                    call(&**comm)
                };
                comm.linger(&done);
                result
            });
            for (rank, result) in results.into_iter().enumerate() {
                let expected = if rank == 1 { Ok(()) } else { Err(CommError::Gone { rank: 41 }) };
                assert_eq!(result, expected, "{name}");
            }
        }
    }
}

fn what_a_rank_sent_before_it_returned_arrives<C: Hosted>() {
    let group = C::group(2);
    for round in [0, 1] {
        C::enter(&group, 10 * round);
        let done = AtomicUsize::new(0);
        let results = spmd("sent before", &group, move |comm| {
            let receive = || {
                nap();
                comm.recv(Some(1), None)?;
                comm.recv(None, None)?;
                comm.recv(Some(1), None).map(drop)
            };
            let result = if comm.rank() == 1 {
                comm.send(0, 0, b"first")?;
                comm.send(0, 0, b"second, and longer")?;
                comm.leave(1);
                Ok(())
            } else {
                receive()
            };
            comm.linger(&done);
            result
        });
        assert_eq!(results, [Err(CommError::Gone { rank: 1 }), Ok(())], "{round}");
        C::enter(&group, 10 * round + 5);
        let results = spmd("together again", &group, |comm| comm.barrier());
        assert_eq!(results, [Ok(()), Ok(())]);
    }
}

with_every_implementation!(
    abort_releases_ranks_blocked_in_every_kind_of_call,
    abort_fails_later_calls_too_until_the_reset,
    abort_reaches_parts_of_the_group_in_other_communicators,
    a_reset_clears_messages_and_half_finished_calls,
    the_host_can_interrupt_a_wait,
    whoever_waits_for_a_rank_that_has_returned_is_told_so,
    what_a_rank_sent_before_it_returned_arrives,
);
