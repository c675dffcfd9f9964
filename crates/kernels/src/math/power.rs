//! Powers: the exponential of a multiple of a logarithm, the logarithm to more digits than a float
//! has.

use super::arithmetic::{
    Isa, LN_2, SIGN, fast_sum, flip, fma, is_below, is_positive_normal, long_polynomial, nearest,
    nearest_product, residue, scale, select, sign, split,
};
use super::exponential::EXP;
use super::loops::Function;

/// `(log((1 + s) / (1 - s)) / s - 2) / s^2` as a function of `s^2` for numbers between the roots of
/// 1/2 and 2, where `s^2 < 0.0295`, to 2^-73.
const RATIO: [f64; 9] = [
    0.666_666_666_666_666_6,
    0.399_999_999_999_999_5,
    0.285_714_285_714_539_94,
    0.222_222_222_158_762_4,
    0.181_818_190_448_809_88,
    0.153_845_461_202_303_72,
    0.133_367_007_041_862_94,
    0.116_674_962_361_457_37,
    0.120_469_557_872_995_26,
];

/// What the first of them lacks.
const RATIO_LOW: f64 = 3.700_743_415_417_188e-17;

/// The logarithm of a positive normal number as a sum of two, to about 2^-63. The second may be up to
/// a thousandth of the first.
#[inline(always)]
fn logarithm<I: Isa>(x: f64) -> [f64; 2] {
    let (mantissa, exponent, _) = split(x);
    let f = mantissa - 1.0;
    let [divisor, divisor_low] = fast_sum(2.0, f);
    let inverse = 1.0 / divisor;
    let s = f * inverse;
    let product = s * divisor;
    let rest = if I::FUSED {
        fma::<I>(-s, divisor, f)
    } else {
        (f - product) - residue::<I>(s, divisor, product)
    };
    let s_low = fma::<I>(-s, divisor_low, rest) * inverse;

    // What is more than 2 s is a hundredth of it at most, and only its front needs two parts.
    let square = s * s;
    let square_low = fma::<I>(s + s, s_low, residue::<I>(s, s, square));
    let [first, tail @ ..] = &RATIO;
    let tail = long_polynomial::<I, 8>(square, square * square, tail);
    let tail = fma::<I>(square, tail, RATIO_LOW);
    let factor = square * first;
    let front_low = fma::<I>(square_low, *first, residue::<I>(square, *first, factor));
    let factor_low = fma::<I>(square, tail, front_low);
    let term = s * factor;
    let term_low = fma::<I>(s_low, factor, fma::<I>(s, factor_low, residue::<I>(s, factor, term)));

    let [sum, sum_low] = fast_sum(s + s, term);
    let [high, low] = fast_sum(exponent * LN_2[0], sum);
    let rest = sum_low + fma::<I>(2.0, s_low, term_low);
    [high, low + fma::<I>(exponent, LN_2[1], rest)]
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
        let [high, low] = logarithm::<I>(base.abs());
        let product = exponent * high;
        let product_low = fma::<I>(exponent, low, residue::<I>(exponent, high, product));
        let sum = product + product_low;
        let (multiple, bits) = nearest_product::<I>(sum, std::f64::consts::LOG2_E);
        let rest = fma::<I>(multiple, -LN_2[0], product);
        let [r, low] = fast_sum(rest, fma::<I>(multiple, -LN_2[1], product_low));
        let [high, lost] = fast_sum(1.0, r);
        let square = r * r;
        let tail = fma::<I>(square, long_polynomial::<I, _>(r, square, &EXP), low);
        let power = high + (lost + tail);
        let (sign, has_sign) = sign_of_power(base, exponent);
        let value = flip(scale(power, bits), sign);
        let is_usual = has_sign & is_positive_normal(base.abs()) & is_below(sum, 708.0);
        // Squares are what powers are mostly used for; they are rounded as products are.
        (select(exponent == 2.0, base * base, value), is_usual)
    }

    fn unusual([base, exponent]: [f64; 2]) -> f64 {
        if exponent == 2.0 { base * base } else { base.powf(exponent) }
    }
}
