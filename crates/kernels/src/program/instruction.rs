//! The instructions of a program: a call of a loop for each step, or for two steps at once.

use smallvec::{SmallVec, smallvec};

use super::{Operand, Program, Step};
use crate::math::magnitude_kernel;
use crate::ops::{Kernel, Pair, Shape, cast_kernel, counting_kernel, kernel_with_number};
use crate::scalar::no_cast;
use crate::{DType, KernelError, Op, Result};

/// A call of a loop.
#[derive(Debug)]
pub struct Instruction {
    pub kernel: Kernel,
    /// The arguments of the loop.
    pub operands: SmallVec<[Operand; 3]>,
    /// Which of them are numbers of which the loop reads one element: for other loops, numbers are
    /// repeated.
    pub numbers: [bool; 3],
    /// The size of an item of each argument.
    pub itemsizes: [usize; 3],
    /// The dtype of the result.
    pub output: DType,
    /// The step whose result it is.
    pub step: usize,
    /// Whether the floating-point exceptions that it meets mean nothing.
    pub quiet: bool,
}

impl Instruction {
    /// The instruction for one step.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoLoop`] or [`KernelError::Type`] when there is no loop for it.
    pub fn of_step(program: &Program, step: usize) -> Result<Self> {
        let operands: SmallVec<[Operand; 3]> =
            program.steps[step].operands().iter().copied().collect();
        let (mut numbers, mut itemsizes) = ([false; 3], [0; 3]);
        let (kernel, output, quiet) = match &program.steps[step] {
            Step::Apply { op, dtype, .. } => {
                let entry = op
                    .entry(*dtype)
                    .filter(|_| operands.len() == op.arity())
                    .ok_or(KernelError::NoLoop { op: op.name() })?;
                for (position, itemsize) in itemsizes.iter_mut().enumerate().take(operands.len()) {
                    *itemsize = op.argument(*dtype, position).itemsize();
                }
                let number = match operands[..] {
                    [first, second] if is_number(first) != is_number(second) => {
                        Some(usize::from(is_number(second)))
                    }
                    _ => None,
                };
                let found =
                    number.and_then(|place| Some((place, kernel_with_number(*op, *dtype, place)?)));
                if let Some((place, _)) = found {
                    numbers[place] = true;
                }
                (found.map_or(entry.kernel, |(_, kernel)| kernel), entry.output, op.is_quiet())
            }
            Step::Cast { from, to, .. } => {
                itemsizes[0] = from.itemsize();
                (cast_kernel(*from, *to).ok_or_else(|| no_cast(*from, *to))?, *to, false)
            }
        };
        Ok(Self { kernel, operands, numbers, itemsizes, output, step, quiet })
    }

    /// The instructions for all steps in order, one for each.
    ///
    /// # Errors
    ///
    /// As [`Instruction::of_step`].
    pub fn one_by_one(program: &Program) -> Result<Box<[Self]>> {
        (0..program.steps.len()).map(|step| Self::of_step(program, step)).collect()
    }

    /// The instructions for all steps in order. There is one for two steps where a loop does both
    /// and nobody else wants what the first of them gives.
    ///
    /// # Errors
    ///
    /// As [`Instruction::of_step`].
    pub fn in_pairs(program: &Program) -> Result<Box<[Self]>> {
        let mut uses: SmallVec<[usize; 16]> = smallvec![0; program.steps.len()];
        for operand in program.operands() {
            if let Operand::Register(register) = operand {
                uses[register] += 1;
            }
        }
        // Last steps first: what is the first of two is known before it would get one of its own.
        let mut is_first: SmallVec<[bool; 16]> = smallvec![false; program.steps.len()];
        let mut instructions = Vec::new();
        for step in (0..program.steps.len()).rev() {
            if is_first[step] {
                continue;
            }
            let free = |register: usize, count: usize| uses[register] == count;
            let pair = Self::of_pair(program, step, free)
                .or_else(|| Self::of_magnitude(program, step, free))
                .or_else(|| Self::of_count(program, step, free));
            instructions.push(match pair {
                Some((first, instruction)) => {
                    is_first[first] = true;
                    instruction
                }
                None => Self::of_step(program, step)?,
            });
        }
        instructions.reverse();
        Ok(instructions.into())
    }

    /// The instruction for a step and one whose result it takes, and which one that is. `free` says
    /// whether a result is read so many times.
    fn of_pair(
        program: &Program,
        step: usize,
        free: impl Fn(usize, usize) -> bool,
    ) -> Option<(usize, Self)> {
        let (second, dtype, arguments) = product(&program.steps[step])?;
        let make = |register: usize, shape: Shape, third: Option<Operand>| {
            let (first, taken, [a, b]) = product(&program.steps[register])?;
            let numbers = [is_number(a), is_number(b), third.is_some_and(is_number)];
            let pair = Pair { dtype, first, second, shape, numbers };
            let (pair, swaps) = pair.normal();
            let kernel = pair.kernel().filter(|_| taken == dtype)?;
            let operands = if swaps { [b, a] } else { [a, b] };
            let instruction = Self {
                kernel,
                operands: operands.into_iter().chain(third).collect(),
                numbers: pair.numbers,
                itemsizes: [dtype.itemsize(); 3],
                output: dtype,
                step,
                quiet: second.is_quiet() && first.is_quiet(),
            };
            Some((register, instruction))
        };
        match arguments {
            [Operand::Register(one), Operand::Register(other)] if one == other => {
                // A square reads its argument once.
                let count = program.steps[step].operands().len();
                if free(one, count) { make(one, Shape::Both, None) } else { None }
            }
            [first, second] => {
                let after = match second {
                    Operand::Register(it) if free(it, 1) => make(it, Shape::Second, Some(first)),
                    _ => None,
                };
                after.or_else(|| match first {
                    Operand::Register(it) if free(it, 1) => make(it, Shape::First, Some(second)),
                    _ => None,
                })
            }
        }
    }
}

impl Instruction {
    /// The instruction for a comparison of magnitudes with a number, as [`Instruction::of_pair`].
    fn of_magnitude(
        program: &Program,
        step: usize,
        free: impl Fn(usize, usize) -> bool,
    ) -> Option<(usize, Self)> {
        let (comparison, _, arguments) = product(&program.steps[step])?;
        let (comparison, register, number) = match arguments {
            [Operand::Register(register), number @ Operand::Constant(_)] => {
                (comparison, register, number)
            }
            [number @ Operand::Constant(_), Operand::Register(register)] => {
                (turned(comparison)?, register, number)
            }
            _ => return None,
        };
        let Step::Apply { op: Op::Absolute, dtype, arguments } = &program.steps[register] else {
            return None;
        };
        let kernel = magnitude_kernel(*dtype, comparison).filter(|_| free(register, 1))?;
        let instruction = Self {
            kernel,
            operands: smallvec![arguments[0], number],
            numbers: [false, true, false],
            itemsizes: [dtype.itemsize(), dtype.real().itemsize(), 0],
            output: DType::Bool,
            step,
            quiet: false,
        };
        Some((register, instruction))
    }

    /// The instruction for a sum of numbers and booleans that were converted, as
    /// [`Instruction::of_pair`].
    fn of_count(
        program: &Program,
        step: usize,
        free: impl Fn(usize, usize) -> bool,
    ) -> Option<(usize, Self)> {
        let (Op::Add, output, arguments) = product(&program.steps[step])? else { return None };
        let converted = |operand: Operand| match operand {
            Operand::Register(register) if free(register, 1) => match program.steps[register] {
                Step::Cast { argument, from: DType::Bool, .. } if !is_number(argument) => {
                    Some((register, argument))
                }
                _ => None,
            },
            _ => None,
        };
        let [first, second] = arguments;
        let (number, (register, booleans)) = match (converted(second), converted(first)) {
            (Some(found), _) if !is_number(first) => (first, found),
            (_, Some(found)) if !is_number(second) => (second, found),
            _ => return None,
        };
        let instruction = Self {
            kernel: counting_kernel(output)?,
            operands: smallvec![number, booleans],
            numbers: [false; 3],
            itemsizes: [output.itemsize(), 1, 0],
            output,
            step,
            quiet: false,
        };
        Some((register, instruction))
    }
}

/// The comparison that says the same of its arguments the other way round.
fn turned(comparison: Op) -> Option<Op> {
    match comparison {
        Op::Less => Some(Op::Greater),
        Op::LessEqual => Some(Op::GreaterEqual),
        Op::Greater => Some(Op::Less),
        Op::GreaterEqual => Some(Op::LessEqual),
        _ => None,
    }
}

/// A step that takes two arguments of one dtype. A square is a product.
fn product(step: &Step) -> Option<(Op, DType, [Operand; 2])> {
    match step {
        Step::Apply { op: Op::Square, dtype, arguments } => {
            Some((Op::Multiply, *dtype, [*arguments.first()?; 2]))
        }
        Step::Apply { op, dtype, arguments } => {
            Some((*op, *dtype, arguments.as_slice().try_into().ok()?))
        }
        Step::Cast { .. } => None,
    }
}

fn is_number(operand: Operand) -> bool {
    matches!(operand, Operand::Constant(_))
}

#[cfg(test)]
mod tests {
    use super::Instruction;
    use crate::program::Builder;
    use crate::{Argument, Casting, DType, Op, Operand, Scalar};

    struct Writer(Builder);

    impl Writer {
        fn apply(&mut self, op: Op, operands: &[Operand]) -> Operand {
            let typed: Vec<Argument> =
                operands.iter().map(|&operand| Argument::Typed(self.0.dtype(operand))).collect();
            let looped = op.resolve(&typed, None, Casting::Safe).unwrap();
            self.0.apply(op, &looped, operands).unwrap()
        }
    }

    fn number(value: f64) -> Operand {
        Operand::Constant(Scalar::from(value))
    }

    /// The steps whose results the instructions of a program compute, for an expression of four
    /// inputs; `stored` are its results.
    fn steps(
        dtype: DType,
        write: impl FnOnce(&mut Writer, &[Operand]) -> Vec<Operand>,
    ) -> Vec<usize> {
        let mut writer = Writer(Builder::new());
        let inputs: Vec<Operand> = (0..4).map(|_| writer.0.input(dtype)).collect();
        for stored in write(&mut writer, &inputs) {
            writer.0.output(stored, None);
        }
        let program = writer.0.finish();
        let instructions = Instruction::in_pairs(&program).unwrap();
        instructions.iter().map(|instruction| instruction.step).collect()
    }

    #[test]
    fn two_steps_are_one_instruction_where_nobody_else_wants_the_first() {
        // (a + b + c + d) * 0.25
        let found = steps(DType::Float64, |it, v| {
            let sum = it.apply(Op::Add, &[v[0], v[1]]);
            let sum = it.apply(Op::Add, &[sum, v[2]]);
            let sum = it.apply(Op::Add, &[sum, v[3]]);
            vec![it.apply(Op::Multiply, &[number(0.25), sum])]
        });
        assert_eq!(found, [1, 3]);
        // 2 * a + 3 * b - a * b * c + 1
        let found = steps(DType::Float64, |it, v| {
            let left = it.apply(Op::Multiply, &[number(2.0), v[0]]);
            let right = it.apply(Op::Multiply, &[number(3.0), v[1]]);
            let sum = it.apply(Op::Add, &[left, right]);
            let product = it.apply(Op::Multiply, &[v[0], v[1]]);
            let product = it.apply(Op::Multiply, &[product, v[2]]);
            let difference = it.apply(Op::Subtract, &[sum, product]);
            vec![it.apply(Op::Add, &[difference, number(1.0)])]
        });
        assert_eq!(found, [0, 2, 4, 6]);
        let square = |it: &mut Writer, v: &[Operand]| {
            let difference = it.apply(Op::Subtract, &[v[0], v[1]]);
            [difference, it.apply(Op::Square, &[difference])]
        };
        let found = steps(DType::Float32, |it, v| square(it, v)[1..].to_vec());
        assert_eq!(found, [1]);
        let found = steps(DType::Float32, |it, v| square(it, v).to_vec());
        assert_eq!(found, [0, 1], "the difference is stored, too");
        let found = steps(DType::Int16, |it, v| square(it, v)[1..].to_vec());
        assert_eq!(found, [0, 1], "there is no such loop");
    }
}
