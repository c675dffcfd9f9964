//! What the formulas are made of: steps that every vector unit has, and that raise no exception.
//!
//! Numbers are compared by their bits: a comparison of floats with NaN would count as invalid, and
//! so would the maximum of two.

/// An instruction set, as far as formulas care.
pub(crate) trait Isa {
    /// Whether it multiplies and adds with one rounding.
    const FUSED: bool;
}

/// Instruction sets with fused multiplication and addition; they give the same bits.
pub(super) struct Fused;

impl Isa for Fused {
    const FUSED: bool = true;
}

/// Instruction sets without. Calling a function for each fused step would take fifty times as
/// long; two roundings make the polynomials only a little less accurate.
pub(super) struct Separate;

impl Isa for Separate {
    const FUSED: bool = false;
}

/// The steps that are the same for both precisions: with the bits of a number, as they are and as
/// integers with signs.
macro_rules! steps {
    ($float:ident, $bits:ident, $integer:ident) => {
        /// The bit of the sign.
        pub(in crate::math) const SIGN: $bits = 1 << ($bits::BITS - 1);

        /// `a * b + c`, rounded once where the instruction set can.
        #[inline(always)]
        pub(in crate::math) fn fma<I: $crate::math::arithmetic::Isa>(
            a: $float,
            b: $float,
            c: $float,
        ) -> $float {
            if I::FUSED { a.mul_add(b, c) } else { a * b + c }
        }

        /// The sum of two numbers and what its rounding lost; the first must be the larger one, or
        /// zero.
        #[inline(always)]
        pub(in crate::math) fn fast_sum(large: $float, small: $float) -> [$float; 2] {
            let sum = large + small;
            [sum, (large - sum) + small]
        }

        /// A polynomial, its constant coefficient first.
        #[inline(always)]
        pub(in crate::math) fn polynomial<I: $crate::math::arithmetic::Isa, const N: usize>(
            x: $float,
            coefficients: &[$float; N],
        ) -> $float {
            let mut sum = coefficients[N - 1];
            let mut index = N - 1;
            while index > 0 {
                index -= 1;
                sum = fma::<I>(sum, x, coefficients[index]);
            }
            sum
        }

        /// One of two numbers.
        #[inline(always)]
        pub(in crate::math) fn select(condition: bool, yes: $float, no: $float) -> $float {
            if condition { yes } else { no }
        }

        /// The bits of the magnitude; they are ordered as magnitudes are, infinity and NaN last.
        #[inline(always)]
        pub(in crate::math) fn magnitude(x: $float) -> $integer {
            (x.to_bits() & !SIGN) as $integer
        }

        /// Whether a magnitude is below a limit; NaN is not.
        #[inline(always)]
        pub(in crate::math) fn is_below(x: $float, limit: $float) -> bool {
            magnitude(x) < limit.to_bits() as $integer
        }

        /// The sign bit alone.
        #[inline(always)]
        pub(in crate::math) fn sign(x: $float) -> $bits {
            x.to_bits() & SIGN
        }

        /// A number with its sign changed if a sign bit is set.
        #[inline(always)]
        pub(in crate::math) fn flip(x: $float, sign: $bits) -> $float {
            $float::from_bits(x.to_bits() ^ sign)
        }

        /// Digits after the first one.
        const FRACTION: u32 = $float::MANTISSA_DIGITS - 1;

        /// Added to a number below a third of it, it rounds that to a whole number, which is then in
        /// the last bits.
        const ROOM: $float = ((3 as $bits) << (FRACTION - 1)) as $float;

        /// The whole number next to `x`, and bits that end with it. The magnitude must be below a
        /// third of [`ROOM`].
        #[inline(always)]
        pub(in crate::math) fn nearest(x: $float) -> ($float, $bits) {
            let shifted = x + ROOM;
            (shifted - ROOM, shifted.to_bits())
        }

        /// The whole number next to `a * b`, and bits that end with it.
        #[inline(always)]
        pub(in crate::math) fn nearest_product<I: $crate::math::arithmetic::Isa>(
            a: $float,
            b: $float,
        ) -> ($float, $bits) {
            let shifted = fma::<I>(a, b, ROOM);
            (shifted - ROOM, shifted.to_bits())
        }

        /// 2 to the power of an integer that bits end with; it must be normal.
        #[inline(always)]
        pub(in crate::math) fn power_of_two(exponent: $bits) -> $float {
            $float::from_bits((exponent << FRACTION).wrapping_add((1.0 as $float).to_bits()))
        }

        /// `x` times 2 to the power of an integer that bits end with; both must be normal.
        #[inline(always)]
        pub(in crate::math) fn scale(x: $float, exponent: $bits) -> $float {
            $float::from_bits(x.to_bits().wrapping_add(exponent << FRACTION))
        }
    };
}
pub(super) use steps;

steps!(f64, u64, i64);

/// What `product`, which is `a * b` but for the last digits, lacks.
#[inline(always)]
pub(super) fn residue<I: Isa>(a: f64, b: f64, product: f64) -> f64 {
    if I::FUSED {
        return a.mul_add(b, -product);
    }
    // Dekker, "A floating-point technique for extending the available precision" (1971).
    let ([a, a_low], [b, b_low]) = (halves(a), halves(b));
    a_low * b_low - (((product - a * b) - a_low * b) - a * b_low)
}

/// A number as a sum of two with half the digits.
#[inline(always)]
fn halves(a: f64) -> [f64; 2] {
    let scaled = a * ((1_u64 << 27) + 1) as f64;
    let high = scaled - (scaled - a);
    [high, a - high]
}

/// The sum of two numbers and what its rounding lost (Knuth).
#[inline(always)]
pub(super) fn exact_sum(a: f64, b: f64) -> [f64; 2] {
    let sum = a + b;
    let b_part = sum - a;
    [sum, (a - (sum - b_part)) + (b - b_part)]
}

/// A polynomial as two of the square of its variable, so that half as many steps wait for one
/// another.
#[inline(always)]
pub(super) fn long_polynomial<I: Isa, const N: usize>(
    x: f64,
    square: f64,
    coefficients: &[f64; N],
) -> f64 {
    let mut sums = [coefficients[N - 2], coefficients[N - 1]];
    let mut index = N - 2;
    while index > 1 {
        index -= 2;
        sums[0] = fma::<I>(sums[0], square, coefficients[index]);
        sums[1] = fma::<I>(sums[1], square, coefficients[index + 1]);
    }
    let sum = fma::<I>(sums[1], x, sums[0]);
    if index == 1 { fma::<I>(sum, x, coefficients[0]) } else { sum }
}

/// An integer below 2^51 as a float.
#[inline(always)]
pub(super) fn float(integer: u64) -> f64 {
    f64::from_bits(ROOM.to_bits().wrapping_add(integer)) - ROOM
}

/// The logarithm of 2 in two parts; the first ends in zeros, so that multiples of it are exact.
pub(super) const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// A positive normal number as a mantissa between the roots of 1/2 and 2 and a power of two, both
/// as a float and as bits that end with it.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64, u64) {
    const LEAST: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    // Shifted so that the exponent is not negative: logical shifts are all that AVX2 has.
    let shifted = x.to_bits().wrapping_add(1.0_f64.to_bits() - LEAST);
    let exponent = (shifted >> 52).wrapping_sub(1023);
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub(exponent << 52));
    (mantissa, float(exponent), exponent)
}

/// Whether a number is positive, normal and finite.
#[inline(always)]
pub(super) fn is_positive_normal(x: f64) -> bool {
    const LEAST: u64 = f64::MIN_POSITIVE.to_bits();
    x.to_bits().wrapping_sub(LEAST) < f64::INFINITY.to_bits() - LEAST
}
