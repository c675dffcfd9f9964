//! Logarithms.

use super::super::arithmetic::Isa;
use super::super::logarithm::{Log, Log1p, Log2, Log10};
use super::super::loops::Function;
use super::arithmetic::{
    exact_fma, fma, is_positive_normal, polynomial, power_of_two, sign, split, with_sign,
};

/// `(log(1 + f) - f) / f^2`, to 2^-27.
const LOG: [f32; 9] = [
    -0.499_999_88,
    0.333_333_37,
    -0.250_016_4,
    0.200_012_01,
    -0.166_066_96,
    0.141_963_38,
    -0.132_806_58,
    0.128_222_3,
    -0.074_190_35,
];

/// `log(1 + f) + k ln 2`. Zero loses its sign.
#[inline(always)]
pub(super) fn logarithm<I: Isa>(f: f32, exponent: f32) -> f32 {
    let rest = fma::<I>(f * f, polynomial::<I, _>(f, &LOG), f);
    exact_fma::<I>(exponent, std::f32::consts::LN_2, rest)
}

impl Function<f32, 1> for Log {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x);
        (logarithm::<I>(mantissa - 1.0, exponent), is_positive_normal(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).ln() as f32
    }
}

/// `(log2(1 + f) / f - log2(e)) / f`, to 2^-27.
const LOG2: [f32; 9] = [
    -0.721_347_33,
    0.480_897_78,
    -0.360_699,
    0.288_600_83,
    -0.239_578_66,
    0.203_886_73,
    -0.190_685_12,
    0.190_817_64,
    -0.116_710_92,
];

/// `log2(e)`, in two parts.
const LOG2_E: [f32; 2] = [std::f32::consts::LOG2_E, 1.925_963e-8];

impl Function<f32, 1> for Log2 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x);
        let f = mantissa - 1.0;
        let tail = fma::<I>(f, polynomial::<I, _>(f, &LOG2), LOG2_E[1]);
        (exponent + exact_fma::<I>(f, LOG2_E[0], f * tail), is_positive_normal(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).log2() as f32
    }
}

/// `(log10(1 + f) / f - log10(e)) / f`, to 2^-29.
const LOG10: [f32; 10] = [
    -0.217_147_25,
    0.144_764_66,
    -0.108_572_58,
    0.086_872_59,
    -0.072_439_68,
    0.061_704_516,
    -0.053_012_062,
    0.051_161_844,
    -0.055_450_223,
    0.035_935_42,
];

/// `log10(e)`, in two parts.
const LOG10_E: [f32; 2] = [std::f32::consts::LOG10_E, -1.010_305e-8];

/// `log10(2)`, in two parts.
const LOG10_2: [f32; 2] = [std::f32::consts::LOG10_2, -1.432_098_9e-8];

impl Function<f32, 1> for Log10 {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let (mantissa, exponent, _) = split(x);
        let f = mantissa - 1.0;
        let tail = fma::<I>(f, polynomial::<I, _>(f, &LOG10), LOG10_E[1]);
        let rest = exact_fma::<I>(f, LOG10_E[0], fma::<I>(exponent, LOG10_2[1], f * tail));
        (exact_fma::<I>(exponent, LOG10_2[0], rest), is_positive_normal(x))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).log10() as f32
    }
}

/// `log(1 + x) + k ln 2` for numbers greater than -1 and less than 2^125. Zero loses its sign.
#[inline(always)]
pub(super) fn log_of_successor<I: Isa>(x: f32, more: f32) -> f32 {
    let (_, exponent, bits) = split(1.0 + x);
    let down = power_of_two(bits.wrapping_neg());
    // Rounded once, however small `x` is.
    logarithm::<I>(exact_fma::<I>(x, down, down - 1.0), exponent + more)
}

impl Function<f32, 1> for Log1p {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        const LARGE: i32 = f32::from_bits((127 + 125) << 23).to_bits() as i32;
        const LEAST: i32 = f32::MIN_POSITIVE.to_bits() as i32;
        let value = with_sign(log_of_successor::<I>(x, 0.0), sign(x));
        let successor = (1.0 + x).to_bits() as i32;
        (value, (successor >= LEAST) & (successor < LARGE))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).ln_1p() as f32
    }
}
