//! A value depends on nothing but its arguments.

use super::super::*;
use super::{Function, Random, evaluate, loops};
use crate::program::flags::{self, Record};

/// Arguments of all kinds, usual ones and others.
fn arguments(len: usize, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..len)
        .map(|index| match index % 7 {
            0 => random.scaled(-1022, 1023),
            1 => f64::from_bits(random.bits()),
            2 => random.uniform(-1.0, 1.0),
            3 => {
                [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN][random.bits() as usize % 5]
            }
            _ => random.uniform(-20.0, 20.0),
        })
        .collect()
}

/// Bits that are the same for all NaN.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { !0 } else { value.to_bits() }).collect()
}

fn check<F: Function<f64, N> + Function<f32, N>, const N: usize>() {
    let inputs: [Vec<f64>; N] = std::array::from_fn(|axis| arguments(700, axis as u64));
    let mut by_fused = None;
    for (stamp, kernel) in loops::<f64, F, N, f64>() {
        let whole = evaluate(kernel, &inputs.each_ref().map(Vec::as_slice));
        for (start, end) in [(0, 1), (1, 64), (3, 68), (63, 65), (5, 261), (64, 700), (699, 700)] {
            let part = evaluate(kernel, &inputs.each_ref().map(|input| &input[start..end]));
            assert_eq!(bits(&part), bits(&whole[start..end]), "{stamp}, {start}..{end}");
        }
        if stamp != "baseline" {
            let first = by_fused.get_or_insert_with(|| bits(&whole));
            assert_eq!(*first, bits(&whole), "{stamp}");
        }
    }
    let inputs = inputs.map(|input| input.iter().map(|&x| x as f32).collect::<Vec<_>>());
    let mut by_fused = None;
    for (stamp, kernel) in loops::<f32, F, N, f32>() {
        let bits = |values: &[f32]| bits(&values.iter().map(|&x| x.into()).collect::<Vec<_>>());
        let whole = evaluate(kernel, &inputs.each_ref().map(Vec::as_slice));
        for (start, end) in [(0, 1), (3, 68), (64, 700)] {
            let part = evaluate(kernel, &inputs.each_ref().map(|input| &input[start..end]));
            assert_eq!(bits(&part), bits(&whole[start..end]), "{stamp}, {start}..{end}");
        }
        if stamp != "baseline" {
            let first = by_fused.get_or_insert_with(|| bits(&whole));
            assert_eq!(*first, bits(&whole), "{stamp}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
fn values_do_not_depend_on_place_length_or_registers() {
    macro_rules! check_all {
        ($($function:ident),*) => { $(check::<$function, 1>();)* };
    }
    check_all!(
        Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Sin, Cos, Tan, Arcsin, Arccos, Arctan, Sinh,
        Cosh, Tanh, Arcsinh, Arccosh, Arctanh, Cbrt, Erf
    );
    check::<Power, 2>();
    check::<Arctan2, 2>();
    check::<Hypot, 2>();
}

#[test]
fn chunks_and_what_is_left_of_them_are_filled() {
    for len in [0, 1, 63, 64, 65, 300] {
        let x: Vec<f32> = (0..len).map(|index| index as f32 / 8.0 - 10.0).collect();
        for (stamp, kernel) in loops::<f32, Exp, 1, f32>() {
            for (x, value) in x.iter().zip(evaluate(kernel, &[&x])) {
                assert!((value / x.exp() - 1.0).abs() < 1e-5, "{stamp}: {x} gives {value}");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no floating-point environment")]
fn exceptions_of_formulas_are_forgotten() {
    for (stamp, kernel) in loops::<f64, Power, 2, f64>() {
        flags::take();
        // In the formula the exponent times the logarithm of the base overflows.
        assert_eq!(evaluate::<f64, 2>(kernel, &[&[1e-3], &[1e308]]), [0.0]);
        let mut record = Record::default();
        record.add(0, flags::take());
        let (_, found) = record.finish()[0];
        assert!(found.underflow & !found.overflow, "{stamp}: {found:?}");
    }
}
