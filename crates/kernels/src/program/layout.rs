//! A program laid out for one walk: where every input, register and result lies.

#![expect(unsafe_code, reason = "registers are filled")]

use smallvec::SmallVec;

use super::draws::DrawSource;
use super::exits::Exit;
use super::instruction::Instruction;
use super::registers::Registers;
use super::scratch::Scratch;
use super::stream::Traffic;
use super::tile::{Path, TileShape};
use super::{Input, Operand, Output, Program};
use crate::copy::rows::fill_row;
use crate::ops::Kernel;
use crate::promotion::Kind;
use crate::walk::{Motion, PerBlock, Walk};
use crate::{Block, DType, Labels, Scalar};

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

/// An instruction, ready to run. Arguments and output are places in the table of pointers.
pub struct Call {
    pub kernel: Kernel,
    pub arguments: [usize; 3],
    pub output: usize,
    /// How far apart the items of each argument lie, and those of the output.
    pub itemsizes: [usize; 4],
    /// The step of the program; of two, the second.
    pub step: usize,
    /// Whether the floating-point exceptions that it meets mean nothing.
    pub quiet: bool,
}

/// Where a result goes.
pub struct Sink<'a> {
    pub block: usize,
    pub path: Path<'a>,
    pub itemsize: usize,
    /// The place of the value in the table of pointers.
    pub value: usize,
    pub route: Route,
    /// The place in the table of what says which elements are stored.
    pub mask: Option<usize>,
}

/// How a result gets to its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The step that computes it writes to the block itself.
    Direct,
    /// From a register, past the caches.
    Streamed,
    /// From a register.
    Scattered,
}

/// A call after which nothing more is to be done, for tiles for which a mask is false.
pub struct Leave {
    /// The call.
    pub after: usize,
    /// The place in the table of the mask.
    pub mask: usize,
    /// Which results are those of the outputs: the place of each, where it belongs, and the size of
    /// its items.
    pub results: SmallVec<[(usize, usize, usize); 2]>,
}

/// Global indices that fill a register.
pub struct LabelSource<'a> {
    pub slot: usize,
    pub labels: &'a Labels,
    /// The axis of the walk, unless the axis has length 1.
    pub axis: Option<usize>,
}

/// A number among the operands.
struct Constant {
    /// The place of its register in the table of pointers.
    slot: usize,
    value: Scalar,
    /// Whether the register is full of it, for a loop that reads a stream; if not, it is there once.
    repeated: bool,
}

/// What a program works on.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    pub inputs: &'a [Block],
    pub labels: &'a [Labels],
    pub outputs: &'a [Block],
    /// The number of elements in the whole that these are a part of; 0, if they are all.
    pub whole: usize,
}

/// A program laid out for one walk.
pub struct Layout<'a> {
    pub sources: PerBlock<Source<'a>>,
    pub labels: SmallVec<[LabelSource<'a>; 1]>,
    pub draws: Vec<DrawSource>,
    pub calls: SmallVec<[Call; 4]>,
    pub sinks: SmallVec<[Sink<'a>; 1]>,
    pub leaves: Vec<Leave>,
    pub tile: TileShape,
    registers: Registers,
    /// The place in the table of the result of each step.
    steps: SmallVec<[usize; 8]>,
    /// The place in the table of each input.
    inputs: PerBlock<usize>,
    constants: SmallVec<[Constant; 2]>,
    /// Whether results may be stored before a tile is finished.
    eager: bool,
    pub traffic: Traffic,
}

impl<'a> Layout<'a> {
    /// Lays `program` out for a walk over the outputs and then the inputs, by tiles of that shape. Its
    /// calls for a tile can be made again before results are stored.
    pub fn new(
        program: &Program,
        instructions: &[Instruction],
        walk: &Walk<'a>,
        tile: TileShape,
        blocks: Blocks<'a>,
    ) -> Self {
        Self::of(program, instructions, walk, tile, blocks, program.steps.len() > 1)
    }

    /// The same, for calls that are made once.
    pub fn once(
        program: &Program,
        instructions: &[Instruction],
        walk: &Walk<'a>,
        tile: TileShape,
        blocks: Blocks<'a>,
    ) -> Self {
        Self::of(program, instructions, walk, tile, blocks, false)
    }

    fn of(
        program: &Program,
        instructions: &[Instruction],
        walk: &Walk<'a>,
        tile: TileShape,
        blocks: Blocks<'a>,
        repeatable: bool,
    ) -> Self {
        let mut layout = Self {
            sources: SmallVec::new(),
            labels: SmallVec::new(),
            draws: Vec::new(),
            calls: SmallVec::new(),
            sinks: SmallVec::new(),
            leaves: Vec::new(),
            tile,
            registers: Registers::new(tile.rows * tile.columns),
            steps: SmallVec::new(),
            inputs: SmallVec::new(),
            constants: SmallVec::new(),
            eager: true,
            traffic: Traffic::new(program, walk, blocks.whole),
        };
        for input in &program.inputs {
            let slot = match *input {
                Input::Label(axis) => layout.add_label(walk, axis, &blocks.labels[axis]),
                Input::Random(draw) => {
                    let draw = &program.draws[draw];
                    let slot = layout.registers.add_lasting(draw.dtype.itemsize());
                    layout.draws.push(DrawSource::new(draw, walk, blocks.labels, slot));
                    slot
                }
                Input::Block(dtype) => layout.add_source(walk, dtype, blocks, repeatable),
            };
            layout.inputs.push(slot);
        }
        for operand in program.operands() {
            layout.add_constant(operand);
        }
        layout.steps.resize(program.steps.len(), 0);
        let ends = Ends::new(program, instructions);
        for input in 0..program.inputs.len() {
            if ends.inputs[input] == Some(Ends::UNUSED) {
                layout.release_input(input);
            }
        }
        for instruction in instructions {
            layout.add_call(program, walk, instruction);
            layout.release_arguments(instruction, &ends);
        }
        for block in 0..blocks.outputs.len() {
            layout.add_sink(program, walk, block);
        }
        layout
    }

    fn add_label(&mut self, walk: &Walk<'a>, axis: usize, labels: &'a Labels) -> usize {
        let slot = self.registers.add_lasting(size_of::<i64>());
        let axis = walk.sources.iter().position(|&source| source == axis);
        self.labels.push(LabelSource { slot, labels, axis });
        slot
    }

    fn add_source(
        &mut self,
        walk: &Walk<'a>,
        dtype: DType,
        blocks: Blocks<'_>,
        repeatable: bool,
    ) -> usize {
        let index = self.sources.len();
        let block = blocks.outputs.len() + index;
        let path = Path::new(walk, self.tile.axes, block);
        // A result may replace an element only after the last step that reads it.
        let replaced =
            blocks.outputs.iter().any(|output| output.may_overlap(&blocks.inputs[index]));
        let access = if path.is_repeated(self.tile.axes) {
            Access::Repeated
        } else if is_plain(walk, self.tile, block, path, dtype) && !replaced {
            Access::InPlace
        } else {
            Access::Gathered
        };
        self.eager &= !(replaced && repeatable);
        // It has been read when the result is written.
        self.traffic.streams &= !replaced;
        let itemsize = dtype.itemsize();
        let slot = match access {
            Access::InPlace => self.registers.add_pointer(),
            Access::Gathered | Access::Repeated => self.registers.add_lasting(itemsize),
        };
        self.sources.push(Source { block, slot, path, itemsize, access });
        slot
    }

    fn add_constant(&mut self, operand: Operand) {
        if let Operand::Constant(value) = operand
            && !self.constants.iter().any(|known| known.value == value)
        {
            let slot = self.registers.add_lasting(value.dtype().itemsize());
            self.constants.push(Constant { slot, value, repeated: false });
        }
    }

    fn add_call(&mut self, program: &Program, walk: &Walk<'a>, instruction: &Instruction) {
        let &Instruction { kernel, numbers, output: dtype, step, quiet, .. } = instruction;
        let (mut arguments, mut itemsizes) = ([0; 3], [0; 4]);
        for (place, &operand) in instruction.operands.iter().enumerate() {
            if numbers[place] {
                arguments[place] = self.slot(operand);
            } else {
                arguments[place] = self.stream(operand);
                itemsizes[place] = instruction.itemsizes[place];
            }
        }
        itemsizes[3] = dtype.itemsize();
        let direct = self.eager
            && !self.traffic.streams
            && program.outputs.iter().enumerate().any(|(block, output)| {
                output.value == Operand::Register(step) && self.takes_directly(walk, block, output)
            });
        let output = if direct {
            self.registers.add_pointer()
        } else {
            self.registers.add(dtype.itemsize())
        };
        self.steps[step] = output;
        self.calls.push(Call { kernel, arguments, output, itemsizes, step, quiet });
    }

    /// Whether a step may write its result to the memory of an output.
    fn takes_directly(&self, walk: &Walk<'a>, block: usize, output: &Output) -> bool {
        let path = Path::new(walk, self.tile.axes, block);
        output.mask.is_none() && is_plain(walk, self.tile, block, path, output.dtype)
    }

    /// Frees the registers that nobody reads after an instruction. Only now: a result must not lie
    /// where an argument does.
    fn release_arguments(&mut self, instruction: &Instruction, ends: &Ends) {
        let (operands, index) = (&instruction.operands, instruction.step);
        for (place, operand) in operands.iter().enumerate() {
            if operands[..place].contains(operand) {
                continue;
            }
            match *operand {
                Operand::Register(register) if ends.steps[register] == Some(index) => {
                    self.registers.release(self.steps[register]);
                }
                Operand::Input(input) if ends.inputs[input] == Some(index) => {
                    self.release_input(input);
                }
                _ => {}
            }
        }
        if ends.steps[index] == Some(Ends::UNUSED) {
            self.registers.release(self.steps[index]);
        }
    }

    /// Frees the register of an input that is filled anew for each tile.
    fn release_input(&mut self, input: usize) {
        let slot = self.inputs[input];
        let gathered = |source: &Source| source.slot == slot && source.access == Access::Gathered;
        if self.sources.iter().any(gathered) {
            self.registers.release(slot);
        }
    }

    fn add_sink(&mut self, program: &Program, walk: &Walk<'a>, block: usize) {
        let output = &program.outputs[block];
        let path = Path::new(walk, self.tile.axes, block);
        let value = self.stream(output.value);
        let plain = self.takes_directly(walk, block, output);
        let route = if plain && self.traffic.streams {
            Route::Streamed
        } else if plain
            && self.eager
            && matches!(output.value, Operand::Register(_))
            // Of several outputs of one value, only one can have it directly.
            && !self.sinks.iter().any(|sink| sink.value == value && sink.route == Route::Direct)
        {
            Route::Direct
        } else {
            Route::Scattered
        };
        let mask = output.mask.map(|mask| self.stream(mask));
        let itemsize = output.dtype.itemsize();
        self.sinks.push(Sink { block, path, itemsize, value, route, mask });
    }

    /// Lets the program be left at its exits.
    pub fn leave(&mut self, exits: &[Exit]) {
        for exit in exits {
            let results = exit.values.iter().zip(&self.sinks);
            let results: SmallVec<[(usize, usize, usize); 2]> = results
                .map(|(&step, sink)| (self.steps[step], sink.value, sink.itemsize))
                .collect();
            // One result after the other is copied: none may take the place of one to come.
            let clashes = results.iter().enumerate().any(|(index, &(_, dest, _))| {
                results[index + 1..]
                    .iter()
                    .any(|&(source, ..)| self.registers.are_same(source, dest))
            });
            if !clashes {
                let mask = self.steps[exit.mask];
                self.leaves.push(Leave { after: exit.after, mask, results });
            }
        }
    }

    /// A block that is streamed to, and the size of its items.
    pub fn streamed(&self) -> Option<(usize, usize)> {
        let streamed = self.sinks.iter().find(|sink| sink.route == Route::Streamed);
        streamed.map(|sink| (sink.block, sink.itemsize))
    }

    /// The place of what says for all results which elements are stored, if it is there before the
    /// first step.
    pub fn common_mask(&self) -> Option<usize> {
        let mask = self.sinks.first()?.mask?;
        let is_input = self.inputs.contains(&mask);
        (is_input && self.sinks.iter().all(|sink| sink.mask == Some(mask))).then_some(mask)
    }

    /// The place of an operand in the table of pointers.
    fn slot(&self, operand: Operand) -> usize {
        match operand {
            Operand::Input(input) => self.inputs[input],
            Operand::Register(register) => self.steps[register],
            Operand::Constant(value) => {
                let known = self.constants.iter().find(|known| known.value == value);
                known.map_or(0, |known| known.slot)
            }
        }
    }

    /// The place of an operand that is read element by element.
    fn stream(&mut self, operand: Operand) -> usize {
        if let Operand::Constant(value) = operand
            && let Some(known) = self.constants.iter_mut().find(|known| known.value == value)
        {
            known.repeated = true;
        }
        self.slot(operand)
    }

    /// The memory of the registers and the table of pointers into it, in which the places of
    /// blocks' own memory are still null. Constants are filled in.
    pub fn allocate(&self) -> (Scratch, SmallVec<[*mut u8; 16]>) {
        let (scratch, pointers) = self.registers.allocate();
        for Constant { slot, value, repeated } in &self.constants {
            let unit = Motion::Stride(value.dtype().itemsize() as isize);
            let count = if *repeated { self.registers.capacity() } else { 1 };
            // SAFETY: the register has room for as many items.
            unsafe { fill_row(pointers[*slot], Some(unit), value.bytes(), count) };
        }
        (scratch, pointers)
    }
}

/// The last step that reads each input and each result; `None` where an output is made of it.
struct Ends {
    inputs: PerBlock<Option<usize>>,
    steps: SmallVec<[Option<usize>; 8]>,
}

impl Ends {
    /// Of what no step reads.
    const UNUSED: usize = usize::MAX;

    fn new(program: &Program, instructions: &[Instruction]) -> Self {
        let mut ends = Self {
            inputs: program.inputs.iter().map(|_| Some(Self::UNUSED)).collect(),
            steps: program.steps.iter().map(|_| Some(Self::UNUSED)).collect(),
        };
        for instruction in instructions {
            for operand in &instruction.operands {
                ends.set(*operand, Some(instruction.step));
            }
        }
        for output in &program.outputs {
            ends.set(output.value, None);
            if let Some(mask) = output.mask {
                ends.set(mask, None);
            }
        }
        ends
    }

    fn set(&mut self, operand: Operand, end: Option<usize>) {
        match operand {
            Operand::Input(input) => self.inputs[input] = end,
            Operand::Register(register) => self.steps[register] = end,
            Operand::Constant(_) => {}
        }
    }
}

/// Whether kernels can work on the memory of a block: its tiles are contiguous and aligned.
fn is_plain(walk: &Walk<'_>, tile: TileShape, block: usize, path: Path<'_>, dtype: DType) -> bool {
    let columns = walk.lens.last().copied().unwrap_or(1);
    path.is_contiguous(dtype.itemsize(), columns, tile.rows) && is_aligned(walk, block, dtype)
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
