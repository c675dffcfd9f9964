//! Times of random numbers, one line each: name, nanoseconds an element (the best of several runs).
//!
//! For NumPy's: `python -m timeit -s "import numpy; g = numpy.random.default_rng()"
//! "g.standard_normal(5_000_000)"` and the like.

use std::time::Instant;

use distarray_kernels::random::{self, Variate};
use distarray_kernels::{Block, DType, Labels};

const SIZE: usize = 5_000_000;

fn main() {
    let every_second = Labels::Strided { start: 1, step: 2 };
    for (name, variate, dtype, labels) in [
        ("uniform", Variate::Uniform, DType::Float64, Labels::POSITIONS),
        ("uniform, every second", Variate::Uniform, DType::Float64, every_second),
        ("uniform float32", Variate::Uniform, DType::Float32, Labels::POSITIONS),
        ("normal", Variate::Normal { loc: 0.0, scale: 1.0 }, DType::Float64, Labels::POSITIONS),
        ("integers", Variate::Integers { low: 0, high: 10 }, DType::Int64, Labels::POSITIONS),
    ] {
        let block = Block::zeroed(dtype, &[SIZE]).expect("memory");
        let best = (0..10).map(|_| {
            let start = Instant::now();
            random::fill(&block, variate, [1, 2], std::slice::from_ref(&labels), &[2 * SIZE])
                .expect("numbers of this dtype");
            start.elapsed().as_secs_f64()
        });
        let best = best.min_by(f64::total_cmp).unwrap_or_default();
        println!("{name:<30}{:9.2}", best / SIZE as f64 * 1e9);
    }
}
