//! The same redistributions, reshapes and reductions where ranks share no memory.

mod common;

use std::sync::Arc;

use common::messages_only::MessagesOnly;
use common::{counting, layouts};
use distarray_comm::{Communicator, InProcess};
use distarray_engine::command::{Accumulate, Initial, Movement, Reduce, Subject};
use distarray_engine::{ArrayId, Command, Engine, executor};
use distarray_kernels::reduce::Ending;
use distarray_kernels::{Accumulation, Block, DType, Reduction, Scan};
use distarray_meta::{AxisMap, Distribution};

/// Runs commands on engines that only exchange messages; returns array 2 as the client sees it.
fn run(engines: usize, commands: &[Command], result: &Distribution) -> Vec<f64> {
    run_over(engines, commands, result, MessagesOnly::of)
}

/// The same over the communicators that are made of those of threads.
fn run_over(
    engines: usize,
    commands: &[Command],
    result: &Distribution,
    over: fn(Arc<dyn Communicator>) -> Arc<dyn Communicator>,
) -> Vec<f64> {
    let participants: Vec<usize> = (0..engines).collect();
    let members: Vec<Arc<Engine>> =
        (0..engines).map(|number| Arc::new(Engine::new(number))).collect();
    std::thread::scope(|scope| {
        for (engine, rank) in members.iter().zip(InProcess::group(engines)) {
            let communicator: Arc<dyn Communicator> = over(rank);
            let participants = &participants;
            scope.spawn(move || {
                for command in commands {
                    // Only owners of pieces make them; the rest of the instruction set is collective.
                    let concerns = match command {
                        Command::Create { distribution, .. }
                        | Command::WriteHost { distribution, .. }
                        | Command::Reduce(Reduce { distribution, .. })
                        | Command::Accumulate(Accumulate { distribution, .. }) => {
                            distribution.rank_of_target(engine.number()).is_some()
                        }
                        _ => true,
                    };
                    if concerns {
                        executor::execute(engine, participants, &communicator, command).unwrap();
                    }
                }
            });
        }
    });
    let host = Block::uninitialised(DType::Float64, result.shape()).unwrap();
    let alone: Arc<dyn Communicator> = InProcess::group(1).remove(0);
    for &target in result.targets() {
        let read = Command::ReadHost {
            array: ArrayId(2),
            distribution: result.clone(),
            host: host.clone(),
        };
        executor::execute(&members[target], &[target], &alone, &read).unwrap();
    }
    host.to_vec().unwrap()
}

fn made(distribution: &Distribution) -> Vec<Command> {
    vec![
        create(1, distribution),
        Command::WriteHost {
            array: ArrayId(1),
            distribution: distribution.clone(),
            host: counting(distribution.shape()),
        },
    ]
}

fn create(id: u64, distribution: &Distribution) -> Command {
    Command::Create {
        array: ArrayId(id),
        distribution: distribution.clone(),
        dtype: DType::Float64,
        initial: Initial::Zero,
    }
}

#[test]
fn redistribution_by_messages() {
    for engines in [1, 2, 3, 4] {
        for shape in [&[11][..], &[5, 6]] {
            for source in layouts(shape, engines) {
                for dest in layouts(shape, engines) {
                    let mut commands = made(&source);
                    commands.push(create(2, &dest));
                    commands.push(Command::Copy(Movement {
                        source: ArrayId(1),
                        source_dtype: DType::Float64,
                        source_distribution: source.clone(),
                        dest: ArrayId(2),
                        dest_distribution: dest.clone(),
                    }));
                    let expected = counting(shape).to_vec::<f64>().unwrap();
                    assert_eq!(run(engines, &commands, &dest), expected, "{source:?} {dest:?}");
                }
            }
        }
    }
}

#[test]
fn redistribution_by_messages_that_are_cut() {
    // More than one message of a megabyte between two engines; the kinds of layouts differ in what is
    // cut, which has a test of its own.
    let shape = [900, 1100];
    let layouts = [
        vec![AxisMap::block(900, 2), AxisMap::no_dist(1100)],
        vec![AxisMap::no_dist(900), AxisMap::cyclic(1100, 2)],
    ];
    let [source, dest] = layouts.map(|maps| Distribution::new(maps, vec![0, 1]).unwrap());
    let mut commands = made(&source);
    commands.push(create(2, &dest));
    commands.push(Command::Copy(Movement {
        source: ArrayId(1),
        source_dtype: DType::Float64,
        source_distribution: source.clone(),
        dest: ArrayId(2),
        dest_distribution: dest.clone(),
    }));
    assert!(run(2, &commands, &dest) == counting(&shape).to_vec::<f64>().unwrap());
}

#[test]
fn reshaping_by_messages() {
    for engines in [1, 2, 3] {
        for source in layouts(&[6, 5], engines) {
            for dest in layouts(&[30], engines) {
                let mut commands = made(&source);
                commands.push(create(2, &dest));
                commands.push(Command::Reshape(Movement {
                    source: ArrayId(1),
                    source_dtype: DType::Float64,
                    source_distribution: source.clone(),
                    dest: ArrayId(2),
                    dest_distribution: dest.clone(),
                }));
                let expected = counting(&[30]).to_vec::<f64>().unwrap();
                assert_eq!(run(engines, &commands, &dest), expected, "{source:?} {dest:?}");
            }
        }
    }
}

#[test]
fn reductions_by_messages() {
    for engines in [1, 2, 4, 7] {
        for source in layouts(&[5, 6], engines) {
            let (result, _) = source.reduce(&[0], false);
            let mut commands = made(&source);
            commands.push(Command::Reduce(Reduce {
                reduction: Reduction::Sum,
                subject: Subject::Array(ArrayId(1)),
                distribution: source.clone(),
                mask: None,
                reduced: vec![true, false],
                dtype: DType::Float64,
                ending: Ending::default(),
                result: ArrayId(2),
                result_distribution: result.clone(),
            }));
            assert_eq!(run(engines, &commands, &result), [60., 65., 70., 75., 80., 85.]);
        }
    }
}

#[test]
fn reductions_by_messages_have_the_bits_of_those_in_memory() {
    let source = Distribution::new(vec![AxisMap::block(50, 7)], (0..7).collect()).unwrap();
    let (result, _) = source.reduce(&[0], false);
    for reduction in [Reduction::Sum, Reduction::Prod, Reduction::ArgMax, Reduction::Variance] {
        let is_position = reduction == Reduction::ArgMax;
        let host = counting(&[50]).to_vec::<f64>().unwrap();
        let host: Vec<u8> =
            host.iter().flat_map(|j| (1.0 / (1.3 + (7.0 * j) % 9.0)).to_le_bytes()).collect();
        let commands = [
            create(1, &source),
            Command::WriteHost {
                array: ArrayId(1),
                distribution: source.clone(),
                host: Block::of_bytes(DType::Float64, &[50], host),
            },
            Command::Reduce(Reduce {
                reduction,
                subject: Subject::Array(ArrayId(1)),
                distribution: source.clone(),
                mask: None,
                reduced: vec![true],
                dtype: if is_position { DType::Int64 } else { DType::Float64 },
                ending: Ending::default(),
                result: ArrayId(2),
                result_distribution: result.clone(),
            }),
        ];
        let found = run(7, &commands, &result);
        assert_eq!(found, run_over(7, &commands, &result, |rank| rank), "{reduction:?}");
    }
}

#[test]
fn accumulations_by_messages() {
    for engines in [1, 2, 4] {
        let blocks = |size| AxisMap::block(size, engines);
        for (maps, axis) in [
            (vec![blocks(40), AxisMap::no_dist(3)], 0),
            (vec![AxisMap::no_dist(3), blocks(40)], 1),
            (vec![blocks(40), AxisMap::no_dist(3)], 1),
        ] {
            let places = maps.iter().map(AxisMap::grid_size).product();
            let source = Distribution::new(maps, (0..places).collect()).unwrap();
            for accumulation in [Accumulation::Sum, Accumulation::Prod, Accumulation::Max] {
                let len = source.shape()[axis];
                let scan = Scan::new(accumulation, DType::Float64, axis, len).unwrap();
                let mut commands = made(&source);
                commands.push(Command::Accumulate(Accumulate {
                    scan,
                    axis,
                    source: ArrayId(1),
                    source_dtype: DType::Float64,
                    distribution: source.clone(),
                    result: ArrayId(2),
                }));
                let all = counting(source.shape());
                let expected = Block::uninitialised(DType::Float64, source.shape()).unwrap();
                let mut carry = scan.begin(source.shape()).unwrap();
                carry.take(&all, Some(&expected), 0).unwrap();
                assert_eq!(run(engines, &commands, &source), expected.to_vec::<f64>().unwrap());
            }
        }
    }
}
