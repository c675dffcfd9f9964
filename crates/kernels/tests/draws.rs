//! Random numbers as inputs of programs: those of `random::fill`, wherever and however they are made.

use distarray_kernels::program::Reducing;
use distarray_kernels::random::{Draw, Variate, fill};
use distarray_kernels::reduce::{Ending, finish};
use distarray_kernels::{
    Block, Builder, DType, Labels, Loop, Op, Operand, Program, Reduction, Scalar,
};
use proptest::prelude::*;

const KEY: [u64; 2] = [5, 77];

const VARIATES: [(Variate, DType); 5] = [
    (Variate::Uniform, DType::Float64),
    (Variate::Uniform, DType::Float32),
    (Variate::Normal { loc: 3.0, scale: 0.5 }, DType::Float64),
    (Variate::Integers { low: -3, high: 100 }, DType::Int8),
    (Variate::Integers { low: 0, high: i64::MAX }, DType::Int64),
];

fn alone(variate: Variate, dtype: DType, shape: &[usize]) -> Program {
    let mut builder = Builder::new();
    let value = builder.random(Draw::new(variate, KEY, dtype, shape));
    builder.output(value, None);
    builder.finish()
}

proptest! {
    #[test]
    fn programs_draw_the_numbers_that_fill_draws(
        shape in prop::collection::vec(1_usize..9, 0..4),
        long in 1_usize..3000,
        (variate, dtype) in prop::sample::select(VARIATES.to_vec()),
        (start, step, backwards) in (0_usize..5, 1_usize..4, any::<bool>()),
        as_list: bool,
        axis: prop::sample::Index,
        transposed: bool,
        threads in 1_usize..4,
    ) {
        let mut shape = shape;
        if shape.len() == 1 {
            shape[0] = long;
        }
        let whole = Block::zeroed(dtype, &shape).unwrap();
        fill(&whole, variate, KEY, &vec![Labels::POSITIONS; shape.len()], &shape).unwrap();
        // A piece of it: every `step`-th position of an axis, maybe from the end.
        let (mut piece, mut labels) = (whole, vec![Labels::POSITIONS; shape.len()]);
        if !shape.is_empty() {
            let axis = axis.index(shape.len());
            let mut chosen: Vec<i64> = (0..shape[axis] as i64).skip(start).step_by(step).collect();
            if backwards {
                chosen.reverse();
            }
            prop_assume!(!chosen.is_empty());
            let step = if backwards { -(step as i64) } else { step as i64 };
            piece = piece.slice_axis(axis, chosen[0] as usize, step as isize, chosen.len());
            labels[axis] = if as_list {
                chosen.into_iter().collect()
            } else {
                Labels::Strided { start: chosen[0], step }
            };
        }
        let (expected, local) = (piece.to_bytes().unwrap(), piece.shape());
        let output = if transposed {
            let turned: Vec<usize> = local.iter().rev().copied().collect();
            let order: Vec<usize> = (0..local.len()).rev().collect();
            Block::zeroed(dtype, &turned).unwrap().transpose(&order)
        } else {
            Block::zeroed(dtype, &local).unwrap()
        };
        let program = alone(variate, dtype, &shape);
        let outputs = [output];
        program.evaluate_with(threads, &local, &[], &labels, &outputs).unwrap();
        prop_assert_eq!(outputs[0].to_bytes().unwrap(), expected);
    }

    #[test]
    fn what_is_drawn_on_the_way_is_what_is_drawn_before(
        len in 1_usize..40_000,
        threads in 1_usize..4,
    ) {
        let double = Loop { inputs: vec![DType::Float64; 2], output: DType::Float64 };
        let truth = Loop { inputs: vec![DType::Float64; 2], output: DType::Bool };
        let finished = |mut builder: Builder, x: Operand, y: Operand| {
            let xx = builder.apply(Op::Multiply, &double, &[x, x]).unwrap();
            let yy = builder.apply(Op::Multiply, &double, &[y, y]).unwrap();
            let sum = builder.apply(Op::Add, &double, &[xx, yy]).unwrap();
            let one = Operand::Constant(Scalar::from(1.0));
            let within = builder.apply(Op::LessEqual, &truth, &[sum, one]).unwrap();
            builder.output(within, None);
            builder.finish()
        };
        let labels = [Labels::POSITIONS];
        let draws = [[1, 2], [1, 3]]
            .map(|key| Draw::new(Variate::Uniform, key, DType::Float64, &[len]));
        let blocks = draws.each_ref().map(|draw| {
            let block = Block::zeroed(DType::Float64, &[len]).unwrap();
            fill(&block, Variate::Uniform, draw.key, &labels, &[len]).unwrap();
            block
        });
        let count = |program: &Program, inputs: &[Block]| {
            let (partial, _) = Reducing {
                program,
                value: 0,
                reduction: Reduction::CountNonzero,
                dtype: DType::Int64,
                reduced: &[true],
                shape: &[len],
                inputs,
                labels: &labels,
                outputs: &[None],
            }
            .run(threads)
            .unwrap();
            let (block, _) =
                finish(Reduction::CountNonzero, partial, Ending::default()).unwrap();
            block.to_bytes().unwrap()
        };
        let mut builder = Builder::new();
        let [x, y] = draws.map(|draw| builder.random(draw));
        let drawn = finished(builder, x, y);
        let mut builder = Builder::new();
        let (x, y) = (builder.input(DType::Float64), builder.input(DType::Float64));
        let read = finished(builder, x, y);
        prop_assert_eq!(count(&drawn, &[]), count(&read, &blocks));
    }
}

#[test]
fn draws_that_there_are_not_are_refused() {
    let output = [Block::zeroed(DType::Int8, &[4]).unwrap()];
    let labels = [Labels::POSITIONS];
    let uniform = alone(Variate::Uniform, DType::Int8, &[4]);
    assert!(uniform.evaluate(&[4], &[], &labels, &output).is_err(), "of integers");
    let integers = Variate::Integers { low: 0, high: 9 };
    let program = alone(integers, DType::Int8, &[4]);
    assert!(program.evaluate(&[4], &[], &[], &output).is_err(), "without labels");
    assert!(program.evaluate(&[4], &[], &labels, &output).is_ok());
    let program = alone(integers, DType::Int8, &[2, 2]);
    assert!(program.evaluate(&[4], &[], &labels, &output).is_err(), "for another shape");
}
