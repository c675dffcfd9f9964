//! The evaluator: checks what a program gets, and runs it over its shape.

use super::flags::Record;
use super::layout::Blocks;
use super::parts::Parts;
use super::ready::Ready;
use super::run::run;
use super::{FloatFlags, Input, Program};
use crate::buffer::window;
use crate::copy::check_writable;
use crate::parallel;
use crate::progress;
use crate::walk::{PerBlock, Walk};
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
        let found = self.evaluate_with(1, shape, inputs, labels, outputs)?;
        Ok(found.into_iter().fold(FloatFlags::default(), |all, (_, flags)| all.union(flags)))
    }

    /// Runs the program as [`Program::evaluate`] does, large work on up to `threads` threads.
    ///
    /// Gives the floating-point exceptions that each step met, in the order of the steps; steps
    /// that met none are left out.
    ///
    /// # Errors
    ///
    /// As [`Program::evaluate`].
    pub fn evaluate_with(
        &self,
        threads: usize,
        shape: &[usize],
        inputs: &[Block],
        labels: &[Labels],
        outputs: &[Block],
    ) -> Result<Vec<(usize, FloatFlags)>> {
        self.evaluate_part(threads, shape, Blocks { inputs, labels, outputs, whole: 0 })
    }

    /// Runs the program over blocks, which may be a part of more that others calls go through
    /// before and after.
    pub(super) fn evaluate_part(
        &self,
        threads: usize,
        shape: &[usize],
        blocks: Blocks<'_>,
    ) -> Result<Vec<(usize, FloatFlags)>> {
        let Blocks { inputs, labels, outputs, whole } = blocks;
        let ready = self.ready()?;
        self.check(shape, inputs, labels, outputs)?;
        if shape.contains(&0) || outputs.is_empty() {
            return Ok(Vec::new());
        }
        // Many small runs may be parts of a large one: the window has to hear of each.
        if !window::is_in_use()
            && let Some(record) = self.run_small(ready, shape, inputs, outputs)
        {
            return Ok(record?.finish());
        }
        if whole == 0 {
            progress::expect_large(shape);
        }
        let all: PerBlock<&Block> = outputs.iter().chain(inputs).collect();
        let labelled = |axis: usize| self.asks_for(axis);
        let walk = Walk::new(shape, &all, labelled);
        let parts = Parts::new(self, &walk, threads);
        if parts.count == 1 {
            return Ok(self.run_walk(ready, walk, blocks)?.finish());
        }
        let mut record = Record::default();
        for found in parallel::map(parts.count, |index| {
            let walk = Walk::new(shape, &all, labelled);
            self.run_walk(ready, parts.part(&walk, index), blocks)
        }) {
            record.merge(&found?);
        }
        Ok(record.finish())
    }

    /// Runs over a walk: where there are mapped files and a limit on memory, in parts.
    fn run_walk<'a>(
        &'a self,
        ready: &'a Ready,
        walk: Walk<'a>,
        blocks: Blocks<'a>,
    ) -> Result<Record> {
        if !window::is_in_use() {
            return run(self, ready, &walk, blocks);
        }
        let whole = blocks.whole.max(walk.lens.iter().product());
        let blocks = Blocks { whole, ..blocks };
        let mut outcome = Ok(Record::default());
        walk.in_parts(size_of::<f64>(), &mut |part| {
            if let Ok(record) = &mut outcome {
                match run(self, ready, &part, blocks) {
                    Ok(found) => record.merge(&found),
                    Err(error) => outcome = Err(error),
                }
            }
        });
        outcome
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
                Input::Random(draw) => {
                    let draw = &self.draws[draw];
                    draw.variate.check(draw.dtype)?;
                    if draw.weights.len() != shape.len() || labels.len() < shape.len() {
                        return wrong(format!("no labels for random numbers of {shape:?}"));
                    }
                }
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
