//! Times of reductions, one line each: shape, dtype, reduction, axis, milliseconds (the best of
//! several runs).
//!
//! Beside NumPy, with the ratio to its times in the last column:
//! `cargo run --release -p distarray-kernels --example reductions |
//! python crates/kernels/examples/reductions.py`.

use std::time::Instant;

use distarray_kernels::random::{self, Variate};
use distarray_kernels::{Block, DType, Labels, Reduction, copy, reduce};

/// Large enough to stream from memory.
const SHAPE: [usize; 2] = [10_000, 5_000];

/// Small enough to stay in the cache.
const SMALL: [usize; 2] = [100, 500];

fn main() {
    for shape in [SHAPE, SMALL] {
        let labels = [Labels::POSITIONS, Labels::POSITIONS];
        let uniform = Block::zeroed(DType::Float64, &shape).expect("memory");
        random::fill(&uniform, Variate::Uniform, [1, 2], &labels, &shape).expect("uniform floats");
        for dtype in [DType::Float64, DType::Float32, DType::Int64, DType::Bool] {
            let block = Block::zeroed(dtype, &shape).expect("memory");
            if dtype == DType::Int64 || dtype == DType::Bool {
                let variate = Variate::Integers { low: 0, high: 2 };
                random::fill(&block, variate, [1, 2], &labels, &shape).expect("integers");
            } else {
                copy::copy(&uniform, &block).expect("a conversion of floats");
            }
            for reduction in [
                Reduction::Sum,
                Reduction::Min,
                Reduction::Max,
                Reduction::ArgMax,
                Reduction::CountNonzero,
                Reduction::Variance,
            ] {
                for (name, reduced) in
                    [("all", [true, true]), ("0", [true, false]), ("-1", [false, true])]
                {
                    if let Some(seconds) = time(reduction, &block, reduced) {
                        println!(
                            "{shape:?} {dtype} {} {name} {:.3}",
                            reduction.name(),
                            seconds * 1e3
                        );
                    }
                }
            }
        }
    }
}

/// The seconds that a reduction takes at its best; none where NumPy has no such reduction.
fn time(reduction: Reduction, block: &Block, reduced: [bool; 2]) -> Option<f64> {
    let dtype = reduction.accumulator(block.dtype(), None).ok()?;
    let labels = [Labels::POSITIONS, Labels::POSITIONS];
    let shape = block.shape();
    let repeats = if block.size() > 1_000_000 { 5 } else { 200 };
    let best = (0..repeats).map(|_| {
        let start = Instant::now();
        let partial = reduce::partial(reduction, block, &reduced, None, dtype, &labels, &shape)
            .expect("a reduction of numbers");
        let result = reduce::finish(reduction, partial, reduce::Ending::default()).expect("memory");
        std::hint::black_box(&result);
        start.elapsed().as_secs_f64()
    });
    best.min_by(f64::total_cmp)
}
