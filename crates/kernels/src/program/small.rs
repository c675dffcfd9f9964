//! The short way for few elements that lie one after another: one call a step, and no walk.

#![expect(unsafe_code, reason = "loops are called on memory")]

use smallvec::SmallVec;

use super::flags::{self, Record};
use super::instruction::Instruction;
use super::ready::Ready;
use super::scratch::Scratch;
use super::stream;
use super::tile::{BLOCK, block_len};
use super::{Operand, Program};
use crate::buffer::ALIGNMENT;
use crate::copy::rows::fill_row;
use crate::ops::Status;
use crate::promotion::Kind;
use crate::walk::{Motion, PerBlock};
use crate::{Block, Result};

impl Program {
    /// Runs the program over blocks that fit it, if there are few elements, no masks and no labels,
    /// and no block broadcasts or has gaps; `None` otherwise.
    pub(super) fn run_small(
        &self,
        ready: &Ready,
        shape: &[usize],
        inputs: &[Block],
        outputs: &[Block],
    ) -> Option<Result<Record>> {
        let len: usize = shape.iter().product();
        // One call needs no registers, which would have to fit a cache. Whoever sets short blocks
        // wants to see many of them.
        let is_one_call = || {
            ready.is_one_call
                && len <= MOST_AT_ONCE
                && block_len() == BLOCK
                && !stream::is_worth(self, len)
        };
        let suits = (len <= block_len() || is_one_call())
            && inputs.len() == self.inputs.len()
            && inputs.iter().chain(outputs).all(|block| is_plain(block, len))
            && self.outputs.iter().all(|output| output.mask.is_none());
        if !suits {
            return None;
        }
        let replaces =
            outputs.iter().any(|output| inputs.iter().any(|input| input.may_overlap(output)));
        let is_input = |operand: Operand| matches!(operand, Operand::Input(_));
        if replaces && self.outputs.iter().any(|output| is_input(output.value)) {
            return None;
        }
        if replaces && len > block_len() {
            return None;
        }
        if len <= block_len() {
            // Results are written where they belong, unless something there may still be read.
            return Some(self.run_at_once(&ready.single, ready, len, inputs, outputs, !replaces));
        }
        let record = self.run_at_once(&ready.instructions, ready, len, inputs, outputs, true);
        // Of two steps in one call nobody knows which one met something.
        let is_known = |record: &Record| ready.single.len() == 1 || record.is_empty();
        Some(record).filter(|record| record.as_ref().map_or(true, is_known))
    }

    fn run_at_once(
        &self,
        instructions: &[Instruction],
        ready: &Ready,
        len: usize,
        inputs: &[Block],
        outputs: &[Block],
        direct: bool,
    ) -> Result<Record> {
        // Of one call on more elements, at most a number is kept.
        let room = (len.min(block_len()) * WIDEST).next_multiple_of(ALIGNMENT);
        let mut scratch = Scratch::new((self.steps.len() + ready.constants) * room);
        let mut free = scratch.as_mut_ptr();
        let mut next = || {
            let register = free;
            free = free.wrapping_add(room);
            register
        };
        let mut results: SmallVec<[*mut u8; 8]> = SmallVec::new();
        let find = |operand, results: &[*mut u8], register: *mut u8, count| match operand {
            Operand::Input(input) => inputs[input].as_ptr(),
            Operand::Register(step) => results[step],
            Operand::Constant(value) => {
                let unit = Some(Motion::Stride(value.dtype().itemsize() as isize));
                // SAFETY: the register has room for as many items.
                unsafe { fill_row(register, unit, value.bytes(), count) };
                register
            }
        };
        let mut record = Record::default();
        flags::take();
        for instruction in instructions {
            let mut arguments = [std::ptr::null(); 3];
            for (place, &operand) in instruction.operands.iter().enumerate() {
                let register = if is_constant(operand) { next() } else { std::ptr::null_mut() };
                let count = if instruction.numbers[place] { 1 } else { len };
                arguments[place] = find(operand, &results, register, count).cast_const();
            }
            let wanted =
                |place: &usize| self.outputs[*place].value == Operand::Register(instruction.step);
            let place = if direct { (0..outputs.len()).find(wanted) } else { None };
            let output = place.map_or_else(&mut next, |place| outputs[place].as_ptr());
            // SAFETY: the arguments have the dtypes of the loop and are aligned, and there are `len`
            // elements of each that is no single number; the result overlaps none of them.
            match unsafe { (instruction.kernel)(&arguments, output, len) } {
                Status::Fine => {}
                status @ Status::NegativePower => return Err(status.error()),
            }
            let found = flags::take();
            if found != 0 && !instruction.quiet {
                record.add(instruction.step, found);
            }
            // The first of two steps in one call has no result.
            results.resize(instruction.step, std::ptr::null_mut());
            results.push(output);
        }
        let values: PerBlock<*mut u8> = self
            .outputs
            .iter()
            .map(|output| {
                let constant = is_constant(output.value);
                let register = if constant { next() } else { std::ptr::null_mut() };
                find(output.value, &results, register, len)
            })
            .collect();
        for ((value, output), block) in values.iter().zip(&self.outputs).zip(outputs) {
            // SAFETY: both have so many bytes; they may be the very same.
            unsafe { std::ptr::copy(*value, block.as_ptr(), len * output.dtype.itemsize()) };
        }
        Ok(record)
    }
}

/// How many elements one call is made for: more are shared among threads.
const MOST_AT_ONCE: usize = 1 << 18;

/// The size of the largest item.
const WIDEST: usize = 16;

fn is_constant(operand: Operand) -> bool {
    matches!(operand, Operand::Constant(_))
}

/// Whether the elements of a block are `len`, one after another, and aligned.
fn is_plain(block: &Block, len: usize) -> bool {
    let dtype = block.dtype();
    let parts = if dtype.kind() == Kind::Complex { 2 } else { 1 };
    dtype.is_native()
        && block.is_contiguous()
        && block.size() == len
        && block.as_ptr().addr().is_multiple_of(dtype.itemsize() / parts)
}

#[cfg(test)]
mod tests {
    use super::MOST_AT_ONCE;
    use crate::{Argument, Block, Builder, Casting, DType, Op};

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no flags of exceptions")]
    fn two_steps_in_one_call_tell_which_one_met_something() {
        let mut builder = Builder::new();
        let [a, b] = [(); 2].map(|()| builder.input(DType::Float64));
        let typed = [Argument::Typed(DType::Float64); 2];
        let looped = |op: Op| op.resolve(&typed[..op.arity()], None, Casting::Safe).unwrap();
        let difference = builder.apply(Op::Subtract, &looped(Op::Subtract), &[a, b]).unwrap();
        let square = builder.apply(Op::Square, &looped(Op::Square), &[difference]).unwrap();
        builder.output(square, None);
        let program = builder.finish();
        assert!(program.ready().unwrap().is_one_call);
        let largest = f64::MAX;
        for (values, step) in
            [([3.0, 1.0], None), ([largest, -largest], Some(0)), ([1e200, 1.0], Some(1))]
        {
            // The short way for few elements, for one call, and the general one.
            for len in [3, 1000, MOST_AT_ONCE + 1] {
                let blocks = values.map(|value| {
                    let mut all = vec![1.0; len];
                    all[len / 2] = value;
                    Block::from_slice(&all, &[len]).unwrap()
                });
                let output = Block::uninitialised(DType::Float64, &[len]).unwrap();
                let met = program
                    .evaluate_with(1, &[len], &blocks, &[], std::slice::from_ref(&output))
                    .unwrap();
                let overflows =
                    met.iter().filter(|(_, flags)| flags.overflow).map(|&(step, _)| step);
                assert_eq!(overflows.collect::<Vec<_>>(), step.into_iter().collect::<Vec<_>>());
                let expected = (values[0] - values[1]).powi(2);
                let found = output.to_vec::<f64>().unwrap();
                assert_eq!((found[0], found[len / 2]), (0.0, expected));
            }
        }
    }
}
