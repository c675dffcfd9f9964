//! From pairs of random words to pairs of normal numbers, by the transformation of Box and Muller.
//!
//! Logarithm, sine and cosine are written out in additions, multiplications, divisions and square
//! roots, which IEEE 754 defines to the last bit: the numbers are the same on every processor and
//! beside every mathematical library, and the loop is vectorised.

use crate::simd::Work;

/// Turns words, in place, into the bits of independent standard normal numbers: `left` by the
/// cosine, `right` by the sine.
pub(super) struct Normals<'a> {
    pub(super) left: &'a mut [u64],
    pub(super) right: &'a mut [u64],
}

impl Work for Normals<'_> {
    type Output = ();
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) {
        for (left, right) in self.left.iter_mut().zip(self.right) {
            let radius = (-2.0 * logarithm(*left)).sqrt();
            let [sine, cosine] = sine_and_cosine(*right);
            *left = (radius * cosine).to_bits();
            *right = (radius * sine).to_bits();
        }
    }
}

/// The bits of a random word that are used: as many as a float has.
const BITS: u32 = 53;

/// An integer of less than 52 bits as a float, in a way that vector registers know.
#[inline(always)]
fn float(integer: i64) -> f64 {
    // In the last places of this float there is room for such an integer.
    const ROOM: f64 = (3_u64 << 51) as f64;
    f64::from_bits(ROOM.to_bits().wrapping_add(integer as u64)) - ROOM
}

/// The bits of the root of 1/2.
const ROOT: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();

/// The logarithm of 2 in two parts; the first ends in zeros, so that multiples of it are exact.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// The natural logarithm of a number on (0, 1], uniform if the word is.
#[inline(always)]
fn logarithm(word: u64) -> f64 {
    // The number times 2^53. It has two halves, since only shorter integers become floats fast.
    let scaled = (1_u64 << BITS) - (word >> (64 - BITS));
    let high = float((scaled >> 27) as i64) * (1_u64 << 27) as f64;
    let number = high + float((scaled & ((1 << 27) - 1)) as i64);
    // number = mantissa * 2^exponent, with the mantissa between the roots of 1/2 and 2.
    let exponent = (number.to_bits().wrapping_sub(ROOT) >> 52) as i64;
    let mantissa = f64::from_bits(number.to_bits() - ((exponent as u64) << 52));
    let exponent = float(exponent - i64::from(BITS));
    // ln(1 + x) = 2 artanh(s) = 2 s + 2 s^3 / 3 + 2 s^5 / 5 + ... where s = x / (2 + x).
    let x = mantissa - 1.0;
    let s = x / (2.0 + x);
    let z = s * s;
    let tail = polynomial(
        z,
        [
            2.0 / 3.0,
            2.0 / 5.0,
            2.0 / 7.0,
            2.0 / 9.0,
            2.0 / 11.0,
            2.0 / 13.0,
            2.0 / 15.0,
            2.0 / 17.0,
            2.0 / 19.0,
            2.0 / 21.0,
        ],
    ) * z;
    // 2 s is x - s x, and x has no rounding error.
    exponent * LN_2[0] - ((s * (x - tail) - exponent * LN_2[1]) - x)
}

/// A quarter turn.
const QUARTER: u64 = 1 << (BITS - 2);

/// Sine and cosine of 2 pi times a number on [0, 1), uniform if the word is.
#[inline(always)]
fn sine_and_cosine(word: u64) -> [f64; 2] {
    // The number of quarter turns nearest to the angle, and what is left of it: between minus and
    // plus half a quarter, without a rounding error.
    let angle = word >> (64 - BITS);
    let quarters = (angle + QUARTER / 2) / QUARTER;
    let rest = angle.wrapping_sub(quarters * QUARTER) as i64;
    let rest = float(rest) * (1.0 / QUARTER as f64);
    let z = rest * rest;
    let sine = polynomial(
        z,
        [
            -0.645_964_097_506_246_3,
            0.079_692_626_246_167_05,
            -0.004_681_754_135_318_688,
            0.000_160_441_184_787_359_83,
            -3.598_843_235_212_085e-6,
            5.692_172_921_967_927e-8,
            -6.688_035_109_811_468e-10,
            6.066_935_731_106_195_6e-12,
        ],
    ) * z;
    // pi / 2 in two parts.
    let sine = rest * std::f64::consts::FRAC_PI_2 + rest * (sine + 6.123_233_995_736_766e-17);
    let cosine = polynomial(
        z,
        [
            -1.233_700_550_136_169_7,
            0.253_669_507_901_048_03,
            -0.020_863_480_763_352_96,
            0.000_919_260_274_839_426_6,
            -2.520_204_237_306_060_5e-5,
            4.710_874_778_818_172e-7,
            -6.386_603_083_791_852e-9,
            6.565_963_114_979_473e-11,
        ],
    );
    let cosine = 1.0 + cosine * z;
    // A quarter turn swaps the two; the signs follow from the quadrant.
    let is_odd = quarters % 2 == 1;
    let (first, second) = if is_odd { (cosine, sine) } else { (sine, cosine) };
    let sine = first.to_bits() ^ ((quarters & 2) << 62);
    let cosine = second.to_bits() ^ (((quarters + 1) & 2) << 62);
    [f64::from_bits(sine), f64::from_bits(cosine)]
}

/// The value at `z` of the polynomial with these coefficients, the constant first.
#[inline(always)]
fn polynomial<const LEN: usize>(z: f64, coefficients: [f64; LEN]) -> f64 {
    let mut value = coefficients[LEN - 1];
    let mut place = LEN - 1;
    while place > 0 {
        place -= 1;
        value = value * z + coefficients[place];
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::threefry;

    /// How many floats lie between two of the same sign.
    fn distance(left: f64, right: f64) -> u64 {
        left.to_bits().abs_diff(right.to_bits())
    }

    fn words() -> impl Iterator<Item = u64> {
        let edges = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power, power.wrapping_sub(1), power + 1, !power, power.wrapping_neg(), 3_u64 << bit]
        });
        let near_quarters = (0..8_u64).flat_map(|eighth| {
            (0..20).map(move |step| (eighth << 61).wrapping_add(step << 11).wrapping_sub(10 << 11))
        });
        edges.chain(near_quarters).chain((0..100_000).map(|index| threefry([7, 7], [index, 0])[0]))
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
    fn logarithms_are_accurate() {
        for word in words() {
            let number = ((1_u64 << 53) - (word >> 11)) as f64 / (1_u64 << 53) as f64;
            let (found, expected) = (logarithm(word), number.ln());
            if expected == 0.0 {
                assert!(found == 0.0);
            } else {
                assert!(distance(found, expected) <= 1, "{number:e}: {found:e} {expected:e}");
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
    fn sines_and_cosines_are_accurate() {
        for word in words() {
            let angle = word >> 11;
            let [sine, cosine] = sine_and_cosine(word);
            // The same reduction by integers, and the standard library.
            let quarters = (angle + (1 << 50)) >> 51;
            let rest = (angle as i64 - (quarters << 51) as i64) as f64 / (1_u64 << 51) as f64;
            let (base_sine, base_cosine) = (rest * std::f64::consts::FRAC_PI_2).sin_cos();
            let (expected_sine, expected_cosine) = match quarters % 4 {
                0 => (base_sine, base_cosine),
                1 => (base_cosine, -base_sine),
                2 => (-base_sine, -base_cosine),
                _ => (-base_cosine, base_sine),
            };
            for (found, expected) in [(sine, expected_sine), (cosine, expected_cosine)] {
                if expected == 0.0 {
                    assert!(found == 0.0);
                } else {
                    assert!(distance(found, expected) <= 2, "{angle:x}: {found:e} {expected:e}");
                }
            }
        }
    }

    #[test]
    fn numbers_stay_in_range() {
        let mut left = vec![0, u64::MAX, u64::MAX, 1 << 63];
        let mut right = vec![0, 0, u64::MAX, 1 << 62];
        Normals { left: &mut left, right: &mut right }.run();
        let numbers = left.iter().chain(&right).map(|&bits| f64::from_bits(bits));
        // The greatest is the root of 2 ln 2^53.
        assert!(numbers.clone().all(|number| number.abs() < 8.6));
        assert!((f64::from_bits(left[1]) - (106.0 * std::f64::consts::LN_2).sqrt()).abs() < 1e-14);
        assert_eq!(left[0] << 1, 0, "a zero of either sign");
    }
}
