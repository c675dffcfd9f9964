//! Special values, accuracy, overflow, emptiness, and what is refused.

#![expect(unsafe_code, reason = "a block is made that is not aligned")]

use half::f16;
use num_complex::Complex;

use super::*;
use crate::{AxisLayout, Element};

fn block<T: Element>(values: &[T]) -> Block {
    Block::from_slice(values, &[values.len()]).unwrap()
}

fn only<T: Element>(reduction: Reduction, block: &Block) -> T {
    reduce(reduction, block, &vec![true; block.ndim()]).to_vec().unwrap()[0]
}

#[test]
fn one_nan_decides_wherever_it_stands() {
    let lengths: &[i32] = if cfg!(miri) { &[1, 33, 300] } else { &[1, 5, 33, 300, 5000] };
    for &len in lengths {
        for place in [0, len / 2, len - 1] {
            let mut doubles: Vec<f64> = (0..len).map(f64::from).collect();
            doubles[place as usize] = f64::NAN;
            let singles: Vec<f32> = doubles.iter().map(|&value| value as f32).collect();
            let halves: Vec<f16> = doubles.iter().map(|&value| f16::from_f64(value)).collect();
            let pairs: Vec<Complex<f64>> =
                doubles.iter().map(|&value| Complex::new(1.0, value)).collect();
            for reduction in [Reduction::Min, Reduction::Max] {
                assert!(only::<f64>(reduction, &block(&doubles)).is_nan());
                assert!(only::<f32>(reduction, &block(&singles)).is_nan());
                assert!(only::<f16>(reduction, &block(&halves)).is_nan());
                assert!(only::<Complex<f64>>(reduction, &block(&pairs)).im.is_nan());
            }
            for reduction in [Reduction::ArgMin, Reduction::ArgMax] {
                for block in [block(&doubles), block(&singles), block(&halves), block(&pairs)] {
                    assert_eq!(only::<i64>(reduction, &block), i64::from(place));
                }
            }
            // Along columns, too.
            let columns = Block::from_slice(&doubles, &[len as usize, 1]).unwrap();
            let columns = columns.broadcast_to(&[len as usize, 40]).unwrap();
            let minima: Vec<f64> =
                reduce(Reduction::Min, &columns, &[true, false]).to_vec().unwrap();
            assert!(minima.iter().all(|minimum| minimum.is_nan()));
        }
    }
}

#[test]
fn infinities_are_no_nan() {
    let mut values = vec![1.0; 3000];
    (values[7], values[2900]) = (f64::INFINITY, f64::NEG_INFINITY);
    let block = block(&values);
    assert_eq!(only::<f64>(Reduction::Min, &block), f64::NEG_INFINITY);
    assert_eq!(only::<f64>(Reduction::Max, &block), f64::INFINITY);
    assert_eq!(only::<i64>(Reduction::ArgMax, &block), 7);
    assert!(only::<f64>(Reduction::Sum, &block).is_nan());
    assert_eq!(only::<f64>(Reduction::Sum, &block.slice_axis(0, 0, 1, 2000)), f64::INFINITY);
    let rows = Block::from_slice(&values, &[30, 100]).unwrap();
    let sums: Vec<f64> = reduce(Reduction::Sum, &rows, &[false, true]).to_vec().unwrap();
    assert_eq!((sums[0], sums[1], sums[29]), (f64::INFINITY, 100.0, f64::NEG_INFINITY));
}

#[test]
#[cfg_attr(miri, ignore = "too many elements")]
fn sums_are_exact() {
    // 0.1 is this integer times 2^-55.
    let (len, tenth) = (1_usize << 20, 3_602_879_701_896_397_i128);
    let sum_of = |len: usize| (tenth * len as i128) as f64 * 2_f64.powi(-55);
    let tenths = vec![0.1; len];
    for shape in [[len, 1], [1 << 10, 1 << 10], [16, 1 << 16]] {
        let whole = Block::from_slice(&tenths, &shape).unwrap();
        let sum = reduce(Reduction::Sum, &whole, &[true, true]).to_vec::<f64>().unwrap()[0];
        assert_eq!(sum, sum_of(len));
        let columns = reduce(Reduction::Sum, &whole, &[true, false]).to_vec::<f64>().unwrap();
        assert_eq!(columns, vec![sum_of(shape[0]); shape[1]]);
        let single = cast(&whole, DType::Float32);
        let sum = reduce(Reduction::Sum, &single, &[true, true]).to_vec::<f32>().unwrap()[0];
        assert_eq!(sum, (f64::from(0.1_f32) * len as f64) as f32);
    }
    // What a float16 cannot count to is counted.
    let ones = vec![f16::ONE; 5000];
    assert_eq!(only::<f16>(Reduction::Sum, &block(&ones)), f16::from_f32(5000.0));
}

#[test]
fn large_parts_hide_no_small_ones() {
    let mut values = vec![0.5; 20_000];
    (values[0], values[19_999]) = (1e300, -1e300);
    assert_eq!(only::<f64>(Reduction::Sum, &block(&values)), 9_999.0);
}

#[test]
fn integers_wrap() {
    let large = block(&[i64::MAX, 1, i64::MAX]);
    assert_eq!(only::<i64>(Reduction::Sum, &large), i64::MAX.wrapping_mul(2).wrapping_add(1));
    assert_eq!(only::<i64>(Reduction::Prod, &large), 1);
    let bytes = Block::from_slice(&[200_u8; 1000], &[1000]).unwrap();
    assert_eq!(only::<u64>(Reduction::Sum, &bytes), 200_000);
    let sum = reduce_in(Reduction::Sum, &bytes, &[true], DType::UInt8).to_vec::<u8>().unwrap();
    assert_eq!(sum, [(200_000 % 256) as u8]);
}

#[test]
fn nothing_gives_the_neutral_element() {
    let empty = Block::zeroed(DType::Float64, &[0, 3]).unwrap();
    let columns = |reduction| reduce(reduction, &empty, &[true, false]);
    assert_eq!(columns(Reduction::Sum).to_vec::<f64>().unwrap(), [0.0; 3]);
    assert_eq!(columns(Reduction::Prod).to_vec::<f64>().unwrap(), [1.0; 3]);
    assert_eq!(columns(Reduction::Min).to_vec::<f64>().unwrap(), [f64::INFINITY; 3]);
    assert_eq!(columns(Reduction::Max).to_vec::<f64>().unwrap(), [f64::NEG_INFINITY; 3]);
    assert_eq!(columns(Reduction::ArgMax).to_vec::<i64>().unwrap(), [-1; 3]);
    assert_eq!(reduce(Reduction::Sum, &empty, &[false, true]).shape(), [0, 1]);
    for reduction in Reduction::ALL {
        let dtype = reduction.accumulator(DType::Int32, None).unwrap();
        let result =
            finish(reduction, identity(reduction, &[2], dtype), Ending::default()).unwrap().0;
        assert_eq!((result.dtype(), result.shape()), (dtype, vec![2]));
    }
    let any = only::<crate::Bool>(Reduction::Any, &empty);
    let all = only::<crate::Bool>(Reduction::All, &empty);
    assert!(!any.get() && all.get());
    // A sum of minus zeros is zero, as NumPy's.
    assert!(only::<f64>(Reduction::Sum, &block(&[-0.0, -0.0])).is_sign_positive());
}

#[test]
fn elements_need_not_be_aligned() {
    let values = [1.0, 2.0, 4.0, 8.0, 16.0];
    let bytes = Block::zeroed(DType::UInt8, &[50]).unwrap();
    // SAFETY: the bytes lie within the block.
    unsafe {
        bytes.as_ptr().add(3).cast::<[f64; 5]>().write_unaligned(values);
    }
    let axes = vec![AxisLayout::Strided { len: 5, stride: 8 }];
    // SAFETY: so do the elements.
    let odd = unsafe { Block::from_parts(bytes.buffer().clone(), 3, DType::Float64, axes) };
    assert_eq!(only::<f64>(Reduction::Sum, &odd), 31.0);
    assert_eq!(only::<i64>(Reduction::ArgMax, &odd), 4);
}

#[test]
fn any_byte_but_zero_is_true() {
    let bytes = Block::from_slice(&[0_u8, 2, 255, 0], &[4]).unwrap();
    let truths = bytes.view_dtype(DType::Bool).unwrap();
    assert_eq!(only::<i64>(Reduction::Sum, &truths), 2);
    assert_eq!(only::<i64>(Reduction::CountNonzero, &truths), 2);
    assert_eq!(only::<i64>(Reduction::ArgMax, &truths), 1);
    assert!(only::<crate::Bool>(Reduction::Any, &truths).get());
    assert!(!only::<crate::Bool>(Reduction::All, &truths).get());
}

#[test]
fn complex_variances_are_real() {
    let values = block(&[Complex::new(1.0_f32, 3.0), Complex::new(-1.0, 1.0)]);
    assert_eq!(only::<f32>(Reduction::Variance, &values), 2.0);
    assert_eq!(only::<f32>(Reduction::Norm, &values), 12_f32.sqrt());
    assert_eq!(only::<Complex<f32>>(Reduction::Mean, &values), Complex::new(0.0, 2.0));
}

#[test]
fn infinite_parts_of_means_make_the_others_no_numbers() {
    let values = block(&[Complex::new(f64::INFINITY, 1.0), Complex::new(1.0, 1.0)]);
    let mean = only::<Complex<f64>>(Reduction::Mean, &values);
    assert!(mean.re == f64::INFINITY && mean.im.is_nan());
    let sum = only::<Complex<f64>>(Reduction::Sum, &values);
    assert!(sum.re == f64::INFINITY && sum.im == 2.0);
}

#[test]
fn large_means_cancel_nothing() {
    let values: Vec<f64> = (0..5000).map(|at| 1e15 + f64::from(at % 2)).collect();
    assert_eq!(only::<f64>(Reduction::Variance, &block(&values)), 0.25);
    assert_eq!(only::<f64>(Reduction::StandardDeviation, &block(&values)), 0.5);
    // Squares that no float holds.
    for scale in [1e-200, 1e200] {
        let values = block(&[3.0 * scale, 4.0 * scale]);
        let scale_squared = only::<f64>(Reduction::Norm, &values) / scale;
        assert!((scale_squared - 5.0).abs() < 1e-15);
        assert_eq!(only::<f64>(Reduction::StandardDeviation, &block(&[0.0, 2.0 * scale])), scale);
    }
}

#[test]
fn degrees_of_freedom_and_exceptions() {
    let finished = |reduction: Reduction, values: &[f64], ddof: f64| {
        let block = block(values);
        let (labels, shape) = ([Labels::POSITIONS], [values.len()]);
        let dtype = DType::Float64;
        let partial = partial(reduction, &block, &[true], None, dtype, &labels, &shape).unwrap();
        let (block, flags) =
            finish(reduction, partial, Ending { ddof, ..Ending::default() }).unwrap();
        (block.to_vec::<f64>().unwrap()[0], flags.overflow, flags.invalid)
    };
    let variance = |values: &[f64], ddof| finished(Reduction::Variance, values, ddof).0;
    // One more term, and one rounding.
    let initial = Some(crate::Scalar::from(1e300));
    let ending = Ending { initial, ..Ending::default() };
    let term = block(&[-1e300, 0.5]);
    let (labels, dtype) = ([Labels::POSITIONS], DType::Float64);
    let part = partial(Reduction::Sum, &term, &[true], None, dtype, &labels, &[2]).unwrap();
    let (sum, _) = finish(Reduction::Sum, part, ending).unwrap();
    assert_eq!(sum.to_vec::<f64>().unwrap(), [0.5]);
    assert_eq!(variance(&[1.0, 2.0, 4.0], 1.0), 7.0 / 3.0);
    assert_eq!(variance(&[0.0, 2.0], 0.5), 4.0 / 3.0);
    assert_eq!(variance(&[0.0, 2.0], 2.0), f64::INFINITY);
    assert!(variance(&[1.0], 1.0).is_nan());
    assert!(variance(&[], 0.0).is_nan());
    let infinite = f64::INFINITY;
    assert_eq!(finished(Reduction::Sum, &[f64::MAX; 2], 0.0), (infinite, true, false));
    assert_eq!(finished(Reduction::Mean, &[f64::MAX; 2], 0.0), (f64::MAX, false, false));
    assert_eq!(finished(Reduction::Sum, &[infinite, 1.0], 0.0), (infinite, false, false));
    assert!(finished(Reduction::Sum, &[infinite, -infinite], 0.0).2);
    assert!(!finished(Reduction::Sum, &[infinite, f64::NAN], 0.0).2);
    assert!(finished(Reduction::Variance, &[infinite, 1.0], 0.0).2);
    assert_eq!(finished(Reduction::Norm, &[infinite, -infinite], 0.0), (infinite, false, false));
}

#[test]
fn the_order_of_infinities_and_nan_changes_no_exception() {
    let (nan, infinite) = (f64::NAN, f64::INFINITY);
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (specials, is_invalid) in
        [([nan, infinite, -infinite], true), ([nan, infinite, infinite], false)]
    {
        for (order, cut) in orders.iter().flat_map(|order| (0..4).map(move |cut| (order, cut))) {
            let values = order.map(|place| specials[place]);
            let of = |values: &[f64]| {
                let (labels, shape) = ([Labels::POSITIONS], [values.len()]);
                let (dtype, block) = (DType::Float64, block(values));
                partial(Reduction::Sum, &block, &[true], None, dtype, &labels, &shape).unwrap()
            };
            let mut sums = of(&values[..cut]);
            merge(Reduction::Sum, &mut sums, &of(&values[cut..])).unwrap();
            let (sum, flags) = finish(Reduction::Sum, sums, Ending::default()).unwrap();
            assert!(sum.to_vec::<f64>().unwrap()[0].is_nan());
            assert_eq!(flags.invalid, is_invalid, "{values:?} cut at {cut}");
        }
    }
}

#[test]
fn elements_come_in_any_pieces() {
    let count = if cfg!(miri) { 100 } else { 3000 };
    let values: Vec<f64> = (0..count).map(|at| f64::from(at) * 0.1).collect();
    let sum = only::<f64>(Reduction::Sum, &block(&values));
    let mean = only::<f64>(Reduction::Mean, &block(&values));
    let least = only::<f64>(Reduction::Min, &block(&values[1..]));
    for (reduction, values, expected) in [
        (Reduction::Sum, &values[..], sum),
        (Reduction::Mean, &values, mean),
        (Reduction::Min, &values[1..], least),
    ] {
        let mut runs = running::<f64>(reduction, DType::Float64, 3).unwrap();
        let mut rows = running::<f64>(reduction, DType::Float64, 3).unwrap();
        for (place, items) in values.chunks(7).enumerate() {
            runs.deposit(1, items);
            for &item in items {
                rows.deposit_rows(1 + place % 2, &[&[item]]);
            }
        }
        let result = |partial: Partial| finish(reduction, partial, Ending::default()).unwrap().0;
        let runs = result(runs.into_partial(&[3]).unwrap()).to_vec::<f64>().unwrap();
        assert_eq!(runs[1], expected);
        let mut rows = rows.into_partial(&[3]).unwrap();
        let whole = running::<f64>(reduction, DType::Float64, 3).unwrap();
        let whole = whole.into_partial(&[3]).unwrap();
        merge(reduction, &mut rows, &Partial::from_bytes(&whole.to_bytes()).unwrap()).unwrap();
        let rows = result(rows).to_vec::<f64>().unwrap();
        if reduction == Reduction::Min {
            assert_eq!(rows[1].min(rows[2]), expected);
        }
    }
    assert!(running::<f64>(Reduction::Sum, DType::Float32, 1).is_none());
    assert!(running::<f64>(Reduction::ArgMax, DType::Int64, 1).is_none());
    let mut counted = running::<f64>(Reduction::CountNonzero, DType::Int64, 1).unwrap();
    counted.deposit(0, &values);
    let counted =
        finish(Reduction::CountNonzero, counted.into_partial(&[1]).unwrap(), Ending::default());
    assert_eq!(counted.unwrap().0.to_vec::<i64>().unwrap(), [i64::from(count) - 1]);
}

#[test]
fn accumulators_are_numpys() {
    use DType as D;
    let sums = [
        (D::Bool, D::Int64),
        (D::Int8, D::Int64),
        (D::UInt8, D::UInt64),
        (D::Int32, D::Int64),
        (D::UInt32, D::UInt64),
        (D::Float16, D::Float16),
        (D::Complex64, D::Complex64),
    ];
    for (input, expected) in sums {
        assert_eq!(Reduction::Sum.accumulator(input, None), Ok(expected));
        assert_eq!(Reduction::Prod.accumulator(input, None), Ok(expected));
        assert_eq!(Reduction::Min.accumulator(input, None), Ok(input));
        assert_eq!(Reduction::ArgMin.accumulator(input, None), Ok(D::Int64));
        assert_eq!(Reduction::Any.accumulator(input, None), Ok(D::Bool));
        assert_eq!(Reduction::Sum.accumulator(input, Some(D::Float64)), Ok(D::Float64));
    }
    let deviations = Reduction::Variance;
    assert_eq!(deviations.accumulator(D::Bool, None), Ok(D::Float64));
    assert_eq!(deviations.accumulator(D::Complex64, None), Ok(D::Float32));
    assert_eq!(deviations.accumulator(D::Int8, Some(D::Float32)), Ok(D::Float32));
    assert!(deviations.accumulator(D::Int8, Some(D::Int8)).is_err());
    assert!(Reduction::Any.accumulator(D::Int8, Some(D::Int8)).is_err());
    for reduction in Reduction::ALL {
        assert!(reduction.accumulator(D::opaque(8, "'>f8'"), None).is_err());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let block = Block::zeroed(DType::Float64, &[2, 3]).unwrap();
    let labels = [Labels::POSITIONS, Labels::POSITIONS];
    let run = |reduction, mask: Option<&Block>| {
        partial(reduction, &block, &[true, false], mask, DType::Float64, &labels, &[2, 3])
    };
    let value = |result| matches!(result, Err(KernelError::Value(_)));
    for mask in [
        Block::zeroed(DType::UInt8, &[3]).unwrap(),
        Block::zeroed(DType::Bool, &[2]).unwrap(),
        Block::zeroed(DType::Bool, &[1, 2, 3]).unwrap(),
    ] {
        assert!(value(run(Reduction::Sum, Some(&mask))));
    }
    let mask = Block::zeroed(DType::Bool, &[3]).unwrap();
    assert!(value(run(Reduction::ArgMin, Some(&mask))));
    let opaque = Block::zeroed(DType::opaque(8, "'>f8'"), &[2]).unwrap();
    for reduction in Reduction::ALL {
        let result = partial(reduction, &opaque, &[true], None, DType::Float64, &labels[..1], &[2]);
        assert!(matches!(result, Err(KernelError::Type(_))), "{reduction:?}");
    }
}

#[test]
fn only_what_belongs_together_is_merged() {
    let sum = || identity(Reduction::Sum, &[2], DType::Float64);
    assert!(merge(Reduction::Sum, &mut sum(), &sum()).is_ok());
    assert!(
        merge(Reduction::Sum, &mut sum(), &identity(Reduction::Sum, &[3], DType::Float64)).is_err()
    );
    assert!(
        merge(Reduction::Sum, &mut sum(), &identity(Reduction::Prod, &[2], DType::Float64))
            .is_err()
    );
    assert!(merge(Reduction::Prod, &mut sum(), &sum()).is_err());
    let of = |dtype| {
        let block = Block::zeroed(dtype, &[4]).unwrap();
        partial(Reduction::Sum, &block, &[true], None, dtype, &[Labels::POSITIONS], &[4]).unwrap()
    };
    assert!(merge(Reduction::Sum, &mut of(DType::Int64), &of(DType::Float64)).is_err());
}

#[test]
fn foreign_bytes_are_refused() {
    let block = Block::zeroed(DType::Float64, &[4, 3]).unwrap();
    let labels = [Labels::POSITIONS, Labels::POSITIONS];
    for reduction in Reduction::ALL {
        let dtype = reduction.accumulator(DType::Float64, None).unwrap();
        let whole =
            partial(reduction, &block, &[true, false], None, dtype, &labels, &[4, 3]).unwrap();
        let bytes = whole.to_bytes();
        assert_eq!(Partial::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        for len in 0..bytes.len() {
            assert!(Partial::from_bytes(&bytes[..len]).is_err());
        }
        assert!(Partial::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        for place in 0..12 {
            let mut damaged = bytes.clone();
            damaged[place] = 0xff;
            assert!(Partial::from_bytes(&damaged).is_err(), "{reduction:?} {place}");
        }
    }
}
