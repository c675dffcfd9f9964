//! Checks of communicators made from communicators.

use std::sync::Arc;

use crate::Communicator;

type Comm = Arc<dyn Communicator>;

/// Bytes that differ from seed to seed.
pub(super) fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|place| (seed.wrapping_mul(31) + place.wrapping_mul(7) + 1) as u8).collect()
}

/// The ranks in `whole` of the members of `part`.
fn members(whole: &Comm, part: &Comm) -> Vec<usize> {
    let ranks = part.all_gather(&[whole.rank() as u8]).unwrap();
    ranks.into_iter().map(|rank| usize::from(rank[0])).collect()
}

pub(super) fn by_colour(comm: &Comm) {
    for colours in 1..=3 {
        let colour = comm.rank() % colours;
        let part = comm.split(Some(colour as i32), 0).unwrap().expect("a colour was given");
        let expected: Vec<usize> =
            (0..comm.size()).filter(|rank| rank % colours == colour).collect();
        assert_eq!(part.size(), expected.len());
        assert_eq!(expected[part.rank()], comm.rank());
        assert_eq!(members(comm, &part), expected);
    }
}

pub(super) fn by_key(comm: &Comm) {
    let part = comm.split(Some(4), -(comm.rank() as i64)).unwrap().expect("a colour was given");
    assert_eq!(part.rank(), comm.size() - 1 - comm.rank());
    assert_eq!(members(comm, &part), (0..comm.size()).rev().collect::<Vec<_>>());
    let same = comm.split(Some(4), 7).unwrap().expect("a colour was given");
    assert_eq!(same.rank(), comm.rank());
}

pub(super) fn without_colour(comm: &Comm) {
    let part = comm.split((comm.rank() > 0).then_some(0), 0).unwrap();
    assert_eq!(part.is_some(), comm.rank() > 0);
    if let Some(part) = part {
        assert_eq!((part.rank() + 1, part.size() + 1), (comm.rank(), comm.size()));
        part.barrier().unwrap();
    }
    assert!(comm.split(None, 0).unwrap().is_none());
}

pub(super) fn twice(comm: &Comm) {
    let half = comm.split(Some(i32::from(comm.rank() >= 2)), 0).unwrap().expect("a colour");
    let single = half.split(Some(half.rank() as i32), 0).unwrap().expect("a colour");
    assert_eq!((single.rank(), single.size()), (0, 1));
    assert_eq!(members(comm, &single), [comm.rank()]);
    let ranks = if comm.rank() >= 2 { 2..comm.size() } else { 0..comm.size().min(2) };
    assert_eq!(members(comm, &half), ranks.collect::<Vec<_>>());
}

/// What is sent on one communicator is not received on another.
pub(super) fn separate(comm: &Comm) {
    let twin = comm.split(Some(0), 0).unwrap().expect("a colour was given");
    let right = (comm.rank() + 1) % comm.size();
    comm.send(right, 1, b"one").unwrap();
    twin.send(right, 1, b"two").unwrap();
    assert_eq!(twin.recv(None, None).unwrap().data, b"two");
    assert_eq!(comm.recv(None, None).unwrap().data, b"one");
    let shares = twin.exchange(vec![(right, vec![2])], &[]).unwrap();
    assert!(shares.is_empty());
    let left = (comm.rank() + comm.size() - 1) % comm.size();
    comm.exchange(vec![(right, vec![1])], &[]).unwrap();
    assert_eq!(comm.exchange(vec![], &[left]).unwrap(), [(left, vec![1])]);
    assert_eq!(twin.exchange(vec![], &[left]).unwrap(), [(left, vec![2])]);
}
