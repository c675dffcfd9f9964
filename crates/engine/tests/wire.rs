//! Commands and replies as bytes: what is read is what was written.

mod common;

use std::sync::Arc;
use std::time::Instant;

use common::layouts;
use distarray_engine::command::{
    Accumulate, Destination, Evaluate, Item, Movement, Reduce, Source, Subject,
};
use distarray_engine::wire::{Answer, Instruction, NoFunctions, Outcome, Request};
use distarray_engine::{ArrayId, Command, Initial, Reply};
use distarray_kernels::program::FloatFlags;
use distarray_kernels::random::{Draw, Variate};
use distarray_kernels::reduce::Ending;
use distarray_kernels::{
    Accumulation, Argument, Block, Builder, Casting, DType, Op, Program, Reduction, Scalar, Scan,
};
use distarray_meta::{
    AxisMap, AxisSlice, Distribution, IndexItem, Indices, ReaderDictionary, WriterDictionary,
};
use distarray_storage::npy::Header;
use proptest::prelude::*;
use proptest::sample::select;

fn dtypes() -> impl Strategy<Value = DType> {
    let opaque = [DType::opaque(12, "[('x', '<f8'), ('n', '<i4')]"), DType::opaque(8, "<M8[ns]")];
    select(DType::NATIVE.into_iter().chain(opaque).collect::<Vec<_>>())
}

fn distributions() -> impl Strategy<Value = Distribution> {
    let shapes = select(vec![vec![], vec![0], vec![1], vec![11], vec![5, 6], vec![40, 3]]);
    (shapes, 1_usize..6, any::<prop::sample::Index>()).prop_map(|(shape, engines, which)| {
        let layouts = layouts(&shape, engines);
        layouts[which.index(layouts.len())].clone()
    })
}

fn ids() -> impl Strategy<Value = ArrayId> {
    any::<u64>().prop_map(ArrayId)
}

fn scalars() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<f64>().prop_map(Scalar::from),
        any::<i8>().prop_map(Scalar::from),
        any::<bool>().prop_map(Scalar::from),
    ]
}

/// Programs of a chain of operations on floats, with constants, labels, random numbers and masks.
fn programs() -> impl Strategy<Value = Program> {
    let unary = Op::ALL.iter().filter(|op| op.arity() <= 2).copied().collect::<Vec<_>>();
    let ops = prop::collection::vec(select(unary), 0..6);
    (ops, scalars(), any::<[u64; 2]>(), any::<bool>()).prop_map(|(ops, scalar, key, masked)| {
        let mut builder = Builder::new();
        let mut value = builder.input(DType::Float64);
        let drawn = builder.random(Draw::new(
            Variate::Normal { loc: 0.5, scale: 2.0 },
            key,
            DType::Float64,
            &[5, 6],
        ));
        let label = builder.label(0);
        for op in ops {
            let second = if op.name().len() % 2 == 0 {
                drawn
            } else {
                distarray_kernels::Operand::Constant(scalar)
            };
            let operands = &[value, second][..op.arity()];
            let arguments: Vec<Argument> =
                operands.iter().map(|&operand| Argument::Typed(builder.dtype(operand))).collect();
            if let Ok(looped) = op.resolve(&arguments, None, Casting::Unsafe)
                && let Ok(next) = builder.apply(op, &looped, operands)
            {
                value = next;
            }
        }
        builder.output(value, masked.then_some(label));
        builder.finish()
    })
}

fn destinations() -> impl Strategy<Value = Vec<Destination>> {
    let one = prop_oneof![
        (ids(), dtypes()).prop_map(|(array, dtype)| Destination::New(array, dtype)),
        ids().prop_map(Destination::Existing),
    ];
    prop::collection::vec(one, 0..3)
}

fn movements() -> impl Strategy<Value = Movement> {
    (ids(), dtypes(), distributions(), ids(), distributions()).prop_map(
        |(source, source_dtype, source_distribution, dest, dest_distribution)| Movement {
            source,
            source_dtype,
            source_distribution,
            dest,
            dest_distribution,
        },
    )
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        ids().prop_map(Subject::Array),
        (ids(), ids(), any::<bool>()).prop_map(|(left, right, is_conjugated)| Subject::Products {
            left,
            right,
            is_conjugated
        }),
        (programs(), prop::collection::vec(ids(), 0..3), destinations(), 0_usize..3).prop_map(
            |(program, inputs, outputs, value)| Subject::Computed {
                program,
                inputs,
                outputs,
                value
            }
        ),
    ]
}

fn evaluations() -> impl Strategy<Value = Command> {
    let source = (ids(), dtypes(), prop::option::of(distributions()))
        .prop_map(|(array, dtype, elsewhere)| Source { array, dtype, elsewhere });
    let inputs = prop::collection::vec(source, 0..3);
    (programs(), distributions(), inputs, destinations()).prop_map(
        |(program, distribution, inputs, outputs)| {
            let program = Arc::new(program);
            Command::Evaluate(Evaluate { program, distribution, inputs, outputs })
        },
    )
}

fn reductions() -> impl Strategy<Value = Command> {
    let what = (select(Reduction::ALL.to_vec()), subjects(), prop::option::of(ids()), dtypes());
    let ending = (any::<f64>(), prop::option::of(scalars()));
    (what, ending, distributions(), prop::collection::vec(any::<bool>(), 0..3), ids()).prop_map(
        |((reduction, subject, mask, dtype), (ddof, initial), distribution, reduced, result)| {
            Command::Reduce(Reduce {
                reduction,
                subject,
                distribution: distribution.clone(),
                mask,
                reduced,
                dtype,
                ending: Ending { ddof, initial },
                result,
                result_distribution: distribution,
            })
        },
    )
}

fn slices() -> impl Strategy<Value = Command> {
    (ids(), ids(), distributions(), 1_i64..4, any::<bool>()).prop_map(
        |(array, base, distribution, step, backwards)| {
            let items: Vec<IndexItem> = distribution
                .shape()
                .iter()
                .map(|&len| {
                    let step = if backwards { -step } else { step };
                    IndexItem::Slice(AxisSlice::new(None, None, Some(step), len).unwrap())
                })
                .chain([IndexItem::NewAxis])
                .collect();
            let sliced = Arc::new(distribution.slice(&items).unwrap());
            Command::Slice { array, base, sliced }
        },
    )
}

/// Every command that has a form in bytes.
fn commands() -> impl Strategy<Value = Command> {
    let initial = prop_oneof![
        Just(Initial::Zero),
        Just(Initial::Uninitialised),
        any::<[u8; 8]>().prop_map(|bytes| Initial::Item(bytes.into())),
    ];
    let header = (select(DType::NATIVE.to_vec()), any::<bool>())
        .prop_map(|(dtype, fortran)| Arc::new(Header::new(dtype, &[5, 6], fortran).unwrap()));
    let path = any::<String>().prop_map(std::path::PathBuf::from);
    let scan = (select(Accumulation::ALL.to_vec()), 0_usize..3000)
        .prop_map(|(accumulation, len)| Scan::new(accumulation, DType::Bool, 0, len).unwrap());
    prop_oneof![
        (ids(), distributions(), dtypes(), initial).prop_map(
            |(array, distribution, dtype, initial)| Command::Create {
                array,
                distribution,
                dtype,
                initial
            }
        ),
        (ids(), any::<[u8; 16]>())
            .prop_map(|(array, item)| Command::Fill { array, item: item.into() }),
        slices(),
        (ids(), ids(), distributions()).prop_map(|(array, base, distribution)| {
            Command::Transpose { array, base, order: vec![1, 0], distribution }
        }),
        (ids(), ids(), dtypes(), distributions()).prop_map(|(array, base, dtype, distribution)| {
            Command::Reinterpret { array, base, dtype, distribution }
        }),
        (ids(), ids(), distributions()).prop_map(|(array, base, distribution)| Command::Freeze {
            array,
            base,
            distribution
        }),
        evaluations(),
        reductions(),
        (scan, ids(), dtypes(), distributions(), ids()).prop_map(
            |(scan, source, source_dtype, distribution, result)| {
                Command::Accumulate(Accumulate {
                    scan,
                    axis: 0,
                    source,
                    source_dtype,
                    distribution,
                    result,
                })
            }
        ),
        movements().prop_map(Command::Copy),
        (ids(), ids()).prop_map(|(source, dest)| Command::CopyLocal { source, dest }),
        movements().prop_map(Command::Reshape),
        (ids(), prop::collection::vec(any::<usize>(), 0..3))
            .prop_map(|(array, position)| Command::ReadItem { array, position }),
        (ids(), distributions(), path.clone(), header.clone()).prop_map(
            |(array, distribution, path, header)| Command::LoadNpy {
                array,
                distribution,
                path,
                header
            }
        ),
        (ids(), distributions(), path.clone(), header.clone(), any::<bool>()).prop_map(
            |(array, distribution, path, header, is_writable)| Command::OpenFile {
                array,
                distribution,
                path,
                dtype: header.dtype,
                layout: Arc::new(header.layout.clone()),
                is_writable,
            }
        ),
        (ids(), path, header).prop_map(|(array, path, header)| Command::SaveNpy {
            array,
            path,
            header
        }),
    ]
}

fn request<C, D>(instruction: Instruction<C, D>) -> Request<C, D> {
    Request {
        sequence: 70_000,
        epoch: 2,
        group: 1,
        participants: (0..4).collect(),
        freed: vec![ArrayId(9)],
        dropped: vec![3],
        instruction,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn commands_come_as_they_were_sent(command in commands()) {
        let bytes = request(Instruction::of(&command)).to_bytes(&mut WriterDictionary::default()).unwrap();
        let read = Request::from_bytes(&bytes, &mut ReaderDictionary::default()).unwrap();
        prop_assert_eq!((read.sequence, read.epoch, read.group), (70_000, 2, 1));
        prop_assert_eq!(&read.participants[..], [0, 1, 2, 3]);
        prop_assert_eq!((&read.freed[..], &read.dropped[..]), (&[ArrayId(9)][..], &[3][..]));
        let Instruction::Execute(read) = read.instruction else { panic!("{read:?}") };
        prop_assert_eq!(format!("{read:?}"), format!("{command:?}"));
    }

    #[test]
    fn what_is_cut_short_is_refused(command in commands(), cut in any::<prop::sample::Index>()) {
        let bytes = request(Instruction::of(&command)).to_bytes(&mut WriterDictionary::default()).unwrap();
        prop_assert!(Request::from_bytes(&bytes[..cut.index(bytes.len())], &mut ReaderDictionary::default()).is_err());
    }

    #[test]
    fn replies_come_as_they_were_sent(
        sequence in any::<u64>(),
        bits in any::<[bool; 4]>(),
        steps in prop::collection::vec(any::<usize>(), 0..4),
        dtype in dtypes(),
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let [divide, overflow, underflow, invalid] = bits;
        let flags = FloatFlags { divide, overflow, underflow, invalid };
        let steps: Vec<_> = steps.into_iter().map(|step| (step, flags)).collect();
        for reply in [
            Reply::Done { flags },
            Reply::Evaluated { flags: steps.clone() },
            Reply::Item(Item { dtype, bytes: bytes.clone() }),
        ] {
            let shown = format!("{reply:?}");
            let answer = Answer { sequence, outcome: Outcome::Reply(reply) };
            let parcel = answer.pack(&NoFunctions).unwrap();
            prop_assert_eq!(Answer::sequence(&parcel.head).unwrap(), sequence);
            match Answer::unpack(parcel, &NoFunctions).unwrap().outcome {
                Outcome::Reply(read) => prop_assert_eq!(format!("{read:?}"), shown),
                other => panic!("{other:?}"),
            }
        }
        let answer = Answer { sequence, outcome: Outcome::Elements { dtype, bytes: bytes.clone() } };
        match Answer::unpack(answer.pack(&NoFunctions).unwrap(), &NoFunctions).unwrap().outcome {
            Outcome::Elements { dtype: read, bytes: elements } => {
                prop_assert_eq!((read, elements), (dtype, bytes));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_names_memory_of_the_clients_goes_without_it() {
    let host = Block::zeroed(DType::Float32, &[11]).unwrap();
    let layout = layouts(&[11], 3)[0].clone();
    let (array, distribution) = (ArrayId(4), layout.clone());
    let command = Command::WriteHost { array, distribution, host };
    let bytes =
        request(Instruction::of(&command)).to_bytes(&mut WriterDictionary::default()).unwrap();
    match Request::from_bytes(&bytes, &mut ReaderDictionary::default()).unwrap().instruction {
        Instruction::WriteHost { array: ArrayId(4), distribution, dtype: DType::Float32 } => {
            assert_eq!(distribution, layout);
        }
        other => panic!("{other:?}"),
    }
}

/// The sum of two arrays, as most commands are.
fn typical(distribution: Distribution) -> Command {
    let mut builder = Builder::new();
    let inputs = [builder.input(DType::Float64), builder.input(DType::Float64)];
    let looped = Op::Add.resolve(&[Argument::Typed(DType::Float64); 2], None, Casting::SameKind);
    let sum = builder.apply(Op::Add, &looped.unwrap(), &inputs).unwrap();
    builder.output(sum, None);
    let source = |array| Source { array: ArrayId(array), dtype: DType::Float64, elsewhere: None };
    Command::Evaluate(Evaluate {
        program: Arc::new(builder.finish()),
        distribution,
        inputs: vec![source(1000), source(1001)],
        outputs: vec![Destination::New(ArrayId(1002), DType::Float64)],
    })
}

#[test]
fn commands_are_small_however_many_engines_there_are() {
    for engines in [4, 4096] {
        let command = typical(layouts(&[10_000], engines)[0].clone());
        let bytes =
            request(Instruction::of(&command)).to_bytes(&mut WriterDictionary::default()).unwrap();
        assert!(bytes.len() < 100, "{} bytes for {engines} engines", bytes.len());
        // Printed, not asserted: `cargo test --release -- --nocapture small_however` shows it.
        let start = Instant::now();
        for _ in 0..1000 {
            std::hint::black_box(
                request(Instruction::of(&command))
                    .to_bytes(&mut WriterDictionary::default())
                    .unwrap(),
            );
        }
        let written = start.elapsed().as_nanos() / 1000;
        let start = Instant::now();
        for _ in 0..1000 {
            std::hint::black_box(
                Request::from_bytes(&bytes, &mut ReaderDictionary::default()).unwrap(),
            );
        }
        let read = start.elapsed().as_nanos() / 1000;
        println!(
            "{engines} engines: {} bytes, written in {written} ns, read in {read} ns",
            bytes.len()
        );
    }
}

#[test]
fn the_indices_of_an_array_are_sent_once() {
    let shuffled = |place: i64| (place * 7919 % 100_000).reverse_bits() >> 40;
    let mut indices: Vec<i64> = (0..100_000).collect();
    indices.sort_by_key(|&place| shuffled(place));
    let pieces = indices.chunks(25_000).map(|piece| Indices::from_list(piece.to_vec())).collect();
    let map = AxisMap::unstructured(100_000, pieces).unwrap();
    let command = typical(Distribution::new(vec![map], (0..4).collect()).unwrap());
    let (mut writer, mut reader) = (WriterDictionary::default(), ReaderDictionary::default());
    for (turn, limits) in [400_000..450_000, 0..100, 0..100].into_iter().enumerate() {
        let bytes = request(Instruction::of(&command)).to_bytes(&mut writer).unwrap();
        assert!(limits.contains(&bytes.len()), "{} bytes for command {turn}", bytes.len());
        let read = Request::from_bytes(&bytes, &mut reader).unwrap();
        let Instruction::Execute(read) = read.instruction else { panic!("{read:?}") };
        assert_eq!(format!("{read:?}"), format!("{command:?}"));
        writer.confirm(&[0, 1, 2, 3]);
    }
}
