//! The short way for few elements that lie one after another: one call a step, and no walk.

#![expect(unsafe_code, reason = "loops are called on memory")]

use smallvec::SmallVec;

use super::flags::{self, Record};
use super::ready::Ready;
use super::scratch::Scratch;
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
        let is_one_call = || ready.is_one_call && len <= 256 * BLOCK && block_len() == BLOCK;
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
        // Results are written where they belong, unless something there may still be read.
        Some(self.run_at_once(ready, len, inputs, outputs, !replaces))
    }

    fn run_at_once(
        &self,
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
        for (index, instruction) in ready.single.iter().enumerate() {
            let mut arguments = [std::ptr::null(); 3];
            for (place, &operand) in instruction.operands.iter().enumerate() {
                let register = if is_constant(operand) { next() } else { std::ptr::null_mut() };
                let count = if instruction.numbers[place] { 1 } else { len };
                arguments[place] = find(operand, &results, register, count).cast_const();
            }
            let wanted = |place: &usize| self.outputs[*place].value == Operand::Register(index);
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
                record.add(index, found);
            }
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
