//! Programs over views of every layout, against brute force.

#![expect(unsafe_code, reason = "a buffer is made of memory of the test's")]

mod common;

use std::ptr::NonNull;
use std::sync::Arc;

use common::{View, indices, view};
use distarray_kernels::{
    Argument, Block, Buffer, Builder, Casting, DType, FloatFlags, Input, KernelError, Labels, Loop,
    Op, Operand, Output, Program, Result, Scalar, Source, Step, program,
};
use proptest::prelude::*;

/// Adds an operation on typed operands.
fn apply(builder: &mut Builder, op: Op, operands: &[Operand]) -> Result<Operand> {
    let arguments: Vec<Argument> =
        operands.iter().map(|&operand| Argument::Typed(builder.dtype(operand))).collect();
    let looped = op.resolve(&arguments, None, Casting::SameKind)?;
    builder.apply(op, &looped, operands)
}

type Comparison = fn(&i128, &i128) -> bool;

/// One operation on whole blocks.
fn evaluate(op: Op, inputs: &[Block]) -> Result<(Block, FloatFlags)> {
    let arguments: Vec<Argument> =
        inputs.iter().map(|block| Argument::Typed(block.dtype())).collect();
    let sources: Vec<Source> = inputs.iter().map(|block| Source::Block(block.dtype())).collect();
    let looped = op.resolve(&arguments, None, Casting::SameKind)?;
    let program = Program::single(op, &looped, &sources, looped.output, false)?;
    let output = Block::zeroed(looped.output, &inputs[0].shape())?;
    let flags = program.evaluate(&inputs[0].shape(), inputs, &[], std::slice::from_ref(&output))?;
    Ok((output, flags))
}

/// A source for a shape: one of its axes may be of length 1, leading ones may be missing.
fn broadcast_source(shape: &[usize], kept: &[bool], dropped: usize, dtype: DType) -> Block {
    let lens: Vec<usize> =
        shape.iter().zip(kept).map(|(&len, &kept)| if kept { len } else { 1 }).collect();
    View::base(dtype, &lens[dropped.min(shape.len())..]).block
}

proptest! {
    #[test]
    fn a_program_of_several_steps_computes_every_element(
        first in view(DType::Int64),
        out in any::<bool>(),
        kept in prop::collection::vec(any::<bool>(), 9),
        dropped in 0..3usize,
        masked in any::<bool>(),
        block_len in prop::sample::select(vec![1usize, 2, 3, 7, 64, 256]),
    ) {
        // `where(a < b, a + b * 2, label - a)`, in int64, with `b` of int16; stored as float32.
        program::set_block_len(block_len);
        let shape = first.block.shape();
        let second = broadcast_source(&shape, &kept, dropped, DType::Int16);
        let labels: Vec<Labels> = shape
            .iter()
            .enumerate()
            .map(|(axis, &len)| match axis % 2 {
                0 => Labels::Strided { start: 10, step: 3 },
                _ => Labels::List((0..len as i64).map(|j| j * j - 5).collect::<Arc<[i64]>>()),
            })
            .collect();
        let axis = shape.len().checked_sub(1 + dropped);

        let mut builder = Builder::new();
        let a = builder.input(DType::Int64);
        let b = builder.input(DType::Int16);
        let label = match axis {
            Some(axis) => builder.label(axis),
            None => Operand::Constant(Scalar::from(4i64)),
        };
        let two = Operand::Constant(Scalar::from(2i64));
        let less = apply(&mut builder, Op::Less, &[a, b]).unwrap();
        let double = apply(&mut builder, Op::Multiply, &[b, two]).unwrap();
        let sum = apply(&mut builder, Op::Add, &[a, double]).unwrap();
        let difference = apply(&mut builder, Op::Subtract, &[label, a]).unwrap();
        let chosen = apply(&mut builder, Op::Select, &[less, sum, difference]).unwrap();
        let stored = builder.cast(chosen, DType::Float32);
        builder.output(stored, masked.then_some(less));
        let program = builder.finish();

        let transposed: Vec<usize> = shape.iter().rev().copied().collect();
        let order: Vec<usize> = (0..shape.len()).rev().collect();
        let output = if out {
            Block::zeroed(DType::Float32, &shape).unwrap()
        } else {
            Block::zeroed(DType::Float32, &transposed).unwrap().transpose(&order)
        };
        let inputs = [first.block.clone(), second.clone()];
        program.evaluate(&shape, &inputs, &labels, std::slice::from_ref(&output)).unwrap();
        let second = second.broadcast_to(&shape).unwrap();
        for index in indices(&shape) {
            let a = first.block.read(&index).as_i64().unwrap();
            let b = second.read(&index).as_i64().unwrap();
            let label = axis.map_or(4, |axis| labels[axis].get(index[axis]));
            let value = if a < b { a + 2 * b } else if masked { 0 } else { label - a };
            prop_assert_eq!(output.read(&index).as_f64() as i64, value);
        }
    }

    #[test]
    fn an_output_may_be_an_input(
        target in view(DType::Int32),
        block_len in prop::sample::select(vec![1usize, 5, 256]),
    ) {
        program::set_block_len(block_len);
        // Two steps that both read the block which the first could overwrite.
        let mut builder = Builder::new();
        let a = builder.input(DType::Int32);
        let sum = apply(&mut builder, Op::Add, &[a, a]).unwrap();
        let product = apply(&mut builder, Op::Multiply, &[sum, a]).unwrap();
        builder.output(product, None);
        let base = target.block.copied().unwrap();
        let block = std::slice::from_ref(&target.block);
        builder.finish().evaluate(&target.block.shape(), block, &[], block).unwrap();
        for index in indices(&target.block.shape()) {
            let a = base.read(&index).as_i64().unwrap();
            prop_assert_eq!(target.block.read(&index).as_i64().unwrap(), 2 * a * a);
        }
    }

    #[test]
    fn signed_and_unsigned_integers_compare_exactly(a in any::<i64>(), b in any::<u64>(), near in any::<bool>()) {
        let b = if near { a as u64 } else { b };
        let first = Block::from_slice(&[a, -1, i64::MIN, i64::MAX], &[4]).unwrap();
        let second = Block::from_slice(&[b, u64::MAX, 1 << 63, i64::MAX as u64], &[4]).unwrap();
        let pairs: Vec<(i128, i128)> = first.to_vec::<i64>().unwrap().into_iter()
            .zip(second.to_vec::<u64>().unwrap())
            .map(|(a, b)| (i128::from(a), i128::from(b)))
            .collect();
        let tests: [(Op, Comparison); 6] = [
            (Op::Less, i128::lt),
            (Op::LessEqual, i128::le),
            (Op::Greater, i128::gt),
            (Op::GreaterEqual, i128::ge),
            (Op::Equal, i128::eq),
            (Op::NotEqual, i128::ne),
        ];
        for (op, test) in tests {
            let (found, _) = evaluate(op, &[first.clone(), second.clone()]).unwrap();
            let (swapped, _) = evaluate(op, &[second.clone(), first.clone()]).unwrap();
            for (index, (a, b)) in pairs.iter().enumerate() {
                prop_assert_eq!(found.read(&[index]).is_nonzero(), test(a, b), "{:?}", op);
                prop_assert_eq!(swapped.read(&[index]).is_nonzero(), test(b, a), "{:?}", op);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no floating-point environment")]
fn exceptions_of_quiet_operations_are_forgotten() {
    // `(a < b) * (a / c)`: comparing with NaN is quiet, dividing by zero is not.
    let mut builder = Builder::new();
    let inputs: Vec<Operand> = (0..3).map(|_| builder.input(DType::Float64)).collect();
    let less = apply(&mut builder, Op::Less, &inputs[..2]).unwrap();
    let quotient = apply(&mut builder, Op::Divide, &[inputs[0], inputs[2]]).unwrap();
    let product = apply(&mut builder, Op::Multiply, &[less, quotient]).unwrap();
    builder.output(product, None);
    let program = builder.finish();
    let block = |value: f64| Block::from_slice(&[value; 300], &[300]).unwrap();
    let run = |a: f64, b: f64, c: f64| {
        program.evaluate(&[300], &[block(a), block(b), block(c)], &[], &[block(0.0)]).unwrap()
    };
    assert!(run(1.0, f64::NAN, 2.0).is_empty());
    assert_eq!(run(1.0, 2.0, 0.0), FloatFlags { divide: true, ..FloatFlags::default() });
    assert_eq!(run(0.0, 2.0, 0.0), FloatFlags { invalid: true, ..FloatFlags::default() });
    assert_eq!(run(1e300, 1e301, 1e-300), FloatFlags { overflow: true, ..FloatFlags::default() });
    assert!(run(1.0, 2.0, 3.0).is_empty());
}

#[test]
fn elements_that_are_not_stored_meet_no_exceptions() {
    program::set_block_len(4);
    let masks: [&[u8]; 4] = [
        &[1, 0, 0, 1, 1, 1, 0, 2, 0, 0, 0, 0, 1],
        &[0; 13],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1],
    ];
    let numbers: Vec<f64> = (0..13).map(f64::from).collect();
    for mask in masks {
        // Only the last element is stored with a divisor of zero.
        let divisors: Vec<f64> =
            mask.iter().map(|&stored| if stored == 0 { 0.0 } else { 2.0 }).collect();
        for last in [2.0, 0.0] {
            let mut divisors = divisors.clone();
            divisors[12] = last;
            let mut builder = Builder::new();
            let a = builder.input(DType::Float64);
            let b = builder.input(DType::Float64);
            let stored = builder.input(DType::Bool);
            let quotient = apply(&mut builder, Op::Divide, &[a, b]).unwrap();
            builder.output(quotient, Some(stored));
            let output = Block::from_slice(&[-1.0; 13], &[13]).unwrap();
            let inputs = [
                Block::from_slice(&numbers, &[13]).unwrap(),
                Block::from_slice(&divisors, &[13]).unwrap(),
                Block::from_slice(mask, &[13]).unwrap().view_dtype(DType::Bool).unwrap(),
            ];
            let outputs = std::slice::from_ref(&output);
            let flags = builder.finish().evaluate(&[13], &inputs, &[], outputs).unwrap();
            let expected =
                FloatFlags { divide: last == 0.0 && mask[12] != 0, ..Default::default() };
            if cfg!(not(miri)) {
                assert_eq!(flags, expected, "{mask:?} {last}");
            }
            let results: Vec<f64> = output.to_vec().unwrap();
            for (place, &result) in results.iter().enumerate() {
                let quotient = numbers[place] / divisors[place];
                let expected: f64 = if mask[place] == 0 { -1.0 } else { quotient };
                assert_eq!(result.to_bits(), expected.to_bits(), "{place}");
            }
        }
    }
    let power = Program::single(
        Op::Power,
        &Loop { inputs: vec![DType::Int64; 2], output: DType::Int64 },
        &[Source::Block(DType::Int64), Source::Block(DType::Int64)],
        DType::Int64,
        true,
    );
    let exponents = Block::from_slice(&[1i64, -1, 3], &[3]).unwrap();
    let mask = Block::from_slice(&[1u8, 0, 1], &[3]).unwrap().view_dtype(DType::Bool).unwrap();
    let base = Block::from_slice(&[2i64, 2, 2], &[3]).unwrap();
    let output = Block::zeroed(DType::Int64, &[3]).unwrap();
    let outputs = std::slice::from_ref(&output);
    power.unwrap().evaluate(&[3], &[base, exponents, mask], &[], outputs).unwrap();
    assert_eq!(output.to_vec::<i64>().unwrap(), [2, 0, 8]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no C library")]
fn a_loop_gets_its_arguments_in_the_dtypes_that_it_takes() {
    // NumPy has a loop for exponents of 32 bits; ours takes 64.
    let looped = Loop { inputs: vec![DType::Float32, DType::Int32], output: DType::Float32 };
    let sources = [Source::Block(DType::Float32), Source::Block(DType::Int32)];
    let program = Program::single(Op::Ldexp, &looped, &sources, DType::Float32, false).unwrap();
    let inputs = [
        Block::from_slice(&[1f32, 3.0, 5.0], &[3]).unwrap(),
        Block::from_slice(&[1i32, -1, 2], &[3]).unwrap(),
    ];
    let output = Block::zeroed(DType::Float32, &[3]).unwrap();
    program.evaluate(&[3], &inputs, &[], std::slice::from_ref(&output)).unwrap();
    assert_eq!(output.to_vec::<f32>().unwrap(), [2.0, 1.5, 20.0]);
}

#[test]
fn a_program_that_is_not_well_formed_is_refused() {
    let double = Input::Block(DType::Float64);
    let add = |arguments: Vec<Operand>, dtype| Step::Apply { op: Op::Add, dtype, arguments };
    let stored = |value, dtype| vec![Output { value, dtype, mask: None }];
    let first = Operand::Register(0);
    let cases = [
        (add(vec![Operand::Input(0); 2], DType::Int64), stored(first, DType::Int64)),
        (add(vec![Operand::Input(0); 2], DType::Float64), stored(first, DType::Int64)),
        (add(vec![Operand::Input(0)], DType::Float64), stored(first, DType::Float64)),
        (add(vec![Operand::Input(1); 2], DType::Float64), stored(first, DType::Float64)),
        (add(vec![Operand::Register(0); 2], DType::Float64), stored(first, DType::Float64)),
        (
            add(vec![Operand::Input(0); 2], DType::Float64),
            stored(Operand::Register(1), DType::Float64),
        ),
        (
            add(vec![Operand::Input(0); 2], DType::Float64),
            vec![Output { value: first, dtype: DType::Float64, mask: Some(Operand::Input(0)) }],
        ),
        (
            Step::Cast { argument: Operand::Input(0), from: DType::Int8, to: DType::Float64 },
            stored(first, DType::Float64),
        ),
    ];
    for (step, outputs) in cases {
        let dtype = outputs[0].dtype;
        let program = Program::new(vec![double], vec![step], outputs, Vec::new());
        let input = Block::zeroed(DType::Float64, &[3]).unwrap();
        let output = Block::zeroed(dtype, &[3]).unwrap();
        let result = program.evaluate(&[3], &[input], &[], &[output]);
        assert!(
            matches!(
                result,
                Err(KernelError::Type(_) | KernelError::NoLoop { .. } | KernelError::Value(_))
            ),
            "{program:?}"
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no floating-point environment")]
fn casts_report_what_does_not_fit() {
    let cast = |value: f64, to: DType| {
        let source = Block::from_slice(&[value; 20], &[20]).unwrap();
        let dest = Block::zeroed(to, &[20]).unwrap();
        Program::cast(DType::Float64, to).evaluate(&[20], &[source], &[], &[dest]).unwrap()
    };
    assert!(cast(f64::NAN, DType::Int32).invalid);
    assert!(cast(1e20, DType::Int64).invalid);
    assert!(cast(1e300, DType::Float32).overflow);
    assert!(cast(1e6, DType::Float16).overflow);
    assert!(cast(f64::NAN, DType::Float32).is_empty());
    assert!(cast(12.0, DType::UInt8).is_empty());
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let ints = Block::from_slice(&[2i64, 3], &[2]).unwrap();
    let negative = Block::from_slice(&[1i64, -1], &[2]).unwrap();
    let error = evaluate(Op::Power, &[ints.clone(), negative]).unwrap_err();
    assert_eq!(error.to_string(), "Integers to negative integer powers are not allowed.");
    let truth = Block::zeroed(DType::Bool, &[2]).unwrap();
    assert!(matches!(evaluate(Op::Subtract, &[truth.clone(), truth]), Err(KernelError::Type(_))));
    let floats = Block::zeroed(DType::Float64, &[2]).unwrap();
    let error = evaluate(Op::BitwiseAnd, &[floats.clone(), ints.clone()]).unwrap_err();
    assert_eq!(error, KernelError::NoLoop { op: "bitwise_and" });

    let program = Program::cast(DType::Int64, DType::Float64);
    let run = |inputs: &[Block], outputs: &[Block]| program.evaluate(&[2], inputs, &[], outputs);
    let (input, output) = (std::slice::from_ref(&ints), std::slice::from_ref(&floats));
    assert!(run(input, output).is_ok());
    assert!(run(&[], output).is_err());
    assert!(run(input, input).is_err(), "the output has another dtype");
    let longer = Block::zeroed(DType::Float64, &[3]).unwrap();
    assert!(run(input, &[longer]).is_err());
    let mut memory = Box::new([0u64; 2]);
    let pointer = NonNull::from(&mut *memory).cast();
    // SAFETY: the box owns the memory and is kept with it.
    let buffer = unsafe { Buffer::lent(pointer, 16, false, memory) };
    // SAFETY: two doubles, one after another.
    let readonly = unsafe { Block::from_parts(buffer, 0, DType::Float64, floats.axes().to_vec()) };
    assert!(run(input, &[readonly]).unwrap_err().to_string().contains("read-only"));
}

#[test]
fn blocks_need_not_be_aligned() {
    let bytes = Block::zeroed(DType::UInt8, &[8 * 40 + 3]).unwrap();
    let odd = |start| bytes.slice_axis(0, start, 1, 8 * 20).view_dtype(DType::Float64).unwrap();
    let (input, output) = (odd(3), odd(8 * 20 + 3));
    for index in 0..20 {
        input.write(&[index], &Scalar::from(index as f64));
    }
    let program = Program::single(
        Op::Square,
        &Op::Square.resolve(&[Argument::Typed(DType::Float64)], None, Casting::Safe).unwrap(),
        &[Source::Block(DType::Float64)],
        DType::Float64,
        false,
    )
    .unwrap();
    program.evaluate(&[20], &[input], &[], std::slice::from_ref(&output)).unwrap();
    let expected: Vec<f64> = (0..20).map(|j| f64::from(j * j)).collect();
    assert_eq!(output.to_vec::<f64>().unwrap(), expected);
}

#[test]
fn python_numbers_give_way() {
    let typed = |dtype| Argument::Typed(dtype);
    let result = |op: Op, arguments: &[Argument]| {
        op.resolve(arguments, None, Casting::SameKind).unwrap().output
    };
    assert_eq!(result(Op::Add, &[typed(DType::Int8), Argument::PythonInt]), DType::Int8);
    assert_eq!(result(Op::Add, &[typed(DType::Int8), Argument::PythonFloat]), DType::Float64);
    assert_eq!(result(Op::Add, &[typed(DType::Float32), Argument::PythonFloat]), DType::Float32);
    assert_eq!(
        result(Op::Select, &[typed(DType::Bool), typed(DType::Int8), Argument::PythonInt]),
        DType::Int8
    );
    assert!(Scalar::from_integer(300, DType::UInt8).is_err());
    assert_eq!(Scalar::from_integer(-1, DType::Float32), Ok(Scalar::from(-1.0f32)));
}

#[test]
fn casting_rules_have_numpys_messages() {
    let arguments = [Argument::Typed(DType::Float64), Argument::Typed(DType::Int32)];
    let error =
        Op::Add.resolve(&arguments, Some(DType::Int32), Casting::SameKind).unwrap_err().to_string();
    assert_eq!(
        error,
        "Cannot cast ufunc 'add' input 0 from dtype('float64') to dtype('int32') with casting \
         rule 'same_kind'"
    );
    let looped = Op::Add.resolve(&arguments, None, Casting::SameKind).unwrap();
    let error = Op::Add.check_output(&looped, DType::Int8, Casting::SameKind).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot cast ufunc 'add' output from dtype('float64') to dtype('int8') with casting rule \
         'same_kind'"
    );
    assert!(Op::Add.resolve(&arguments, None, Casting::No).is_err());
    let single = Op::Add.resolve(&arguments, Some(DType::Float32), Casting::SameKind).unwrap();
    assert_eq!(single.output, DType::Float32);
    assert!(Op::Less.resolve(&arguments, Some(DType::Int32), Casting::SameKind).is_err());
}
