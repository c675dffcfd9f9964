//! A program laid out for one walk: where every input, register and result lies.

use super::scratch::Scratch;
use super::tile::{Path, block_len};
use super::{Input, Operand, Program, Step};
use crate::buffer::ALIGNMENT;
use crate::copy::rows::fill_row;
use crate::ops::{Kernel, cast_kernel};
use crate::promotion::Kind;
use crate::scalar::no_cast;
use crate::walk::{Motion, Walk};
use crate::{Block, DType, KernelError, Labels, Result, Scalar};

/// Where an input's elements are found during a tile.
pub struct Source<'a> {
    /// Its place among the blocks of the walk.
    pub block: usize,
    /// Its place in the table of pointers.
    pub slot: usize,
    pub path: Path<'a>,
    pub itemsize: usize,
    pub access: Access,
}

/// How kernels get at the elements of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// They read the block's own memory.
    InPlace,
    /// Each tile is gathered into a register.
    Gathered,
    /// One element or row fills a register, which is filled anew when it moves.
    Repeated,
}

/// A step, ready to run. Arguments and output are places in the table of pointers.
pub struct Call {
    pub kernel: Kernel,
    pub arguments: [usize; 3],
    pub output: usize,
    /// Whether to forget the floating-point exceptions that it meets.
    pub quiet: bool,
}

/// Where a result goes.
pub struct Sink<'a> {
    pub block: usize,
    pub path: Path<'a>,
    pub itemsize: usize,
    /// The place of the value in the table of pointers.
    pub value: usize,
    /// Whether the step that computes the value writes to the block itself.
    pub direct: bool,
    /// The place in the table of what says which elements are stored.
    pub mask: Option<usize>,
}

/// Global indices that fill a register.
pub struct LabelSource<'a> {
    pub slot: usize,
    pub labels: &'a Labels,
    /// The axis of the walk, unless the axis has length 1.
    pub axis: Option<usize>,
}

/// How far a tile reaches.
#[derive(Clone, Copy)]
pub struct TileShape {
    /// The number of axes within a tile: the last ones of the walk, at most two.
    pub axes: usize,
    pub rows: usize,
    pub columns: usize,
}

impl TileShape {
    /// Tiles of at most `capacity` elements.
    fn new(walk: &Walk<'_>, capacity: usize) -> Self {
        let Some(&columns) = walk.lens.last() else {
            return Self { axes: 0, rows: 1, columns: 1 };
        };
        if columns > capacity / 2 || walk.lens.len() == 1 {
            return Self { axes: 1, rows: 1, columns: columns.min(capacity) };
        }
        let rows = walk.lens[walk.lens.len() - 2];
        Self { axes: 2, rows: rows.min(capacity / columns), columns }
    }
}

/// A program laid out for one walk.
pub struct Layout<'a> {
    pub sources: Vec<Source<'a>>,
    pub labels: Vec<LabelSource<'a>>,
    pub calls: Vec<Call>,
    pub sinks: Vec<Sink<'a>>,
    pub tile: TileShape,
    registers: Registers,
    /// The place in the table of the result of each step.
    steps: Vec<usize>,
    /// The place in the table of each input.
    inputs: Vec<usize>,
    constants: Vec<(usize, Scalar)>,
}

impl<'a> Layout<'a> {
    /// Lays `program` out for a walk over the outputs and then the inputs.
    pub fn new(
        program: &Program,
        walk: &Walk<'a>,
        inputs: &'a [Block],
        labels: &'a [Labels],
        outputs: &[Block],
    ) -> Result<Self> {
        let tile = TileShape::new(walk, block_len());
        let mut layout = Self {
            sources: Vec::with_capacity(inputs.len()),
            labels: Vec::new(),
            calls: Vec::with_capacity(program.steps.len()),
            sinks: Vec::with_capacity(outputs.len()),
            tile,
            registers: Registers::new(tile.rows * tile.columns),
            steps: Vec::with_capacity(program.steps.len()),
            inputs: Vec::with_capacity(program.inputs.len()),
            constants: Vec::new(),
        };
        for input in &program.inputs {
            let slot = match *input {
                Input::Label(axis) => layout.add_label(walk, axis, &labels[axis]),
                Input::Block(dtype) => layout.add_source(walk, dtype, inputs, outputs),
            };
            layout.inputs.push(slot);
        }
        for step in &program.steps {
            layout.add_call(step)?;
        }
        for block in 0..outputs.len() {
            layout.add_sink(program, walk, block);
        }
        Ok(layout)
    }

    fn add_label(&mut self, walk: &Walk<'a>, axis: usize, labels: &'a Labels) -> usize {
        let slot = self.registers.add(size_of::<i64>());
        let axis = walk.sources.iter().position(|&source| source == axis);
        self.labels.push(LabelSource { slot, labels, axis });
        slot
    }

    fn add_source(
        &mut self,
        walk: &Walk<'a>,
        dtype: DType,
        inputs: &[Block],
        outputs: &[Block],
    ) -> usize {
        let index = self.sources.len();
        let block = outputs.len() + index;
        let path = Path::new(walk, self.tile.axes, block);
        // A result may replace an element only after the last step that reads it.
        let replaced = || outputs.iter().any(|output| output.may_overlap(&inputs[index]));
        let access = if path.is_repeated(self.tile.axes) {
            Access::Repeated
        } else if self.is_plain(walk, block, path, dtype) && !replaced() {
            Access::InPlace
        } else {
            Access::Gathered
        };
        let itemsize = dtype.itemsize();
        let slot = match access {
            Access::InPlace => self.registers.add_pointer(),
            Access::Gathered | Access::Repeated => self.registers.add(itemsize),
        };
        self.sources.push(Source { block, slot, path, itemsize, access });
        slot
    }

    /// Whether kernels can work on the memory of a block: its tiles are contiguous and aligned.
    fn is_plain(&self, walk: &Walk<'a>, block: usize, path: Path<'a>, dtype: DType) -> bool {
        let columns = walk.lens.last().copied().unwrap_or(1);
        path.is_contiguous(dtype.itemsize(), columns, self.tile.rows)
            && is_aligned(walk, block, dtype)
    }

    fn add_call(&mut self, step: &Step) -> Result<()> {
        let mut arguments = [0; 3];
        let (kernel, output, quiet) = match step {
            Step::Apply { op, dtype, arguments: operands } => {
                for (slot, operand) in arguments.iter_mut().zip(operands) {
                    *slot = self.slot(*operand);
                }
                let entry = op
                    .entry(*dtype)
                    .filter(|_| operands.len() == op.arity())
                    .ok_or(KernelError::NoLoop { op: op.name() })?;
                (entry.kernel, entry.output, op.is_quiet())
            }
            Step::Cast { argument, from, to } => {
                arguments[0] = self.slot(*argument);
                (cast_kernel(*from, *to).ok_or_else(|| no_cast(*from, *to))?, *to, false)
            }
        };
        let output = self.registers.add(output.itemsize());
        self.steps.push(output);
        self.calls.push(Call { kernel, arguments, output, quiet });
        Ok(())
    }

    fn add_sink(&mut self, program: &Program, walk: &Walk<'a>, block: usize) {
        let output = &program.outputs[block];
        let path = Path::new(walk, self.tile.axes, block);
        let value = self.slot(output.value);
        let direct = matches!(output.value, Operand::Register(_))
            && output.mask.is_none()
            && self.is_plain(walk, block, path, output.dtype)
            && self.registers.release(value);
        let mask = output.mask.map(|mask| self.slot(mask));
        let itemsize = output.dtype.itemsize();
        self.sinks.push(Sink { block, path, itemsize, value, direct, mask });
    }

    /// The place of an operand in the table of pointers.
    fn slot(&mut self, operand: Operand) -> usize {
        match operand {
            Operand::Input(input) => self.inputs[input],
            Operand::Register(register) => self.steps[register],
            Operand::Constant(value) => {
                if let Some((slot, _)) = self.constants.iter().find(|(_, known)| *known == value) {
                    return *slot;
                }
                let slot = self.registers.add(value.dtype().itemsize());
                self.constants.push((slot, value));
                slot
            }
        }
    }

    /// The memory of the registers and the table of pointers into it, in which the places of
    /// blocks' own memory are still null. Constants are filled in.
    pub fn allocate(&self) -> (Scratch, Vec<*mut u8>) {
        let mut scratch = Scratch::new(self.registers.bytes);
        let base = scratch.as_mut_ptr();
        let pointers: Vec<*mut u8> = self
            .registers
            .offsets
            .iter()
            .map(|offset| offset.map_or(std::ptr::null_mut(), |offset| base.wrapping_add(offset)))
            .collect();
        for (slot, value) in &self.constants {
            let unit = Motion::Stride(value.dtype().itemsize() as isize);
            // SAFETY: the register has room for as many items.
            unsafe {
                fill_row(pointers[*slot], Some(unit), value.bytes(), self.registers.capacity);
            }
        }
        (scratch, pointers)
    }
}

/// Whether every element of a block is aligned for its type.
fn is_aligned(walk: &Walk<'_>, block: usize, dtype: DType) -> bool {
    let parts = if dtype.kind() == Kind::Complex { 2 } else { 1 };
    let alignment = dtype.itemsize() / parts;
    let aligned = |distance: isize| distance.unsigned_abs().is_multiple_of(alignment);
    walk.starts[block].addr().is_multiple_of(alignment)
        && (0..walk.lens.len()).all(|axis| match walk.motion(axis, block) {
            Motion::Stride(stride) => aligned(stride),
            Motion::Offsets(offsets) => offsets.iter().all(|&offset| aligned(offset)),
        })
}

/// The registers and the table of pointers, while they are laid out.
struct Registers {
    bytes: usize,
    /// The number of elements in a register.
    capacity: usize,
    /// Where the register of each place in the table lies; `None` for the memory of a block.
    offsets: Vec<Option<usize>>,
}

impl Registers {
    fn new(capacity: usize) -> Self {
        Self { bytes: 0, capacity, offsets: Vec::new() }
    }

    /// A place with a register.
    fn add(&mut self, itemsize: usize) -> usize {
        self.offsets.push(Some(self.bytes));
        self.bytes += (self.capacity * itemsize).next_multiple_of(ALIGNMENT);
        self.offsets.len() - 1
    }

    /// A place without.
    fn add_pointer(&mut self) -> usize {
        self.offsets.push(None);
        self.offsets.len() - 1
    }

    /// Takes the register of a place away; false if it had none.
    fn release(&mut self, slot: usize) -> bool {
        self.offsets[slot].take().is_some()
    }
}
