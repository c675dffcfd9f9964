//! Which loop takes which arguments, against what NumPy does (see data/generate.py).

use distarray_kernels::{Argument, Casting, DType, Op};

/// The dtypes of the table, by NumPy's characters.
const CHARACTERS: &str = "?bBhHiIlLefdFD";

fn arguments() -> Vec<Argument> {
    let weak = [Argument::PythonInt, Argument::PythonFloat, Argument::PythonComplex];
    DType::NATIVE.into_iter().map(Argument::Typed).chain(weak).collect()
}

fn character(dtype: DType) -> char {
    let position = DType::NATIVE.into_iter().position(|native| native == dtype).unwrap();
    CHARACTERS.chars().nth(position).unwrap()
}

#[test]
fn results_have_numpys_dtypes() {
    let mut wrong = Vec::new();
    for line in include_str!("data/dtypes.txt").lines() {
        let (name, expected) = line.split_once(' ').unwrap();
        let op = Op::from_name(name).unwrap_or_else(|| panic!("no operation {name}"));
        let mut combinations: Vec<Vec<Argument>> = vec![Vec::new()];
        for _ in 0..op.arity() {
            combinations = combinations
                .into_iter()
                .flat_map(|first| {
                    arguments().into_iter().map(move |last| [first.clone(), vec![last]].concat())
                })
                .collect();
        }
        assert_eq!(combinations.len(), expected.len(), "{name}");
        for (combination, expected) in combinations.iter().zip(expected.chars()) {
            let found = op
                .resolve(combination, None, Casting::SameKind)
                .map_or('.', |looped| character(looped.output));
            if found != expected {
                wrong.push(format!("{name} {combination:?}: {found}, NumPy {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_error_function_has_scipys_dtypes() {
    let found: String = arguments()
        .into_iter()
        .map(|argument| {
            Op::Erf
                .resolve(&[argument], None, Casting::SameKind)
                .map_or('.', |looped| character(looped.output))
        })
        .collect();
    assert_eq!(found, "ddddddddddfd..dd.");
}
