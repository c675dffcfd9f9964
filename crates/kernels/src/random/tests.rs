//! Random numbers: the same wherever they are made, and distributed as they should be.

use proptest::prelude::*;

use super::*;

fn filled(variate: Variate, dtype: DType, shape: &[usize], key: Words) -> Block {
    let block = Block::zeroed(dtype, shape).unwrap();
    let labels = vec![Labels::POSITIONS; shape.len()];
    fill(&block, variate, key, &labels, shape).unwrap();
    block
}

fn floats(variate: Variate, len: usize) -> Vec<f64> {
    filled(variate, DType::Float64, &[len], [11, 12]).to_vec().unwrap()
}

const NORMAL: Variate = Variate::Normal { loc: 0.0, scale: 1.0 };

#[test]
fn numbers_are_made_of_the_words_of_their_pair() {
    let uniform = floats(Variate::Uniform, 1000);
    for (index, &number) in (0_u64..).zip(&uniform) {
        let word = threefry([11, 12], [index / 2, 0])[(index % 2) as usize];
        assert_eq!(number.to_bits(), ((word >> 11) as f64 / (1_u64 << 53) as f64).to_bits());
    }
    let normal = floats(NORMAL, 1000);
    for (index, pair) in (0..).zip(normal.chunks(2)) {
        let [left, right] =
            threefry([11, 12], [index, 0]).map(|word| (word >> 11) as f64 / (1_u64 << 53) as f64);
        let radius = (-2.0 * (1.0 - left).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * right).sin_cos();
        assert!((pair[0] - radius * cosine).abs() < 1e-13);
        assert!((pair[1] - radius * sine).abs() < 1e-13);
    }
}

proptest! {
    #[test]
    fn numbers_depend_on_key_and_index_only(
        shape in prop::collection::vec(1_usize..8, 0..4),
        long in 1_usize..2000,
        variate in prop::sample::select(vec![
            (Variate::Uniform, DType::Float64),
            (Variate::Uniform, DType::Float16),
            (Variate::Normal { loc: 3.0, scale: 0.5 }, DType::Float64),
            (Variate::Normal { loc: 3.0, scale: 0.5 }, DType::Float32),
            (Variate::Integers { low: -3, high: 100 }, DType::Int8),
            (Variate::Integers { low: 0, high: i64::MAX }, DType::UInt64),
        ]),
        key: [u64; 2],
        (start, step, backwards) in (0_usize..5, 1_usize..4, any::<bool>()),
        as_list: bool,
        axis: prop::sample::Index,
        transposed: bool,
    ) {
        let (variate, dtype) = variate;
        let mut shape = shape;
        if shape.len() == 1 {
            shape[0] = long;
        }
        let whole = filled(variate, dtype, &shape, key);
        if shape.is_empty() {
            return Ok(());
        }
        // Every so many positions of one axis, in some memory order, are the same numbers.
        let axis = axis.index(shape.len());
        let mut positions: Vec<usize> = (start..shape[axis]).step_by(step).collect();
        if backwards {
            positions.reverse();
        }
        let mut labels = vec![Labels::POSITIONS; shape.len()];
        labels[axis] = if as_list || positions.len() < 2 {
            Labels::List(positions.iter().map(|&position| position as i64).collect())
        } else {
            let step = positions[1] as i64 - positions[0] as i64;
            Labels::Strided { start: positions[0] as i64, step }
        };
        let expected = whole.take_axis(axis, &positions);
        let mut own = expected.shape();
        let order: Vec<usize> = (0..own.len()).rev().collect();
        let part = if transposed {
            own.reverse();
            Block::zeroed(dtype, &own).unwrap().transpose(&order)
        } else {
            Block::zeroed(dtype, &own).unwrap()
        };
        fill(&part, variate, key, &labels, &shape).unwrap();
        let bytes = |block: &Block| {
            let width = block.shape().last().map_or(1, |last| last * dtype.itemsize());
            let block = block.copied().unwrap();
            if width == 0 { Vec::new() } else { block.view_dtype(DType::UInt8).unwrap().to_vec::<u8>().unwrap() }
        };
        prop_assert_eq!(bytes(&part), bytes(&expected));
    }
}

#[test]
fn keys_make_different_numbers() {
    let one = filled(Variate::Uniform, DType::Float64, &[100], [1, 0]).to_vec::<f64>().unwrap();
    for key in [[0, 0], [0, 1], [2, 0], [1, 1], [1, 1 << 63]] {
        let other = filled(Variate::Uniform, DType::Float64, &[100], key).to_vec::<f64>().unwrap();
        assert!(one.iter().zip(&other).all(|(left, right)| (left - right).abs() > 0.0));
    }
}

const MANY: usize = 200_000;

/// The mean of the powers of the numbers.
fn moment(numbers: &[f64], power: i32) -> f64 {
    numbers.iter().map(|number| number.powi(power)).sum::<f64>() / numbers.len() as f64
}

/// How unlikely counts are if all should be the same: about 1 standard deviation in size, if they
/// are random.
fn surprise(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let squares: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2)).sum();
    let freedom = (counts.len() - 1) as f64;
    (squares / expected - freedom) / (2.0 * freedom).sqrt()
}

fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let (left_mean, right_mean) = (moment(left, 1), moment(right, 1));
    let products =
        left.iter().zip(right).map(|(left, right)| (left - left_mean) * (right - right_mean));
    let variance = |numbers: &[f64], mean: f64| moment(numbers, 2) - mean * mean;
    products.sum::<f64>()
        / left.len() as f64
        / (variance(left, left_mean) * variance(right, right_mean)).sqrt()
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn uniform_numbers_are_uniform() {
    let numbers = floats(Variate::Uniform, MANY);
    assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    let error = 1.0 / (12.0 * MANY as f64).sqrt();
    assert!((moment(&numbers, 1) - 0.5).abs() < 4.0 * error);
    assert!((moment(&numbers, 2) - 1.0 / 3.0).abs() < 4.0 * error);
    let mut counts = vec![0; 1000];
    for number in &numbers {
        counts[(number * 1000.0) as usize] += 1;
    }
    assert!(surprise(&counts).abs() < 4.0);
    for lag in [1, 2, 3, 64, 1000] {
        let correlation = correlation(&numbers[lag..], &numbers[..MANY - lag]);
        assert!(correlation.abs() < 4.0 / (MANY as f64).sqrt(), "{lag}: {correlation}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn narrow_uniform_numbers_stay_below_one() {
    for dtype in [DType::Float16, DType::Float32] {
        let block = filled(Variate::Uniform, dtype, &[MANY], [5, 6]);
        let wide = Block::zeroed(DType::Float64, &[MANY]).unwrap();
        crate::copy::copy(&block, &wide).unwrap();
        let numbers = wide.to_vec::<f64>().unwrap();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!((moment(&numbers, 1) - 0.5).abs() < 0.003);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn normal_numbers_are_normal() {
    let numbers = floats(NORMAL, MANY);
    let error = 1.0 / (MANY as f64).sqrt();
    for (power, expected, deviation) in
        [(1, 0.0, 1.0_f64), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (6, 15.0, 10170.0)]
    {
        let found = moment(&numbers, power);
        assert!((found - expected).abs() < 4.0 * deviation.sqrt() * error, "{power}: {found}");
    }
    // The quantiles at tenths.
    let tenths: [f64; 5] = [-1.281_552, -0.841_621, -0.524_401, -0.253_347, 0.0];
    let mut counts = vec![0; 10];
    for number in &numbers {
        let lower = tenths.iter().filter(|quantile| number.abs() > quantile.abs()).count();
        counts[if *number < 0.0 { 5 - lower } else { 4 + lower }] += 1;
    }
    assert!(surprise(&counts).abs() < 4.0, "{counts:?}");
    let (even, odd): (Vec<f64>, Vec<f64>) =
        numbers.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    assert!(correlation(&even, &odd).abs() < 4.0 * error * std::f64::consts::SQRT_2);
    let squares =
        |numbers: &[f64]| numbers.iter().map(|number| number * number).collect::<Vec<_>>();
    assert!(correlation(&squares(&even), &squares(&odd)).abs() < 6.0 * error);
    let moved = floats(Variate::Normal { loc: -2.0, scale: 3.0 }, 100);
    for (moved, number) in moved.iter().zip(&numbers) {
        assert!((moved - (-2.0 + 3.0 * number)).abs() < 1e-14);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many numbers")]
fn integers_are_equally_likely() {
    for (low, high) in [(0, 2), (-5, 5), (100, 103), (0, 1000)] {
        let range = (high - low) as usize;
        let block = filled(Variate::Integers { low, high }, DType::Int64, &[MANY], [3, 4]);
        let mut counts = vec![0; range];
        for number in block.to_vec::<i64>().unwrap() {
            counts[(number - low) as usize] += 1;
        }
        assert!(surprise(&counts).abs() < 4.0, "{low} {high}");
    }
    // Of a range of three quarters of all words a quarter is drawn again.
    let (low, high) = (i64::MIN, i64::MIN.wrapping_add_unsigned(3 << 62));
    let block = filled(Variate::Integers { low, high }, DType::Int64, &[MANY], [3, 4]);
    let mut counts = vec![0; 3];
    for number in block.to_vec::<i64>().unwrap() {
        counts[(number.wrapping_sub(low) as u64 >> 62) as usize] += 1;
    }
    assert!(surprise(&counts).abs() < 4.0, "{counts:?}");
    let one = filled(Variate::Integers { low: 7, high: 8 }, DType::UInt8, &[50], [3, 4]);
    assert!(one.to_vec::<u8>().unwrap().iter().all(|&number| number == 7));
}

#[test]
fn what_makes_no_distribution_is_refused() {
    let refused = |variate, dtype| {
        let block = Block::zeroed(dtype, &[1]).unwrap();
        fill(&block, variate, [0, 0], &[Labels::POSITIONS], &[1]).unwrap_err()
    };
    let value = |error| matches!(error, KernelError::Value(_));
    let dtype = |error| matches!(error, KernelError::Type(_));
    let integers = |low, high| Variate::Integers { low, high };
    assert!(value(refused(Variate::Normal { loc: 0.0, scale: -1.0 }, DType::Float64)));
    assert!(value(refused(integers(3, 3), DType::Int64)));
    assert!(value(refused(integers(-1, 3), DType::UInt64)));
    assert!(value(refused(integers(0, 257), DType::UInt8)));
    assert!(value(refused(integers(0, 3), DType::Bool)));
    assert!(dtype(refused(integers(0, 3), DType::Float64)));
    assert!(dtype(refused(Variate::Uniform, DType::Int64)));
    assert!(dtype(refused(NORMAL, DType::Complex128)));
    assert!(dtype(refused(Variate::Uniform, DType::opaque(8, "'>f8'"))));
}
