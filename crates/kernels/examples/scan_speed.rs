//! How long running sums take, beside a loop of one line.
//!
//! `cargo run --release -p distarray-kernels --example scan_speed`

use std::time::Instant;

use distarray_kernels::{Accumulation, Block, DType, Scan};

fn best(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..7).map(time).fold(f64::INFINITY, f64::min)
}

fn main() {
    let len = 20_000_000;
    let items: Vec<f64> = (0..len).map(|place| f64::from(place % 1000) * 0.37).collect();
    let mut sums = vec![0.0; len as usize];
    let plain = best(|| {
        let mut sum = 0.0;
        for (place, item) in sums.iter_mut().zip(&items) {
            sum += item;
            *place = sum;
        }
    });
    println!("plain loop, f64: {:.2} ns an element", plain * 1e9 / f64::from(len));
    let shapes: [(&[usize], usize); 6] = [
        (&[20_000_000], 0),
        (&[4472, 4472], 0),
        (&[4472, 4472], 1),
        (&[6_666_666, 3], 0),
        (&[6_666_666, 3], 1),
        (&[20_000, 1000], 1),
    ];
    for (shape, axis) in shapes {
        let size: usize = shape.iter().product();
        let block = Block::from_slice(&items[..size], shape).expect("memory");
        for (name, accumulation, dtype) in [
            ("sum f64", Accumulation::Sum, DType::Float64),
            ("max f64", Accumulation::Max, DType::Float64),
            ("sum i64", Accumulation::Sum, DType::Int64),
            ("prod f64", Accumulation::Prod, DType::Float64),
        ] {
            let source = Block::uninitialised(dtype, shape).expect("memory");
            distarray_kernels::copy::copy(&block, &source).expect("a cast");
            let dest = Block::uninitialised(dtype, shape).expect("memory");
            let scan = Scan::new(accumulation, dtype, axis, shape[axis]).expect("a scan");
            let results = best(|| {
                scan.run(&source, &dest).expect("results");
            });
            let totals = best(|| {
                scan.totals(&source, 0).expect("totals");
            });
            let nanoseconds = |time: f64| time * 1e9 / size as f64;
            println!(
                "{name} {shape:?} axis {axis}: results {:.2}, totals {:.2} ns an element",
                nanoseconds(results),
                nanoseconds(totals)
            );
        }
    }
}
