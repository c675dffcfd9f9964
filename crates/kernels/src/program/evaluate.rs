//! The evaluator: runs a program over its shape, tile by tile.

use super::layout::{Access, Layout, TileShape};
use super::scratch::Scratch;
use super::tile::Tile;
use super::{FloatFlags, Input, Program, flags};
use crate::copy::check_writable;
use crate::ops::Status;
use crate::walk::{Odometer, Walk};
use crate::{Block, DType, KernelError, Labels, Result};

impl Program {
    /// Runs the program for every element of `shape`.
    ///
    /// Inputs broadcast to the shape, outputs have it. `labels` has the global indices along each
    /// axis; it may be empty if the program asks for none. An output may be the very same view as
    /// an input; there must be no other overlap between outputs and inputs.
    ///
    /// Gives the floating-point exceptions that were met, as far as NumPy reports them.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`] when a shape does not fit, an output is read-only or an operation
    /// refuses a value, [`KernelError::Type`] when the dtype of a block is not the program's,
    /// [`KernelError::NoLoop`] when a step has no loop.
    pub fn evaluate(
        &self,
        shape: &[usize],
        inputs: &[Block],
        labels: &[Labels],
        outputs: &[Block],
    ) -> Result<FloatFlags> {
        self.check(shape, inputs, labels, outputs)?;
        if shape.contains(&0) || outputs.is_empty() {
            return Ok(FloatFlags::default());
        }
        let blocks: Vec<&Block> = outputs.iter().chain(inputs).collect();
        let labelled = |axis: usize| self.inputs.contains(&Input::Label(axis));
        let walk = Walk::new(shape, &blocks, labelled);
        let mut layout = Layout::new(self, &walk, inputs, labels, outputs)?;
        let quiet = layout.calls.iter().all(|call| call.quiet);
        if quiet {
            for call in &mut layout.calls {
                // Nobody will look: no need to tell whose exceptions they are.
                call.quiet = false;
            }
        } else {
            flags::clear();
        }
        Run::new(layout).execute(&walk)?;
        Ok(if quiet { FloatFlags::default() } else { flags::read() })
    }

    fn check(
        &self,
        shape: &[usize],
        inputs: &[Block],
        labels: &[Labels],
        outputs: &[Block],
    ) -> Result<()> {
        let wrong = |text: String| Err(KernelError::Value(text));
        let mut blocks = inputs.iter();
        for input in &self.inputs {
            match *input {
                Input::Label(axis) if axis < shape.len() && axis < labels.len() => {}
                Input::Label(axis) => return wrong(format!("no labels for axis {axis}")),
                Input::Block(dtype) => {
                    let Some(block) = blocks.next() else {
                        return wrong("fewer blocks than inputs".to_owned());
                    };
                    check_dtype(dtype, block)?;
                    let missing = shape.len().wrapping_sub(block.ndim());
                    let fits = missing <= shape.len()
                        && block
                            .axes()
                            .iter()
                            .zip(&shape[missing..])
                            .all(|(axis, &len)| axis.len() == len || axis.len() == 1);
                    if !fits {
                        return wrong(format!(
                            "an input of shape {:?} does not broadcast to {shape:?}",
                            block.shape()
                        ));
                    }
                }
            }
        }
        if blocks.next().is_some() || outputs.len() != self.outputs.len() {
            return wrong("more blocks than the program takes, or fewer".to_owned());
        }
        for (output, block) in self.outputs.iter().zip(outputs) {
            check_dtype(output.dtype, block)?;
            check_writable(block)?;
            if block.ndim() != shape.len()
                || block.axes().iter().zip(shape).any(|(axis, &len)| axis.len() != len)
            {
                return wrong(format!(
                    "an output of shape {:?} for a result of shape {shape:?}",
                    block.shape()
                ));
            }
        }
        Ok(())
    }
}

fn check_dtype(dtype: DType, block: &Block) -> Result<()> {
    if dtype == block.dtype() {
        return Ok(());
    }
    Err(KernelError::Type(format!("a block of {} where {dtype} was expected", block.dtype())))
}

/// A program while it runs.
struct Run<'a> {
    layout: Layout<'a>,
    /// Where each input, register and constant lies during a tile.
    pointers: Vec<*mut u8>,
    /// The element that fills the register of each repeated source.
    filled: Vec<*mut u8>,
    #[expect(dead_code, reason = "keeps the registers alive")]
    scratch: Scratch,
}

impl<'a> Run<'a> {
    fn new(layout: Layout<'a>) -> Self {
        let (scratch, pointers) = layout.allocate();
        let filled = vec![std::ptr::null_mut(); layout.sources.len()];
        Self { layout, pointers, filled, scratch }
    }

    /// Runs over the whole walk.
    fn execute(&mut self, walk: &Walk<'a>) -> Result<()> {
        let axes = walk.lens.len();
        let len = |axis: Option<usize>| axis.map_or(1, |axis| walk.lens[axis]);
        let all_columns = len(axes.checked_sub(1));
        let all_rows = if self.layout.tile.axes > 1 { len(axes.checked_sub(2)) } else { 1 };
        let mut starts = walk.starts.clone();
        let mut odometer = Odometer::new(axes.saturating_sub(self.layout.tile.axes));
        loop {
            let mut row = 0;
            while row < all_rows {
                let rows = self.layout.tile.rows.min(all_rows - row);
                let mut column = 0;
                while column < all_columns {
                    let columns = self.layout.tile.columns.min(all_columns - column);
                    let tile = Tile { row, rows, column, columns };
                    self.fill_labels(&odometer, axes, tile);
                    // SAFETY: the walk stays within the blocks, which `check` found to be of the
                    // program's dtypes; registers hold as many elements as a tile.
                    unsafe { self.run_tile(&starts, tile)? };
                    column += columns;
                }
                row += rows;
            }
            if !odometer.advance(walk, &mut starts) {
                return Ok(());
            }
        }
    }

    fn fill_labels(&mut self, odometer: &Odometer, axes: usize, tile: Tile) {
        for source in &self.layout.labels {
            let register = self.pointers[source.slot];
            let from_end = source.axis.map(|axis| axes - axis);
            for item in 0..tile.len() {
                let position = match (source.axis, from_end) {
                    (_, Some(1)) => tile.column + item % tile.columns,
                    (_, Some(2)) if self.layout.tile.axes > 1 => tile.row + item / tile.columns,
                    (Some(outer), _) => odometer.positions()[outer],
                    (None, _) => 0,
                };
                // SAFETY: the register has room for as many labels as a tile has elements.
                unsafe {
                    let place = register.add(item * size_of::<i64>()).cast::<[u8; 8]>();
                    place.write(source.labels.get(position).to_ne_bytes());
                }
            }
        }
    }

    /// # Safety
    ///
    /// `starts` must be the places of row 0, column 0 of each block.
    unsafe fn run_tile(&mut self, starts: &[*mut u8], tile: Tile) -> Result<()> {
        for (source, filled) in self.layout.sources.iter().zip(&mut self.filled) {
            let start = starts[source.block];
            match source.access {
                Access::InPlace => self.pointers[source.slot] = source.path.first(start, tile),
                // SAFETY: the caller's promise.
                Access::Gathered => unsafe {
                    source.path.gather(start, tile, self.pointers[source.slot], source.itemsize);
                },
                Access::Repeated if *filled == start => {}
                Access::Repeated => {
                    // As large as any tile, not only this one.
                    let TileShape { rows, columns, .. } = self.layout.tile;
                    let whole = Tile { row: 0, rows, column: 0, columns };
                    // SAFETY: the caller's promise.
                    unsafe {
                        source.path.gather(
                            start,
                            whole,
                            self.pointers[source.slot],
                            source.itemsize,
                        );
                    }
                    *filled = start;
                }
            }
        }
        for sink in &self.layout.sinks {
            if sink.direct {
                self.pointers[sink.value] = sink.path.first(starts[sink.block], tile);
            }
        }
        for call in &self.layout.calls {
            let arguments = call.arguments.map(|slot| self.pointers[slot].cast_const());
            let output = self.pointers[call.output];
            let saved = if call.quiet { Some(flags::save()) } else { None };
            // SAFETY: the table has the dtypes of the loop, aligned, and a result of its own.
            let status = unsafe { (call.kernel)(&arguments, output, tile.len()) };
            if let Some(saved) = saved {
                flags::restore(saved);
            }
            if status != Status::Fine {
                return Err(status.into());
            }
        }
        for sink in &self.layout.sinks {
            if sink.direct {
                continue;
            }
            let (value, start) = (self.pointers[sink.value], starts[sink.block]);
            // SAFETY: the caller's promise.
            unsafe {
                match sink.mask {
                    None => sink.path.scatter(value, start, tile, sink.itemsize),
                    Some(mask) => {
                        let mask = self.pointers[mask];
                        sink.path.scatter_masked(value, mask, start, tile, sink.itemsize);
                    }
                }
            }
        }
        Ok(())
    }
}

impl From<Status> for KernelError {
    fn from(status: Status) -> Self {
        match status {
            Status::Fine => Self::Value(String::new()),
            Status::NegativePower => {
                Self::Value("Integers to negative integer powers are not allowed.".to_owned())
            }
        }
    }
}
