//! Functions of complex numbers.

use num_complex::Complex;

use super::super::*;
use super::accuracy::error;
use super::double_double::{Double, Scaled};
use super::{Random, evaluate, evaluate_to, loops};

/// Complex numbers with parts up to a size, some small or zero, and other kinds of numbers.
fn numbers(len: usize, size: f64, seed: u64) -> Vec<Complex<f64>> {
    let mut random = Random(seed);
    let mut part = |index: usize| match index % 5 {
        0 => random.scaled(-90, 3),
        1 => [0.0, -0.0, 1.0, f64::INFINITY, f64::NAN][random.bits() as usize % 5],
        _ => random.uniform(-size, size),
    };
    (0..len).map(|index| Complex::new(part(index), part(index / 5))).collect()
}

fn is_finite(x: &Complex<f64>) -> bool {
    x.re.is_finite() && x.im.is_finite()
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn exponentials_are_near_the_truth() {
    let mut points = numbers(4000, 20.0, 1);
    points.extend(numbers(1000, 590.0, 2));
    points.retain(is_finite);
    for (stamp, kernel) in loops::<Complex<f64>, ComplexExp, 1, Complex<f64>>() {
        let values: Vec<Complex<f64>> = evaluate(kernel, &[&points]);
        for (x, value) in points.iter().zip(values) {
            let Scaled(size, power) = Double::from(x.re).exp();
            let [up, across] = Double::from(x.im).sin_cos();
            for (found, part) in [(value.re, across), (value.im, up)] {
                let error = error(found, Scaled(size * part, power));
                assert!(error <= 2.0, "{stamp}: {x} gives {value}, {error} off");
            }
        }
    }
    let singles: Vec<Complex<f32>> =
        points.iter().map(|x| Complex::new(x.re as f32, x.im as f32)).collect();
    for (stamp, kernel) in loops::<Complex<f32>, ComplexExp, 1, Complex<f32>>() {
        let values: Vec<Complex<f32>> = evaluate(kernel, &[&singles]);
        for (x, value) in singles.iter().zip(values) {
            let wide = Complex::new(f64::from(x.re), f64::from(x.im));
            let size = wide.re.exp();
            for (found, truth) in
                [(value.re, size * wide.im.cos()), (value.im, size * wide.im.sin())]
            {
                let nearest = truth as f32;
                let unit = f64::from(nearest.abs().next_up() - nearest.abs());
                let is_near = found == nearest || (f64::from(found) - truth).abs() <= 2.0 * unit;
                assert!(is_near, "{stamp}: {x} gives {value}, not {truth}");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn magnitudes_are_near_the_truth() {
    let mut points = numbers(4000, 10.0, 3);
    points.retain(is_finite);
    for (stamp, kernel) in loops::<Complex<f64>, ComplexAbsolute, 1, f64>() {
        let values: Vec<f64> = evaluate_to(kernel, &[&points]);
        for (x, value) in points.iter().zip(values) {
            let truth = Double::from(x.re).hypot(x.im.into());
            let error = if x.norm() == 0.0 { value } else { error(value, truth) };
            assert!(error <= 1.5, "{stamp}: {x} gives {value}, {error} off");
        }
    }
}

/// Bits that are the same for all NaN.
fn bits(x: Complex<f64>) -> [u64; 2] {
    [x.re, x.im].map(|part| if part.is_nan() { !0 } else { part.to_bits() })
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn quotients_are_those_of_the_definition() {
    let a = numbers(5000, 5.0, 4);
    let b = numbers(5000, 5.0, 5);
    for (stamp, kernel) in loops::<Complex<f64>, ComplexDivide, 2, Complex<f64>>() {
        let values: Vec<Complex<f64>> = evaluate(kernel, &[&a, &b]);
        for ((&a, &b), value) in a.iter().zip(&b).zip(values) {
            let expected = <ComplexDivide as super::Function<_, 2>>::unusual([a, b]);
            assert_eq!(bits(value), bits(expected), "{stamp}: {a} / {b}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn values_do_not_depend_on_place_or_length() {
    let x = numbers(300, 30.0, 6);
    for (_, kernel) in loops::<Complex<f64>, ComplexExp, 1, Complex<f64>>() {
        let whole: Vec<Complex<f64>> = evaluate(kernel, &[&x]);
        for (start, end) in [(0, 1), (3, 68), (64, 300)] {
            let part: Vec<Complex<f64>> = evaluate(kernel, &[&x[start..end]]);
            for (found, expected) in part.into_iter().zip(&whole[start..end]) {
                assert_eq!(bits(found), bits(*expected));
            }
        }
    }
}
