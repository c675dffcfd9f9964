//! Powers: the exponential of a multiple of a logarithm, the logarithm to more digits than a float
//! has.

use super::arithmetic::{
    Isa, LN_2, SIGN, fast_sum, flip, fma, is_below, is_positive_normal, long_polynomial, nearest,
    nearest_product, residue, scale, select, sign, split_at,
};
use super::exponential::EXP;
use super::loops::Function;
use super::table::{FIRST, TABLE, Table};

/// `(log(1 + r) - r + r^2 / 2) / r^3` for `|r| < 0.0056`, to 2^-53.
const LOG: [f64; 6] = [
    0.333_333_333_333_333_4,
    -0.250_000_000_000_000_56,
    0.199_999_999_938_531_76,
    -0.166_666_666_549_876_4,
    0.142_862_369_685_860_02,
    -0.125_006_272_230_503_56,
];

/// The logarithm of a positive normal number as a sum of two, to about 2^-65.
#[inline(always)]
fn logarithm<I: Isa>(x: f64) -> [f64; 2] {
    let (mantissa, exponent, _) = split_at(x, FIRST);
    let index = Table::index(x);
    // Exact: the logarithm of the mantissa is less by that of 1 + r.
    let r = difference_to_one::<I>(mantissa, TABLE.inverse(index));
    let front = fma::<I>(exponent, LN_2[0], TABLE.logarithm(index));
    let front_low = fma::<I>(exponent, LN_2[1], TABLE.rest(index));
    let [sum, sum_low] = fast_sum(front, r);
    let square = r * r;
    let half = r * -0.5;
    let high = fma::<I>(half, r, sum);
    // Of fused steps the second one is exact, too.
    let lost = if I::FUSED { 0.0 } else { residue::<I>(half, r, half * r) };
    let high_low = fma::<I>(half, r, sum - high) + lost;
    let low = front_low + (sum_low + high_low);
    [high, fma::<I>(r * square, long_polynomial::<I, _>(r, square, &LOG), low)]
}

/// `x * inverse - 1`, which is exact.
#[inline(always)]
fn difference_to_one<I: Isa>(x: f64, inverse: f64) -> f64 {
    if I::FUSED {
        return fma::<I>(x, inverse, -1.0);
    }
    let short = f64::from_bits(x.to_bits() & (!0 << 32));
    (short * inverse - 1.0) + (x - short) * inverse
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
        let (multiple, bits) = nearest_product::<I>(product, std::f64::consts::LOG2_E);
        let rest = fma::<I>(multiple, -LN_2[0], product);
        let [r, low] = fast_sum(rest, fma::<I>(multiple, -LN_2[1], product_low));
        let [high, lost] = fast_sum(1.0, r);
        let square = r * r;
        let tail = fma::<I>(square, long_polynomial::<I, _>(r, square, &EXP), low);
        let power = high + (lost + tail);
        let (sign, has_sign) = sign_of_power(base, exponent);
        let value = flip(scale(power, bits), sign);
        let is_usual = has_sign & is_positive_normal(base.abs()) & is_below(product, 708.0);
        // Squares are what powers are mostly used for; they are rounded as products are.
        (select(exponent == 2.0, base * base, value), is_usual)
    }

    fn unusual([base, exponent]: [f64; 2]) -> f64 {
        if exponent == 2.0 { base * base } else { base.powf(exponent) }
    }
}
