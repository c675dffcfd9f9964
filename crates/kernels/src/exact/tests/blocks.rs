//! Blocks that are long enough for every way, of elements that suit one way or another.

use half::f16;
use num_bigint::BigInt;
use proptest::prelude::*;

use super::oracle;
use crate::exact::{Accumulator, Plain, Squared, Term, Terms, Totals};

/// The elements of one block: so many, less than two to a power, and from there down to another
/// power; and what else is among them.
#[derive(Clone, Debug)]
struct Kind {
    len: usize,
    top: i32,
    spread: i32,
    is_positive: bool,
    odd_ones: Vec<(usize, f64)>,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let odd = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::MAX,
        -f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        -f64::from_bits(1),
        1.0,
        -1.0 + f64::EPSILON / 2.0,
        1e300,
        -1e-300,
    ]);
    let odd_ones = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec((0_usize..3000, odd), 1..4),
    ];
    let top = prop_oneof![4 => -3_i32..4, 1 => -1073_i32..1024];
    let spread = prop_oneof![4 => 0_i32..20, 2 => 20_i32..60, 1 => 60_i32..400];
    let kind = (100_usize..3000, top, spread, any::<bool>(), odd_ones).prop_map(
        |(len, top, spread, is_positive, odd_ones)| Kind {
            len,
            top,
            spread,
            is_positive,
            odd_ones,
        },
    );
    prop::collection::vec(kind, 1..4)
}

fn block(kind: &Kind, seed: u64) -> Vec<f64> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state ^ state >> 29
    };
    let mut values: Vec<f64> = (0..kind.len)
        .map(|_| {
            let exponent = kind.top - (next() % (kind.spread as u64 + 1)) as i32;
            let fraction = (next() >> 11) as f64 * (f64::EPSILON / 2.0);
            let sign = if kind.is_positive || next() & 1 == 0 { 1.0 } else { -1.0 };
            // In two steps, for the sake of subnormal numbers.
            let half = exponent / 2;
            sign * fraction * 2_f64.powi(half) * 2_f64.powi(exponent - half)
        })
        .collect();
    for &(place, value) in &kind.odd_ones {
        let place = place % kind.len;
        values[place] = value;
    }
    values
}

fn exact(values: impl Iterator<Item = f64>, is_squared: bool) -> f64 {
    let integers = values.map(oracle::integer);
    if is_squared {
        let unit = BigInt::from(1) << -oracle::ORIGIN as usize;
        oracle::rounded(&integers.map(|x| &x * &x).sum(), &unit, 53, -1074)
    } else {
        oracle::rounded(&integers.sum(), &BigInt::from(1), 53, -1074)
    }
}

fn found(totals: &Totals, sum: usize, slot: usize) -> f64 {
    totals.number(sum, slot).over([]).rounded()
}

/// Runs of elements of one part and of two, and rows of a width.
fn check<T: Term, K: Terms<T, S>, const S: usize>(
    blocks: &[Vec<T>],
    width: usize,
) -> Result<(), TestCaseError> {
    let mut runs = Accumulator::<T, K, S>::new(1);
    let mut pairs = Accumulator::<T, K, S>::new(3);
    let mut rows = Accumulator::<T, K, S>::new(width + 2);
    let (mut own, mut columns) = ([Vec::new(), Vec::new()], vec![Vec::new(); width]);
    for block in blocks {
        runs.deposit(0, block.as_chunks::<1>().0);
        pairs.deposit(1, block.as_chunks::<2>().0);
        for pair in block.as_chunks::<2>().0 {
            own[0].push(pair[0].to_f64());
            own[1].push(pair[1].to_f64());
        }
        let whole: Vec<&[T]> = block.chunks_exact(width).collect();
        for whole in whole.chunks(30) {
            rows.deposit_rows(1, whole);
            // A part of the columns more often than the others.
            rows.deposit_rows(1 + width / 2, &[&whole[0][width / 2..]]);
            for (column, values) in columns.iter_mut().enumerate() {
                values.extend(whole.iter().map(|row| row[column].to_f64()));
                if column >= width / 2 {
                    values.push(whole[0][column].to_f64());
                }
            }
        }
    }
    let (runs, pairs, rows) = (runs.into_totals(), pairs.into_totals(), rows.into_totals());
    let all = || blocks.iter().flatten().map(|item| item.to_f64());
    for sum in 0..K::SUMS {
        let is_squared = sum == 1;
        prop_assert_eq!(found(&runs, sum, 0).to_bits(), exact(all(), is_squared).to_bits());
        for (part, own) in own.iter().enumerate() {
            let expected = exact(own.iter().copied(), is_squared);
            prop_assert_eq!(found(&pairs, sum, 1 + part).to_bits(), expected.to_bits());
        }
        for (column, own) in columns.iter().enumerate() {
            let expected = exact(own.iter().copied(), is_squared);
            prop_assert_eq!(found(&rows, sum, 1 + column).to_bits(), expected.to_bits());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    #[cfg_attr(miri, ignore = "too many elements")]
    fn blocks_of_every_kind_are_summed_exactly(
        kinds in kinds(), seed: u64, width in prop::sample::select(vec![1_usize, 5, 8, 21, 75]),
    ) {
        let seeds = (0..).map(|place: u64| seed ^ place << 40);
        let blocks: Vec<Vec<f64>> =
            kinds.iter().zip(seeds).map(|(kind, seed)| block(kind, seed)).collect();
        check::<f64, Plain, 1>(&blocks, width)?;
        check::<f64, Squared, 3>(&blocks, width)?;
        let narrow = |value: &f64| if value.abs() <= f64::from(f32::MAX) { *value as f32 } else { 0.5 };
        let narrow: Vec<Vec<f32>> =
            blocks.iter().map(|block| block.iter().map(narrow).collect()).collect();
        check::<f32, Plain, 1>(&narrow, width)?;
        check::<f32, Squared, 2>(&narrow, width)?;
        let half = |value: &f64| if value.abs() <= 65504.0 { f16::from_f64(*value) } else { f16::ONE };
        let halves: Vec<Vec<f16>> =
            blocks.iter().map(|block| block.iter().map(half).collect()).collect();
        check::<f16, Plain, 1>(&halves, width)?;
        check::<f16, Squared, 2>(&halves, width)?;
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many elements")]
    fn what_is_no_number_does_not_spoil_what_is(
        place in 0_usize..5000, other in 0_usize..5000, value in prop::sample::select(vec![
            f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::from_bits(0x7ff4 << 48),
        ]),
    ) {
        let mut values = vec![0.1; 5000];
        values[place] = value;
        let mut sums = Accumulator::<f64, Plain, 1>::new(1);
        sums.deposit(0, values.as_chunks::<1>().0);
        let totals = sums.into_totals();
        prop_assert_eq!(totals.special(0, 0).to_bits() << 13, (value + 0.0).to_bits() << 13);
        let finite = exact((1..5000).map(|_| 0.1), false);
        prop_assert_eq!(found(&totals, 0, 0).to_bits(), finite.to_bits());
        values[other] = f64::NEG_INFINITY;
        let mut rows = Accumulator::<f64, Squared, 3>::new(100);
        let whole: Vec<&[f64]> = values.chunks_exact(100).collect();
        whole.chunks(32).for_each(|rows_of_values| rows.deposit_rows(0, rows_of_values));
        let totals = rows.into_totals();
        for column in 0..100 {
            let expected: f64 = whole.iter().map(|row| row[column]).sum();
            let special = totals.special(0, column);
            if expected.is_finite() {
                let sum = exact(whole.iter().map(|row| row[column]), true);
                prop_assert!(special == 0.0 && found(&totals, 1, column).to_bits() == sum.to_bits());
            } else {
                prop_assert!(special == expected || special.is_nan() && expected.is_nan());
            }
        }
    }
}

/// As many rows as there is room for, and more; elements as large as they may be, all of one sign.
#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn there_is_room_for_many_rows() {
    let values = [-8.0 + f64::EPSILON * 4.0, 1.0 / 3.0];
    for value in values {
        let first = [1.0, -1.0, 0.0, 1.0];
        let mut sums = Accumulator::<f64, Squared, 3>::new(4);
        sums.deposit_rows(0, &[&first]);
        let row = [value; 4];
        for _ in 0..300 {
            sums.deposit_rows(0, &[&row[..]; 32]);
        }
        let totals = sums.into_totals();
        for (column, first) in first.into_iter().enumerate() {
            let all = || std::iter::once(first).chain(std::iter::repeat_n(value, 9600));
            assert_eq!(found(&totals, 0, column), exact(all(), false));
            assert_eq!(found(&totals, 1, column), exact(all(), true));
        }
    }
}
