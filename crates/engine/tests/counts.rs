//! How many messages operations take, and how their number grows up to thousands of engines.

use std::sync::Arc;

use distarray_comm::messages::Network;
use distarray_comm::{Communicator, InProcess};
use distarray_engine::command::{Initial, Movement, Reduce, Subject};
use distarray_engine::{ArrayId, Command, Engine, executor};
use distarray_kernels::reduce::Ending;
use distarray_kernels::{DType, Reduction};
use distarray_meta::{AxisMap, Distribution, plan};

/// The most messages that an engine sends, and all of them, when engines carry out a command one after
/// the other, the last one first: what goes to lower ranks alone needs no threads.
fn sent_downwards(
    distribution: &Distribution,
    before: &[Command],
    command: &Command,
) -> [usize; 2] {
    let count = distribution.targets().len();
    let network = Network::new(count);
    let participants: Vec<usize> = (0..count).collect();
    let alone: Arc<dyn Communicator> = InProcess::group(1).remove(0);
    for (number, rank) in network.group().into_iter().enumerate().rev() {
        let engine = Arc::new(Engine::new(number));
        for command in before {
            executor::execute(&engine, &[number], &alone, command).unwrap();
        }
        let communicator: Arc<dyn Communicator> = rank;
        executor::execute(&engine, &participants, &communicator, command).unwrap();
    }
    let sent: Vec<usize> = (0..count).map(|rank| network.sent(rank).packets).collect();
    [sent.iter().copied().max().unwrap_or_default(), sent.iter().sum()]
}

fn create(id: u64, distribution: &Distribution) -> Command {
    Command::Create {
        array: ArrayId(id),
        distribution: distribution.clone(),
        dtype: DType::Float64,
        initial: Initial::Zero,
    }
}

fn over(map: AxisMap) -> Distribution {
    let places = map.grid_size();
    Distribution::new(vec![map], (0..places).collect()).unwrap()
}

#[test]
fn every_engine_sends_one_message_in_a_reduction_and_none_receives_many() {
    for count in [2, 3, 64, 1000, 4096] {
        let source = over(AxisMap::block(2 * count, count));
        let (result, _) = source.reduce(&[0], false);
        // Looking for those who belong together takes an engine as long as they are many.
        let reductions = [Reduction::Sum, Reduction::Prod];
        for reduction in reductions.into_iter().take(if count < 4096 { 2 } else { 1 }) {
            let command = Command::Reduce(Reduce {
                reduction,
                subject: Subject::Array(ArrayId(1)),
                distribution: source.clone(),
                mask: None,
                reduced: vec![true],
                dtype: DType::Float64,
                ending: Ending::default(),
                result: ArrayId(2),
                result_distribution: result.clone(),
            });
            let sent = sent_downwards(&source, &[create(1, &source)], &command);
            assert_eq!(sent, [1, count - 1], "{reduction:?} over {count} engines");
        }
    }
}

#[test]
fn blocks_that_become_other_blocks_are_sent_to_neighbours() {
    for count in [2, 3, 64, 1000, 4096] {
        let source = over(AxisMap::block(4 * count, count));
        // Each piece begins one element later.
        let bounds =
            (0..=count).map(|place| if place == 0 { 0 } else { (4 * place + 1).min(4 * count) });
        let dest = over(AxisMap::block_with_bounds(bounds.collect()).unwrap());
        let command = Command::Copy(Movement {
            source: ArrayId(1),
            source_dtype: DType::Float64,
            source_distribution: source.clone(),
            dest: ArrayId(2),
            dest_distribution: dest.clone(),
        });
        let before = [create(1, &source), create(2, &dest)];
        assert_eq!(sent_downwards(&source, &before, &command), [1, count - 1]);
        // Of any other blocks, a piece has something in common with few.
        let other = over(AxisMap::block(4 * count, (3 * count).div_ceil(4)));
        let sends = (0..count).map(|rank| plan::sends(&source, &other, rank).len());
        assert!(sends.max() <= Some(2), "{count}");
    }
}
