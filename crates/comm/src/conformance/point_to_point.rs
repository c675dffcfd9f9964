//! Checks of messages between two ranks.

use std::sync::Arc;
use std::thread;

use super::splitting::pattern;
use crate::{CommError, Communicator, Envelope, Flow, Result};

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

/// Sends many messages to all ranks, and checks those that come.
struct Messages {
    rank: usize,
    size: usize,
    sent: usize,
    /// For each place of the list of sources, who sends and which of its messages.
    expected: Vec<(usize, usize)>,
    taken: Vec<bool>,
}

impl Messages {
    const ROUNDS: usize = 10;

    fn of(source: usize, dest: usize, round: usize) -> Vec<u8> {
        // Few are long: transports of tests have chunks of a few bytes.
        let is_long = round == 7 && dest == source + 1;
        let len = if is_long { 20_000 } else { [5, 0, 300, 1000][(source + dest + round) % 4] };
        pattern(source + round, len)
    }
}

impl Flow for Messages {
    fn next(&mut self, message: &mut Vec<u8>) -> Result<Option<usize>> {
        assert!(message.is_empty());
        let (round, distance) = (self.sent / self.size, self.sent % self.size);
        if round == Self::ROUNDS {
            return Ok(None);
        }
        self.sent += 1;
        let dest = (self.rank + distance) % self.size;
        message.extend(Self::of(self.rank, dest, round));
        Ok(Some(dest))
    }

    fn take(&mut self, place: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>> {
        let (source, round) = self.expected[place];
        assert_eq!(message, Self::of(source, self.rank, round));
        assert!(!std::mem::replace(&mut self.taken[place], true), "taken twice");
        assert!(round == 0 || self.taken[place - self.size], "taken too early");
        Ok((round % 2 == 0).then_some(message))
    }
}

pub(super) fn stream(comm: &Comm) {
    let (rank, size) = (comm.rank(), comm.size());
    let rounds = 0..Messages::ROUNDS;
    let expected: Vec<(usize, usize)> =
        rounds.flat_map(|round| (0..size).map(move |source| (source, round))).collect();
    let sources: Vec<usize> = expected.iter().map(|(source, _)| *source).collect();
    for _ in 0..2 {
        let taken = vec![false; sources.len()];
        let expected = expected.clone();
        let mut messages = Messages { rank, size, sent: 0, expected, taken };
        comm.stream(&mut messages, &sources).unwrap();
        assert!(messages.taken.iter().all(|taken| *taken));
    }
    // What a stream sends, an exchange receives, and the other way round.
    let (left, right) = neighbours(comm);
    let received = if rank % 2 == 0 {
        let mut one = One { message: Some((right, vec![rank as u8])), received: Vec::new() };
        comm.stream(&mut one, &[left]).unwrap();
        one.received
    } else {
        comm.exchange(vec![(right, vec![rank as u8])], &[left]).unwrap().remove(0).1
    };
    assert_eq!(received, [left as u8]);
}

/// Sends one message and takes one.
struct One {
    message: Option<(usize, Vec<u8>)>,
    received: Vec<u8>,
}

impl Flow for One {
    fn next(&mut self, message: &mut Vec<u8>) -> Result<Option<usize>> {
        let Some((dest, content)) = self.message.take() else { return Ok(None) };
        message.extend(content);
        Ok(Some(dest))
    }

    fn take(&mut self, _place: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>> {
        self.received = message;
        Ok(None)
    }
}

pub(super) fn stream_that_fails(comm: &Comm) {
    struct Fails(bool);
    impl Flow for Fails {
        fn next(&mut self, _message: &mut Vec<u8>) -> Result<Option<usize>> {
            if self.0 { Err(CommError::Interrupted) } else { Ok(None) }
        }
        fn take(&mut self, _place: usize, message: Vec<u8>) -> Result<Option<Vec<u8>>> {
            assert_eq!(message, [1, 2]);
            Err(CommError::Interrupted)
        }
    }
    assert_eq!(comm.stream(&mut Fails(true), &[]), Err(CommError::Interrupted));
    comm.exchange(vec![(comm.rank(), vec![1, 2])], &[]).unwrap();
    assert_eq!(comm.stream(&mut Fails(false), &[comm.rank()]), Err(CommError::Interrupted));
    comm.barrier().unwrap();
}

pub(super) fn errors(comm: &Comm) {
    let size = comm.size();
    let invalid = CommError::InvalidRank { rank: size + 1, size };
    assert_eq!(comm.send(size + 1, 0, &[]), Err(invalid.clone()));
    assert_eq!(comm.recv(Some(size + 1), None), Err(invalid.clone()));
    assert_eq!(comm.probe(Some(size + 1), None), Err(invalid.clone()));
    assert_eq!(comm.exchange(vec![(size + 1, vec![])], &[]), Err(invalid.clone()));
    assert_eq!(comm.exchange(vec![], &[size + 1]), Err(invalid.clone()));
    let mut astray = One { message: Some((size + 1, Vec::new())), received: Vec::new() };
    assert_eq!(comm.stream(&mut astray, &[]), Err(invalid.clone()));
    assert_eq!(comm.stream(&mut astray, &[size + 1]), Err(invalid));
}
