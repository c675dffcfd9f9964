//! Programs that are left before their end give what they give when they go on.

use distarray_kernels::program::{Builder, FloatFlags};
use distarray_kernels::{Argument, Block, Casting, DType, Op, Operand, Program, Scalar};
use num_complex::Complex;

struct Writer(Builder);

impl Writer {
    fn apply(&mut self, op: Op, operands: &[Operand]) -> Operand {
        let typed: Vec<Argument> =
            operands.iter().map(|&operand| Argument::Typed(self.0.dtype(operand))).collect();
        let looped = op.resolve(&typed, None, Casting::Safe).unwrap();
        self.0.apply(op, &looped, operands).unwrap()
    }
}

/// The iterations of a Julia set: how many of them each point stays near zero, and, if wanted, where
/// it is in the end.
fn julia(iterations: usize, with_points: bool) -> Program {
    let mut writer = Writer(Builder::new());
    let mut point = writer.0.input(DType::Complex128);
    let mut count = writer.0.input(DType::Int64);
    let (limit, shift) = (Scalar::from(2.0), Scalar::from(Complex::new(-0.8, 0.156)));
    for _ in 0..iterations {
        let magnitude = writer.apply(Op::Absolute, &[point]);
        let near = writer.apply(Op::LessEqual, &[magnitude, Operand::Constant(limit)]);
        let square = writer.apply(Op::Multiply, &[point, point]);
        let next = writer.apply(Op::Add, &[square, Operand::Constant(shift)]);
        point = writer.apply(Op::Select, &[near, next, point]);
        let near = writer.0.cast(near, DType::Int64);
        count = writer.apply(Op::Add, &[count, near]);
    }
    writer.0.output(count, None);
    if with_points {
        writer.0.output(point, None);
    }
    writer.0.finish()
}

type Results = (Vec<i64>, Vec<Complex<f64>>, Vec<(usize, FloatFlags)>);

/// What a program gives for points, so many at a time.
fn results(program: &Program, points: &[Complex<f64>], at_a_time: usize) -> Results {
    let (mut counts, mut ends, mut met) =
        (Vec::new(), Vec::new(), Vec::<(usize, FloatFlags)>::new());
    for points in points.chunks(at_a_time) {
        let len = points.len();
        let input = Block::from_slice(points, &[len]).unwrap();
        let zero = Block::zeroed(DType::Int64, &[len]).unwrap();
        let outputs: Vec<Block> = program
            .outputs()
            .iter()
            .map(|output| Block::zeroed(output.dtype, &[len]).unwrap())
            .collect();
        let flags = program.evaluate_with(1, &[len], &[input, zero], &[], &outputs).unwrap();
        for (step, flags) in flags {
            match met.iter_mut().find(|(known, _)| *known == step) {
                Some((_, all)) => *all = all.union(flags),
                None => met.push((step, flags)),
            }
        }
        counts.extend(outputs[0].to_vec::<i64>().unwrap());
        if let Some(output) = outputs.get(1) {
            ends.extend(output.to_vec::<Complex<f64>>().unwrap());
        }
    }
    met.sort_by_key(|(step, _)| *step);
    (counts, ends, met)
}

/// So many points that leaving early is looked into.
const POINTS: usize = 60_000;

/// Points of which most leave soon, those of some stretches at once, and some never.
fn points() -> Vec<Complex<f64>> {
    let point = |index: usize| {
        let place = index as f64 / POINTS as f64;
        Complex::new(4.0 * place - 2.0, (index % 700) as f64 / 350.0 - 1.0)
    };
    (0..POINTS).map(point).collect()
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn leaving_early_gives_what_going_on_gives() {
    for with_points in [false, true] {
        let program = julia(8, with_points);
        let points = points();
        let found = results(&program, &points, POINTS);
        let expected = results(&program, &points, 1000);
        assert_eq!(found.0, expected.0);
        assert_eq!(found.1, expected.1);
        assert_eq!(found.2, expected.2);
        assert!(found.0.contains(&0) && found.0.contains(&8));
        assert_eq!(found.0, points.iter().map(|&point| count(point, 8)).collect::<Vec<_>>());
    }
}

/// How many iterations a point stays near zero, one by one.
fn count(mut point: Complex<f64>, iterations: usize) -> i64 {
    let mut count = 0;
    for _ in 0..iterations {
        if point.re.hypot(point.im) <= 2.0 {
            point = point * point + Complex::new(-0.8, 0.156);
            count += 1;
        }
    }
    count
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no floating-point environment")]
fn who_leaves_early_has_met_all_exceptions() {
    let program = julia(8, true);
    let mut points = points();
    // Far away, the square is not chosen, and overflows all the same.
    points[POINTS - 1000..].fill(Complex::new(1e200, 1.0));
    let (counts, ends, met) = results(&program, &points, POINTS);
    assert_eq!((counts.clone(), met.clone()), {
        let (counts, _, met) = results(&program, &points, 1000);
        (counts, met)
    });
    assert!(met.iter().any(|(_, flags)| flags.overflow));
    assert_eq!(counts[POINTS - 1], 0);
    assert!(ends[POINTS - 1] == Complex::new(1e200, 1.0));
}
