//! The generator: Threefry-2x64 with 20 rounds.
//!
//! A counter-based generator is a function: the same key and counter give the same words, whoever
//! asks and in whatever order. It is described in J. K. Salmon, M. A. Moraes, R. O. Dror and
//! D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.

use crate::simd::Work;

/// Two words, each 64 bits.
pub type Words = [u64; 2];

const PARITY: u64 = 0x1bd1_1bda_a9fc_1a22;

/// Two random words for a counter.
///
/// ```
/// use distarray_kernels::random::threefry;
///
/// assert_eq!(threefry([1, 2], [0, 0]), threefry([1, 2], [0, 0]));
/// assert_ne!(threefry([1, 2], [0, 0]), threefry([1, 2], [1, 0]));
/// ```
#[inline(always)]
pub fn threefry(key: Words, counter: Words) -> Words {
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let words = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    // Four rounds and an injection of the keys, five times.
    let words = inject(mix(words, [16, 42, 12, 31]), keys, 1);
    let words = inject(mix(words, [16, 32, 24, 21]), keys, 2);
    let words = inject(mix(words, [16, 42, 12, 31]), keys, 3);
    let words = inject(mix(words, [16, 32, 24, 21]), keys, 4);
    inject(mix(words, [16, 42, 12, 31]), keys, 5)
}

#[inline(always)]
fn mix(words: Words, rotations: [u32; 4]) -> Words {
    let [mut left, mut right] = words;
    for rotation in rotations {
        left = left.wrapping_add(right);
        right = right.rotate_left(rotation) ^ left;
    }
    [left, right]
}

#[inline(always)]
fn inject(words: Words, keys: [u64; 3], number: usize) -> Words {
    let left = words[0].wrapping_add(keys[number % 3]);
    let right = words[1].wrapping_add(keys[(number + 1) % 3]).wrapping_add(number as u64);
    [left, right]
}

/// Random words for consecutive counters, the first words apart from the second.
pub(super) struct Run<'a> {
    pub(super) key: Words,
    pub(super) first: u64,
    pub(super) left: &'a mut [u64],
    pub(super) right: &'a mut [u64],
}

impl Work for Run<'_> {
    type Output = ();
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) {
        let words = self.left.iter_mut().zip(self.right).zip(self.first..);
        for ((left, right), counter) in words {
            [*left, *right] = threefry(self.key, [counter, 0]);
        }
    }
}

/// Random words for the pairs that any indices belong to.
pub(super) struct Each<'a> {
    pub(super) key: Words,
    pub(super) indices: &'a [u64],
    pub(super) left: &'a mut [u64],
    pub(super) right: &'a mut [u64],
}

impl Work for Each<'_> {
    type Output = ();
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) {
        let words = self.left.iter_mut().zip(self.right).zip(self.indices);
        for ((left, right), &index) in words {
            [*left, *right] = threefry(self.key, [index / 2, 0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their Random123 library.
    #[test]
    fn the_published_answers_are_met() {
        let cases = [
            ([0; 2], [0; 2], [0xc2b6_e3a8_c2c6_9865, 0x6f81_ed42_f350_084d]),
            ([u64::MAX; 2], [u64::MAX; 2], [0xe02c_b7c4_d95d_277a, 0xd066_33d0_893b_8b68]),
            (
                [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344],
                [0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89],
                [0x263c_7d30_bb0f_0af1, 0x56be_8361_d331_1526],
            ),
        ];
        for (counter, key, answer) in cases {
            assert_eq!(threefry(key, counter), answer);
        }
    }

    #[test]
    fn runs_are_the_single_words() {
        let (mut left, mut right) = ([0; 100], [0; 100]);
        crate::simd::widest(Run { key: [3, 4], first: 50, left: &mut left, right: &mut right });
        for (counter, words) in (50..).zip(left.into_iter().zip(right)) {
            assert_eq!([words.0, words.1], threefry([3, 4], [counter, 0]));
        }
    }
}
