//! From random words to random numbers.

use super::threefry::{Words, threefry};

/// What random numbers are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Variate {
    /// Floats, uniform on [0, 1): multiples of the unit in the last place of 1/2.
    Uniform,
    /// Floats, normally distributed.
    Normal {
        /// The mean.
        loc: f64,
        /// The standard deviation.
        scale: f64,
    },
    /// Integers, each of `low..high` equally likely.
    Integers {
        /// The least.
        low: i64,
        /// One more than the greatest.
        high: i64,
    },
}

/// The word of a further attempt, where the ones before were of no use.
#[inline(always)]
fn attempt(key: Words, index: u64, attempt: u64) -> u64 {
    threefry(key, [index / 2, attempt])[(index % 2) as usize]
}

/// A number on [0, 1) of the first `bits` bits of a word: as many as the float has that is to hold
/// it, since rounding more could give 1.
#[inline(always)]
pub(super) fn uniform(word: u64, bits: u32) -> f64 {
    (word >> (64 - bits)) as f64 * (1.0 / (1_u64 << bits) as f64)
}

/// Two independent standard normal numbers, by the transformation of Box and Muller.
#[inline(always)]
pub(super) fn normals(words: Words) -> [f64; 2] {
    // On (0, 1], so that the logarithm is finite.
    let radius = (-2.0 * (1.0 - uniform(words[0], 53)).ln()).sqrt();
    let (sine, cosine) = (std::f64::consts::TAU * uniform(words[1], 53)).sin_cos();
    [radius * cosine, radius * sine]
}

/// Which of `range` numbers a word stands for.
///
/// The high half of word times range is nearly uniform; words whose low half shows that they
/// belong to the surplus are drawn again (Lemire 2019), from counters of their own.
#[inline(always)]
pub(super) fn below(range: u64, key: Words, index: u64, first: u64) -> u64 {
    let mut product = u128::from(first) * u128::from(range);
    if (product as u64) < range {
        let surplus = range.wrapping_neg() % range;
        let mut retry = 0;
        while (product as u64) < surplus {
            retry += 1;
            product = u128::from(attempt(key, index, retry)) * u128::from(range);
        }
    }
    (product >> 64) as u64
}
