//! Powers: powers of two, to a multiple of a logarithm that has more digits than a float.

use std::mem::MaybeUninit;

use super::super::arithmetic::Isa;
use super::super::loops::{CHUNK, Function, columns, row, write};
use super::super::power::Power;
use super::arithmetic::{
    SIGN, exact_fma, fast_sum, flip, fma, is_below, is_positive_normal, nearest, polynomial, scale,
    select, sign, split,
};
use super::exponential::small_exp2;

/// `2 / log(2)`, in two parts.
const FACTOR: [f32; 2] = [2.885_39, 3.851_926e-8];

/// `(log2((1 + s) / (1 - s)) / s - 2 / log(2)) / s^2` as a function of `s^2` for numbers between the
/// roots of 1/2 and 2, where `s^2 < 0.0295`, to 2^-36.
const RATIO: [f32; 4] = [0.961_796_7, 0.577_078_8, 0.411_927_3, 0.336_488_37];

/// A positive normal number as `2^k (1 + s) / (1 - s)`: `s` as a sum of two, and `k`.
#[inline(always)]
fn quotient<I: Isa>(x: f32) -> [f32; 3] {
    let (mantissa, exponent, _) = split(x);
    let f = mantissa - 1.0;
    let divisor = mantissa + 1.0;
    let divisor_low = mantissa - (divisor - 1.0);
    let inverse = 1.0 / divisor;
    let s = f * inverse;
    let s_low = fma::<I>(-s, divisor_low, exact_fma::<I>(-s, divisor, f)) * inverse;
    [s, s_low, exponent]
}

/// The logarithm of `2^k (1 + s) / (1 - s)` to base 2 as a sum of two, to about 2^-30.
#[inline(always)]
fn logarithm<I: Isa>([s, s_low, exponent]: [f32; 3]) -> [f32; 2] {
    let square = s * s;
    // The square is the part that has to have more digits than a float.
    let square_low = fma::<I>(s + s, s_low, exact_fma::<I>(s, s, -square));
    let tail_low = fma::<I>(square_low, RATIO[0], FACTOR[1]);
    let tail = fma::<I>(square, polynomial::<I, _>(square, &RATIO), tail_low);
    let product = s * FACTOR[0];
    let lost = exact_fma::<I>(s, FACTOR[0], -product);
    let low = fma::<I>(s_low, FACTOR[0], fma::<I>(s, tail, lost));

    let [sum, more] = fast_sum(exponent, product);
    fast_sum(sum, more + low)
}

/// The sign of the power of a negative number, and whether there is one: the exponent must be a
/// whole number.
#[inline(always)]
fn sign_of_power(base: f32, exponent: f32) -> (u32, bool) {
    let (whole, bits) = nearest(exponent);
    let is_whole = (whole == exponent) & is_below(exponent, (1_u32 << 21) as f32);
    (sign(base) & (bits << 31), (sign(base) != SIGN) | is_whole)
}

/// A power of `base`, whose magnitude has a known logarithm, and whether it is that.
#[inline(always)]
fn power<I: Isa>(base: f32, exponent: f32, [high, low]: [f32; 2]) -> (f32, bool) {
    let product = exponent * high;
    let rest = fma::<I>(exponent, low, exact_fma::<I>(exponent, high, -product));
    let (whole, bits) = nearest(product);
    let power = scale(small_exp2::<I>((product - whole) + rest), bits);
    let (sign, has_sign) = sign_of_power(base, exponent);
    let is_usual = has_sign & is_positive_normal(base.abs()) & is_below(product, 126.0);
    // Squares are what powers are mostly used for; they are rounded as products are.
    (select(exponent == 2.0, base * base, flip(power, sign)), is_usual)
}

impl Function<f32, 2> for Power {
    #[inline(always)]
    fn usual<I: Isa>([base, exponent]: [f32; 2]) -> (f32, bool) {
        power::<I>(base, exponent, logarithm::<I>(quotient::<I>(base.abs())))
    }

    #[inline(always)]
    fn chunk<I: Isa>(
        [bases, exponents]: [&[f32; CHUNK]; 2],
        output: &mut [MaybeUninit<f32>; CHUNK],
    ) -> bool {
        let quotients = columns(|index| quotient::<I>(bases[index].abs()));
        let logarithms = columns(|index| logarithm::<I>(row(&quotients, index)));
        write(output, |index| power::<I>(bases[index], exponents[index], row(&logarithms, index)))
    }

    fn unusual([base, exponent]: [f32; 2]) -> f32 {
        f64::from(base).powf(exponent.into()) as f32
    }
}
