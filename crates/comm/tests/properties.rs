//! Random programs of calls give on every rank what can be said beforehand.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Hosted;
use distarray_comm::conformance::spmd;
use distarray_comm::messages::{MessageCommunicator, Network};
use distarray_comm::{Communicator, InProcess};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

/// One collective call; numbers are taken modulo the size of the communicator where needed.
#[derive(Debug, Clone)]
enum Step {
    Barrier,
    Broadcast {
        root: usize,
        len: usize,
    },
    Gather {
        root: usize,
        len: usize,
    },
    Scatter {
        root: usize,
        len: usize,
    },
    AllGather {
        len: usize,
    },
    AllToAll {
        len: usize,
    },
    Reduce {
        root: usize,
    },
    AllReduce,
    /// Everybody sends to the ranks at these distances.
    Exchange {
        distances: Vec<usize>,
    },
    /// Everybody sends messages with these tags to the rank at a distance, and receives them in
    /// the reverse order of tags.
    Messages {
        distance: usize,
        tags: Vec<i32>,
    },
    Share,
    /// The rest of the program runs on the parts.
    Split {
        colours: usize,
        backwards: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (root, len) = (0..8_usize, 0..40_usize);
    let rooted = (root, len.clone());
    prop_oneof![
        Just(Step::Barrier),
        rooted.clone().prop_map(|(root, len)| Step::Broadcast { root, len }),
        rooted.clone().prop_map(|(root, len)| Step::Gather { root, len }),
        rooted.prop_map(|(root, len)| Step::Scatter { root, len }),
        len.clone().prop_map(|len| Step::AllGather { len }),
        len.prop_map(|len| Step::AllToAll { len }),
        (0..8_usize).prop_map(|root| Step::Reduce { root }),
        Just(Step::AllReduce),
        prop::collection::vec(0..8_usize, 0..5).prop_map(|distances| Step::Exchange { distances }),
        (0..8_usize, prop::collection::vec(0..3_i32, 0..6))
            .prop_map(|(distance, tags)| Step::Messages { distance, tags }),
        Just(Step::Share),
        (1..4_usize, any::<bool>())
            .prop_map(|(colours, backwards)| Step::Split { colours, backwards }),
    ]
}

/// What rank `source` sends to rank `dest` (or to everybody, as 99) in some step.
fn parcel(source: usize, dest: usize, len: usize) -> Vec<u8> {
    let mut parcel = vec![source as u8, dest as u8];
    parcel.resize(len + 2, (source * 3 + dest) as u8);
    parcel
}

fn append(total: &mut Vec<u8>, part: &[u8]) {
    total.extend_from_slice(part);
}

fn run(comm: &Arc<dyn Communicator>, program: &[Step]) {
    let Some((step, rest)) = program.split_first() else { return };
    let (me, size) = (comm.rank(), comm.size());
    let every = 0..size;
    match step {
        Step::Barrier => comm.barrier().unwrap(),
        Step::Broadcast { root, len } => {
            let root = root % size;
            let data = comm.broadcast(root, parcel(me, 99, *len)).unwrap();
            assert_eq!(data, parcel(root, 99, *len));
        }
        Step::Gather { root, len } => {
            let root = root % size;
            let parts = comm.gather(root, &parcel(me, root, *len)).unwrap();
            let expected = every.map(|source| parcel(source, root, *len)).collect::<Vec<_>>();
            assert_eq!(parts, (me == root).then_some(expected));
        }
        Step::Scatter { root, len } => {
            let root = root % size;
            let parts = every.map(|dest| parcel(root, dest, *len)).collect::<Vec<_>>();
            let part = comm.scatter(root, (me == root).then_some(parts)).unwrap();
            assert_eq!(part, parcel(root, me, *len));
        }
        Step::AllGather { len } => {
            let expected = every.map(|source| parcel(source, 99, *len)).collect::<Vec<_>>();
            assert_eq!(comm.all_gather(&parcel(me, 99, *len)).unwrap(), expected);
        }
        Step::AllToAll { len } => {
            let parts = every.clone().map(|dest| parcel(me, dest, *len)).collect();
            let expected = every.map(|source| parcel(source, me, *len)).collect::<Vec<_>>();
            assert_eq!(comm.all_to_all(parts).unwrap(), expected);
        }
        Step::Reduce { root } => {
            let total = comm.reduce(root % size, vec![me as u8], &mut append).unwrap();
            assert_eq!(total, (me == root % size).then(|| every.map(|rank| rank as u8).collect()));
        }
        Step::AllReduce => {
            let total = comm.all_reduce(vec![me as u8], &mut append).unwrap();
            assert_eq!(total, every.map(|rank| rank as u8).collect::<Vec<_>>());
        }
        Step::Exchange { distances } => {
            let to = |distance: &usize| (me + distance) % size;
            let from = |distance: &usize| (me + size - distance % size) % size;
            let sends = distances.iter().map(|d| (to(d), parcel(me, to(d), *d))).collect();
            let sources: Vec<usize> = distances.iter().map(from).collect();
            let received = comm.exchange(sends, &sources).unwrap();
            let expected = distances.iter().map(|d| (from(d), parcel(from(d), me, *d)));
            assert_eq!(received, expected.collect::<Vec<_>>());
        }
        Step::Messages { distance, tags } => {
            let (right, left) = ((me + distance) % size, (me + size - distance % size) % size);
            for (place, &tag) in tags.iter().enumerate() {
                comm.send(right, tag, &parcel(me, right, place)).unwrap();
            }
            for tag in (0..3).rev() {
                for (place, _) in tags.iter().enumerate().filter(|&(_, &other)| other == tag) {
                    let message = comm.recv(Some(left), Some(tag)).unwrap();
                    assert_eq!(message.data, parcel(left, me, place));
                }
            }
        }
        Step::Share => {
            let Some(memory) = comm.shared() else { return run(comm, rest) };
            let objects = memory.share(Arc::new(me)).unwrap();
            assert!(objects.iter().enumerate().all(|(rank, o)| o.downcast_ref() == Some(&rank)));
        }
        Step::Split { colours, backwards } => {
            let key = if *backwards { -(me as i64) } else { 0 };
            let part = comm.split(Some((me % colours) as i32), key).unwrap().unwrap();
            assert_eq!(part.size(), every.filter(|rank| rank % colours == me % colours).count());
            run(&part, rest);
        }
    }
    if !matches!(step, Step::Split { .. }) {
        run(comm, rest);
    }
}

fn group<C: Hosted>(ranks: &[Arc<C>]) -> Vec<Arc<dyn Communicator>> {
    let ranks = ranks.iter().cloned();
    ranks.map(|rank| -> Arc<dyn Communicator> { rank }).collect()
}

proptest! {
    #[test]
    fn programs_of_calls(size in 1..8_usize, program in prop::collection::vec(step(), 0..30)) {
        let group = group(&InProcess::group(size));
        spmd("program", &group, move |comm| run(comm, &program));
    }

    #[test]
    fn programs_of_messages(
        size in 1..8_usize,
        program in prop::collection::vec(step(), 0..30),
        (inline, chunk) in (0..60_usize, 1..60_usize),
        seed in any::<Option<u64>>(),
    ) {
        let mut network = Network::new(size).with_limits(inline, chunk);
        if let Some(seed) = seed {
            network = network.with_disorder(seed);
        }
        let ranks = network.group();
        let group = group(&ranks);
        spmd("program", &group, move |comm| run(comm, &program));
        let endpoints = || ranks.iter().map(|rank| rank.handle().endpoint());
        // Questions to others that took long may still be on their way.
        for _ in 0..100 {
            endpoints().try_for_each(|endpoint| endpoint.progress().map(drop)).unwrap();
        }
        for endpoint in endpoints() {
            prop_assert!(endpoint.close(Duration::ZERO).unwrap(), "something is left in flight");
        }
    }

    #[test]
    fn an_abort_anywhere_ends_the_program_everywhere(
        size in 2..5_usize,
        culprit in 0..5_usize,
        calls in 0..20_usize,
    ) {
        ends_everywhere::<InProcess>(size, culprit % size, calls)?;
        ends_everywhere::<MessageCommunicator>(size, culprit % size, calls)?;
    }
}

fn ends_everywhere<C: Hosted>(
    size: usize,
    culprit: usize,
    calls: usize,
) -> Result<(), TestCaseError> {
    let group = C::group(size);
    let results = spmd("abort", &group, move |comm| {
        for call in 0.. {
            if comm.rank() == culprit && call == calls {
                comm.abort(culprit, "enough");
            }
            comm.all_gather(&[1])?;
            comm.broadcast(call % size, vec![2])?;
        }
        Ok::<_, distarray_comm::CommError>(())
    });
    for result in results {
        prop_assert_eq!(
            result.unwrap_err().to_string(),
            format!("engine {culprit} gave up: enough")
        );
    }
    C::reset(&group);
    let sums = spmd("afterwards", &group, |comm| comm.all_gather(&[3]).unwrap().len());
    prop_assert_eq!(sums, vec![size; size]);
    Ok(())
}
