//! What operations give for special values, and which floating-point exceptions they report,
//! against what NumPy does (see data/generate.py).

use std::collections::HashMap;

use num_complex::Complex;

use distarray_kernels::{
    Argument, Block, Casting, DType, FloatFlags, Kind, Op, Program, Source, copy,
};

/// Operations that the C library computes.
const LIBRARY: [&str; 26] = [
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "logaddexp",
    "logaddexp2",
    "hypot",
    "arctan2",
    "power",
    "float_power",
];

fn dtype(character: char) -> DType {
    let position = "?bBhHiIlLefdFD".chars().position(|known| known == character).unwrap();
    DType::NATIVE[position]
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|j| u8::from_str_radix(&hex[2 * j..2 * j + 2], 16).unwrap()).collect()
}

fn block(dtype: DType, bytes: &[u8]) -> Block {
    Block::from_slice(bytes, &[bytes.len()]).unwrap().view_dtype(dtype).unwrap()
}

/// The arguments of an operation for all combinations of special values.
fn arguments(op: Op, dtype: DType, special: &[u8]) -> Vec<Block> {
    let special = block(dtype, special);
    let len = special.size();
    if op.arity() == 1 {
        return vec![special];
    }
    let other = if op == Op::Ldexp {
        Block::from_slice(&[0, 1, -30, 2000, -3000, 1i64 << 40], &[6]).unwrap()
    } else if op == Op::Power && DType::promote(dtype, DType::Int8) == Ok(dtype) {
        if [DType::Int8, DType::Int16, DType::Int32, DType::Int64].contains(&dtype) {
            let values = special.copied().unwrap();
            for index in 0..len {
                if values.read(&[index]).as_i64().unwrap() < 0 {
                    copy::fill(&values.index_axis(0, index), &0i64.into()).unwrap();
                }
            }
            values
        } else {
            special.clone()
        }
    } else {
        special.clone()
    };
    let shape = [len, other.size()];
    let flat = |block: &Block| {
        let copied = block.broadcast_to(&shape).unwrap().copied().unwrap();
        let bytes: Vec<u8> = copied.view_dtype(DType::UInt8).unwrap().to_vec().unwrap();
        self::block(block.dtype(), &bytes)
    };
    vec![flat(&special.insert_axis(1)), flat(&other)]
}

fn evaluate(op: Op, arguments: &[Block]) -> (Block, FloatFlags) {
    let typed: Vec<Argument> =
        arguments.iter().map(|block| Argument::Typed(block.dtype())).collect();
    let sources: Vec<Source> = arguments.iter().map(|block| Source::Block(block.dtype())).collect();
    let looped = op.resolve(&typed, None, Casting::SameKind).unwrap();
    let program = Program::single(op, &looped, &sources, looped.output, false).unwrap();
    let shape = arguments[0].shape();
    let output = Block::zeroed(looped.output, &shape).unwrap();
    let flags = program.evaluate(&shape, arguments, &[], std::slice::from_ref(&output)).unwrap();
    (output, flags)
}

/// How many units in the last place two floats are apart; 0 for two NaNs.
#[expect(clippy::float_cmp, reason = "equal floats are no distance apart")]
fn distance(found: f64, expected: f64, single: bool, signs: bool) -> f64 {
    if found.is_nan() && expected.is_nan() || found == expected {
        return if found == 0.0 && signs && found.is_sign_negative() != expected.is_sign_negative() {
            f64::INFINITY
        } else {
            0.0
        };
    }
    let unit = if single {
        let expected = expected as f32;
        f64::from(expected.abs().next_up() - expected.abs())
    } else {
        expected.abs().next_up() - expected.abs()
    };
    let gap = (found - expected).abs() / unit;
    if gap.is_nan() { f64::INFINITY } else { gap }
}

/// How many units in the last place a result may be off: 0 where IEEE 754 or NumPy define it.
fn tolerance(op: Op, dtype: DType) -> f64 {
    let complex = matches!(dtype, DType::Complex64 | DType::Complex128);
    let name = op.name();
    match (LIBRARY.contains(&name), complex) {
        (true, false) => 4.0,
        (true, true) => 8.0,
        // NumPy fuses a product and a sum where the processor can.
        (false, true)
            if ["multiply", "square", "divide", "reciprocal", "absolute", "sign", "sqrt"]
                .contains(&name) =>
        {
            4.0
        }
        _ => 0.0,
    }
}

fn flags_text(flags: FloatFlags) -> String {
    let letters =
        [(flags.divide, 'd'), (flags.invalid, 'i'), (flags.overflow, 'o'), (flags.underflow, 'u')];
    let text: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// The flags without underflow where a function of the C library decides about it.
fn comparable(op: Op, flags: &str) -> String {
    let kept = if op == Op::Spacing || LIBRARY.contains(&op.name()) {
        flags.replace('u', "")
    } else {
        flags.to_owned()
    };
    if kept.is_empty() { "-".to_owned() } else { kept }
}

/// Whether the flags for some arguments may differ from NumPy's: what its loops for complex
/// numbers and `logaddexp` report of NaN is an accident of their comparisons, vector instructions
/// for complex numbers meet differences of infinities that they then throw away, and infinite
/// powers are exact in the C library.
fn may_differ(op: Op, values: &[Complex<f64>], result: Complex<f64>, complex: bool) -> bool {
    let loose = complex || op == Op::Logaddexp || op == Op::Logaddexp2;
    (loose && values.iter().any(|value| value.is_nan()))
        || (complex && !result.is_finite())
        || (op == Op::Power && values[1].re.is_infinite())
}

/// A line of the table: an operation, a dtype, NumPy's results and flags.
struct Case<'a> {
    op: Op,
    arguments: Vec<Block>,
    expected: Block,
    flags: Vec<&'a str>,
}

impl Case<'_> {
    /// What differs from NumPy.
    fn differences(&self) -> Vec<String> {
        let (op, dtype) = (self.op, self.arguments[0].dtype());
        let (found, all_flags) = evaluate(op, &self.arguments);
        assert_eq!(found.dtype(), self.expected.dtype(), "{op:?} {dtype}");
        let complex = dtype.kind() == Kind::Complex;
        // Which of two equal zeros is taken depends, in NumPy, on the processor and the length.
        let signs = ![Op::Maximum, Op::Minimum, Op::Fmax, Op::Fmin].contains(&op);
        let single = found.dtype().real() == DType::Float32;
        let (mut wrong, mut union) = (Vec::new(), String::new());
        let mut all_comparable = true;
        for (index, flags) in self.flags.iter().enumerate() {
            let place = |block: &Block| block.slice_axis(0, index, 1, 1);
            let one: Vec<Block> = self.arguments.iter().map(place).collect();
            let values: Vec<_> = one.iter().map(|block| block.read(&[0]).as_complex()).collect();
            let (result, expected) = (found.read(&[index]), self.expected.read(&[index]));
            let (a, b) = (result.as_complex(), expected.as_complex());
            let gap = distance(a.re, b.re, single, signs).max(distance(a.im, b.im, single, signs));
            let exact = result == expected;
            let flags_found = comparable(op, &flags_text(evaluate(op, &one).1));
            let flags = comparable(op, flags);
            let skip = may_differ(op, &values, b, complex);
            all_comparable &= !skip;
            union += &flags;
            if !exact && gap > tolerance(op, dtype) || flags_found != flags && !skip {
                wrong.push(format!(
                    "{} {dtype} {values:?}: {a} {flags_found}, NumPy {b} {flags} (off by {gap})",
                    op.name()
                ));
            }
        }
        let all = comparable(op, &flags_text(all_flags));
        let missing = all.chars().any(|flag| flag != '-' && !union.contains(flag))
            || union.chars().any(|flag| flag != '-' && !all.contains(flag));
        if all_comparable && missing {
            wrong.push(format!("{} {dtype}: all flags {all}, NumPy {union}", op.name()));
        }
        wrong
    }
}

#[test]
fn special_values_give_numpys_results() {
    let mut special: HashMap<&str, Vec<u8>> = HashMap::new();
    let mut wrong = Vec::new();
    for line in include_str!("data/values.txt").lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        if fields[0] == "special" {
            special.insert(fields[1], bytes(fields[2]));
            continue;
        }
        let op = Op::from_name(fields[0]).unwrap();
        let dtype = dtype(fields[1].chars().next().unwrap());
        let arguments = arguments(op, dtype, &special[fields[1]]);
        let output = evaluate(op, &arguments).0.dtype();
        let expected = block(output, &bytes(fields[2]));
        let mut flags: Vec<&str> = fields[3].split(',').collect();
        if fields[3] == "-" {
            flags = vec!["-"; expected.size()];
        }
        assert_eq!(arguments[0].size(), flags.len(), "{op:?} {dtype}");
        wrong.extend(Case { op, arguments, expected, flags }.differences());
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
