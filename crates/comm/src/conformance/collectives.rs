//! Checks of the calls that all ranks make together.

use std::sync::Arc;

use super::splitting::pattern;
use crate::{CommError, Communicator};

type Comm = Arc<dyn Communicator>;

/// Lengths around nothing, small, and more than a page.
const LENGTHS: [usize; 4] = [0, 1, 9, 9_000];

pub(super) fn ranks_are_numbered(comm: &Comm) {
    assert!(comm.rank() < comm.size());
    let ranks = comm.all_gather(&comm.rank().to_le_bytes()).unwrap();
    let expected: Vec<_> = (0..comm.size()).map(|rank| rank.to_le_bytes().to_vec()).collect();
    assert_eq!(ranks, expected);
}

pub(super) fn barrier(comm: &Comm) {
    for _ in 0..100 {
        comm.barrier().unwrap();
    }
}

pub(super) fn broadcast(comm: &Comm) {
    for root in 0..comm.size() {
        for len in LENGTHS {
            let mine = pattern(comm.rank(), len);
            assert_eq!(comm.broadcast(root, mine).unwrap(), pattern(root, len));
        }
    }
}

pub(super) fn gather(comm: &Comm) {
    for root in 0..comm.size() {
        for len in LENGTHS {
            let parts = comm.gather(root, &pattern(comm.rank(), len + comm.rank())).unwrap();
            let expected = (0..comm.size()).map(|rank| pattern(rank, len + rank)).collect();
            assert_eq!(parts, (comm.rank() == root).then_some(expected));
        }
    }
}

pub(super) fn scatter(comm: &Comm) {
    for root in 0..comm.size() {
        for len in LENGTHS {
            let parts = (0..comm.size()).map(|dest| pattern(root + 10 * dest, len + dest));
            let parts = (comm.rank() == root).then(|| parts.collect());
            let expected = pattern(root + 10 * comm.rank(), len + comm.rank());
            assert_eq!(comm.scatter(root, parts).unwrap(), expected);
        }
    }
}

pub(super) fn all_gather(comm: &Comm) {
    for len in LENGTHS {
        let parts = comm.all_gather(&pattern(comm.rank(), len * comm.rank())).unwrap();
        let expected: Vec<_> = (0..comm.size()).map(|rank| pattern(rank, len * rank)).collect();
        assert_eq!(parts, expected);
    }
}

pub(super) fn all_to_all(comm: &Comm) {
    for len in LENGTHS {
        let part = |source: usize, dest: usize| pattern(source * 16 + dest, len * (dest + 1));
        let parts = (0..comm.size()).map(|dest| part(comm.rank(), dest)).collect();
        let expected: Vec<_> = (0..comm.size()).map(|source| part(source, comm.rank())).collect();
        assert_eq!(comm.all_to_all(parts).unwrap(), expected);
    }
}

/// Not commutative, so that any other order than that of the ranks shows.
fn concatenate(total: &mut Vec<u8>, part: &[u8]) {
    total.extend_from_slice(part);
}

pub(super) fn reduce(comm: &Comm) {
    let expected: Vec<u8> = (0..comm.size()).flat_map(|rank| pattern(rank, rank + 2)).collect();
    for root in 0..comm.size() {
        let mine = pattern(comm.rank(), comm.rank() + 2);
        let total = comm.reduce(root, mine, &mut concatenate).unwrap();
        assert_eq!(total, (comm.rank() == root).then(|| expected.clone()));
    }
}

pub(super) fn all_reduce(comm: &Comm) {
    let expected: Vec<u8> = (0..comm.size()).flat_map(|rank| pattern(rank, rank + 2)).collect();
    let mine = pattern(comm.rank(), comm.rank() + 2);
    assert_eq!(comm.all_reduce(mine, &mut concatenate).unwrap(), expected);
}

/// Different calls one after the other, without pauses in which ranks could get into step.
pub(super) fn many_in_a_row(comm: &Comm) {
    for step in 0..200 {
        let root = step % comm.size();
        let byte = (step % 251) as u8;
        assert_eq!(comm.broadcast(root, vec![byte]).unwrap(), [byte]);
        let parts = comm.all_gather(&[byte, comm.rank() as u8]).unwrap();
        assert!(parts.iter().enumerate().all(|(rank, part)| *part == [byte, rank as u8]));
        let total = comm.reduce(root, vec![byte], &mut concatenate).unwrap();
        assert_eq!(total.is_some(), comm.rank() == root);
        if step % 7 == 0 {
            comm.barrier().unwrap();
        }
    }
}

pub(super) fn errors(comm: &Comm) {
    let size = comm.size();
    let invalid = CommError::InvalidRank { rank: size, size };
    assert_eq!(comm.broadcast(size, vec![]), Err(invalid.clone()));
    assert_eq!(comm.gather(size, &[]), Err(invalid.clone()));
    assert_eq!(comm.scatter(size, None), Err(invalid.clone()));
    assert_eq!(comm.reduce(size, vec![], &mut concatenate), Err(invalid));
    let parts = vec![vec![]; size + 1];
    assert!(matches!(
        comm.all_to_all(parts),
        Err(CommError::WrongCount { expected, found, .. }) if expected == size && found == size + 1
    ));
    // What was refused left no trace.
    comm.barrier().unwrap();
    assert_eq!(comm.all_gather(&[1]).unwrap(), vec![vec![1]; size]);
}

pub(super) fn share(comm: &Comm) {
    let Some(memory) = comm.shared() else { return };
    for step in 0..20 {
        let mine = Arc::new((step, comm.rank()));
        let all = memory.share(mine.clone()).unwrap();
        assert_eq!(all.len(), comm.size());
        for (rank, object) in all.iter().enumerate() {
            assert_eq!(object.downcast_ref(), Some(&(step, rank)));
        }
        assert!(all[comm.rank()].downcast_ref() == Some(&*mine), "a pointer, not a copy");
        drop(all);
        comm.barrier().unwrap();
        assert_eq!(Arc::strong_count(&mine), 1, "nothing shared is kept alive");
    }
}
