//! How far values in single precision are from the truth, which double precision knows.

use super::super::*;
use super::{Function, Random, evaluate, loops};
use crate::ops::library::Library;

/// How many units in the last place a value is off.
fn error(found: f32, truth: f64) -> f64 {
    let nearest = truth as f32;
    if nearest.is_infinite() || nearest.is_nan() || nearest == 0.0 {
        let is_same = found == nearest || found.is_nan() && nearest.is_nan();
        // The truth may be as near to the least number as to zero.
        return if is_same || f64::from(found).abs() <= 1.5e-45 { 0.0 } else { f64::INFINITY };
    }
    let unit = f64::from(nearest.abs().next_up() - nearest.abs());
    let unit = if unit.is_finite() { unit } else { 2.0_f64.powi(104) };
    (f64::from(found) - truth).abs() / unit
}

/// Checks a function for one of so many bit patterns.
fn check<F: Function<f32, 1>>(name: &str, limit: f64, truth: fn(f64) -> f64) {
    let points: Vec<f32> = (0..u32::MAX).step_by(65_521).map(f32::from_bits).collect();
    for (stamp, kernel) in loops::<f32, F, 1, f32>() {
        let values = evaluate(kernel, &[&points]);
        let mut worst = 0.0_f64;
        for (&value, &point) in values.iter().zip(&points) {
            let error = error(value, truth(point.into()));
            assert!(error <= limit, "{name}, {stamp}: {point:?} gives {value:?}, {error} off");
            worst = worst.max(error);
        }
        println!("{name:<10}{stamp:<10}{worst:.3}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn functions_of_one_number() {
    check::<Exp>("exp", 1.25, f64::exp);
    check::<Exp2>("exp2", 1.25, f64::exp2);
    check::<Expm1>("expm1", 1.5, f64::exp_m1);
    check::<Log>("log", 1.0, f64::ln);
    check::<Log2>("log2", 1.0, f64::log2);
    check::<Log10>("log10", 1.0, f64::log10);
    check::<Log1p>("log1p", 1.5, f64::ln_1p);
    check::<Sin>("sin", 2.0, f64::sin);
    check::<Cos>("cos", 2.0, f64::cos);
    check::<Tan>("tan", 2.0, f64::tan);
    check::<Arcsin>("arcsin", 1.5, f64::asin);
    check::<Arccos>("arccos", 1.5, f64::acos);
    check::<Arctan>("arctan", 1.5, f64::atan);
    check::<Sinh>("sinh", 2.0, f64::sinh);
    check::<Cosh>("cosh", 2.0, f64::cosh);
    check::<Tanh>("tanh", 3.0, f64::tanh);
    check::<Arcsinh>("arcsinh", 2.0, Library::inverse_sinh);
    check::<Arccosh>("arccosh", 2.0, Library::inverse_cosh);
    check::<Arctanh>("arctanh", 2.5, Library::inverse_tanh);
    check::<Erf>("erf", 1.0, Library::error_function);
    check::<Cbrt>("cbrt", 1.0, f64::cbrt);
}

/// Checks a function on pairs of numbers.
fn check_pairs<F: Function<f32, 2>>(limit: f64, [a, b]: [&[f32]; 2], truth: fn(f64, f64) -> f64) {
    for (stamp, kernel) in loops::<f32, F, 2, f32>() {
        let values = evaluate(kernel, &[a, b]);
        for ((&value, &a), &b) in values.iter().zip(a).zip(b) {
            let error = error(value, truth(a.into(), b.into()));
            assert!(error <= limit, "{stamp}: {a:?}, {b:?} give {value:?}, {error} off");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn functions_of_two_numbers() {
    let numbers: Vec<f32> =
        (0..u32::MAX).step_by(16_384_001).map(f32::from_bits).chain([0.5, -2.0, 3.0]).collect();
    let a: Vec<f32> = numbers.iter().flat_map(|&a| numbers.iter().map(move |_| a)).collect();
    let b: Vec<f32> = numbers.iter().flat_map(|_| numbers.iter().copied()).collect();
    check_pairs::<Power>(4.0, [&a, &b], f64::powf);
    check_pairs::<Arctan2>(1.75, [&a, &b], f64::atan2);
    check_pairs::<Hypot>(1.5, [&a, &b], f64::hypot);
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn functions_of_two_numbers_of_one_size() {
    let mut random = Random(1);
    let mut column =
        |low, high| -> Vec<f32> { (0..20_000).map(|_| random.uniform(low, high) as f32).collect() };
    let (a, b, powers) = (column(0.1, 5.0), column(-5.0, 5.0), column(-126.0, 126.0));
    check_pairs::<Power>(4.0, [&a, &b], f64::powf);
    check_pairs::<Arctan2>(1.75, [&b, &a], f64::atan2);
    check_pairs::<Hypot>(1.5, [&b, &a], f64::hypot);
    // Values over the whole range, for which the logarithm needs most digits.
    let b: Vec<f32> = a.iter().zip(powers).map(|(a, power)| power / a.log2()).collect();
    check_pairs::<Power>(4.0, [&a, &b], f64::powf);
}
