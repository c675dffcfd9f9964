//! Programs of several steps beside loops that were fused by hand, in turns, on 1 and 2 threads,
//! into memory that is there already: the best time of each in nanoseconds an element, and the
//! ratio of the two.
//!
//! `cargo run --release -p distarray-kernels --example fused_speed [elements] [runs] [threads]`

#![expect(unsafe_code, reason = "loops by hand work on the memory of blocks")]

use std::time::Instant;

use distarray_kernels::{Argument, Block, Builder, Casting, DType, Op, Operand, Program, Scalar};

/// An expression: its program, and the loop that computes it.
struct Expression {
    name: &'static str,
    program: Program,
    by_hand: fn([&[f64]; 3], &mut [f64]),
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let size = arguments.next().unwrap_or(20_000_000);
    let runs = arguments.next().unwrap_or(15);
    let most_threads = arguments.next().unwrap_or(2);
    let inputs = [3, 7, 11].map(|factor| {
        let numbers: Vec<f64> = (0..size).map(|j| 0.5 + (j * factor % 1000) as f64 / 1e3).collect();
        Block::from_slice(&numbers, &[size]).unwrap()
    });
    let outputs = [0, 1].map(|_| Block::zeroed(DType::Float64, &[size]).unwrap());
    let (one, two) = ("1 thread", "2 threads");
    println!("{:<24}{one:>27}{two:>28}", format!("{size} elements"));
    println!(
        "{:<24}{}",
        "",
        format!("{:>9}{:>9}{:>7}   ", "program", "by hand", "ratio").repeat(most_threads)
    );
    for expression in expressions() {
        print!("{:<24}", expression.name);
        for threads in 1..=most_threads {
            let [program, by_hand] = compare(&expression, &inputs, &outputs, threads, runs);
            print!("{program:>9.3}{by_hand:>9.3}{:>7.2}   ", program / by_hand);
        }
        println!();
    }
}

/// The processor's time on one thread, which other programs don't add to, or the wall's on several.
enum Clock {
    Processor(f64),
    Wall(Instant),
}

impl Clock {
    fn now(threads: usize) -> Self {
        if threads == 1 { Self::Processor(processor()) } else { Self::Wall(Instant::now()) }
    }

    /// Seconds since then.
    fn elapsed(&self) -> f64 {
        match self {
            Self::Processor(start) => processor() - start,
            Self::Wall(start) => start.elapsed().as_secs_f64(),
        }
    }
}

/// The seconds for which this thread has run.
fn processor() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid for a write.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The best time of the program and of the loop.
fn compare(
    expression: &Expression,
    inputs: &[Block; 3],
    [out, expected]: &[Block; 2],
    threads: usize,
    runs: usize,
) -> [f64; 2] {
    let shape = out.shape();
    let program = &expression.program;
    let (taken, outputs) = (&inputs[..program.inputs().len()], [out.clone()]);
    let step = shape[0].div_ceil(threads).next_multiple_of(512);
    let slices = inputs.each_ref().map(slice);
    let mut best = [f64::INFINITY; 2];
    for _ in 0..runs {
        let start = Clock::now(threads);
        program.evaluate_with(threads, &shape, taken, &[], &outputs).unwrap();
        best[0] = best[0].min(start.elapsed());
        let start = Clock::now(threads);
        std::thread::scope(|scope| {
            let mut outs = slice_mut(expected).chunks_mut(step).enumerate();
            let first = outs.next();
            let run = |(part, out): (usize, &mut [f64])| {
                let range = part * step..part * step + out.len();
                (expression.by_hand)(slices.map(|input| &input[range.clone()]), out);
            };
            for part in outs {
                scope.spawn(move || run(part));
            }
            first.map(run);
        });
        best[1] = best[1].min(start.elapsed());
    }
    assert!(slice(out) == slice_mut(expected), "{}", expression.name);
    best.map(|time| time / shape[0] as f64 * 1e9)
}

/// The elements of a block.
fn slice(block: &Block) -> &[f64] {
    // SAFETY: the block is contiguous, of doubles, and nobody writes to it while the slice is used.
    unsafe { std::slice::from_raw_parts(block.as_ptr().cast(), block.size()) }
}

/// The elements of a block, to write to.
#[expect(clippy::mut_from_ref, reason = "blocks share their memory")]
fn slice_mut(block: &Block) -> &mut [f64] {
    // SAFETY: as above, and nobody else reads it meanwhile.
    unsafe { std::slice::from_raw_parts_mut(block.as_ptr().cast(), block.size()) }
}

/// A loop over the elements of three arrays, compiled for wider vectors too.
macro_rules! by_hand {
    (|$a:ident, $b:ident, $c:ident| $element:expr) => {{
        #[inline(always)]
        #[allow(unused_variables, reason = "not every formula takes all")]
        fn run([a, b, c]: [&[f64]; 3], out: &mut [f64]) {
            for (((out, &$a), &$b), &$c) in out.iter_mut().zip(a).zip(b).zip(c) {
                *out = $element;
            }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn wide(inputs: [&[f64]; 3], out: &mut [f64]) {
            run(inputs, out);
        }
        |inputs, out| {
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has the feature.
                unsafe { wide(inputs, out) };
                return;
            }
            run(inputs, out);
        }
    }};
}

fn expressions() -> Vec<Expression> {
    vec![
        Expression {
            name: "a + b",
            program: write(2, |it, v| it.apply(Op::Add, &[v[0], v[1]])),
            by_hand: by_hand!(|a, b, c| a + b),
        },
        Expression {
            name: "2a + 3b - abc + 1",
            program: write(3, |it, v| {
                let left = it.apply(Op::Multiply, &[number(2.0), v[0]]);
                let right = it.apply(Op::Multiply, &[number(3.0), v[1]]);
                let sum = it.apply(Op::Add, &[left, right]);
                let product = it.apply(Op::Multiply, &[v[0], v[1]]);
                let product = it.apply(Op::Multiply, &[product, v[2]]);
                let difference = it.apply(Op::Subtract, &[sum, product]);
                it.apply(Op::Add, &[difference, number(1.0)])
            }),
            by_hand: by_hand!(|a, b, c| 2.0 * a + 3.0 * b - a * b * c + 1.0),
        },
        Expression {
            name: "sqrt(a*a + b*b)",
            program: write(2, |it, v| {
                let left = it.apply(Op::Multiply, &[v[0], v[0]]);
                let right = it.apply(Op::Multiply, &[v[1], v[1]]);
                let sum = it.apply(Op::Add, &[left, right]);
                it.apply(Op::Sqrt, &[sum])
            }),
            by_hand: by_hand!(|a, b, c| (a * a + b * b).sqrt()),
        },
        Expression {
            name: "(a - b)**2",
            program: write(2, |it, v| {
                let difference = it.apply(Op::Subtract, &[v[0], v[1]]);
                it.apply(Op::Square, &[difference])
            }),
            by_hand: by_hand!(|a, b, c| (a - b) * (a - b)),
        },
        Expression {
            name: "where(a < b, a, b*c)",
            program: write(3, |it, v| {
                let less = it.apply(Op::Less, &[v[0], v[1]]);
                let product = it.apply(Op::Multiply, &[v[1], v[2]]);
                it.apply(Op::Select, &[less, v[0], product])
            }),
            by_hand: by_hand!(|a, b, c| if a < b { a } else { b * c }),
        },
        Expression {
            name: "20 sums and products",
            program: write(3, |it, v| {
                (0..10).fold(v[0], |sum, j| {
                    let product = it.apply(Op::Multiply, &[sum, v[1 + j % 2]]);
                    it.apply(Op::Add, &[product, number(0.25 * j as f64)])
                })
            }),
            by_hand: by_hand!(|a, b, c| {
                let mut sum = a;
                for j in 0..10 {
                    sum = sum * if j % 2 == 0 { b } else { c } + 0.25 * f64::from(j);
                }
                sum
            }),
        },
    ]
}

/// Puts a program together.
struct Writer(Builder);

impl Writer {
    fn apply(&mut self, op: Op, operands: &[Operand]) -> Operand {
        let arguments: Vec<Argument> =
            operands.iter().map(|&operand| Argument::Typed(self.0.dtype(operand))).collect();
        let looped = op.resolve(&arguments, None, Casting::Safe).unwrap();
        self.0.apply(op, &looped, operands).unwrap()
    }
}

fn number(value: f64) -> Operand {
    Operand::Constant(Scalar::from(value))
}

/// The program of an expression of some inputs.
fn write(inputs: usize, expression: impl FnOnce(&mut Writer, &[Operand]) -> Operand) -> Program {
    let mut writer = Writer(Builder::new());
    let inputs: Vec<Operand> = (0..inputs).map(|_| writer.0.input(DType::Float64)).collect();
    let value = expression(&mut writer, &inputs);
    writer.0.output(value, None);
    writer.0.finish()
}
