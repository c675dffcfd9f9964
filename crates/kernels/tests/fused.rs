//! Random programs, run at once and one step after another into temporaries: the same bits, and the
//! same floating-point exceptions of each step.

mod common;

use common::{View, indices, view};
use distarray_kernels::{
    Argument, Block, Builder, Casting, DType, FloatFlags, Input, Labels, Op, Operand, Program,
    Result, Scalar, Step, copy, program,
};
use proptest::prelude::*;

const DTYPES: [DType; 9] = [
    DType::Bool,
    DType::Int8,
    DType::UInt16,
    DType::Int32,
    DType::Int64,
    DType::Float16,
    DType::Float32,
    DType::Float64,
    DType::Complex128,
];

/// One step to try: an operation and what it takes, each modulo what there is.
#[derive(Clone, Debug)]
struct Wish {
    op: usize,
    operands: [usize; 3],
    cast: Option<usize>,
}

fn wish() -> impl Strategy<Value = Wish> {
    // Half of the time the operations that programs are made of.
    let common: Vec<usize> = [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Square]
        .iter()
        .chain(&[Op::Less, Op::Select, Op::Maximum, Op::Sqrt, Op::Negative, Op::Power])
        .map(|wanted| Op::ALL.iter().position(|op| op == wanted).unwrap())
        .collect();
    let op = prop_oneof![prop::sample::select(common), 0..Op::ALL.len()];
    let cast = prop::option::weighted(0.1, 0..DTYPES.len());
    (op, any::<[usize; 3]>(), cast).prop_map(|(op, operands, cast)| Wish { op, operands, cast })
}

/// A random program, and the operands that its outputs store.
fn program(
    dtypes: &[DType],
    labelled: Option<usize>,
    wishes: &[Wish],
    stored: &[usize],
) -> Program {
    let mut builder = Builder::new();
    let mut operands: Vec<Operand> = dtypes.iter().map(|&dtype| builder.input(dtype)).collect();
    operands.extend(labelled.map(|axis| builder.label(axis)));
    for value in [0.5, 2.0, -3.0, 0.0] {
        let dtype = DTYPES[(wishes.len() + operands.len()) % DTYPES.len()];
        operands.push(Operand::Constant(Scalar::from(value).cast(dtype).unwrap()));
    }
    for wish in wishes {
        let op = Op::ALL[wish.op % Op::ALL.len()];
        let chosen: Vec<Operand> = wish.operands[..op.arity()]
            .iter()
            // The later, the likelier: chains, not only trees of inputs.
            .map(|&place| operands[operands.len() - 1 - (place % operands.len()) / 2])
            .collect();
        let arguments: Vec<Argument> =
            chosen.iter().map(|&operand| Argument::Typed(builder.dtype(operand))).collect();
        let Ok(looped) = op.resolve(&arguments, None, Casting::Unsafe) else { continue };
        let mut value = builder.apply(op, &looped, &chosen).unwrap();
        if let Some(cast) = wish.cast {
            value = builder.cast(value, DTYPES[cast]);
        }
        operands.push(value);
    }
    let mask = operands.iter().copied().find(|&operand| builder.dtype(operand) == DType::Bool);
    for (index, place) in stored.iter().enumerate() {
        let value = operands[operands.len() - 1 - place % operands.len().min(4)];
        builder.output(value, mask.filter(|_| index % 3 == 2));
    }
    builder.finish()
}

/// Runs a program one step at a time, each into a block of its own.
fn run_apart(
    program: &Program,
    shape: &[usize],
    inputs: &[Block],
    labels: &[Labels],
    outputs: &[Block],
) -> Result<Vec<(usize, FloatFlags)>> {
    let mut blocks = inputs.iter();
    let inputs: Vec<Block> = program
        .inputs()
        .iter()
        .map(|input| match input {
            Input::Block(_) => blocks.next().unwrap().broadcast_to(shape)?.copied(),
            Input::Label(axis) => {
                let block = Block::zeroed(DType::Int64, shape)?;
                for index in indices(shape) {
                    block.write(&index, &Scalar::from(labels[*axis].get(index[*axis])));
                }
                Ok(block)
            }
            Input::Random(_) => unreachable!("these programs draw no random numbers"),
        })
        .collect::<Result<_>>()?;
    let mut registers: Vec<Block> = Vec::new();
    let mut found = Vec::new();
    let block = |registers: &[Block], operand: Operand| match operand {
        Operand::Input(input) => inputs[input].clone(),
        Operand::Register(register) => registers[register].clone(),
        Operand::Constant(value) => {
            let block = Block::zeroed(value.dtype(), shape).unwrap();
            copy::fill(&block, &value).unwrap();
            block
        }
    };
    for (index, step) in program.steps().iter().enumerate() {
        let arguments: Vec<Block> =
            step.operands().iter().map(|&operand| block(&registers, operand)).collect();
        let mut builder = Builder::new();
        let operands: Vec<Operand> =
            arguments.iter().map(|argument| builder.input(argument.dtype())).collect();
        let single = match step {
            Step::Cast { to, .. } => {
                let value = builder.cast(operands[0], *to);
                builder.output(value, None);
                builder.finish()
            }
            Step::Apply { op, .. } => {
                let typed: Vec<Argument> =
                    arguments.iter().map(|block| Argument::Typed(block.dtype())).collect();
                let looped = op.resolve(&typed, None, Casting::Unsafe)?;
                let value = builder.apply(*op, &looped, &operands)?;
                builder.output(value, None);
                builder.finish()
            }
        };
        let output = Block::zeroed(single.outputs()[0].dtype, shape)?;
        let flags = single.evaluate(shape, &arguments, &[], std::slice::from_ref(&output))?;
        if !flags.is_empty() {
            found.push((index, flags));
        }
        registers.push(output);
    }
    for (output, dest) in program.outputs().iter().zip(outputs) {
        let value = block(&registers, output.value);
        let mask = output.mask.map(|mask| block(&registers, mask));
        for index in indices(shape) {
            if mask.as_ref().is_none_or(|mask| mask.read(&index).is_nonzero()) {
                dest.write(&index, &value.read(&index));
            }
        }
    }
    Ok(found)
}

/// Fills a block with small numbers, some of them zero, negative, infinite or not numbers.
fn fill(block: &Block, seed: u64, special: bool) {
    let mut state = seed | 1;
    for index in indices(&block.shape()) {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = state >> 33;
        let value = match draw % 40 {
            0 if special => f64::NAN,
            1 if special => f64::INFINITY,
            2 if special => 1e300,
            3 if special => 1e-300,
            _ => (draw % 17) as f64 / 2.0 - 2.0,
        };
        block.write(&index, &Scalar::from(value).cast(block.dtype()).unwrap());
    }
}

/// Blocks of these dtypes, some with axes of length 1 or fewer axes than `shape`.
fn broadcast(first: &View, dtypes: &[DType], kept: &[bool]) -> Vec<Block> {
    let shape = first.block.shape();
    let mut blocks = vec![first.block.clone()];
    for (place, &dtype) in dtypes.iter().enumerate().skip(1) {
        let lens: Vec<usize> = shape
            .iter()
            .enumerate()
            .map(|(axis, &len)| if kept[(axis + 3 * place) % kept.len()] { len } else { 1 })
            .collect();
        let dropped = usize::from(kept[place]).min(lens.len());
        blocks.push(View::base(dtype, &lens[dropped..]).block);
    }
    blocks
}

fn same_bits(first: &Block, second: &Block) -> bool {
    indices(&first.shape())
        .iter()
        .all(|index| first.read(index).bytes() == second.read(index).bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn programs_compute_what_their_steps_do(
        (first, first_dtype) in prop::sample::select(DTYPES.to_vec())
            .prop_flat_map(|dtype| (view(dtype), Just(dtype))),
        others in prop::collection::vec(prop::sample::select(DTYPES.to_vec()), 0..4),
        wishes in prop::collection::vec(wish(), 1..20),
        stored in prop::collection::vec(0..4usize, 1..4),
        kept in prop::collection::vec(any::<bool>(), 12),
        seed in any::<u64>(),
        special in any::<bool>(),
        labelled in any::<bool>(),
        in_place in any::<bool>(),
        threads in 1..4usize,
        block_len in prop::sample::select(vec![1usize, 2, 3, 7, 64, 256]),
    ) {
        program::set_block_len(block_len);
        let mut dtypes = vec![first_dtype];
        dtypes.extend(others);
        let shape = first.block.shape();
        let labels: Vec<Labels> =
            (0..shape.len()).map(|axis| Labels::Strided { start: axis as i64 - 2, step: 1 }).collect();
        let axis = (labelled && !shape.is_empty()).then(|| seed as usize % shape.len());
        let fused = program(&dtypes, axis, &wishes, &stored);
        let inputs = broadcast(&first, &dtypes, &kept);
        for (place, input) in inputs.iter().enumerate() {
            fill(input, seed.wrapping_add(place as u64), special);
        }
        let outputs = || -> Vec<Block> {
            fused.outputs().iter().map(|output| Block::zeroed(output.dtype, &shape).unwrap()).collect()
        };
        let expected = outputs();
        let apart = run_apart(&fused, &shape, &inputs, &labels, &expected);
        let mut found = outputs();
        // The first output that may replace the first input does.
        if in_place && let Some(place) = (0..found.len()).find(|&place| {
            fused.outputs()[place].dtype == first_dtype && fused.outputs()[place].mask.is_none()
        }) {
            found[place] = first.block.clone();
        }
        let at_once = fused.evaluate_with(threads, &shape, &inputs, &labels, &found);
        match (apart, at_once) {
            (Ok(apart), Ok(at_once)) => {
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!(same_bits(found, expected), "{fused:?}");
                }
                if !cfg!(miri) {
                    prop_assert_eq!(apart, at_once, "{:?}", fused);
                }
            }
            (Err(apart), Err(at_once)) => prop_assert_eq!(apart, at_once),
            (apart, at_once) => prop_assert!(false, "{apart:?} and {at_once:?} of {fused:?}"),
        }
    }
}

#[test]
fn exceptions_are_those_of_the_step_that_met_them() {
    program::set_block_len(256);
    // `(a / b) * c + log(b)`
    let mut builder = Builder::new();
    let [a, b, c] = [0, 1, 2].map(|_| builder.input(DType::Float64));
    let double = |op: Op| {
        op.resolve(&vec![Argument::Typed(DType::Float64); op.arity()], None, Casting::Safe).unwrap()
    };
    let quotient = builder.apply(Op::Divide, &double(Op::Divide), &[a, b]).unwrap();
    let product = builder.apply(Op::Multiply, &double(Op::Multiply), &[quotient, c]).unwrap();
    let log = builder.apply(Op::Log, &double(Op::Log), &[b]).unwrap();
    assert_eq!(builder.step_count(), 3);
    let sum = builder.apply(Op::Add, &double(Op::Add), &[product, log]).unwrap();
    builder.output(sum, None);
    let program = builder.finish();
    let size = 2000;
    let run = |special: &[(usize, [f64; 3])]| {
        let inputs: Vec<Block> = (0..3)
            .map(|place| {
                let mut numbers = vec![1.5; size];
                for (index, values) in special {
                    numbers[*index] = values[place];
                }
                Block::from_slice(&numbers, &[size]).unwrap()
            })
            .collect();
        let output = Block::zeroed(DType::Float64, &[size]).unwrap();
        program.evaluate_with(1, &[size], &inputs, &[], &[output]).unwrap()
    };
    let none = FloatFlags::default();
    assert_eq!(run(&[]), []);
    // Division by zero in two steps, at the very end.
    let zero = (1999, [1.0, 0.0, 1.0]);
    let divide = FloatFlags { divide: true, ..none };
    assert_eq!(run(&[zero])[..2], [(0, divide), (2, divide)]);
    // A later tile meets the same exception in another step.
    let large = (1, [1e300, 1e-300, 1.0]);
    let overflow = FloatFlags { overflow: true, ..none };
    assert_eq!(run(&[large]), [(0, overflow)]);
    let product = (1500, [1e200, 1.0, 1e200]);
    assert_eq!(run(&[large, product]), [(0, overflow), (1, overflow)]);
    assert_eq!(
        run(&[product, (700, [0.0, 0.0, 1.0])])[0],
        (0, FloatFlags { invalid: true, ..none })
    );
}

#[test]
fn two_blocks_may_be_swapped() {
    for size in [5, 1000] {
        let numbers =
            |start: usize| -> Vec<i64> { (start..start + size).map(|j| j as i64).collect() };
        let blocks = [7, 900].map(|start| Block::from_slice(&numbers(start), &[size]).unwrap());
        let mut builder = Builder::new();
        let [a, b] = [0, 1].map(|_| builder.input(DType::Int64));
        builder.output(b, None);
        builder.output(a, None);
        builder.finish().evaluate(&[size], &blocks, &[], &blocks).unwrap();
        assert_eq!(blocks[0].to_vec::<i64>().unwrap(), numbers(900));
        assert_eq!(blocks[1].to_vec::<i64>().unwrap(), numbers(7));
    }
}
