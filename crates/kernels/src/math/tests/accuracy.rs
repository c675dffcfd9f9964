//! How far values in double precision are from the truth, over the whole range.

use super::super::*;
use super::double_double::{Double, Scaled};
use super::{Function, Random, evaluate, loops};

/// How many points of each kind.
const POINTS: usize = 1000;

/// `x` times a power of two, which may itself be beyond the range.
fn times_power_of_two(x: f64, power: i32) -> f64 {
    let third = power / 3;
    x * 2.0_f64.powi(third) * 2.0_f64.powi(third) * 2.0_f64.powi(power - 2 * third)
}

/// How many units in the last place a value is off.
pub(super) fn error(found: f64, Scaled(truth, power): Scaled) -> f64 {
    if truth.0 == 0.0 || found == 0.0 {
        return if truth.0 == found { 0.0 } else { f64::INFINITY };
    }
    // To near 1, where nothing is too large or too small.
    let exponent = (truth.0.abs().to_bits() >> 52) as i32 - 1023;
    let near = |x: f64| times_power_of_two(x, -exponent);
    let truth = Double(near(truth.0), near(truth.1));
    let power = power + exponent;
    if power > 1023 {
        return if found.is_infinite() { 0.0 } else { f64::INFINITY };
    }
    // Subnormal numbers have fewer digits.
    let unit = 2.0_f64.powi((-52).max(-1074 - power));
    let gap = Double::from(times_power_of_two(found, -power)) - truth;
    gap.0.abs() / unit
}

/// Checks a function on points against its definition.
fn check<F: Function<f64, N>, const N: usize>(
    name: &str,
    limit: f64,
    points: &[[f64; N]],
    truth: impl Fn([Double; N]) -> Scaled,
) {
    let columns: [Vec<f64>; N] =
        std::array::from_fn(|axis| points.iter().map(|point| point[axis]).collect());
    let truths: Vec<Scaled> = points.iter().map(|&point| truth(point.map(Double::from))).collect();
    for (stamp, kernel) in loops::<f64, F, N, f64>() {
        let values = evaluate(kernel, &columns.each_ref().map(Vec::as_slice));
        let mut worst = (0.0, points[0], 0.0);
        for ((&value, &truth), &point) in values.iter().zip(&truths).zip(points) {
            let error = error(value, truth);
            assert!(error <= limit, "{name}, {stamp}: {point:?} gives {value:?}, {error} off");
            if error > worst.0 {
                worst = (error, point, value);
            }
        }
        println!("{name:<10}{stamp:<10}{:.3} at {:?}", worst.0, worst.1);
    }
}

/// Makes points of a kind.
type Kind<'a, const N: usize> = &'a dyn Fn(&mut Random) -> [f64; N];

/// A list of points, some of each kind.
fn points<const N: usize>(seed: u64, kinds: &[Kind<'_, N>]) -> Vec<[f64; N]> {
    let mut random = Random(seed);
    kinds
        .iter()
        .flat_map(|kind| (0..POINTS).map(|_| kind(&mut random)).collect::<Vec<_>>())
        .collect()
}

/// Checks a function of one number on points of some kinds.
macro_rules! check {
    ($function:ident, $limit:literal, |$x:ident| $truth:expr, $($kind:expr),* $(,)?) => {
        let points = points(line!().into(), &[$(&|random: &mut Random| {
            let kind: fn(&mut Random) -> f64 = $kind;
            [kind(random)]
        }),*]);
        check::<$function, 1>(stringify!($function), $limit, &points, |[$x]| $truth.into());
    };
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn exponentials() {
    check!(Exp, 1.25, |x| x.exp(), |r| r.uniform(-744.0, 709.7), |r| r.uniform(-2.0, 2.0), |r| r
        .scaled(-60, 0));
    check!(
        Expm1,
        2.0,
        |x| x.exp_m1(),
        |r| r.uniform(-744.0, 709.7),
        |r| r.uniform(-2.0, 2.0),
        |r| r.scaled(-900, 0)
    );
    let ln_2 = Double(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
    check!(
        Exp2,
        1.25,
        |x| (x * ln_2).exp(),
        |r| r.uniform(-1022.0, 1023.9),
        |r| r.uniform(-2.0, 2.0),
        |r| r.scaled(-60, 0)
    );
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn logarithms() {
    let base = |x: f64| Double::from(1.0) / Double::from(x).ln();
    let (two, ten) = (base(2.0), base(10.0));
    macro_rules! check_log {
        ($function:ident, |$x:ident| $truth:expr) => {
            check!(
                $function,
                1.25,
                |$x| $truth,
                |r| r.scaled(-1022, 1023).abs(),
                |r| r.uniform(0.5, 2.0),
                |r| 1.0 + r.scaled(-52, -1),
                |r| r.uniform(0.0, 100.0),
                |r| f64::from_bits(r.bits() >> 12)
            );
        };
    }
    check_log!(Log, |x| x.ln());
    check_log!(Log2, |x| x.ln() * two);
    check_log!(Log10, |x| x.ln() * ten);
    check!(
        Log1p,
        1.5,
        |x| x.ln_1p(),
        |r| r.scaled(-900, 1023).abs(),
        |r| r.uniform(-0.9999, 2.0),
        |r| r.scaled(-100, 0),
        |r| -1.0 + r.scaled(-52, 0).abs()
    );
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn circular_functions() {
    macro_rules! check_circular {
        ($function:ident, $limit:literal, |$x:ident| $truth:expr) => {
            check!(
                $function,
                $limit,
                |$x| $truth,
                |r| r.uniform(-2.0, 2.0),
                |r| r.uniform(-100.0, 100.0),
                |r| r.scaled(-900, 0),
                |r| r.scaled(0, 44),
                |r| (r.scaled(0, 20).round() * std::f64::consts::FRAC_PI_2),
                |r| (r.scaled(0, 40).round() * std::f64::consts::FRAC_PI_2)
            );
        };
    }
    check_circular!(Sin, 1.75, |x| x.sin_cos()[0]);
    check_circular!(Cos, 1.75, |x| x.sin_cos()[1]);
    check_circular!(Tan, 1.5, |x| x.sin_cos()[0] / x.sin_cos()[1]);
    check!(
        Arcsin,
        1.5,
        |x| x.asin(),
        |r| r.uniform(-1.0, 1.0),
        |r| r.scaled(-500, 0),
        |r| 1.0 - r.scaled(-53, -1).abs(),
        |r| r.uniform(0.4, 0.6)
    );
    check!(
        Arccos,
        1.5,
        |x| x.acos(),
        |r| r.uniform(-1.0, 1.0),
        |r| r.scaled(-500, 0),
        |r| 1.0 - r.scaled(-53, -1).abs(),
        |r| r.uniform(-0.6, 0.6)
    );
    check!(
        Arctan,
        2.0,
        |x| if x.0.abs() < 1e30 {
            x.atan2(1.0.into())
        } else {
            Double::from(1.0_f64.copysign(x.0)).atan2(0.0.into())
        },
        |r| r.scaled(-500, 1023),
        |r| r.uniform(-3.0, 3.0),
        |r| r.scaled(-20, 20),
        |r| 1.0 + r.scaled(-52, -2)
    );
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn hyperbolic_functions() {
    check!(Sinh, 2.5, |x| x.sinh(), |r| r.uniform(-710.4, 710.4), |r| r.uniform(-3.0, 3.0), |r| r
        .scaled(-900, 0));
    check!(Cosh, 2.0, |x| x.cosh(), |r| r.uniform(-710.4, 710.4), |r| r.uniform(-3.0, 3.0), |r| r
        .scaled(-900, 0));
    check!(Tanh, 3.5, |x| x.tanh(), |r| r.uniform(-25.0, 25.0), |r| r.uniform(-3.0, 3.0), |r| r
        .scaled(-900, 1023));
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn inverse_hyperbolic_functions() {
    check!(Arcsinh, 3.0, |x| x.asinh(), |r| r.scaled(-900, 1023), |r| r.uniform(-3.0, 3.0), |r| r
        .scaled(-30, 30));
    check!(
        Arccosh,
        3.0,
        |x| x.acosh(),
        |r| r.scaled(0, 1023).abs(),
        |r| r.uniform(1.0, 10.0),
        |r| 1.0 + r.scaled(-52, 30).abs()
    );
    check!(Arctanh, 3.0, |x| x.atanh(), |r| r.scaled(-900, 0), |r| r.uniform(-1.0, 1.0), |r| 1.0
        - r.scaled(-52, -1).abs());
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn error_function() {
    check!(Erf, 1.75, |x| x.erf(), |r| r.uniform(-7.0, 7.0), |r| r.uniform(-1.5, 1.5), |r| r
        .scaled(-900, 1023));
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn roots() {
    check!(Cbrt, 1.0, |x| x.cbrt(), |r| r.scaled(-1022, 1023), |r| r.uniform(-8.0, 8.0));
    let pairs = points(
        1,
        &[
            &|r| [r.scaled(-1022, 1022), r.scaled(-1022, 1022)],
            &|r| [r.uniform(-3.0, 3.0), r.uniform(-3.0, 3.0)],
            &|r| {
                let a = r.scaled(-1000, 1000);
                [a, a * r.scaled(-28, 22)]
            },
        ],
    );
    check::<Hypot, 2>("Hypot", 1.5, &pairs, |[a, b]| a.hypot(b));
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn angles() {
    let pairs = points(
        2,
        &[
            &|r| [r.uniform(-3.0, 3.0), r.uniform(-3.0, 3.0)],
            &|r| [r.scaled(-200, 200), r.scaled(-200, 200)],
            &|r| {
                let a = r.scaled(-50, 50);
                [a, a * r.scaled(-4, 4)]
            },
            &|r| {
                let a = r.scaled(-50, 50);
                [a, a * (1.0 + r.scaled(-52, -2))]
            },
        ],
    );
    check::<Arctan2, 2>("Arctan2", 2.0, &pairs, |[y, x]| y.atan2(x).into());
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn powers() {
    let pairs = points(
        3,
        &[
            &|r| [r.uniform(0.0, 10.0), r.uniform(-10.0, 10.0)],
            &|r| {
                let base = r.scaled(-1022, 1023).abs();
                [base, r.uniform(-1022.0, 1023.0) / base.log2()]
            },
            &|r| {
                let base = 1.0 + r.scaled(-30, -1);
                [base, r.uniform(-1022.0, 1023.0) / base.log2()]
            },
            &|r| [r.uniform(0.5, 2.0), r.scaled(-20, 9)],
            &|r| [r.scaled(-20, 20), r.scaled(0, 5).round()],
        ],
    );
    check::<Power, 2>("Power", 1.5, &pairs, |[base, exponent]| {
        let Scaled(value, power) = (exponent * base.abs().ln()).exp();
        let is_negative = base.0 < 0.0 && exponent.0 % 2.0 != 0.0;
        Scaled(if is_negative { -value } else { value }, power)
    });
}
