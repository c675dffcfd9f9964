//! What C99's Annex F says of zeros, infinities, NaN and the ends of domains.

use super::super::*;
use super::{Function, evaluate, loops};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Checks that a function gives these very values, signs of zeros included, in both precisions.
fn check<F: Function<f64, N> + Function<f32, N>, const N: usize>(table: &[([f64; N], f64)]) {
    for &(arguments, expected) in table {
        let is_same = |found: f64| {
            found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan()
        };
        for (stamp, kernel) in loops::<f64, F, N, f64>() {
            let found = evaluate(kernel, &arguments.each_ref().map(std::slice::from_ref))[0];
            assert!(is_same(found), "{stamp}: {arguments:?} gives {found:?}, not {expected:?}");
        }
        let arguments = arguments.map(|x| x as f32);
        for (stamp, kernel) in loops::<f32, F, N, f32>() {
            let found = evaluate(kernel, &arguments.each_ref().map(std::slice::from_ref))[0];
            let is_same = found.to_bits() == (expected as f32).to_bits()
                || found.is_nan() && expected.is_nan();
            assert!(is_same, "{stamp}: {arguments:?} gives {found:?}, not {expected:?}");
        }
    }
}

fn check_one<F: Function<f64, 1> + Function<f32, 1>>(table: &[(f64, f64)]) {
    let table: Vec<([f64; 1], f64)> = table.iter().map(|&(x, y)| ([x], y)).collect();
    check::<F, 1>(&table);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn exponentials_and_logarithms() {
    check_one::<Exp>(&[
        (0.0, 1.0),
        (-0.0, 1.0),
        (INF, INF),
        (-INF, 0.0),
        (NAN, NAN),
        (1e4, INF),
        (-1e4, 0.0),
    ]);
    check_one::<Exp2>(&[
        (0.0, 1.0),
        (-0.0, 1.0),
        (INF, INF),
        (-INF, 0.0),
        (NAN, NAN),
        (10.0, 1024.0),
        (-3.0, 0.125),
    ]);
    check_one::<Expm1>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (INF, INF),
        (-INF, -1.0),
        (NAN, NAN),
        (-1e3, -1.0),
    ]);
    check_one::<Log>(&[
        (0.0, -INF),
        (-0.0, -INF),
        (1.0, 0.0),
        (-1.0, NAN),
        (INF, INF),
        (-INF, NAN),
        (NAN, NAN),
    ]);
    check_one::<Log2>(&[
        (0.0, -INF),
        (-0.0, -INF),
        (1.0, 0.0),
        (-1.0, NAN),
        (INF, INF),
        (NAN, NAN),
        (0.125, -3.0),
    ]);
    check_one::<Log10>(&[
        (0.0, -INF),
        (-0.0, -INF),
        (1.0, 0.0),
        (-1.0, NAN),
        (INF, INF),
        (NAN, NAN),
        (1000.0, 3.0),
    ]);
    check_one::<Log1p>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (-1.0, -INF),
        (-2.0, NAN),
        (INF, INF),
        (NAN, NAN),
    ]);
    let powers: Vec<_> = (0..22).map(|n| (10.0_f64.powi(n), f64::from(n))).collect();
    for (_, kernel) in loops::<f64, Log10, 1, f64>() {
        for &(power, exponent) in &powers {
            assert_eq!(evaluate(kernel, &[&[power]]), [exponent]);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn circular_functions() {
    check_one::<Sin>(&[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]);
    check_one::<Cos>(&[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]);
    check_one::<Tan>(&[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]);
    let half = std::f64::consts::FRAC_PI_2;
    check_one::<Arcsin>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (1.0, half),
        (-1.0, -half),
        (2.0, NAN),
        (NAN, NAN),
    ]);
    check_one::<Arccos>(&[(1.0, 0.0), (0.0, half), (-1.0, 2.0 * half), (-2.0, NAN), (NAN, NAN)]);
    check_one::<Arctan>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (INF, half),
        (-INF, -half),
        (NAN, NAN),
        (1.0, half / 2.0),
    ]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn hyperbolic_functions() {
    check_one::<Sinh>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (INF, INF),
        (-INF, -INF),
        (NAN, NAN),
        (1e4, INF),
    ]);
    check_one::<Cosh>(&[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (-1e4, INF)]);
    check_one::<Tanh>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (INF, 1.0),
        (-INF, -1.0),
        (NAN, NAN),
        (50.0, 1.0),
    ]);
    check_one::<Arcsinh>(&[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)]);
    check_one::<Arccosh>(&[
        (1.0, 0.0),
        (0.5, NAN),
        (-2.0, NAN),
        (INF, INF),
        (-INF, NAN),
        (NAN, NAN),
    ]);
    check_one::<Arctanh>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (1.0, INF),
        (-1.0, -INF),
        (2.0, NAN),
        (INF, NAN),
        (NAN, NAN),
    ]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn roots() {
    check_one::<Erf>(&[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (7.0, 1.0)]);
    check_one::<Cbrt>(&[
        (0.0, 0.0),
        (-0.0, -0.0),
        (INF, INF),
        (-INF, -INF),
        (NAN, NAN),
        (27.0, 3.0),
        (-8.0, -2.0),
    ]);
    check::<Hypot, 2>(&[
        ([INF, NAN], INF),
        ([NAN, -INF], INF),
        ([NAN, 1.0], NAN),
        ([0.0, -0.0], 0.0),
        ([-3.0, 0.0], 3.0),
        ([3.0, -4.0], 5.0),
    ]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn angles() {
    let pi = std::f64::consts::PI;
    check::<Arctan2, 2>(&[
        ([0.0, 0.0], 0.0),
        ([-0.0, 0.0], -0.0),
        ([0.0, -0.0], pi),
        ([-0.0, -0.0], -pi),
        ([0.0, -1.0], pi),
        ([-0.0, -1.0], -pi),
        ([0.0, 1.0], 0.0),
        ([-0.0, 1.0], -0.0),
        ([1.0, 0.0], pi / 2.0),
        ([-1.0, -0.0], -pi / 2.0),
        ([1.0, INF], 0.0),
        ([-1.0, INF], -0.0),
        ([1.0, -INF], pi),
        ([INF, 1.0], pi / 2.0),
        ([INF, INF], pi / 4.0),
        ([-INF, -INF], -3.0 * pi / 4.0),
        ([NAN, 1.0], NAN),
        ([1.0, NAN], NAN),
    ]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn powers() {
    check::<Power, 2>(&[
        ([0.0, -1.0], INF),
        ([-0.0, -1.0], -INF),
        ([-0.0, -2.0], INF),
        ([0.0, -2.5], INF),
        ([-0.0, 3.0], -0.0),
        ([-0.0, 2.0], 0.0),
        ([-1.0, INF], 1.0),
        ([-1.0, -INF], 1.0),
        ([1.0, NAN], 1.0),
        ([NAN, 0.0], 1.0),
        ([NAN, -0.0], 1.0),
        ([NAN, 1.0], NAN),
        ([-8.0, 1.0 / 3.0], NAN),
        ([-2.0, 3.0], -8.0),
        ([-2.0, 4.0], 16.0),
        ([-2.0, -1.0], -0.5),
        ([0.5, INF], 0.0),
        ([2.0, INF], INF),
        ([0.5, -INF], INF),
        ([2.0, -INF], 0.0),
        ([-INF, -3.0], -0.0),
        ([-INF, 3.0], -INF),
        ([-INF, 2.0], INF),
        ([INF, -1.0], 0.0),
        ([INF, 0.5], INF),
        ([1e30, 1e30], INF),
        ([1e-30, 1e30], 0.0),
        ([3.0, 2.0], 9.0),
        ([2.0, 0.5], std::f64::consts::SQRT_2),
        ([3.0, 0.5], 3.0_f64.sqrt()),
        ([3.0, -1.0], 1.0 / 3.0),
        ([1.1, 1.0], 1.1),
    ]);
}

#[test]
#[cfg_attr(miri, ignore = "Miri lacks functions of the C library")]
fn tiny_numbers_stay_what_they_are() {
    macro_rules! check_all {
        ($($function:ident),*) => {$(
            for (stamp, kernel) in loops::<f64, $function, 1, f64>() {
                for x in [f64::from_bits(1), 1e-310, f64::MIN_POSITIVE, 1e-300, 1e-200, 1e-100, 1e-20] {
                    assert_eq!(evaluate(kernel, &[&[x, -x]]), [x, -x], "{stamp}");
                }
            }
            for (stamp, kernel) in loops::<f32, $function, 1, f32>() {
                for x in [f32::from_bits(1), 1e-40, f32::MIN_POSITIVE, 1e-30, 1e-15] {
                    assert_eq!(evaluate(kernel, &[&[x, -x]]), [x, -x], "{stamp}");
                }
            }
        )*};
    }
    check_all!(Expm1, Log1p, Sin, Tan, Arcsin, Arctan, Sinh, Tanh, Arcsinh, Arctanh);
}
