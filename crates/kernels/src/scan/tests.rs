//! Accumulations against loops of one line each, whole and in parts.

#![expect(clippy::float_cmp, reason = "results must have the same bits")]

use half::f16;
use num_complex::Complex;
use proptest::prelude::*;

use super::*;
use crate::{Block, Element, copy};

/// The results of a block that is cut along the axis at `cuts`, each part by itself.
fn in_parts(scan: &Scan, source: &Block, cuts: &[usize]) -> Block {
    let shape = source.shape();
    let axis = scan.axis;
    let whole = Block::uninitialised(scan.dtype, &shape).unwrap();
    let mut bounds = vec![0];
    bounds.extend(cuts);
    bounds.push(shape[axis]);
    for part in 1..bounds.len() {
        let mut carry = scan.begin(&shape).unwrap();
        for before in bounds[..part].windows(2) {
            let (start, stop) = (before[0], before[1]);
            let head_end = scan.head_end(start, stop);
            carry.take(&source.slice_axis(axis, start, 1, head_end - start), None, start).unwrap();
            let body = source.slice_axis(axis, head_end, 1, stop - head_end);
            let totals = scan.totals(&body, head_end).unwrap();
            assert_eq!(totals.shape()[0], scan.total_count(head_end, stop));
            assert_eq!(totals.dtype(), scan.total_dtype());
            carry.pass(&totals, head_end, stop).unwrap();
        }
        let (start, stop) = (bounds[part - 1], bounds[part]);
        let piece = source.slice_axis(axis, start, 1, stop - start);
        let dest = Block::uninitialised(scan.dtype, &piece.shape()).unwrap();
        carry.take(&piece, Some(&dest), start).unwrap();
        copy::copy(&dest, &whole.slice_axis(axis, start, 1, stop - start)).unwrap();
    }
    whole
}

fn whole(accumulation: Accumulation, dtype: DType, axis: usize, source: &Block) -> Block {
    let scan = Scan::new(accumulation, dtype, axis, source.shape()[axis]).unwrap();
    let dest = Block::uninitialised(dtype, &source.shape()).unwrap();
    scan.run(source, &dest).unwrap();
    dest
}

fn row<T: Element>(accumulation: Accumulation, items: &[T]) -> Vec<T> {
    let source = Block::from_slice(items, &[items.len()]).unwrap();
    whole(accumulation, T::DTYPE, 0, &source).to_vec().unwrap()
}

/// The definition, for floats: sums within a stretch, added to what came before it.
fn by_definition(items: &[f64], stretch: usize) -> Vec<f64> {
    let mut carried = -0.0;
    let mut results = Vec::new();
    for stretch in items.chunks(stretch) {
        let mut running = -0.0;
        for item in stretch {
            running += item;
            results.push(carried + running);
        }
        carried += running;
    }
    results
}

/// Numbers of many sizes.
fn numbers(count: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| (next() - 0.4) * (next() * 20.0).exp2()).collect()
}

#[test]
fn sums_of_floats_are_those_of_the_definition() {
    for (len, stretch) in
        [(1, 16), (5, 16), (1000, 16), (1024, 16), (5000, 64), (64512, 1008), (70_001, 1008)]
    {
        let items = numbers(len);
        assert_eq!(row(Accumulation::Sum, &items), by_definition(&items, stretch), "{len}");
    }
}

#[test]
fn sums_are_close_to_the_truth() {
    let items = numbers(100_000);
    let (mut sum, mut error, mut magnitude) = (0.0_f64, 0.0, 0.0);
    for (&item, result) in items.iter().zip(row(Accumulation::Sum, &items)) {
        let next = sum + item;
        let part = next - sum;
        error += (sum - (next - part)) + (item - part);
        sum = next;
        magnitude += item.abs();
        assert!((result - (sum + error)).abs() <= 1200.0 * f64::EPSILON * magnitude);
    }
}

#[test]
fn integers_wrap_and_products_of_floats_go_one_after_another() {
    assert_eq!(row(Accumulation::Sum, &[100_i8, 100, 100]), [100, -56, 44]);
    assert_eq!(row(Accumulation::Prod, &[16_u8, 8, 3, 5]), [16, 128, 128, 128]);
    let mut items = vec![0.5_f64; 1070];
    items.resize(3210, 2.0);
    let mut product = 1.0;
    let expected: Vec<f64> = items
        .iter()
        .map(|item| {
            product *= item;
            product
        })
        .collect();
    assert_eq!(row(Accumulation::Prod, &items), expected);
    let infinite = Complex::new(f64::INFINITY, 0.0);
    assert_eq!(row(Accumulation::Prod, &[infinite])[0], infinite);
}

#[test]
fn narrow_floats_are_added_in_wide_ones() {
    let ones = vec![f16::ONE; 3000];
    let sums = row(Accumulation::Sum, &ones);
    assert_eq!(sums[2999].to_f32(), 3000.0);
    let tenths = vec![0.1_f32; 100_000];
    let last = *row(Accumulation::Sum, &tenths).last().unwrap();
    assert_eq!(last, (100_000.0 * f64::from(0.1_f32)) as f32);
}

#[test]
fn extrema_keep_nan_and_the_first_of_equals() {
    let items = [1.0, 3.0, 2.0, f64::NAN, 5.0];
    let most = row(Accumulation::Max, &items);
    assert_eq!(most[..3], [1.0, 3.0, 3.0]);
    assert!(most[3].is_nan() && most[4].is_nan());
    assert!(row(Accumulation::Max, &[-0.0_f64, 0.0])[1].is_sign_negative());
    assert!(row(Accumulation::Min, &[0.0_f64, -0.0])[1].is_sign_positive());
    assert_eq!(row(Accumulation::Min, &[i16::MAX, 3, i16::MIN]), [i16::MAX, 3, i16::MIN]);
    assert!(row(Accumulation::Sum, &[-0.0_f64, -0.0])[1].is_sign_negative());
}

#[test]
fn a_part_may_begin_with_a_stretch() {
    let items: Vec<i32> = (0..6400).collect();
    let source = Block::from_slice(&items, &[6400]).unwrap();
    let scan = Scan::new(Accumulation::Sum, DType::Int32, 0, 6400).unwrap();
    let expected = whole(Accumulation::Sum, DType::Int32, 0, &source);
    let results = in_parts(&scan, &source, &[scan.stretch * 3]);
    assert_eq!(results.to_vec::<i32>().unwrap(), expected.to_vec::<i32>().unwrap());
}

#[test]
fn what_cannot_be_accumulated_is_refused() {
    assert!(Scan::new(Accumulation::All, DType::Int8, 0, 3).is_err());
    assert!(Scan::new(Accumulation::Sum, DType::opaque(8, "datetime64[s]"), 0, 3).is_err());
}

#[test]
fn other_dtypes_and_layouts_are_brought_together() {
    let truths: Vec<Bool> = (0..70_000).map(|place| Bool::new(place % 3 == 0)).collect();
    let source = Block::from_slice(&truths, &[truths.len()]).unwrap();
    let counts = whole(Accumulation::Sum, DType::Int64, 0, &source).to_vec::<i64>().unwrap();
    assert!(counts.iter().enumerate().all(|(place, &count)| count == place as i64 / 3 + 1));
    let items = numbers(40_000);
    for shape in [[200, 200], [20_000, 2], [4, 10_000]] {
        let lying = Block::from_slice(&items, &shape).unwrap();
        for axis in 0..2 {
            let turned = whole(Accumulation::Sum, DType::Float64, axis, &lying.transpose(&[1, 0]));
            let plain = whole(Accumulation::Sum, DType::Float64, 1 - axis, &lying);
            assert_eq!(
                turned.transpose(&[1, 0]).to_vec::<f64>().unwrap(),
                plain.to_vec::<f64>().unwrap()
            );
        }
    }
    // More elements than are accumulated at a time.
    let items = numbers(140_000);
    let long = Block::from_slice(&items, &[20_000, 7]).unwrap();
    let sums = whole(Accumulation::Sum, DType::Float64, 1, &long).to_vec::<f64>().unwrap();
    for (items, sums) in items.chunks(7).zip(sums.chunks(7)) {
        assert_eq!(sums, by_definition(items, 16));
    }
}

use crate::Bool;

fn shapes() -> impl Strategy<Value = (Vec<usize>, usize)> {
    let lens = prop_oneof![Just(0_usize), Just(1), 2..6_usize, 14..40_usize];
    prop::collection::vec(lens, 1..4).prop_flat_map(|shape| {
        let axes = 0..shape.len();
        (prop_oneof![Just(shape.clone()), long(shape)], axes)
    })
}

/// The shape with one long axis.
fn long(shape: Vec<usize>) -> impl Strategy<Value = Vec<usize>> {
    (0..shape.len(), 1000..9000_usize).prop_map(move |(axis, len)| {
        let mut shape: Vec<usize> = shape.iter().map(|&len| len.min(4)).collect();
        shape[axis] = len;
        shape
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn parts_make_the_same_bits(
        (shape, axis) in shapes(),
        which in 0..Accumulation::ALL.len(),
        dtype in 0..DType::NATIVE.len(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        turned in any::<bool>(),
    ) {
        let accumulation = Accumulation::ALL[which];
        let dtype = match accumulation {
            Accumulation::All | Accumulation::Any => DType::Bool,
            _ => DType::NATIVE[dtype],
        };
        let len = shape[axis];
        let scan = Scan::new(accumulation, dtype, axis, len).unwrap();
        let mut lying = shape.clone();
        if turned {
            lying.reverse();
        }
        let numbers = Block::from_slice(&numbers(shape.iter().product()), &lying).unwrap();
        let source = Block::uninitialised(dtype, &lying).unwrap();
        copy::copy(&numbers, &source).unwrap();
        let source = if turned {
            source.transpose(&(0..shape.len()).rev().collect::<Vec<_>>())
        } else {
            source
        };
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
        cuts.sort_unstable();
        let whole = whole(accumulation, dtype, axis, &source);
        prop_assert_eq!(
            in_parts(&scan, &source, &cuts).to_bytes().unwrap(),
            whole.to_bytes().unwrap()
        );
        // Strand by strand, the axis alone.
        if len > 0 && source.size() > 0 {
            let mut line = source.clone();
            let mut results = whole.clone();
            for other in (0..shape.len()).rev().filter(|&other| other != axis) {
                let position = shape[other] / 2;
                line = line.index_axis(other, position);
                results = results.index_axis(other, position);
            }
            let alone = Scan::new(accumulation, dtype, 0, len).unwrap();
            prop_assert_eq!(
                in_parts(&alone, &line, &[]).to_bytes().unwrap(),
                results.to_bytes().unwrap()
            );
        }
    }
}
