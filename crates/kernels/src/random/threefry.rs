//! The generator: Threefry-2x64 with 20 rounds.
//!
//! A counter-based generator is a function: the same key and counter give the same words, whoever
//! asks and in whatever order. It is described in J. K. Salmon, M. A. Moraes, R. O. Dror and
//! D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.

/// Two words, each 64 bits.
pub type Words = [u64; 2];

const ROTATIONS: [u32; 8] = [16, 42, 12, 31, 16, 32, 24, 21];
const PARITY: u64 = 0x1bd1_1bda_a9fc_1a22;
const ROUNDS: usize = 20;

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
    let mut left = counter[0].wrapping_add(keys[0]);
    let mut right = counter[1].wrapping_add(keys[1]);
    let mut round = 0;
    while round < ROUNDS {
        left = left.wrapping_add(right);
        right = right.rotate_left(ROTATIONS[round % 8]) ^ left;
        round += 1;
        if round % 4 == 0 {
            let injection = round / 4;
            left = left.wrapping_add(keys[injection % 3]);
            right = right.wrapping_add(keys[(injection + 1) % 3]).wrapping_add(injection as u64);
        }
    }
    [left, right]
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
}
