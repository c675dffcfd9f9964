//! Times of kernels, one line each: name, nanoseconds an element (the best of several runs).
//!
//! Beside NumPy: `cargo run --release -p distarray-kernels --example speed`, then
//! `python crates/kernels/examples/speed.py`.

use std::time::Instant;

use distarray_kernels::{Argument, Block, Casting, DType, Op, Program, Scalar, Source, copy};

const SIZE: usize = 5_000_000;

fn main() {
    let numbers: Vec<f64> = (0..SIZE).map(|j| (j % 1000) as f64 * 0.5).collect();
    let a = Block::from_slice(&numbers, &[SIZE]).unwrap();
    let b = a.copied().unwrap();
    let out = a.copied().unwrap();
    let truth = Block::zeroed(DType::Bool, &[SIZE]).unwrap();
    let constant = Source::Constant(Scalar::from(1.5));
    elementwise("add", Op::Add, &[&a, &b], &out, None);
    elementwise("a + 1.5", Op::Add, &[&a], &out, Some(constant));
    elementwise("a += b", Op::Add, &[&out, &b], &out, None);
    elementwise("multiply", Op::Multiply, &[&a, &b], &out, None);
    elementwise("divide", Op::Divide, &[&a, &b], &out, None);
    elementwise("sqrt", Op::Sqrt, &[&a], &out, None);
    elementwise("floor", Op::Floor, &[&a], &out, None);
    elementwise("maximum", Op::Maximum, &[&a, &b], &out, None);
    elementwise("less", Op::Less, &[&a, &b], &truth, None);
    elementwise("exp", Op::Exp, &[&a], &out, None);

    for size in [1000, 10_000, 100_000] {
        let cut = |block: &Block| block.slice_axis(0, 0, 1, size);
        elementwise(&format!("add of {size}"), Op::Add, &[&cut(&a), &cut(&b)], &cut(&out), None);
        elementwise(&format!("sqrt of {size}"), Op::Sqrt, &[&cut(&a)], &cut(&out), None);
    }
    let ints = Block::zeroed(DType::Int32, &[SIZE]).unwrap();
    let more = Block::zeroed(DType::Int32, &[SIZE]).unwrap();
    elementwise("add int32", Op::Add, &[&ints, &ints], &more, None);
    elementwise("multiply int32", Op::Multiply, &[&ints, &ints], &more, None);
    copies("f64 to f32", &a, &Block::zeroed(DType::Float32, &[SIZE]).unwrap());
    copies("f64 to i64", &a, &Block::zeroed(DType::Int64, &[SIZE]).unwrap());
    copies("i32 to f64", &ints, &out);
    copies("f64 to f16", &a, &Block::zeroed(DType::Float16, &[SIZE]).unwrap());
    copies("bool to i64", &truth, &Block::zeroed(DType::Int64, &[SIZE]).unwrap());

    let half = SIZE / 2;
    copies("copy", &a, &out);
    copies("a[::2] = b[::2]", &a.slice_axis(0, 0, 2, half), &out.slice_axis(0, 0, 2, half));
    copies("a = b[::2]", &a.slice_axis(0, 0, 2, half), &out.slice_axis(0, 0, 1, half));
    copies("a[::2] = b", &a.slice_axis(0, 0, 1, half), &out.slice_axis(0, 0, 2, half));
    elementwise(
        "a[::2] + b[::2]",
        Op::Add,
        &[&a.slice_axis(0, 0, 2, half), &b.slice_axis(0, 0, 2, half)],
        &out.slice_axis(0, 0, 1, half),
        None,
    );
    for (rows, columns) in [(2000, 2500), (2048, 2048), (100_000, 50), (50, 100_000)] {
        for dtype in [DType::Float64, DType::Float32, DType::UInt8] {
            let source = Block::zeroed(dtype, &[rows, columns]).unwrap();
            let dest = Block::zeroed(dtype, &[columns, rows]).unwrap();
            copies(
                &format!("transpose {rows}x{columns} {dtype}"),
                &source.transpose(&[1, 0]),
                &dest,
            );
        }
    }
    let wide = Block::zeroed(DType::Float64, &[1000, 5000]).unwrap();
    let row = Block::zeroed(DType::Float64, &[5000]).unwrap();
    let column = Block::zeroed(DType::Float64, &[1000, 1]).unwrap();
    let result = wide.copied().unwrap();
    elementwise("matrix + row", Op::Add, &[&wide, &row], &result, None);
    elementwise("matrix + column", Op::Add, &[&wide, &column], &result, None);
    let narrow = Block::zeroed(DType::Float64, &[1_000_000, 5]).unwrap();
    let short = Block::zeroed(DType::Float64, &[5]).unwrap();
    elementwise("narrow + row", Op::Add, &[&narrow, &short], &narrow.copied().unwrap(), None);
    copies("fill row", &short, &narrow);
    small();
}

/// The time of whole evaluations of 10 elements, in nanoseconds each.
fn small() {
    let numbers = [1.0; 10];
    let a = Block::from_slice(&numbers, &[10]).unwrap();
    let out = a.copied().unwrap();
    let program = program(Op::Add, &[&a, &a], &out, None);
    let inputs = [a.clone(), a.clone()];
    let outputs = [out];
    let time = best(200, || {
        for _ in 0..100 {
            program.evaluate(&[10], &inputs, &[], &outputs).unwrap();
        }
    });
    println!("{:<36}{:9.1}", "evaluate add of 10", time / 100.0);
    let time = best(200, || {
        for _ in 0..100 {
            copy::copy(&a, &outputs[0]).unwrap();
        }
    });
    println!("{:<36}{:9.1}", "copy of 10", time / 100.0);
}

fn program(op: Op, inputs: &[&Block], out: &Block, constant: Option<Source>) -> Program {
    let mut sources: Vec<Source> =
        inputs.iter().map(|block| Source::Block(block.dtype())).collect();
    let mut arguments: Vec<Argument> =
        inputs.iter().map(|block| Argument::Typed(block.dtype())).collect();
    if let Some(constant) = constant {
        sources.push(constant);
        arguments.push(Argument::PythonFloat);
    }
    let looped = op.resolve(&arguments, None, Casting::SameKind).unwrap();
    Program::single(op, &looped, &sources, out.dtype(), false).unwrap()
}

fn elementwise(name: &str, op: Op, inputs: &[&Block], out: &Block, constant: Option<Source>) {
    let program = program(op, inputs, out, constant);
    let blocks: Vec<Block> = inputs.iter().copied().cloned().collect();
    let (shape, outputs) = (out.shape(), [out.clone()]);
    report(name, out.size(), || {
        program.evaluate(&shape, &blocks, &[], &outputs).unwrap();
    });
}

fn copies(name: &str, source: &Block, dest: &Block) {
    report(name, dest.size(), || copy::copy(source, dest).unwrap());
}

fn report(name: &str, size: usize, run: impl FnMut()) {
    let runs = (100_000_000 / size).clamp(15, 1000);
    println!("{name:<36}{:9.3}", best(runs, run) / size as f64);
}

/// The best time of a run, in nanoseconds.
fn best(runs: usize, mut run: impl FnMut()) -> f64 {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e9
        })
        .fold(f64::INFINITY, f64::min)
}
