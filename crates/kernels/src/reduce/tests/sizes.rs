//! Lengths on either side of the limits of runs, leaves, tiles and rows.

use super::oracle::Question;
use super::*;

const LENGTHS: [usize; 9] = [1, 7, 31, 64, 255, 256, 2047, 2049, 4100];

fn question<'a>(
    reduction: Reduction,
    input: &'a Block,
    reduced: &'a [bool],
    labels: &'a [Labels],
    shape: &'a [usize],
) -> Question<'a> {
    Question { reduction, input, reduced, mask: None, labels, global_shape: shape }
}

/// Small integers without a short period; few of them are extrema.
fn block(dtype: DType, shape: &[usize]) -> Block {
    let len = shape.iter().product::<usize>() as u64;
    let values: Vec<i64> = (0..len)
        .map(|place| {
            let mixed = place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            if mixed.is_multiple_of(97) { 3 } else { (mixed % 2) as i64 + 1 }
        })
        .collect();
    cast(&Block::from_slice(&values, shape).unwrap(), dtype)
}

fn check_all(block: &Block, dtypes: &[Reduction]) {
    let labels = vec![Labels::POSITIONS; block.ndim()];
    let shape = block.shape();
    for &reduction in dtypes {
        for choice in 0..1_u32 << block.ndim() {
            let reduced: Vec<bool> =
                (0..block.ndim()).map(|axis| choice >> axis & 1 == 1).collect();
            let question = question(reduction, block, &reduced, &labels, &shape);
            question.check(&reduce(reduction, block, &reduced));
        }
    }
}

const MOST: [Reduction; 6] = [
    Reduction::Sum,
    Reduction::Max,
    Reduction::ArgMin,
    Reduction::CountNonzero,
    Reduction::Mean,
    Reduction::Variance,
];

#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn runs_of_every_length() {
    for dtype in [DType::Bool, DType::Int16, DType::Float32, DType::Float64, DType::Complex128] {
        for len in LENGTHS {
            check_all(&block(dtype, &[len]), &MOST);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn rows_of_every_width_and_number() {
    for dtype in [DType::UInt8, DType::Float64] {
        for (rows, width) in [(3, 4100), (4100, 3), (300, 70), (1030, 5), (70, 33), (9, 2000)] {
            check_all(&block(dtype, &[rows, width]), &MOST);
            check_all(&block(dtype, &[width, rows]).transpose(&[1, 0]), &MOST);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn three_axes() {
    check_all(
        &block(DType::Float32, &[20, 30, 40]),
        &Reduction::ALL.map(|reduction| match reduction {
            Reduction::Prod => Reduction::Sum,
            other => other,
        }),
    );
    check_all(&block(DType::Int64, &[20, 30, 40]).transpose(&[1, 2, 0]), &MOST);
    check_all(&block(DType::Int8, &[20, 30, 40]).slice_axis(1, 3, 4, 6), &MOST);
}

/// Counting in one byte must not run over.
#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn positions_of_many_rows_of_bytes() {
    let block = Block::zeroed(DType::UInt8, &[2000, 40]).unwrap();
    for column in 0..40 {
        block.write(&[column * 49, column], &crate::Scalar::new(1_u8));
    }
    let found: Vec<i64> = reduce(Reduction::ArgMax, &block, &[true, false]).to_vec().unwrap();
    let expected: Vec<i64> = (0..40).map(|column| column * 49).collect();
    assert_eq!(found, expected);
}

/// So must the narrow leaves of narrow integers.
#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn sums_of_the_largest_narrow_integers() {
    for shape in [[100_000, 1], [1, 100_000], [400, 250]] {
        for (dtype, most) in [(DType::Bool, 1.0), (DType::Int16, 32767.0), (DType::UInt16, 65535.0)]
        {
            let block = Block::uninitialised(dtype, &shape).unwrap();
            copy::fill(&block, &crate::Scalar::from(most).cast(dtype).unwrap()).unwrap();
            let sum = oracle::values(&reduce(Reduction::Sum, &block, &[true, true]));
            assert_eq!(sum[0].re, most * 100_000.0);
            let columns = oracle::values(&reduce(Reduction::Sum, &block, &[true, false]));
            assert!(columns.iter().all(|sum| sum.re == most * shape[0] as f64));
        }
    }
}

/// The first one wins, whichever parts of a run and whichever runs have an equal one; NaN comes before.
#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn first_extrema_of_long_runs() {
    let shape = [3, 2, 7000];
    let labels = vec![Labels::POSITIONS; 3];
    let places = [[0, 6999], [1, 10], [1, 2100], [1, 6500], [2, 0]];
    for has_nan in [false, true] {
        for first in 0..places.len() {
            let block = Block::zeroed(DType::Float64, &shape).unwrap();
            for [outer, inner] in &places[first..] {
                block.write(&[*outer, 1, *inner], &crate::Scalar::new(5.0));
            }
            if has_nan {
                block.write(&[1, 1, 4500], &crate::Scalar::new(f64::NAN));
                block.write(&[1, 1, 4501], &crate::Scalar::new(f64::NAN));
            }
            for reduced in [[true, false, true], [false, false, true]] {
                let question = question(Reduction::ArgMax, &block, &reduced, &labels, &shape);
                question.check(&reduce(Reduction::ArgMax, &block, &reduced));
            }
        }
    }
}
