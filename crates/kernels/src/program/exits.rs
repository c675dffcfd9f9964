//! Where a program may be left before its end, tile by tile.
//!
//! A loop that goes on with the elements that a mask allows, as the iterations of a Julia set do,
//! becomes a program with a choice for each turn. When no element of a tile is left, every further
//! turn gives what the one before it gave. That is found by going through the steps once, assuming
//! that a mask is false: choices are their last argument, and steps that do what was done already to
//! the same arguments give the same. If all results are known then, nothing that follows is needed,
//! and nothing that follows can meet a floating-point exception that was not met before.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::instruction::Instruction;
use super::{Operand, Program, Step};
use crate::promotion::Kind;
use crate::{DType, Op, Scalar};

/// A place where a program may be left, for a tile for which a mask is false everywhere.
#[derive(Debug)]
pub struct Exit {
    /// The instruction, by its number, after which it is left.
    pub after: usize,
    /// The step that gives the mask.
    pub mask: usize,
    /// The steps whose results are those of the outputs, in order.
    pub values: SmallVec<[usize; 2]>,
}

/// How many exits a program has at most: looking for one takes as long as there are steps.
const MOST: usize = 8;

/// The exits of a program, in order.
pub fn find(program: &Program, instructions: &[Instruction]) -> Box<[Exit]> {
    if program.outputs.iter().any(|output| output.mask.is_some()) {
        return Box::default();
    }
    let order = Order::new(program, instructions);
    let mut masks: Vec<(usize, usize)> = Vec::new();
    for step in &program.steps {
        if let Step::Apply { op: Op::Select, arguments, .. } = step
            && let [Operand::Register(mask), chosen, _] = arguments[..]
        {
            // What would be chosen has been computed, too: its exceptions count.
            let mut after = order.done[mask];
            if let Operand::Register(chosen) = chosen {
                after = after.max(order.done[chosen]);
            }
            match masks.iter_mut().find(|(known, _)| *known == mask) {
                Some((_, latest)) => *latest = after.max(*latest),
                None => masks.push((mask, after)),
            }
        }
    }
    masks.sort_by_key(|&(_, after)| after);
    let every = masks.len().div_ceil(MOST).max(2);
    let candidates = masks.into_iter().skip(every - 1).step_by(every);
    candidates.filter_map(|(mask, after)| order.exit(mask, after)).collect()
}

/// When what is computed.
struct Order<'a> {
    program: &'a Program,
    /// The instruction that carries out each step.
    done: Vec<usize>,
    /// The last instruction that reads the register of each step; none, for steps whose results are
    /// in none.
    read: Vec<Option<usize>>,
}

impl<'a> Order<'a> {
    fn new(program: &'a Program, instructions: &[Instruction]) -> Self {
        let count = program.steps.len();
        let (mut done, mut read) = (vec![usize::MAX; count], vec![None; count]);
        for (index, instruction) in instructions.iter().enumerate() {
            done[instruction.step] = index;
            read[instruction.step] = Some(index);
            for operand in &instruction.operands {
                if let Operand::Register(register) = *operand {
                    read[register] = Some(index);
                }
            }
        }
        // The first step of two is done with the second.
        for step in (0..count).rev() {
            for operand in program.steps[step].operands() {
                if let Operand::Register(first) = *operand
                    && done[first] == usize::MAX
                {
                    done[first] = done[step];
                }
            }
        }
        for output in &program.outputs {
            if let Operand::Register(register) = output.value {
                read[register] = Some(usize::MAX);
            }
        }
        Self { program, done, read }
    }

    /// Whether the result of a step is in its register when an instruction has been carried out.
    fn is_there(&self, step: usize, after: usize) -> bool {
        self.done[step] == after
            || (self.done[step] < after && self.read[step].is_some_and(|last| last > after))
    }

    /// The exit after an instruction, if there is one for tiles for which a mask is false.
    fn exit(&self, mask: usize, after: usize) -> Option<Exit> {
        if self.read[mask].is_none() || !self.is_there(mask, after) {
            return None;
        }
        let equal = self.equal(mask, after)?;
        let value = |operand: Operand| {
            let Operand::Register(result) = operand else { return None };
            let steps = 0..self.program.steps.len();
            let mut same = steps.rev().filter(|&step| equal[step] == equal[result]);
            same.find(|&step| self.read[step].is_some() && self.is_there(step, after))
        };
        let values = self.program.outputs.iter().map(|output| value(output.value));
        Some(Exit { after, mask, values: values.collect::<Option<_>>()? })
    }

    /// What each step gives if the mask is false: the same as what stands for it. `None`, if a step
    /// after the instruction may meet exceptions that have not been met yet.
    fn equal(&self, mask: usize, after: usize) -> Option<Vec<Operand>> {
        let steps = &self.program.steps;
        let mut equal: Vec<Operand> = (0..steps.len()).map(Operand::Register).collect();
        let mut known: HashMap<Key, usize> = HashMap::default();
        for is_done in [true, false] {
            for (index, step) in steps.iter().enumerate() {
                if (self.done[index] <= after) != is_done {
                    continue;
                }
                let arguments: SmallVec<[Operand; 3]> = step
                    .operands()
                    .iter()
                    .map(|&operand| match operand {
                        Operand::Register(register) => equal[register],
                        other => other,
                    })
                    .collect();
                if index != mask
                    && let Some(value) = simplified(step, &arguments, mask)
                {
                    equal[index] = value;
                    continue;
                }
                let key = key(step, &arguments);
                if let Some(&twin) = known.get(&key) {
                    equal[index] = equal[twin];
                } else if is_done {
                    known.insert(key, index);
                } else if may_meet_exceptions(step) {
                    return None;
                }
            }
        }
        Some(equal)
    }
}

/// What makes two steps the same: the operation, its dtypes, and its arguments.
type Key = (Option<Op>, DType, Option<DType>, SmallVec<[Argument; 3]>);

/// An argument, as one that can be looked up.
type Argument = (u8, usize, Option<DType>, u128);

fn key(step: &Step, arguments: &[Operand]) -> Key {
    let arguments = arguments.iter().map(|operand| match operand {
        Operand::Input(input) => (0, *input, None, 0),
        Operand::Register(register) => (1, *register, None, 0),
        Operand::Constant(value) => {
            let mut bytes = [0; 16];
            bytes[..value.bytes().len()].copy_from_slice(value.bytes());
            (2, 0, Some(value.dtype()), u128::from_ne_bytes(bytes))
        }
    });
    match step {
        Step::Apply { op, dtype, .. } => (Some(*op), *dtype, None, arguments.collect()),
        Step::Cast { from, to, .. } => (None, *from, Some(*to), arguments.collect()),
    }
}

/// What a step gives without being carried out, if the mask is false.
fn simplified(step: &Step, arguments: &[Operand], mask: usize) -> Option<Operand> {
    let mask = Operand::Register(mask);
    match (step, arguments) {
        (Step::Apply { op: Op::Select, .. }, &[choice, _, other]) if choice == mask => Some(other),
        (Step::Cast { from: DType::Bool, to, .. }, &[choice]) if choice == mask => {
            Scalar::from(false).cast(*to).ok().map(Operand::Constant)
        }
        (Step::Apply { op: Op::Add, dtype, .. }, &[number, Operand::Constant(more)])
        | (Step::Apply { op: Op::Add, dtype, .. }, &[Operand::Constant(more), number])
            if is_whole(*dtype) && !more.is_nonzero() =>
        {
            Some(number)
        }
        (Step::Apply { op, dtype: DType::Bool, .. }, &[first, second])
            if first == mask || second == mask =>
        {
            match op {
                Op::LogicalAnd | Op::BitwiseAnd | Op::Multiply => Some(mask),
                Op::LogicalOr | Op::BitwiseOr | Op::Add => {
                    Some(if first == mask { second } else { first })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether numbers of a dtype are booleans or integers.
fn is_whole(dtype: DType) -> bool {
    matches!(dtype.kind(), Kind::Bool | Kind::Signed | Kind::Unsigned)
}

/// Whether a step may meet floating-point exceptions.
fn may_meet_exceptions(step: &Step) -> bool {
    match step {
        Step::Apply { op: Op::Add | Op::Subtract | Op::Multiply | Op::Square, dtype, .. } => {
            !is_whole(*dtype)
        }
        Step::Apply { op, .. } => !op.is_quiet(),
        Step::Cast { from, .. } => !is_whole(*from),
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::program::Builder;
    use crate::program::instruction::Instruction;
    use crate::{Argument, Casting, DType, Op, Operand, Program, Scalar};

    fn apply(builder: &mut Builder, op: Op, operands: &[Operand]) -> Operand {
        let typed: Vec<Argument> =
            operands.iter().map(|&operand| Argument::Typed(builder.dtype(operand))).collect();
        let looped = op.resolve(&typed, None, Casting::Safe).unwrap();
        builder.apply(op, &looped, operands).unwrap()
    }

    /// Turns of a loop in which a number goes on as long as it is small; `next` makes the next one of
    /// it and of the number of the turn.
    fn program(turns: usize, next: impl Fn(&mut Builder, Operand, usize) -> Operand) -> Program {
        let mut builder = Builder::new();
        let mut value = builder.input(DType::Float64);
        for turn in 0..turns {
            let limit = Operand::Constant(Scalar::from(4.0));
            let small = apply(&mut builder, Op::Less, &[value, limit]);
            let more = next(&mut builder, value, turn);
            value = apply(&mut builder, Op::Select, &[small, more, value]);
        }
        builder.output(value, None);
        builder.finish()
    }

    fn exits(program: &Program) -> Vec<(usize, usize)> {
        let instructions = Instruction::in_pairs(program).unwrap();
        let exits = find(program, &instructions);
        exits.iter().map(|exit| (instructions[exit.after].step, exit.mask)).collect()
    }

    #[test]
    fn a_loop_is_left_when_nothing_goes_on() {
        let double = |builder: &mut Builder, value, _| {
            apply(builder, Op::Multiply, &[value, Operand::Constant(Scalar::from(2.0))])
        };
        // Every second turn, after the product: less, multiply, where.
        assert_eq!(exits(&program(6, double)), [(4, 3), (10, 9), (16, 15)]);
        assert_eq!(exits(&program(1, double)), []);
    }

    #[test]
    fn a_loop_is_not_left_before_all_exceptions_are_met() {
        // Each turn multiplies with another number, which may overflow.
        let more = |builder: &mut Builder, value, turn| {
            let number = Operand::Constant(Scalar::from(turn as f64));
            apply(builder, Op::Multiply, &[value, number])
        };
        assert_eq!(exits(&program(4, more)), [(10, 9)], "all are met in the last turn");
    }
}
