//! The loops, for the compiler to turn into vector instructions of whichever set it may use.

#![expect(clippy::inline_always, reason = "a stamp must hold the loop itself, not a call of it")]

/// Sums that are kept side by side, so that an addition need not wait for the one before.
const LANES: usize = 64;

#[inline(always)]
pub fn chain(a: &[f64], b: &[f64], c: &[f64], out: &mut [f64]) {
    for (((a, b), c), out) in a.iter().zip(b).zip(c).zip(out) {
        *out = 2.0 * a + 3.0 * b - a * b * c + 1.0;
    }
}

#[inline(always)]
pub fn length(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((a, b), out) in a.iter().zip(b).zip(out) {
        *out = (a * a + b * b).sqrt();
    }
}

#[inline(always)]
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole_a, rest_a) = a.as_chunks::<LANES>();
    let (whole_b, rest_b) = b.as_chunks::<LANES>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[inline(always)]
pub fn sum(a: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = a.as_chunks::<LANES>();
    for a in whole {
        for lane in 0..LANES {
            sums[lane] += a[lane];
        }
    }
    sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
}
