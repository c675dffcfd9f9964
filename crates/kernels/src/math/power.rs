//! Powers: the exponential of a multiple of a logarithm, the logarithm to more digits than a float
//! has.

use super::arithmetic::{
    Isa, LN_2, SIGN, fast_sum, flip, fma, is_below, is_positive_normal, nearest, nearest_product,
    polynomial, residue, scale, select, sign, split,
};
use super::exponential::{exact_exp, small_exp_single};
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

/// The same to 2^-36.
const RATIO_SINGLE: [f64; 4] = [
    0.666_666_657_504_891_3,
    0.400_003_408_936_35,
    0.285_359_147_607_667_5,
    0.236_201_809_700_046_84,
];

/// The logarithm of a positive normal number as a sum of two, to about 2^-64.
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

    let square = s * s;
    let square_low = fma::<I>(s + s, s_low, residue::<I>(s, s, square));
    let [_, tail @ ..] = &RATIO;
    let [factor, factor_low] = fast_sum(RATIO[0], square * polynomial::<I, 8>(square, tail));
    let factor_low = factor_low + 3.700_743_415_417_188e-17;
    let cube = s * square;
    let cube_low = fma::<I>(s, square_low, fma::<I>(s_low, square, residue::<I>(s, square, cube)));
    let term = cube * factor;
    let term_low =
        fma::<I>(cube, factor_low, fma::<I>(cube_low, factor, residue::<I>(cube, factor, term)));

    let [sum, sum_low] = fast_sum(s + s, term);
    let [high, low] = fast_sum(exponent * LN_2[0], sum);
    let rest = sum_low + fma::<I>(2.0, s_low, term_low);
    fast_sum(high, low + fma::<I>(exponent, LN_2[1], rest))
}

/// The logarithm of a positive normal number, for a result in single precision.
#[inline(always)]
fn logarithm_single<I: Isa>(x: f64) -> f64 {
    let (mantissa, exponent, _) = split(x);
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let square = s * s;
    let sum = fma::<I>(s * square, polynomial::<I, _>(square, &RATIO_SINGLE), s + s);
    fma::<I>(exponent, std::f64::consts::LN_2, sum)
}

/// The sign of the power of a negative number, and whether there is one: the exponent must be a
/// whole number.
#[inline(always)]
fn sign_of_power(base: f64, exponent: f64) -> (u64, bool) {
    let (whole, bits) = nearest(exponent);
    let is_whole = whole == exponent && is_below(exponent, (1_u64 << 50) as f64);
    (sign(base) & (bits << 63), sign(base) != SIGN || is_whole)
}

/// A number to a power.
pub(crate) struct Power;

impl Function<f64, 2> for Power {
    #[inline(always)]
    fn usual<I: Isa>([base, exponent]: [f64; 2]) -> (f64, bool) {
        let [high, low] = logarithm::<I>(base.abs());
        let product = exponent * high;
        let product_low = fma::<I>(exponent, low, residue::<I>(exponent, high, product));
        let (multiple, bits) = nearest_product::<I>(product, std::f64::consts::LOG2_E);
        let rest = fma::<I>(multiple, -LN_2[0], product);
        let r = fast_sum(rest, fma::<I>(multiple, -LN_2[1], product_low));
        let (sign, has_sign) = sign_of_power(base, exponent);
        let [high, low] = exact_exp::<I>(r);
        let value = flip(scale(high + low, bits), sign);
        // Squares are what powers are mostly used for; they are rounded as products are.
        let square = base * base;
        let is_square = exponent == 2.0;
        let is_usual = has_sign
            && is_positive_normal(base.abs())
            && is_below(product, 708.0)
            && (!is_square || is_positive_normal(square));
        (select(is_square, square, value), is_usual)
    }

    fn unusual([base, exponent]: [f64; 2]) -> f64 {
        if exponent == 2.0 { base * base } else { base.powf(exponent) }
    }
}

impl Function<f32, 2> for Power {
    #[inline(always)]
    fn usual<I: Isa>([base, exponent]: [f32; 2]) -> (f32, bool) {
        let (wide, power) = (f64::from(base), f64::from(exponent));
        let product = power * logarithm_single::<I>(wide.abs());
        let (multiple, bits) = nearest_product::<I>(product, std::f64::consts::LOG2_E);
        let r = fma::<I>(multiple, -LN_2[1], fma::<I>(multiple, -LN_2[0], product));
        let (sign, has_sign) = sign_of_power(wide, power);
        let value = flip(scale(small_exp_single::<I>(r), bits), sign);
        let is_square = exponent == 2.0;
        let is_usual = has_sign
            && is_positive_normal(wide.abs())
            && is_below(wide, f32::INFINITY.into())
            && is_below(product, 87.0);
        (select(is_square, wide * wide, value) as f32, is_usual)
    }

    fn unusual([base, exponent]: [f32; 2]) -> f32 {
        f64::from(base).powf(exponent.into()) as f32
    }
}
