//! Powers: the exponential of a multiple of a logarithm, the logarithm to more digits than a float
//! has.

use std::mem::MaybeUninit;

use super::arithmetic::{
    Isa, SIGN, fast_sum, flip, fma, is_below, is_positive_normal, long_polynomial, nearest,
    residue, scale, select, sign, split,
};
use super::loops::{CHUNK, Function, columns, row, write};

/// `2 / log(2)`, in two parts.
const FACTOR: [f64; 2] = [2.885_390_081_777_926_8, 4.071_054_748_186_207e-17];

/// A third of it.
const THIRD: [f64; 2] = [0.961_796_693_925_975_6, 5.057_761_664_812_591e-17];

/// `((log2((1 + s) / (1 - s)) / s - 2 / log(2)) / s^2 - 2 / (3 log(2))) / s^2` as a function of `s^2`
/// for numbers between the roots of 1/2 and 2, where `s^2 < 0.0295`, to 2^-58.
const RATIO: [f64; 8] = [
    0.577_078_016_355_585_3,
    0.412_198_583_111_143_9,
    0.320_598_897_967_154_7,
    0.262_308_191_468_152_2,
    0.221_952_788_585_106_7,
    0.192_380_566_030_363_85,
    0.168_885_291_144_581_37,
    0.169_129_716_641_221_53,
];

/// The logarithm of 2, in two parts.
const LN_2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_3e-17];

/// `(2^r - 1 - r log(2)) / r^2` for numbers up to a half, to 2^-60.
const EXP2: [f64; 11] = [
    0.240_226_506_959_100_72,
    0.055_504_108_664_821_6,
    0.009_618_129_107_628_479,
    0.001_333_355_814_641_691_6,
    0.000_154_035_303_933_759_03,
    1.525_273_382_986_708e-5,
    1.321_548_680_291_925_6e-6,
    1.017_806_242_697_692_4e-7,
    7.054_899_947_032_901e-9,
    4.454_964_371_269_296_7e-10,
    2.572_509_925_288_868_7e-11,
];

/// A positive normal number as `2^k (1 + s) / (1 - s)`: `s` as a sum of two, and `k`.
#[inline(always)]
fn quotient<I: Isa>(x: f64) -> [f64; 3] {
    let (mantissa, exponent, _) = split(x);
    let f = mantissa - 1.0;
    let divisor = mantissa + 1.0;
    let divisor_low = mantissa - (divisor - 1.0);
    let inverse = 1.0 / divisor;
    let s = f * inverse;
    let s_low = fma::<I>(-s, divisor_low, -residue::<I>(s, divisor, f)) * inverse;
    [s, s_low, exponent]
}

/// The logarithm of `2^k (1 + s) / (1 - s)` to base 2 as a sum of two, to about 2^-65: `k`, and an odd
/// polynomial of `s`. (A table of logarithms would need a shorter one, but there are processors that
/// take longer to look numbers up.)
#[inline(always)]
fn logarithm<I: Isa>([s, s_low, exponent]: [f64; 3]) -> [f64; 2] {
    let square = s * s;
    let square_low = fma::<I>(s + s, s_low, residue::<I>(s, s, square));
    let cube = s * square;
    let cube_low = fma::<I>(s_low, square, fma::<I>(s, square_low, residue::<I>(s, square, cube)));
    let ratio = square * long_polynomial::<I, _>(square, square * square, &RATIO);
    let [factor, factor_low] = fast_sum(THIRD[0], ratio);
    let factor_low = factor_low + THIRD[1];

    let first = s * FACTOR[0];
    let first_lost = residue::<I>(s, FACTOR[0], first);
    let first_low = fma::<I>(s, FACTOR[1], fma::<I>(s_low, FACTOR[0], first_lost));
    let second = cube * factor;
    let second_lost = residue::<I>(cube, factor, second);
    let second_low = fma::<I>(cube_low, factor, fma::<I>(cube, factor_low, second_lost));
    let [sum, sum_low] = fast_sum(first, second);
    let [high, high_low] = fast_sum(exponent, sum);
    [high, (high_low + sum_low) + (first_low + second_low)]
}

/// A power of `base`, whose magnitude has a known logarithm, and whether it is that.
#[inline(always)]
fn power<I: Isa>(base: f64, exponent: f64, [high, low]: [f64; 2]) -> (f64, bool) {
    let product = exponent * high;
    let product_low = fma::<I>(exponent, low, residue::<I>(exponent, high, product));
    let (whole, bits) = nearest(product);
    let r = (product - whole) + product_low;
    let first = r * LN_2[0];
    let first_low = fma::<I>(r, LN_2[1], residue::<I>(r, LN_2[0], first));
    let [sum, sum_low] = fast_sum(1.0, first);
    let square = r * r;
    let tail = fma::<I>(square, long_polynomial::<I, _>(r, square, &EXP2), first_low);
    let power = sum + (sum_low + tail);
    let (sign, has_sign) = sign_of_power(base, exponent);
    let is_usual = has_sign & is_positive_normal(base.abs()) & is_below(product, 1021.0);
    // Squares are what powers are mostly used for; they are rounded as products are.
    (select(exponent == 2.0, base * base, flip(scale(power, bits), sign)), is_usual)
}

/// The sign of the power of a negative number, and whether there is one: the exponent must be a
/// whole number.
#[inline(always)]
fn sign_of_power(base: f64, exponent: f64) -> (u64, bool) {
    let (whole, bits) = nearest(exponent);
    let is_whole = (whole == exponent) & is_below(exponent, (1_u64 << 50) as f64);
    (sign(base) & (bits << 63), (sign(base) != SIGN) | is_whole)
}

/// A number to a power.
pub(crate) struct Power;

impl Function<f64, 2> for Power {
    #[inline(always)]
    fn usual<I: Isa>([base, exponent]: [f64; 2]) -> (f64, bool) {
        power::<I>(base, exponent, logarithm::<I>(quotient::<I>(base.abs())))
    }

    #[inline(always)]
    fn chunk<I: Isa>(
        [bases, exponents]: [&[f64; CHUNK]; 2],
        output: &mut [MaybeUninit<f64>; CHUNK],
    ) -> bool {
        let quotients = columns(|index| quotient::<I>(bases[index].abs()));
        let logarithms = columns(|index| logarithm::<I>(row(&quotients, index)));
        write(output, |index| power::<I>(bases[index], exponents[index], row(&logarithms, index)))
    }

    fn unusual([base, exponent]: [f64; 2]) -> f64 {
        if exponent == 2.0 { base * base } else { base.powf(exponent) }
    }
}
