//! The same by integers of any size.

use num_bigint::{BigInt, Sign};

/// Every float is a multiple of 2^-1074, and every product of two of 2^-2148.
pub const ORIGIN: i32 = -2148;

/// A finite float in units of 2^-2148.
pub fn integer(value: f64) -> BigInt {
    let bits = value.to_bits();
    let field = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let magnitude = BigInt::from(mantissa) << (exponent - ORIGIN) as usize;
    if value.is_sign_negative() { -magnitude } else { magnitude }
}

/// The quotient of an integer in units of 2^-2148, by another, rounded to so many digits with the
/// lowest exponent `least`; as an `f64`, which must hold it.
pub fn rounded(numerator: &BigInt, denominator: &BigInt, digits: u64, least: i32) -> f64 {
    let (sign, magnitude) = numerator.clone().into_parts();
    let magnitude = BigInt::from(magnitude);
    if sign == Sign::NoSign {
        return 0.0;
    }
    // Shift until the quotient has enough digits, or its unit is the least one.
    let mut exponent =
        ORIGIN + magnitude.bits() as i32 - denominator.bits() as i32 - digits as i32 - 1;
    loop {
        exponent = exponent.max(least);
        let shift = ORIGIN - exponent;
        let (numerator, denominator) = if shift >= 0 {
            (magnitude.clone() << shift as usize, denominator.clone())
        } else {
            (magnitude.clone(), denominator.clone() << (-shift) as usize)
        };
        let quotient: BigInt = &numerator / &denominator;
        if quotient.bits() > digits {
            exponent += 1;
            continue;
        }
        let twice = (numerator - &quotient * &denominator) * 2;
        let is_odd = quotient.bit(0);
        let up = twice > denominator || (twice == denominator && is_odd);
        let integer: u64 = (quotient + u64::from(up)).try_into().unwrap();
        // Exact, but for an overflow; in two steps, for the sake of subnormal numbers.
        let half = exponent / 2;
        let result = integer as f64 * power_of_two(half) * power_of_two(exponent - half);
        return if sign == Sign::Minus { -result } else { result };
    }
}

/// 2 to the power of an exponent of normal floats, exactly, which `powi` does not promise.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The sum, rounded.
pub fn sum(values: &[f64]) -> f64 {
    let total: BigInt = values.iter().map(|&value| integer(value)).sum();
    rounded(&total, &BigInt::from(1), 53, -1074)
}
