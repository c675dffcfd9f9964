//! Laws.

use half::f16;
use num_bigint::BigInt;
use proptest::prelude::*;

use super::oracle;
use crate::exact::{Accumulator, Plain, Products, Rounded, Squared, Term, Terms, Totals};

/// Floats of all exponents, or of a few, with what is special among them.
fn floats(most: usize) -> impl Strategy<Value = Vec<f64>> {
    let any = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let near = (-40_i32..40, -1.0..1.0).prop_map(|(exponent, value)| value * 2_f64.powi(exponent));
    let far = (-1100_i32..1023, -2.0..2.0).prop_map(|(exponent, value)| {
        value * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)
    });
    let unit = -1.0..1.0;
    prop_oneof![
        prop::collection::vec(any, 0..most),
        prop::collection::vec(near, 0..most),
        prop::collection::vec(far, 0..most),
        prop::collection::vec(unit, 0..most),
    ]
    .prop_flat_map(|values| (Just(values), 0_usize..3))
    .prop_map(|(mut values, cancelling)| {
        // What cancels leaves the small ones to be seen.
        for at in (0..values.len()).step_by(3).take(cancelling * 10) {
            let opposite = -values[at];
            values.push(opposite);
        }
        values
    })
}

fn totals<T: Term, K: Terms<T, S>, const S: usize>(pieces: &[&[T]]) -> Totals {
    let mut accumulator = Accumulator::<T, K, S>::new(1);
    for piece in pieces {
        accumulator.deposit(0, piece.as_chunks::<1>().0);
    }
    accumulator.into_totals()
}

fn rounded<R: Rounded>(totals: &Totals, sum: usize, slot: usize) -> R {
    let result: R = totals.number(sum, slot).over([]).rounded();
    if sum == 0 {
        // The same by the first bits.
        let mut totals = totals.clone();
        totals.settle();
        assert_eq!(totals.head(slot).rounded::<R>().to_f64(), result.to_f64());
    }
    result
}

fn sum(values: &[f64]) -> f64 {
    rounded(&totals::<f64, Plain, 1>(&[values]), 0, 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn sums_are_the_nearest(values in floats(300)) {
        let expected = oracle::sum(&values);
        prop_assert_eq!(sum(&values).to_bits(), expected.to_bits(), "{} {}", sum(&values), expected);
    }

    #[test]
    fn order_and_pieces_do_not_matter(
        mut values in floats(200), seed: u64, cuts in prop::collection::vec(0_usize..200, 0..4),
    ) {
        let expected = sum(&values);
        let len = values.len() as u64;
        for at in 0..values.len() {
            values.swap(at, (seed.rotate_left(at as u32) % len) as usize);
        }
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(values.len())).collect();
        cuts.sort_unstable();
        let bounds = [&[0], &cuts[..], &[values.len()]].concat();
        let pieces: Vec<&[f64]> = bounds.windows(2).map(|cut| &values[cut[0]..cut[1]]).collect();
        // Into one accumulator, and into many that are merged from the last to the first.
        let one = totals::<f64, Plain, 1>(&pieces);
        prop_assert_eq!(rounded::<f64>(&one, 0, 0).to_bits(), expected.to_bits());
        let mut merged = totals::<f64, Plain, 1>(&[]);
        for piece in pieces.iter().rev() {
            let piece = totals::<f64, Plain, 1>(&[piece]);
            merged.merge(&Totals::from_bytes(&piece.to_bytes()).unwrap());
        }
        prop_assert_eq!(rounded::<f64>(&merged, 0, 0).to_bits(), expected.to_bits());
    }

    #[test]
    fn rows_are_summed_by_column(values in floats(400), width in 1_usize..40, count in 1_usize..10) {
        let rows: Vec<&[f64]> = values.chunks_exact(width).collect();
        let mut accumulator = Accumulator::<f64, Plain, 1>::new(width);
        for rows in rows.chunks(count) {
            accumulator.deposit_rows(0, rows);
        }
        let totals = accumulator.into_totals();
        for column in 0..width {
            let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
            prop_assert_eq!(
                rounded::<f64>(&totals, 0, column).to_bits(), oracle::sum(&values).to_bits()
            );
        }
    }

    #[test]
    fn squares_are_exact(values in floats(300)) {
        let totals = totals::<f64, Squared, 3>(&[&values]);
        prop_assert_eq!(rounded::<f64>(&totals, 0, 0).to_bits(), oracle::sum(&values).to_bits());
        let squares: BigInt =
            values.iter().map(|&value| oracle::integer(value)).map(|x| &x * &x).sum();
        // In units of 2^-4296.
        let unit = BigInt::from(1) << -oracle::ORIGIN as usize;
        let expected = oracle::rounded(&squares, &unit, 53, -1074);
        prop_assert_eq!(rounded::<f64>(&totals, 1, 0).to_bits(), expected.to_bits());
    }

    #[test]
    fn narrow_floats_are_rounded_once(values in prop::collection::vec(any::<f32>(), 0..300)) {
        let values: Vec<f32> = values.into_iter().filter(|value| value.is_finite()).collect();
        let wide: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        let total: BigInt = wide.iter().map(|&value| oracle::integer(value)).sum();
        let expected = oracle::rounded(&total, &BigInt::from(1), 24, -149) as f32;
        let found = rounded::<f32>(&totals::<f32, Plain, 1>(&[&values]), 0, 0);
        prop_assert_eq!(found.to_bits(), expected.to_bits());
        let squares: BigInt = wide.iter().map(|&value| oracle::integer(value)).map(|x| &x * &x).sum();
        let unit = BigInt::from(1) << -oracle::ORIGIN as usize;
        let expected = oracle::rounded(&squares, &unit, 24, -149) as f32;
        let found = rounded::<f32>(&totals::<f32, Squared, 2>(&[&values]), 1, 0);
        prop_assert_eq!(found.to_bits(), expected.to_bits());
    }

    #[test]
    fn halves_are_rounded_once(bits in prop::collection::vec(any::<u16>(), 0..300)) {
        let values: Vec<f16> =
            bits.into_iter().map(f16::from_bits).filter(|value| value.is_finite()).collect();
        let total: BigInt = values.iter().map(|&value| oracle::integer(value.to_f64())).sum();
        let expected = oracle::rounded(&total, &BigInt::from(1), 11, -24);
        let found = rounded::<f16>(&totals::<f16, Plain, 1>(&[&values]), 0, 0);
        let expected = if expected.abs() >= 65536.0 { f64::INFINITY.copysign(expected) } else { expected };
        prop_assert_eq!(found.to_f64().to_bits(), expected.to_bits());
    }

    #[test]
    fn quotients_and_roots_are_the_nearest(values in floats(20), divisors in prop::collection::vec(1_u64.., 0..3)) {
        let total: BigInt = values.iter().map(|&value| oracle::integer(value)).sum();
        let number = totals::<f64, Plain, 1>(&[&values]).number(0, 0);
        let product: BigInt = divisors.iter().map(|&divisor| BigInt::from(divisor)).product();
        let mut settled = totals::<f64, Plain, 1>(&[&values]);
        settled.settle();
        let quotient = number.over(divisors.clone());
        if let (&[divisor], false) = (&divisors[..], settled.head(0).is_inexact) {
            let found = settled.head(0).over(divisor).rounded::<f64>();
            prop_assert_eq!(found.to_bits(), quotient.rounded::<f64>().to_bits());
        }
        let expected = oracle::rounded(&total, &product, 53, -1074);
        prop_assert_eq!(quotient.rounded::<f64>().to_bits(), expected.to_bits());
        if !quotient.negative {
            // The square of what is half a unit away lies beyond the quotient.
            let root = quotient.root().rounded::<f64>();
            let square = |root: BigInt| &root * &root * &product;
            let target = (&total * 4) << -oracle::ORIGIN as usize;
            if root > 0.0 {
                let (this, below, above) = (
                    oracle::integer(root), oracle::integer(root.next_down()), oracle::integer(root.next_up()),
                );
                prop_assert!(square(&this + below) <= target);
                prop_assert!(square(this + above) >= target);
            } else {
                prop_assert!(total == BigInt::from(0));
            }
        }
    }
}

#[test]
fn what_is_too_small_for_a_number_keeps_its_sign() {
    let number = totals::<f64, Plain, 1>(&[&[-f64::from_bits(1)]]).number(0, 0);
    for divisors in [vec![4], vec![u64::MAX; 3]] {
        let quotient = number.over(divisors).rounded::<f64>();
        assert_eq!(quotient.to_bits(), (-0.0_f64).to_bits());
    }
}

/// The sum of products, of any magnitude, by integers.
fn dot_of_integers(left: &[f64], right: &[f64]) -> f64 {
    let products = left.iter().zip(right);
    let total: BigInt =
        products.map(|(&left, &right)| oracle::integer(left) * oracle::integer(right)).sum();
    let unit = BigInt::from(1) << -oracle::ORIGIN as usize;
    oracle::rounded(&total, &unit, 53, -1074)
}

proptest! {
    #[test]
    fn dot_products_are_the_nearest(
        left in floats(1200), right in floats(1200), cut in 0_usize..1200, is_negative: bool,
    ) {
        let len = left.len().min(right.len());
        let (left, right, cut) = (&left[..len], &right[..len], cut.min(len));
        let mut dot = Products::new(2);
        dot.deposit(1, &left[..cut], &right[..cut], is_negative);
        dot.deposit(1, &left[cut..], &right[cut..], is_negative);
        let found = dot.into_totals().sum(1);
        let sign = if is_negative { -1.0 } else { 1.0 };
        let signed: Vec<f64> = left.iter().map(|value| sign * value).collect();
        let expected = dot_of_integers(&signed, right);
        prop_assert_eq!(found.to_bits(), expected.to_bits());
        let narrow = |values: &[f64]| -> Vec<f32> {
            let narrow = values.iter().map(|&value| value as f32);
            narrow.map(|value| if value.is_finite() { value } else { 0.5 }).collect()
        };
        let (left, right) = (narrow(left), narrow(right));
        let mut dot = Products::new(1);
        dot.deposit(0, &left, &right, false);
        let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&x| f64::from(x)).collect() };
        let expected = dot_of_integers(&wide(&left), &wide(&right));
        prop_assert_eq!(dot.into_totals().sum(0).to_bits(), expected.to_bits());
    }
}

#[test]
fn products_of_what_is_no_number() {
    let dot = |left: &[f64], right: &[f64]| {
        let mut dot = Products::new(1);
        dot.deposit(0, left, right, false);
        dot.into_totals().sum(0)
    };
    assert_eq!(dot(&[f64::INFINITY, 1.0], &[-2.0, 1.0]), f64::NEG_INFINITY);
    assert!(dot(&[f64::INFINITY], &[0.0]).is_nan());
    assert!(dot(&[0.0, 1.0], &[f64::NAN, 1.0]).is_nan());
    assert_eq!(dot(&[f64::MAX, f64::MAX], &[2.0, -2.0]), 0.0);
    assert_eq!(dot(&[], &[]), 0.0);
}

#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn long_runs_and_many_rows() {
    let value = |at: usize| {
        let mixed = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 11) as f64 * 2_f64.powi((mixed & 31) as i32) - 2_f64.powi(60)
    };
    let values: Vec<f64> = (0..70_000).map(value).collect();
    assert_eq!(sum(&values), oracle::sum(&values));
    let width = 7;
    let mut accumulator = Accumulator::<f64, Plain, 1>::new(width);
    for row in values.chunks_exact(width) {
        accumulator.deposit_rows(0, &[row]);
    }
    let totals = accumulator.into_totals();
    for column in 0..width {
        let values: Vec<f64> = values.iter().skip(column).step_by(width).copied().collect();
        assert_eq!(rounded::<f64>(&totals, 0, column), oracle::sum(&values));
    }
}

#[test]
fn what_is_no_number_is_summed_beside() {
    let cases: [(&[f64], f64); 5] = [
        (&[1.0, f64::INFINITY], f64::INFINITY),
        (&[f64::NEG_INFINITY, -1.0, f64::NEG_INFINITY], f64::NEG_INFINITY),
        (&[f64::INFINITY, f64::NEG_INFINITY], f64::NAN),
        (&[f64::NAN, f64::INFINITY], f64::NAN),
        (&[1e308, 1e308, -1e308], 0.0),
    ];
    for (values, expected) in cases {
        let totals = totals::<f64, Plain, 1>(&[values]);
        assert_eq!(totals.special(0, 0).to_bits() << 1, expected.to_bits() << 1, "{values:?}");
    }
    assert_eq!(sum(&[1e308, 1e308, -1e308]), 1e308);
    assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
}
