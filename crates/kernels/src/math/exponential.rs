//! Exponentials: `x = k ln 2 + r`, and a polynomial for `exp(r)`.

use super::arithmetic::{
    Isa, LN_2, fast_sum, fma, is_below, long_polynomial, nearest, nearest_product, polynomial,
    power_of_two, scale, sign,
};
use super::loops::Function;

/// `(exp(r) - 1 - r) / r^2` for half the logarithm of 2, to 2^-56.
pub(super) const EXP: [f64; 10] = [
    0.500_000_000_000_001,
    0.166_666_666_666_666_74,
    0.041_666_666_666_521_99,
    0.008_333_333_333_322_207,
    0.001_388_888_894_782_083_3,
    0.000_198_412_698_865_904_33,
    2.480_148_732_606_932_5e-5,
    2.755_724_233_723_882_3e-6,
    2.763_265_573_987_584e-7,
    2.511_004_970_552_329_6e-8,
];

/// The same to 2^-33.
const EXP_SINGLE: [f64; 6] = [
    0.500_000_008_084_870_2,
    0.166_666_667_564_542_74,
    0.041_666_240_542_310_34,
    0.008_333_286_007_530_223,
    0.001_394_859_276_661_01,
    0.000_199_075_847_305_631_83,
];

/// What is left of `x` without the multiple of the logarithm of 2, and bits that end with the
/// multiple.
#[inline(always)]
pub(super) fn reduce<I: Isa>(x: f64) -> (f64, u64) {
    let (multiple, bits) = nearest_product::<I>(x, std::f64::consts::LOG2_E);
    (fma::<I>(multiple, -LN_2[1], fma::<I>(multiple, -LN_2[0], x)), bits)
}

/// `exp(r)` for small `r`.
#[inline(always)]
pub(super) fn small_exp<I: Isa>(r: f64) -> f64 {
    let square = r * r;
    1.0 + fma::<I>(square, long_polynomial::<I, _>(r, square, &EXP), r)
}

/// The same as a sum of two numbers.
#[inline(always)]
pub(super) fn reduce_exactly<I: Isa>(x: f64) -> ([f64; 2], u64) {
    let (multiple, bits) = nearest_product::<I>(x, std::f64::consts::LOG2_E);
    let rest = fma::<I>(multiple, -LN_2[0], x);
    (fast_sum(rest, multiple * -LN_2[1]), bits)
}

/// `exp(r)` for small `r` that is a sum of two numbers, as such a sum.
#[inline(always)]
pub(super) fn exact_exp<I: Isa>([r, low]: [f64; 2]) -> [f64; 2] {
    let [sum, rest] = fast_sum(1.0, r);
    let square = r * r;
    let tail = fma::<I>(square, long_polynomial::<I, _>(r, square, &EXPM1), fma::<I>(low, r, low));
    [sum, rest + tail]
}

/// `exp(r)` for small `r`, for a result in single precision.
#[inline(always)]
pub(super) fn small_exp_single<I: Isa>(r: f64) -> f64 {
    1.0 + fma::<I>(r * r, polynomial::<I, _>(r, &EXP_SINGLE), r)
}

/// e to a power.
pub(crate) struct Exp;

impl Function<f64, 1> for Exp {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (r, multiple) = reduce::<I>(x);
        (scale(small_exp::<I>(r), multiple), is_below(x, 708.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.exp()
    }
}

/// `(2^r - 1) / r` for `|r| <= 1/2`, to 2^-58.
const EXP2: [f64; 11] = [
    std::f64::consts::LN_2,
    0.240_226_506_959_101_3,
    0.055_504_108_664_820_08,
    0.009_618_129_107_594_083,
    0.001_333_355_814_677_545,
    0.000_154_035_304_571_674_75,
    1.525_273_349_246_691e-5,
    1.321_543_525_158_365e-6,
    1.017_819_978_577_288_1e-7,
    7.073_789_009_970_457e-9,
    4.434_748_457_290_137e-10,
];

/// 2 to a power.
pub(crate) struct Exp2;

impl Function<f64, 1> for Exp2 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (whole, bits) = nearest(x);
        let r = x - whole;
        let power = fma::<I>(r, long_polynomial::<I, _>(r, r * r, &EXP2), 1.0);
        (scale(power, bits), is_below(x, 1022.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.exp2()
    }
}

/// `(exp(r) - 1 - r) / r^2` for half the logarithm of 2, with the least error of `exp(r) - 1`
/// instead, to 2^-61.
pub(super) const EXPM1: [f64; 11] = [
    0.5,
    0.166_666_666_666_666_77,
    0.041_666_666_666_666_51,
    0.008_333_333_333_321_698,
    0.001_388_888_888_896_179_8,
    0.000_198_412_698_859_495_85,
    2.480_158_717_374_03e-5,
    2.755_724_438_966_523_5e-6,
    2.755_740_158_915_174_5e-7,
    2.510_897_375_908_8e-8,
    2.087_565_827_340_313_5e-9,
];

/// `exp(x) - 1` for `|x| < 708`: `2^k (exp(r) - 1) + (2^k - 1)`. Zero loses its sign.
#[inline(always)]
pub(super) fn exponential_less_one<I: Isa, const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let (r, multiple) = reduce::<I>(x);
    let square = r * r;
    let part = fma::<I>(square, long_polynomial::<I, _>(r, square, coefficients), r);
    let power = power_of_two(multiple);
    fma::<I>(power, part, power - 1.0)
}

/// `exp(x) - 1`, exact for small numbers too.
pub(crate) struct Expm1;

impl Function<f64, 1> for Expm1 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let value = exponential_less_one::<I, _>(x, &EXPM1);
        (f64::from_bits(value.to_bits() | sign(x)), is_below(x, 708.0))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.exp_m1()
    }
}
