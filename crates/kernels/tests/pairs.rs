//! Programs of sums, differences and products, of which two are done at once: the bits of doing one
//! after another, and the same floating-point exceptions of each step.

use distarray_kernels::{
    Argument, Block, Builder, Casting, DType, FloatFlags, Op, Operand, Program, Scalar, program,
};
use proptest::prelude::*;

const OPS: [Op; 8] = [
    Op::Add,
    Op::Subtract,
    Op::Multiply,
    Op::Square,
    Op::Divide,
    Op::Less,
    Op::Maximum,
    Op::Negative,
];

/// Numbers among the operands, some special.
const NUMBERS: [f64; 6] = [0.25, -3.0, 1e200, f64::INFINITY, -0.0, 1.0];

/// A step: an operation, and how far back its operands are, or which numbers they are.
type Wish = (usize, [Result<usize, usize>; 2]);

fn wish() -> impl Strategy<Value = Wish> {
    // What came last is taken most: chains.
    let back = prop_oneof![4 => Just(0_usize), 2 => Just(1_usize), 3 => 0..6usize];
    let operand = prop_oneof![3 => back.prop_map(Ok), 1 => (0..NUMBERS.len()).prop_map(Err)];
    let op = prop_oneof![4 => 0..4usize, 1 => 0..OPS.len()];
    (op, [operand.clone(), operand])
}

fn number(value: f64, dtype: DType) -> Operand {
    Operand::Constant(Scalar::from(value).cast(dtype).unwrap())
}

fn apply(builder: &mut Builder, op: Op, operands: &[Operand]) -> Operand {
    let typed: Vec<Argument> =
        operands.iter().map(|&operand| Argument::Typed(builder.dtype(operand))).collect();
    let looped = op.resolve(&typed, None, Casting::Unsafe).unwrap();
    builder.apply(op, &looped, operands).unwrap()
}

/// A program of three inputs; and the same with every result stored, so that no two steps can be done
/// at once.
fn programs(dtype: DType, wishes: &[Wish], stored: usize) -> [Program; 2] {
    [false, true].map(|all| {
        let mut builder = Builder::new();
        let mut operands: Vec<Operand> = (0..3).map(|_| builder.input(dtype)).collect();
        for (op, chosen) in wishes {
            let op = OPS[*op];
            let chosen: Vec<Operand> = chosen[..op.arity()]
                .iter()
                .map(|choice| match *choice {
                    Ok(back) => operands[operands.len() - 1 - back.min(operands.len() - 1)],
                    Err(place) => number(NUMBERS[place], dtype),
                })
                .collect();
            let value = apply(&mut builder, op, &chosen);
            operands.push(builder.cast(value, dtype));
        }
        builder.output(operands[operands.len() - 1], None);
        builder.output(operands[operands.len() - 1 - stored.min(operands.len() - 1)], None);
        if all {
            for &operand in &operands[3..] {
                builder.output(operand, None);
            }
        }
        builder.finish()
    })
}

fn run(
    program: &Program,
    inputs: &[Block],
    len: usize,
    threads: usize,
) -> (Vec<Block>, Vec<(usize, FloatFlags)>) {
    let outputs: Vec<Block> = program
        .outputs()
        .iter()
        .map(|output| Block::zeroed(output.dtype, &[len]).unwrap())
        .collect();
    let met = program.evaluate_with(threads, &[len], inputs, &[], &outputs).unwrap();
    (outputs, met)
}

/// The bits of an element; of parts that are no numbers only that, as hardware decides whose sign and
/// payload the result of two has.
fn bits(block: &Block, index: usize) -> Vec<u64> {
    let element = block.read(&[index]);
    let bytes = element.bytes();
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    match element.dtype() {
        DType::Float32 => {
            let bits = word(bytes) as u32;
            vec![if f32::from_bits(bits).is_nan() { u64::MAX } else { u64::from(bits) }]
        }
        DType::Float64 | DType::Complex128 => {
            let bits = bytes.chunks(8).map(word);
            bits.map(|bits| if f64::from_bits(bits).is_nan() { u64::MAX } else { bits }).collect()
        }
        _ => bytes.chunks(8).map(word).collect(),
    }
}

fn fill(seed: u64, special: bool, dtype: DType, len: usize) -> Block {
    let mut state = seed | 1;
    let numbers: Vec<f64> = (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match (state >> 33) % 50 {
                0 if special => f64::NAN,
                1 if special => f64::NEG_INFINITY,
                2 if special => -0.0,
                3 if special => 1e30,
                4 if special => 1e300,
                5 if special => 1e-300,
                draw => draw as f64 / 7.0 - 3.3,
            }
        })
        .collect();
    let doubles = Block::from_slice(&numbers, &[len]).unwrap();
    let block = Block::zeroed(dtype, &[len]).unwrap();
    distarray_kernels::copy::copy(&doubles, &block).unwrap();
    block
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn pairs_compute_what_their_steps_do(
        dtype in prop::sample::select(vec![
            DType::Float64, DType::Float64, DType::Float32, DType::Int32, DType::Int64,
            DType::Complex128,
        ]),
        wishes in prop::collection::vec(wish(), 1..12),
        stored in 0..4usize,
        seed in any::<u64>(),
        special in any::<bool>(),
        len in prop_oneof![Just(1_usize), Just(2), 3..40usize, 250..270usize, 510..520usize, Just(1500)],
        threads in 1..3usize,
        block_len in prop::sample::select(vec![1_usize, 3, 64, 256]),
    ) {
        program::set_block_len(block_len);
        let [paired, apart] = programs(dtype, &wishes, stored);
        let inputs = [1, 2, 3].map(|place| fill(seed.wrapping_mul(place), special, dtype, len));
        let (found, met) = run(&paired, &inputs, len, threads);
        let (expected, met_apart) = run(&apart, &inputs, len, threads);
        for (found, expected) in found.iter().zip(&expected) {
            for index in 0..len {
                prop_assert_eq!(bits(found, index), bits(expected, index), "{}", paired);
            }
        }
        if !cfg!(miri) {
            prop_assert_eq!(met, met_apart, "{}", paired);
        }
    }
}

/// Whether the processor's own instruction for a product and a sum, which rounds once, is kept out.
#[test]
fn products_are_rounded_before_they_are_added_to() {
    let (len, epsilon) = (1000, f64::EPSILON);
    for (op, is_first) in [(Op::Add, true), (Op::Subtract, true), (Op::Subtract, false)] {
        let mut builder = Builder::new();
        let inputs = [0, 1, 2].map(|_| builder.input(DType::Float64));
        let product = apply(&mut builder, Op::Multiply, &inputs[..2]);
        let operands = if is_first { [product, inputs[2]] } else { [inputs[2], product] };
        let value = apply(&mut builder, op, &operands);
        builder.output(value, None);
        // The product is 1 - epsilon**2, which is nearest to 1.
        let third = if op == Op::Add { -1.0 } else { 1.0 };
        let numbers = [1.0 + epsilon, 1.0 - epsilon, third];
        let blocks = numbers.map(|number| Block::from_slice(&vec![number; len], &[len]).unwrap());
        let (found, _) = run(&builder.finish(), &blocks, len, 1);
        assert_eq!(found[0].to_vec::<f64>().unwrap(), vec![0.0; len], "{op:?}");
    }
}
