//! Inverses of 128 numbers and their logarithms, computed when the crate is compiled.
//!
//! A mantissa between the roots of 1/2 and 2 times the inverse next to it is 1 up to `2^-7.4`, and the
//! difference to 1 is exact, since an inverse has few digits. (The way of Tang, "Table-driven
//! implementation of the logarithm function in IEEE floating-point arithmetic", 1990.)

/// How many there are.
const SIZE: usize = 128;

/// The distance of two of them, as bits of floats: they are equally far apart on either side of 1.
const STEP: u64 = 1 << 45;

/// Where the first of them begins. One is around 1, where its logarithm is zero, and reaches as far
/// down as up.
pub(super) const FIRST: u64 = 1.0_f64.to_bits() - 74 * STEP - 2 * STEP / 3;

/// What belongs to numbers from `FIRST` on, in steps.
pub(super) struct Table {
    /// The bits of the inverses; what the logarithms lack is in the last ones.
    inverses: [u64; SIZE],
    /// The logarithms of their inverses, in multiples of 2^-42.
    logarithms: [f64; SIZE],
}

/// The table.
pub(super) static TABLE: Table = Table::new();

/// Digits of a fixed-point number behind the point.
const DIGITS: u32 = 100;

/// Digits of the logarithms.
const SHORT: u32 = 42;

/// Digits of what these lack.
const REST: u32 = 70;

/// The bits of an inverse where that is.
const LAST: u64 = (1 << 32) - 1;

/// A number that ends with as many digits.
const ROOM: f64 = (1_u64 << 52) as f64 / (1_u128 << REST) as f64;

impl Table {
    const fn new() -> Self {
        let mut table = Self { inverses: [0; SIZE], logarithms: [0.0; SIZE] };
        let mut index = 0;
        while index < SIZE {
            let middle = f64::from_bits(FIRST + index as u64 * STEP + STEP / 2);
            // With so many digits that the product with a mantissa is exact, less 1.
            let denominator = if middle < 1.0 { 128 } else { 256 };
            let numerator = (denominator as f64 / middle + 0.5) as i128;
            let inverse = numerator as f64 / denominator as f64;
            let logarithm = -fixed_logarithm(numerator, denominator);
            let short = logarithm >> (DIGITS - SHORT);
            let rest = logarithm - (short << (DIGITS - SHORT));
            table.inverses[index] = inverse.to_bits() | (rest >> (DIGITS - REST)) as u64;
            table.logarithms[index] = short as f64 / (1_i64 << SHORT) as f64;
            index += 1;
        }
        table
    }

    /// The inverse.
    #[inline(always)]
    pub(super) fn inverse(&self, index: usize) -> f64 {
        f64::from_bits(self.inverses[index] & !LAST)
    }

    /// The logarithm of its inverse, with so few digits that the sum with a multiple of the
    /// logarithm of 2 is exact.
    #[inline(always)]
    pub(super) fn logarithm(&self, index: usize) -> f64 {
        self.logarithms[index]
    }

    /// What the logarithm lacks.
    #[inline(always)]
    pub(super) fn rest(&self, index: usize) -> f64 {
        f64::from_bits(ROOM.to_bits() | (self.inverses[index] & LAST)) - ROOM
    }

    /// Where a positive normal number is in the table.
    #[inline(always)]
    pub(super) fn index(x: f64) -> usize {
        (x.to_bits().wrapping_sub(FIRST) / STEP) as usize % SIZE
    }
}

/// The logarithm of a quotient near 1, as a fixed-point number: twice the inverse hyperbolic tangent
/// of `(n - d) / (n + d)`.
const fn fixed_logarithm(numerator: i128, denominator: i128) -> i128 {
    let (up, down) = (numerator - denominator, numerator + denominator);
    let mut power = (1_i128 << (DIGITS + 1)) / down * up;
    let mut sum = 0;
    let mut odd = 1;
    while power != 0 {
        sum += power / odd;
        power = power / (down * down) * (up * up);
        odd += 2;
    }
    sum
}
