//! Checks of messages between two ranks.

use std::sync::Arc;
use std::thread;

use super::splitting::pattern;
use crate::{CommError, Communicator, Envelope};

type Comm = Arc<dyn Communicator>;

fn neighbours(comm: &Comm) -> (usize, usize) {
    let size = comm.size();
    ((comm.rank() + size - 1) % size, (comm.rank() + 1) % size)
}

pub(super) fn ring(comm: &Comm) {
    let (left, right) = neighbours(comm);
    for len in [0, 1, 70_000] {
        comm.send(right, 3, &pattern(comm.rank(), len)).unwrap();
        let message = comm.recv(Some(left), Some(3)).unwrap();
        assert_eq!((message.source, message.tag), (left, 3));
        assert_eq!(message.data, pattern(left, len));
    }
}

pub(super) fn order(comm: &Comm) {
    let (left, right) = neighbours(comm);
    for step in 0..100 {
        comm.send(right, 0, &[step]).unwrap();
    }
    for step in 0..100 {
        assert_eq!(comm.recv(Some(left), Some(0)).unwrap().data, [step]);
    }
}

pub(super) fn tags(comm: &Comm) {
    let (left, right) = neighbours(comm);
    for tag in 0..5 {
        comm.send(right, tag, &[tag as u8]).unwrap();
    }
    for tag in [4, 0, 3] {
        assert_eq!(comm.recv(Some(left), Some(tag)).unwrap().data, [tag as u8]);
    }
    for tag in [1, 2] {
        let message = comm.recv(Some(left), None).unwrap();
        assert_eq!((message.tag, message.data), (tag, vec![tag as u8]));
    }
    comm.barrier().unwrap();
}

pub(super) fn any_source(comm: &Comm) {
    if comm.rank() == 0 {
        let mut seen: Vec<usize> = (1..comm.size())
            .map(|_| {
                let message = comm.recv(None, Some(1)).unwrap();
                assert_eq!(message.data, pattern(message.source, 5));
                message.source
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (1..comm.size()).collect::<Vec<_>>());
    } else {
        comm.send(0, 1, &pattern(comm.rank(), 5)).unwrap();
    }
    comm.barrier().unwrap();
}

pub(super) fn to_oneself(comm: &Comm) {
    comm.send(comm.rank(), 8, b"note").unwrap();
    let message = comm.recv(Some(comm.rank()), Some(8)).unwrap();
    assert_eq!((message.source, message.data.as_slice()), (comm.rank(), &b"note"[..]));
}

pub(super) fn probe(comm: &Comm) {
    let (left, right) = neighbours(comm);
    assert_eq!(comm.probe(Some(left), Some(77)).unwrap(), None);
    comm.send(right, 5, &[0; 12]).unwrap();
    let envelope = loop {
        if let Some(envelope) = comm.probe(None, Some(5)).unwrap() {
            break envelope;
        }
        thread::yield_now();
    };
    assert_eq!(envelope, Envelope { source: left, tag: 5, len: 12 });
    assert_eq!(comm.recv(Some(left), Some(5)).unwrap().data.len(), 12);
    assert_eq!(comm.probe(Some(left), Some(5)).unwrap(), None);
}

pub(super) fn several_threads(comm: &Comm) {
    let (left, right) = neighbours(comm);
    thread::scope(|scope| {
        for tag in 0..4 {
            scope.spawn(move || {
                for step in 0..50 {
                    comm.send(right, tag, &[tag as u8, step]).unwrap();
                }
            });
            scope.spawn(move || {
                for step in 0..50 {
                    let message = comm.recv(Some(left), Some(tag)).unwrap();
                    assert_eq!(message.data, [tag as u8, step]);
                }
            });
        }
    });
}

pub(super) fn exchange_with_neighbours(comm: &Comm) {
    let (left, right) = neighbours(comm);
    for step in 0..50 {
        let sends = vec![(left, vec![step, 0]), (right, vec![step, 1, 1])];
        let received = comm.exchange(sends, &[right, left]).unwrap();
        if left == right {
            // Both parcels go to the same rank, in the order in which they were given.
            assert_eq!(received, [(left, vec![step, 0]), (left, vec![step, 1, 1])]);
        } else {
            assert_eq!(received, [(right, vec![step, 0]), (left, vec![step, 1, 1])]);
        }
    }
}

/// Only the first and the last rank take part.
pub(super) fn exchange_between_few(comm: &Comm) {
    let last = comm.size() - 1;
    if comm.rank() == 0 {
        assert!(comm.exchange(vec![(last, b"first".to_vec())], &[]).unwrap().is_empty());
    }
    if comm.rank() == last {
        let received = comm.exchange(vec![], &[0]).unwrap();
        assert_eq!(received, [(0, b"first".to_vec())]);
    }
}

pub(super) fn exchange_with_oneself(comm: &Comm) {
    let me = comm.rank();
    let received = comm.exchange(vec![(me, vec![7; 3])], &[me]).unwrap();
    assert_eq!(received, [(me, vec![7; 3])]);
}

pub(super) fn errors(comm: &Comm) {
    let size = comm.size();
    let invalid = CommError::InvalidRank { rank: size + 1, size };
    assert_eq!(comm.send(size + 1, 0, &[]), Err(invalid.clone()));
    assert_eq!(comm.recv(Some(size + 1), None), Err(invalid.clone()));
    assert_eq!(comm.probe(Some(size + 1), None), Err(invalid.clone()));
    assert_eq!(comm.exchange(vec![(size + 1, vec![])], &[]), Err(invalid.clone()));
    assert_eq!(comm.exchange(vec![], &[size + 1]), Err(invalid));
}
