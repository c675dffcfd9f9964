//! Results from all their elements at once, beside those of sums that are kept.

use half::f16;
use num_complex::Complex;
use proptest::prelude::*;

use super::*;
use crate::reduce::whole;
use crate::{Bool, Element, FloatFlags, Scalar};

const REDUCTIONS: [Reduction; 5] = [
    Reduction::Sum,
    Reduction::Mean,
    Reduction::Variance,
    Reduction::StandardDeviation,
    Reduction::Norm,
];

/// Elements that are hard to sum: of near and far exponents, that cancel, are special, or are just
/// between two floats when they are added up.
fn elements() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -1.0..1.0,
        6 => (-3_i32..4).prop_map(f64::from),
        3 => Just(0.1),
        3 => (-30_i32..30, 1_i32..3).prop_map(|(exponent, sign)| {
            (2.0 * f64::from(sign) - 3.0) * 2_f64.powi(exponent)
        }),
        2 => (-60_i32..60, -1.0..1.0).prop_map(|(exponent, value)| value * 2_f64.powi(exponent)),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            -0.0, f64::MAX, -f64::MAX, f64::MIN_POSITIVE, 5e-324, -5e-324, f64::INFINITY,
            f64::NEG_INFINITY, f64::NAN, 1.0 + f64::EPSILON, 2_f64.powi(-53), 3.0 * 2_f64.powi(-54),
            65504.0, 65520.0, 1e300, -1e300, 1e-170, 1e170, 2_f64.powi(53), 16_777_217.0,
        ]),
    ]
}

/// What is asked, the answer, and the flags; by sums that are kept.
fn by_sums(
    reduction: Reduction,
    block: &Block,
    reduced: &[bool],
    mask: Option<&Block>,
    dtype: DType,
    ending: Ending,
) -> (Vec<u8>, FloatFlags) {
    let (labels, shape) = (vec![Labels::POSITIONS; block.ndim()], block.shape());
    let partial = partial(reduction, block, reduced, mask, dtype, &labels, &shape).unwrap();
    let (block, flags) = finish(reduction, partial, ending).unwrap();
    (bits(&block), flags)
}

/// The bytes of a result; all NaN are one.
fn bits(block: &Block) -> Vec<u8> {
    fn of<T: Element>(block: &Block, is_nan: impl Fn(T) -> bool) -> Vec<u8> {
        let values = block.to_vec::<T>().unwrap();
        let bytes = block.to_bytes().unwrap();
        let bytes = bytes.chunks(size_of::<T>()).zip(values);
        bytes
            .flat_map(
                |(bytes, value)| {
                    if is_nan(value) { vec![0xff; bytes.len()] } else { bytes.to_vec() }
                },
            )
            .collect()
    }
    match block.dtype() {
        DType::Float16 => of::<f16>(block, f16::is_nan),
        DType::Float32 => of::<f32>(block, f32::is_nan),
        DType::Complex64 => {
            of::<Complex<f32>>(block, |value| value.re.is_nan() || value.im.is_nan())
        }
        DType::Complex128 => {
            of::<Complex<f64>>(block, |value| value.re.is_nan() || value.im.is_nan())
        }
        DType::Float64 => of::<f64>(block, f64::is_nan),
        _ => block.to_bytes().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 200 }))]

    #[test]
    fn whole_lanes_give_the_bits_of_sums_that_are_kept(
        reduction in prop::sample::select(REDUCTIONS.to_vec()),
        (input, dtype) in prop::sample::select(vec![
            (DType::Float64, None), (DType::Float64, None), (DType::Float32, None),
            (DType::Float32, Some(DType::Float64)), (DType::Float16, None), (DType::Int32, None),
            (DType::Complex64, None), (DType::Complex128, None),
        ]),
        values in prop::collection::vec(elements(), 1..200),
        rows in 1_usize..12,
        lanes in 16_usize..90,
        layout in 0..4,
        cut in 0_usize..12,
        ddof in 0_u8..3,
        scale in -40_i32..40,
        selected in prop::option::of(prop::collection::vec(any::<bool>(), 1..100)),
    ) {
        let values: Vec<f64> = values.iter().cycle().take(rows * lanes)
            .map(|value| value * 2_f64.powi(scale)).collect();
        let values = Block::from_slice(&values, &[rows, lanes]).unwrap();
        let block = cast(&values, input);
        let (block, reduced, axis) = match layout {
            0 => (block, vec![true, false], 0),
            1 => (block.transpose(&[1, 0]), vec![false, true], 1),
            // Columns next to each other in memory, of as many rows as the lanes are long.
            2 => (cast(&values.transpose(&[1, 0]), input), vec![false, true], 1),
            _ => {
                let wide = cast(&values, input).transpose(&[1, 0]);
                let wide = Block::from_slice(&wide.to_bytes().unwrap(), &[lanes * rows * input.itemsize()])
                    .unwrap().view_dtype(input).unwrap();
                (Block::from_flattened(&wide, &[lanes, rows]), vec![false, true], 1)
            }
        };
        let Ok(dtype) = reduction.accumulator(input, dtype) else { return Ok(()) };
        let ending = Ending { ddof: f64::from(ddof), ..Ending::default() };
        let mask = selected.map(|selected| {
            let selected = selected.iter().cycle().take(block.size()).map(|&each| Bool::new(each));
            Block::from_slice(&selected.collect::<Vec<Bool>>(), &block.shape()).unwrap()
        });
        let (expected, expected_flags) = by_sums(reduction, &block, &reduced, mask.as_ref(), dtype, ending);
        let cut = cut.min(rows);
        let parts = [(0, cut), (cut, rows - cut)];
        let cut_up = |block: &Block| -> Vec<Block> {
            parts.iter().map(|&(start, len)| block.slice_axis(axis, start, 1, len)).collect()
        };
        for is_cut in [false, true] {
            let of = |block: &Block| if is_cut { cut_up(block) } else { vec![block.clone()] };
            let (pieces, masks) = (of(&block), mask.as_ref().map_or_else(Vec::new, of));
            let found = whole(reduction, &pieces, &masks, &reduced, dtype, ending).unwrap();
            if let Some((found, flags)) = found {
                prop_assert_eq!(bits(&found), &expected[..], "{:?} of {:?}", reduction, input);
                prop_assert_eq!(flags, expected_flags);
            } else {
                let is_complex = matches!(input, DType::Complex64 | DType::Complex128);
                let is_of_squares = !matches!(reduction, Reduction::Sum | Reduction::Mean);
                let is_integer = dtype == DType::Int64;
                prop_assert!(
                    is_integer || is_complex && is_of_squares || ending.ddof >= rows as f64 || pieces.len() > 1
                );
            }
        }
    }
}

#[test]
fn lanes_of_many_elements_and_of_equal_ones() {
    for value in [0.0, 1.0, 0.1, -3.7e200, 1e-300] {
        for rows in [1, 3, 40, 1024] {
            let block = Block::uninitialised(DType::Float64, &[rows, 70]).unwrap();
            copy::fill(&block, &Scalar::new(value)).unwrap();
            for reduction in REDUCTIONS {
                let ending = Ending::default();
                let expected =
                    by_sums(reduction, &block, &[true, false], None, DType::Float64, ending).0;
                let blocks = std::slice::from_ref(&block);
                let found = whole(reduction, blocks, &[], &[true, false], DType::Float64, ending);
                assert_eq!(
                    bits(&found.unwrap().unwrap().0),
                    expected,
                    "{reduction:?} {value} {rows}"
                );
            }
        }
    }
}
