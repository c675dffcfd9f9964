//! What random numbers are drawn from, and how they are made of random words.

use serde::{Deserialize, Serialize};

use super::threefry::{Words, threefry};
use crate::simd::Work;

/// What random numbers are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// Turns words, in place, into the bits of floats on [0, 1) that have as many binary places as
/// `bits` says: no more than the float that is to hold them, since rounding more could give 1.
pub(super) struct Uniforms<'a> {
    pub(super) words: &'a mut [u64],
    pub(super) bits: u32,
}

impl Work for Uniforms<'_> {
    type Output = ();
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) {
        for word in self.words {
            *word = uniform(*word, self.bits);
        }
    }
}

#[inline(always)]
fn uniform(word: u64, bits: u32) -> u64 {
    let unit = 1.0 / (1_u64 << bits) as f64;
    ((word >> (64 - bits)) as f64 * unit).to_bits()
}

/// Makes such floats for consecutive counters.
pub(super) struct UniformRun<'a> {
    pub(super) key: Words,
    pub(super) first: u64,
    pub(super) bits: u32,
    pub(super) pairs: &'a mut [Words],
}

impl Work for UniformRun<'_> {
    type Output = ();
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) {
        for (pair, counter) in self.pairs.iter_mut().zip(self.first..) {
            let [left, right] = threefry(self.key, [counter, 0]);
            *pair = [uniform(left, self.bits), uniform(right, self.bits)];
        }
    }
}

/// Which of `range` numbers a word stands for.
///
/// The high half of word times range is nearly uniform; words whose low half shows that they
/// belong to the surplus are drawn again (Lemire 2019), from counters of their own.
#[inline(always)]
pub(super) fn below(range: u64, key: Words, index: u64, word: u64) -> u64 {
    let mut product = u128::from(word) * u128::from(range);
    if (product as u64) < range {
        let surplus = range.wrapping_neg() % range;
        let mut attempt = 0;
        while (product as u64) < surplus {
            attempt += 1;
            let word = threefry(key, [index / 2, attempt])[(index % 2) as usize];
            product = u128::from(word) * u128::from(range);
        }
    }
    (product >> 64) as u64
}
