//! Exact sums beside plain ones, in nanoseconds an element: the median of interleaved runs.
//!
//! `cargo run --release -p distarray-kernels --example reduce_speed`

use std::hint::black_box;
use std::time::Instant;

use distarray_kernels::exact::{Accumulator, MOST_ROWS, Plain, Squared};

const WIDTH: usize = 5000;

fn main() {
    println!("{:<34}{:>10} {:>8}", "f64", "ns", "ratio");
    for (len, threads, name) in [
        (2_000, 1, "from L1"),
        (50_000, 1, "from L2"),
        (50_000_000, 1, "from memory"),
        (50_000_000, 2, "from memory, 2 threads"),
    ] {
        let values: Vec<f64> = (0..len as u64).map(uniform).collect();
        let normal: Vec<f64> = values.iter().map(|&x| (x + 1e-9).ln() * (x * 40.0).sin()).collect();
        let narrow: Vec<f32> = normal.iter().map(|&value| value as f32).collect();
        let runs = (20_000_000 / len).clamp(7, 2000);
        let works: [(&str, &(dyn Fn(usize) + Sync)); 9] = [
            ("plain sum", &|part| {
                black_box(plain(piece(&values, part, threads)));
            }),
            ("exact sum, uniform", &|part| sum(piece(&values, part, threads))),
            ("exact sum, not uniform", &|part| sum(piece(&normal, part, threads))),
            ("exact sums of columns", &|part| columns(piece(&normal, part, threads))),
            ("exact sum and squares", &|part| squares(piece(&normal, part, threads))),
            ("exact sum and squares of columns", &|part| {
                square_columns(piece(&normal, part, threads));
            }),
            ("plain sum f32", &|part| {
                black_box(plain_f32(piece(&narrow, part, threads)));
            }),
            ("exact sum f32", &|part| {
                let mut accumulator = Accumulator::<f32, Plain, 1>::new(1);
                accumulator.deposit(0, piece(&narrow, part, threads).as_chunks::<1>().0);
                black_box(accumulator.into_totals());
            }),
            ("exact sum and squares f32", &|part| {
                let mut accumulator = Accumulator::<f32, Squared, 2>::new(1);
                accumulator.deposit(0, piece(&narrow, part, threads).as_chunks::<1>().0);
                black_box(accumulator.into_totals());
            }),
        ];
        let mut times = vec![Vec::new(); works.len()];
        for _ in 0..runs {
            for ((_, work), times) in works.iter().zip(&mut times) {
                let start = Instant::now();
                std::thread::scope(|scope| {
                    for part in 1..threads {
                        scope.spawn(move || work(part));
                    }
                    work(0);
                });
                times.push(start.elapsed().as_secs_f64());
            }
        }
        println!("{name}");
        let medians: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_by(f64::total_cmp);
                times[times.len() / 2] * 1e9 / f64::from(len)
            })
            .collect();
        for ((name, _), median) in works.iter().zip(&medians) {
            let plain = medians[if name.ends_with("f32") { 6 } else { 0 }];
            println!("  {name:<32}{median:>10.3} {:>8.2}", median / plain);
        }
    }
}

fn uniform(at: u64) -> f64 {
    (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 * 2_f64.powi(-53)
}

fn piece<T>(values: &[T], part: usize, parts: usize) -> &[T] {
    let len = values.len() / parts;
    &values[part * len..][..len]
}

fn plain(values: &[f64]) -> f64 {
    let mut sums = [0.0; 16];
    for chunk in values.as_chunks::<16>().0 {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums.iter().sum()
}

fn plain_f32(values: &[f32]) -> f64 {
    let mut sums = [0.0; 16];
    for chunk in values.as_chunks::<16>().0 {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(value);
        }
    }
    sums.iter().sum()
}

fn sum(values: &[f64]) {
    let mut accumulator = Accumulator::<f64, Plain, 1>::new(1);
    accumulator.deposit(0, values.as_chunks::<1>().0);
    black_box(accumulator.into_totals());
}

fn squares(values: &[f64]) {
    let mut accumulator = Accumulator::<f64, Squared, 3>::new(1);
    accumulator.deposit(0, values.as_chunks::<1>().0);
    black_box(accumulator.into_totals());
}

fn columns(values: &[f64]) {
    let width = WIDTH.min(values.len() / MOST_ROWS);
    let mut accumulator = Accumulator::<f64, Plain, 1>::new(width);
    for rows in values.chunks_exact(MOST_ROWS * width) {
        accumulator.deposit_rows(
            0,
            &std::array::from_fn::<_, MOST_ROWS, _>(|row| &rows[row * width..][..width]),
        );
    }
    black_box(accumulator.into_totals());
}

fn square_columns(values: &[f64]) {
    let width = WIDTH.min(values.len() / MOST_ROWS);
    let mut accumulator = Accumulator::<f64, Squared, 3>::new(width);
    for rows in values.chunks_exact(MOST_ROWS * width) {
        accumulator.deposit_rows(
            0,
            &std::array::from_fn::<_, MOST_ROWS, _>(|row| &rows[row * width..][..width]),
        );
    }
    black_box(accumulator.into_totals());
}
