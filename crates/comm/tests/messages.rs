//! What only ranks that are processes can meet.

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Hosted;
use distarray_comm::conformance::spmd;
use distarray_comm::messages::{
    Arrival, Endpoint, LEAST_PACKET_LIMIT, MessageCommunicator, Network, Transport,
};
use distarray_comm::{CommError, Communicator, Result};

fn endpoints(network: &Network, size: usize) -> Vec<Endpoint> {
    (0..size).map(|rank| Endpoint::new(network.transport(rank)).unwrap()).collect()
}

fn aborted(rank: usize, reason: &str) -> CommError {
    CommError::Aborted { rank, reason: reason.into() }
}

/// Takes all that is on its way to a rank.
fn settle(comm: &MessageCommunicator) {
    for _ in 0..100 {
        comm.idle();
    }
}

#[test]
fn a_wait_that_is_too_long_names_the_rank_that_is_waited_for() {
    let group = MessageCommunicator::group(3);
    group[0].handle().set_timeout(Some(Duration::from_millis(20)));
    let long = |rank, result: Result<()>| match result {
        Err(CommError::TimedOut { rank: named, after }) => {
            assert_eq!(named, rank);
            assert!(after >= Duration::from_millis(20));
        }
        other => panic!("{other:?}"),
    };
    long(Some(2), group[0].recv(Some(2), None).map(drop));
    long(None, group[0].recv(None, None).map(drop));
    long(Some(1), group[0].exchange(vec![], &[1]).map(drop));
    long(Some(2), group[0].broadcast(2, vec![]).map(drop));
    let error = CommError::TimedOut { rank: Some(2), after: Duration::from_secs(5) };
    assert_eq!(error.to_string(), "engine 2 did not send what is waited for within 5s");
    group[0].handle().set_timeout(None);
    group[1].send(0, 0, b"late").unwrap();
    assert_eq!(group[0].recv(Some(1), None).unwrap().data, b"late");
}

#[test]
fn a_long_message_may_take_longer_than_the_limit_if_its_chunks_do_not() {
    let network = Network::new(2).with_limits(0, 1);
    let slow = Slow { inner: network.transport(0), last: Instant::now() };
    let receiver = Endpoint::new(Box::new(slow)).unwrap().group(0, &[0, 1]).unwrap();
    let sender = Endpoint::new(network.transport(1)).unwrap().group(0, &[0, 1]).unwrap();
    receiver.handle().set_timeout(Some(Duration::from_millis(300)));
    sender.send(0, 0, &[7; 60]).unwrap();
    let start = Instant::now();
    assert_eq!(receiver.recv(None, None).unwrap().data, [7; 60]);
    assert!(start.elapsed() > Duration::from_millis(300));
    assert!(matches!(receiver.recv(None, None), Err(CommError::TimedOut { .. })));
}

/// A transport on which things arrive one by one, 10 ms apart.
struct Slow {
    inner: Box<dyn Transport>,
    last: Instant,
}

impl Transport for Slow {
    fn rank(&self) -> usize {
        self.inner.rank()
    }
    fn size(&self) -> usize {
        self.inner.size()
    }
    fn packet_limit(&self) -> usize {
        self.inner.packet_limit()
    }
    fn inline_limit(&self) -> usize {
        self.inner.inline_limit()
    }
    fn chunk_limit(&self) -> usize {
        self.inner.chunk_limit()
    }
    fn send_packet(&mut self, dest: usize, packet: Vec<u8>) -> Result<()> {
        self.inner.send_packet(dest, packet)
    }
    fn send_chunk(&mut self, dest: usize, data: Arc<Vec<u8>>, range: Range<usize>) -> Result<()> {
        self.inner.send_chunk(dest, data, range)
    }
    fn receive_chunk(&mut self, source: usize, buffer: Vec<u8>, range: Range<usize>) -> Result<()> {
        self.inner.receive_chunk(source, buffer, range)
    }
    fn poll(&mut self) -> Result<Option<Arrival>> {
        if self.last.elapsed() < Duration::from_millis(10) {
            return Ok(None);
        }
        self.last = Instant::now();
        self.inner.poll()
    }
    fn in_flight(&self) -> usize {
        self.inner.in_flight()
    }
}

#[test]
fn long_messages_travel_in_chunks() {
    let network = Network::new(2).with_limits(100, 1 << 20);
    let content: Vec<u8> = (0..10_000_000_usize).map(|place| (place * 7 / 5) as u8).collect();
    let expected = content.clone();
    let group = network.group();
    let results = spmd("long", &group, move |comm| {
        if comm.rank() == 1 {
            return comm.recv(Some(0), Some(1)).unwrap().data;
        }
        comm.send(1, 1, &content).unwrap();
        comm.send(1, 2, &[]).unwrap();
        comm.send(1, 2, &[5; 100]).unwrap();
        comm.send(1, 2, &[6; 101]).unwrap();
        Vec::new()
    });
    assert!(results[1] == expected);
    for len in [0, 100, 101] {
        assert_eq!(group[1].recv(Some(0), Some(2)).unwrap().data.len(), len);
    }
    let sent = network.sent(0);
    assert_eq!((sent.packets, sent.chunks), (4, 10 + 1));
}

#[test]
fn a_group_may_be_made_after_others_have_sent_to_it() {
    let network = Network::new(3).with_limits(4, 4);
    let ends = endpoints(&network, 3);
    let first = ends[2].group(9, &[2, 0]).unwrap();
    first.send(1, 0, b"early, and long").unwrap();
    let other = ends[2].group(5, &[0, 1, 2]).unwrap();
    other.send(0, 0, b"another group").unwrap();
    for _ in 0..10 {
        ends[0].progress().unwrap();
    }
    let second = ends[0].group(9, &[2, 0]).unwrap();
    assert_eq!((second.rank(), second.size()), (1, 2));
    let message = second.recv(None, None).unwrap();
    assert_eq!((message.source, message.data.as_slice()), (0, &b"early, and long"[..]));
    let other = ends[0].group(5, &[0, 1, 2]).unwrap();
    assert_eq!(other.recv(None, None).unwrap().data, b"another group");
}

#[test]
fn groups_are_aborted_one_by_one() {
    let network = Network::new(2);
    let ends = endpoints(&network, 2);
    let commands: Vec<_> = ends.iter().map(|end| end.group(0, &[0, 1]).unwrap()).collect();
    let data: Vec<_> = ends.iter().map(|end| end.group(1, &[0, 1]).unwrap()).collect();
    data[1].abort(1, "failed");
    commands[1].send(0, 0, b"the reply that says so").unwrap();
    assert_eq!(commands[0].recv(None, None).unwrap().data, b"the reply that says so");
    assert_eq!(data[0].barrier(), Err(aborted(1, "failed")));
    for rank in &data {
        rank.handle().reset(1);
        assert_eq!((rank.handle().epoch(), rank.handle().is_aborted()), (1, false));
    }
    data[0].send(1, 0, b"again").unwrap();
    assert_eq!(data[1].recv(None, None).unwrap().data, b"again");
}

#[test]
fn messages_pass_between_ranks_in_the_same_epoch_only() {
    let network = Network::new(2).with_limits(4, 4);
    let group = network.group();
    group[1].handle().set_timeout(Some(Duration::from_secs(10)));
    for data in [&b"old"[..], b"old, and long"] {
        group[0].send(1, 0, data).unwrap();
        group[0].exchange(vec![(1, data.to_vec())], &[]).unwrap();
    }
    // One of them comes before its receiver begins the new epoch, others after.
    group[1].idle();
    group[0].abort(0, "begin again");
    group[0].handle().reset(1);
    group[0].send(1, 0, b"new, and long").unwrap();
    settle(&group[1]);
    assert_eq!(group[1].barrier(), Err(aborted(0, "begin again")));
    group[1].handle().reset(1);
    assert_eq!(group[1].recv(Some(0), Some(0)).unwrap().data, b"new, and long");
    settle(&group[1]);
    assert_eq!(group[1].probe(None, None), Ok(None));
    // A rank that is late aborts what is over.
    group[0].handle().reset(2);
    group[1].abort(1, "too late");
    settle(&group[0]);
    assert!(!group[0].handle().is_aborted());
}

#[test]
fn a_reset_releases_a_thread_that_still_waits() {
    let group = MessageCommunicator::group(2);
    let handles: Vec<_> = group.iter().map(|rank| rank.handle()).collect();
    let results = spmd("slow", &group, move |comm| {
        if comm.rank() == 0 {
            comm.send(1, 0, b"about to wait")?;
            return comm.recv(Some(1), Some(0)).map(drop);
        }
        comm.recv(Some(0), Some(0))?;
        std::thread::sleep(Duration::from_millis(50));
        for handle in &handles {
            handle.reset(1);
        }
        comm.send(0, 0, b"for whoever comes after the reset")
    });
    assert_eq!(results, [Err(aborted(0, "its group was reset")), Ok(())]);
    assert!(group[0].recv(Some(1), Some(0)).is_ok());
}

#[test]
fn an_abort_in_the_middle_of_a_call_is_an_error_or_comes_too_late() {
    for round in 0..200 {
        let group = MessageCommunicator::group(3);
        let results = spmd("barrier", &group, move |comm| {
            let result = comm.barrier();
            if comm.rank() == round % 3 {
                comm.abort(comm.rank(), "right after the call");
            }
            result
        });
        let error = aborted(round % 3, "right after the call");
        assert!(results.into_iter().all(|result| result == Ok(()) || result == Err(error.clone())));
    }
}

#[test]
fn a_rank_that_only_sends_hears_of_an_abort() {
    let group = Network::new(2).group();
    group[1].abort(1, "enough");
    assert_eq!(group[0].send(1, 0, b"more"), Err(aborted(1, "enough")));
    assert_eq!(group[0].exchange(vec![(1, vec![])], &[]), Err(aborted(1, "enough")));
}

#[test]
fn of_a_long_reason_others_hear_the_beginning() {
    let group = Network::new(2).group();
    let reason = "because ".repeat(1000);
    group[1].abort(1, &reason);
    let Err(CommError::Aborted { reason: heard, .. }) = group[0].barrier() else { panic!() };
    assert!(reason.starts_with(&heard) && heard.len() > LEAST_PACKET_LIMIT / 2);
    assert_eq!(group[1].barrier(), Err(aborted(1, &reason)));
}

#[test]
fn whoever_depends_on_a_call_that_cannot_end_is_told() {
    let group = MessageCommunicator::group(7);
    let results = spmd("mismatch", &group, |comm| match comm.rank() {
        6 => comm.barrier(),
        _ => comm.broadcast(6, vec![]).map(drop),
    });
    // Nobody waits for ever, not even those to whom rank 6 wouldn't have sent.
    for result in results {
        assert!(matches!(result, Err(CommError::Mismatch { .. })), "{result:?}");
    }
}

#[test]
fn ranks_that_come_late_to_a_call_in_which_others_wait_are_told_of_another() {
    let group = MessageCommunicator::group(2);
    let results = spmd("late", &group, |comm| {
        if comm.rank() == 0 {
            return comm.gather(0, &[]).map(drop);
        }
        // Past the time at which rank 0 begins to ask.
        for _ in 0..50 {
            comm.idle();
            std::thread::sleep(Duration::from_millis(5));
        }
        comm.scatter(0, None).map(drop)
    });
    for result in results {
        assert!(matches!(result, Err(CommError::Mismatch { .. })), "{result:?}");
    }
}

#[test]
fn subsets_are_made_without_messages() {
    let network = Network::new(5);
    let group = network.group();
    for round in 0..3 {
        let results = spmd("subsets", &group, move |comm| {
            if [1, 3].contains(&comm.rank()) {
                return None;
            }
            let subset = comm.subset(&[4, 0, 2]).unwrap();
            assert_eq!([4, 0, 2][subset.rank()], comm.rank());
            assert!(comm.subset(&[4, 0, 2]).is_err(), "it is there already");
            let left = (subset.rank() + 2) % 3;
            subset.send((subset.rank() + 1) % 3, round, b"x").unwrap();
            assert_eq!(subset.recv(None, None).unwrap().source, left);
            Some(subset.all_gather(&[comm.rank() as u8]).unwrap())
        });
        assert_eq!(results[0], Some(vec![vec![4], vec![0], vec![2]]));
    }
    assert_eq!((network.sent(1).packets, network.sent(3).packets), (0, 0));
    let subset = group[0].subset(&[0, 1]).unwrap();
    group[3].abort(3, "for all");
    assert_eq!(subset.recv(Some(1), None), Err(aborted(3, "for all")));
    assert!(group[0].subset(&[1, 2]).is_err(), "not in it");
    assert!(group[0].subset(&[0, 0]).is_err(), "twice");
    assert_eq!(group[0].subset(&[0, 5]).err(), Some(CommError::InvalidRank { rank: 5, size: 5 }));
}

#[test]
fn what_cannot_be_a_group_is_refused() {
    let network = Network::new(3);
    let end = Endpoint::new(network.transport(0)).unwrap();
    assert!(end.group(0, &[0, 1, 0]).is_err());
    assert!(end.group(0, &[1, 2]).is_err());
    assert_eq!(end.group(0, &[0, 3]).err(), Some(CommError::InvalidRank { rank: 3, size: 3 }));
    let group = end.group(0, &[0, 1]).unwrap();
    assert!(end.group(0, &[0, 2]).is_err(), "its number is in use");
    drop(group);
    let bad = Network::new(1).with_limits(LEAST_PACKET_LIMIT, 1);
    assert!(Endpoint::new(bad.transport(0)).is_err());
    let bad = Network::new(1).with_limits(1, 0);
    assert!(Endpoint::new(bad.transport(0)).is_err());
}

#[test]
fn a_closed_endpoint_has_nothing_in_flight_and_fails_later_calls() {
    let network = Network::new(2).with_limits(4, 4);
    let group = network.group();
    let ends: Vec<Endpoint> = group.iter().map(|rank| rank.handle().endpoint()).collect();
    group[0].send(1, 0, b"a long message").unwrap();
    assert_eq!(ends[0].flush(Duration::from_millis(5)), Ok(false), "nobody takes it");
    let results =
        spmd("flush", &group, |comm| comm.handle().endpoint().flush(Duration::from_secs(9)));
    assert_eq!(results, [Ok(true), Ok(true)]);
    assert_eq!(ends[0].close(Duration::ZERO), Ok(true));
    assert!(matches!(group[0].send(1, 0, b""), Err(CommError::Transport(_))));
    assert!(matches!(group[0].barrier(), Err(CommError::Transport(_))));
    // What has come is not lost, and the other one is only told when it waits.
    assert_eq!(group[1].recv(Some(0), None).unwrap().data, b"a long message");
}

#[test]
fn nobody_who_waits_for_commands_is_asked_or_asks() {
    let network = Network::new(3);
    let group = network.group();
    let results = spmd("idle", &group, |comm| {
        if comm.rank() == 0 {
            std::thread::sleep(Duration::from_millis(250));
            for rank in 1..3 {
                comm.send(rank, 0, b"stop").unwrap();
            }
            return 0;
        }
        comm.recv(if comm.rank() == 1 { None } else { Some(0) }, None).unwrap().data.len()
    });
    assert_eq!(results, [0, 4, 4]);
    assert_eq!((network.sent(1).packets, network.sent(2).packets), (0, 0));
}
