//! How many messages things take, up to thousands of ranks.

use std::sync::Arc;

use distarray_comm::Communicator;
use distarray_comm::conformance::spmd;
use distarray_comm::messages::schedule::{Doubling, Tree, dissemination, doubling};
use distarray_comm::messages::{MessageCommunicator, Network};

const MANY: usize = 4096;

/// The packets that each rank has sent.
fn packets(network: &Network, size: usize) -> Vec<usize> {
    (0..size).map(|rank| network.sent(rank).packets).collect()
}

fn append(total: &mut Vec<u8>, part: &[u8]) {
    total.extend_from_slice(part);
}

/// What a broadcast sends from a rank, as it is scheduled.
fn down(rank: usize, size: usize, root: usize) -> usize {
    Tree::new(rank, size, root).children().count()
}

/// What a gather sends from a rank.
fn up(rank: usize, size: usize, root: usize) -> usize {
    usize::from(Tree::new(rank, size, root).parent().is_some())
}

/// What a reduction for all sends from a rank.
fn for_all(rank: usize, size: usize) -> usize {
    let gives = |step: &Doubling| !matches!(step, Doubling::Add(_) | Doubling::Take(_));
    doubling(rank, size).iter().filter(|step| gives(step)).count()
}

type Call = fn(&MessageCommunicator) -> distarray_comm::Result<()>;
type Schedule = fn(usize, usize) -> usize;

/// Calls, and what each rank sends in them.
const CALLS: [(&str, Call, Schedule); 8] = [
    ("barrier", |comm| comm.barrier(), |rank, size| dissemination(rank, size).count()),
    (
        "all_gather",
        |c| c.all_gather(&[1]).map(drop),
        |rank, size| dissemination(rank, size).count(),
    ),
    ("split", |c| c.split(Some(0), 0).map(drop), |rank, size| dissemination(rank, size).count()),
    ("broadcast", |c| c.broadcast(0, vec![1]).map(drop), |rank, size| down(rank, size, 0)),
    (
        "scatter",
        |comm| {
            let root = comm.size() - 1;
            comm.scatter(root, Some(vec![vec![1]; comm.size()])).map(drop)
        },
        |rank, size| down(rank, size, size - 1),
    ),
    ("gather", |c| c.gather(c.size() / 2, &[1]).map(drop), |rank, size| up(rank, size, size / 2)),
    ("reduce", |c| c.reduce(0, vec![], &mut append).map(drop), |rank, size| up(rank, size, 0)),
    ("all_reduce", |c| c.all_reduce(vec![], &mut append).map(drop), for_all),
];

#[test]
fn calls_send_what_is_scheduled_and_nothing_else() {
    for size in (1..10).chain([16, 17]) {
        for (name, call, schedule) in CALLS {
            let network = Network::new(size);
            spmd(name, &network.group(), move |comm| call(comm).unwrap());
            let expected: Vec<usize> = (0..size).map(|rank| schedule(rank, size)).collect();
            // Ranks that wait for long ask each other, which they don't here unless a machine stalls.
            let sent = packets(&network, size);
            assert!(
                sent.iter().zip(&expected).all(|(sent, scheduled)| sent >= scheduled),
                "{name}"
            );
            let (sent, scheduled): (usize, usize) = (sent.iter().sum(), expected.iter().sum());
            assert!(sent <= scheduled + size, "{name}: {sent} instead of {scheduled}");
        }
    }
}

#[test]
fn no_rank_sends_more_than_the_logarithm_of_their_number() {
    for (name, _, schedule) in CALLS {
        let most = |size: usize| (0..size).map(|rank| schedule(rank, size)).max().unwrap_or(0);
        for bits in 1..=12 {
            assert!(most(1 << bits) <= bits, "{name} of {} ranks", 1 << bits);
        }
        assert!(most(3000) <= 13, "{name}");
        let total: usize = (0..MANY).map(|rank| schedule(rank, MANY)).sum();
        assert!(total == MANY - 1 || total == 12 * MANY, "{name}: {total}");
    }
}

/// Messages that go one way along a tree can be executed by one thread, rank after rank.
#[test]
fn a_command_to_thousands_of_ranks() {
    let network = Network::new(MANY);
    let ranks = network.group();
    for comm in &ranks {
        assert_eq!(comm.broadcast(0, vec![7; 300]).unwrap(), [7; 300]);
    }
    let sent = packets(&network, MANY);
    assert_eq!((sent[0], sent.iter().max(), sent.iter().sum()), (12, Some(&12), MANY - 1));
    let mut replies = None;
    for comm in ranks.iter().rev() {
        replies = comm.gather(0, &[comm.rank() as u8]).unwrap();
    }
    let expected: Vec<Vec<u8>> = (0..MANY).map(|rank| vec![rank as u8]).collect();
    assert_eq!(replies, Some(expected));
    let sent = packets(&network, MANY);
    assert_eq!((sent[0], sent.iter().max(), sent.iter().sum()), (12, Some(&12), 2 * (MANY - 1)));
}

#[test]
fn a_reduction_over_thousands_of_ranks() {
    let network = Network::new(MANY);
    let add = &mut |total: &mut Vec<u8>, part: &[u8]| {
        let sum = u64::from_le_bytes(total[..].try_into().unwrap())
            + u64::from_le_bytes(part.try_into().unwrap());
        *total = sum.to_le_bytes().to_vec();
    };
    let mut total = None;
    for comm in network.group().iter().rev() {
        total = comm.reduce(0, (comm.rank() as u64).to_le_bytes().to_vec(), add).unwrap();
    }
    let sum = (MANY * (MANY - 1) / 2) as u64;
    assert_eq!(total, Some(sum.to_le_bytes().to_vec()));
    let sent = packets(&network, MANY);
    assert_eq!((sent.iter().max(), sent.iter().sum()), (Some(&1), MANY - 1));
    let received = (0..MANY).map(|rank| Tree::new(rank, MANY, 0).children().count()).max();
    assert_eq!(received, Some(12));
}

#[test]
fn an_exchange_talks_to_its_partners_only() {
    let network = Network::new(MANY);
    let ranks = network.group();
    let middle: Vec<Arc<MessageCommunicator>> = ranks[100..103].to_vec();
    spmd("exchange", &middle, |comm| {
        let me = comm.rank();
        let near: Vec<usize> = [me.wrapping_sub(1), me + 1]
            .into_iter()
            .filter(|rank| (100..103).contains(rank))
            .collect();
        let sends = near.iter().map(|&rank| (rank, vec![1; 10])).collect();
        assert_eq!(comm.exchange(sends, &near).unwrap().len(), near.len());
    });
    let sent = packets(&network, MANY);
    assert_eq!(sent[99..104], [0, 1, 2, 1, 0]);
    assert_eq!(sent.iter().sum::<usize>(), 4);
}
