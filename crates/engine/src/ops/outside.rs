//! Programs over elements from outside, or whose results go there: part by part, so that neither those
//! nor these are ever in memory as a whole.

use distarray_kernels::program::FloatFlags;
use distarray_kernels::{Block, DType, Region};

use super::evaluate::{Few, Operand, separate};
use super::{rank_in, threads_of_one};
use crate::Reply;
use crate::command::{Destination, Evaluate};
use crate::engine::{Content, Engine};
use crate::error::EngineError;
use crate::outside::cuts::Cutting;
use crate::outside::{OutsidePiece, passes};

/// Where an output goes.
enum Target {
    /// Into memory.
    Here(Block),
    /// To a sink.
    Sink(OutsidePiece),
}

/// The floating-point exceptions of steps, each step once.
#[derive(Default)]
pub struct Met(Vec<(usize, FloatFlags)>);

impl Met {
    /// Adds what a part has met.
    pub fn add(&mut self, met: Vec<(usize, FloatFlags)>) {
        for (step, flags) in met {
            match self.0.iter_mut().find(|(known, _)| *known == step) {
                Some((_, all)) => *all = all.union(flags),
                None => self.0.push((step, flags)),
            }
        }
    }

    /// All of them, in the order of the steps.
    pub fn finish(mut self) -> Vec<(usize, FloatFlags)> {
        self.0.sort_unstable_by_key(|(step, _)| *step);
        self.0
    }
}

impl Evaluate {
    /// Whether elements come from outside, or go there, part by part.
    ///
    /// # Errors
    ///
    /// When an input is not on the engine, or can't be read.
    pub(super) fn is_in_parts(&self, engine: &Engine) -> Result<bool, EngineError> {
        if self.communicates() || rank_in(engine, &self.distribution).is_none() {
            return Ok(false);
        }
        for source in &self.inputs {
            if let Content::Outside(_) = engine.content(source.array)? {
                return Ok(true);
            }
        }
        Ok(self.outputs.iter().any(|output| match output {
            Destination::Existing(array) => engine.sink(*array).is_some(),
            Destination::New(..) => false,
        }))
    }

    /// The parts that a piece of this shape is gone through in.
    pub(super) fn regions(
        &self,
        shape: &[usize],
        sources: &[&OutsidePiece],
        sinks: &[&OutsidePiece],
    ) -> Vec<Region> {
        let read = self.inputs.iter().map(|input| input.dtype);
        let written = self.program.outputs().iter().map(|output| output.dtype);
        let cutting = Cutting {
            shape,
            global_shape: self.distribution.shape(),
            reduced: &vec![false; shape.len()],
            sources,
            sinks,
            bytes: read.chain(written).map(DType::itemsize).max().unwrap_or(1),
        };
        cutting.cuts().regions()
    }

    /// Evaluates part by part.
    pub(super) fn run_in_parts(
        &self,
        engine: &Engine,
        participants: usize,
    ) -> Result<Reply, EngineError> {
        let Some(rank) = rank_in(engine, &self.distribution) else { return Ok(Reply::done()) };
        let shape = self.distribution.local_shape(rank);
        let inputs = self.inputs.iter().map(|source| engine.content(source.array));
        let inputs = inputs.collect::<Result<Vec<Content>, EngineError>>()?;
        let (mut here, mut sources) = (Few::new(), Vec::new());
        for input in &inputs {
            match input {
                Content::Here(block) => here.push(Operand::Whole(block.clone())),
                Content::Outside(piece) => sources.push(piece),
            }
        }
        let targets = self
            .outputs
            .iter()
            .map(|destination| match *destination {
                Destination::New(_, dtype) => {
                    Ok(Target::Here(Block::uninitialised(dtype, &shape)?))
                }
                Destination::Existing(array) => match engine.sink(array) {
                    Some(sink) => Ok(Target::Sink(sink)),
                    None => Ok(Target::Here(engine.dest(array)?)),
                },
            })
            .collect::<Result<Vec<Target>, EngineError>>()?;
        let (mut kept, mut kinds, mut sinks) = (Few::new(), Few::new(), Vec::new());
        for (target, destination) in targets.iter().zip(&self.outputs) {
            match target {
                Target::Here(block) => {
                    kept.push(block.clone());
                    kinds.push(*destination);
                }
                Target::Sink(sink) => sinks.push(sink),
            }
        }
        // Parts that have been written must not be read as what they were.
        let staged = separate(&kept, &kinds, &mut here)?;
        let labels = self.labels(rank);
        let threads = threads_of_one(participants);
        let mut met = Met::default();
        passes::each(
            engine,
            &sources,
            &self.regions(&shape, &sources, &sinks),
            |region, parts| {
                let (mut parts, mut here) = (parts.into_iter(), here.iter());
                let mut next_here = || match here.next() {
                    Some(Operand::Whole(block)) => Some(region.of(block)),
                    _ => None,
                };
                let blocks: Vec<Block> = inputs
                    .iter()
                    .filter_map(|input| match input {
                        Content::Outside(_) => parts.next(),
                        Content::Here(_) => next_here(),
                    })
                    .collect();
                let mut staged = staged.iter();
                let outputs = targets
                    .iter()
                    .zip(self.program.outputs())
                    .map(|(target, output)| match target {
                        Target::Sink(_) => Ok(Block::uninitialised(output.dtype, &region.shape())?),
                        Target::Here(block) => Ok(region.of(staged.next().unwrap_or(block))),
                    })
                    .collect::<Result<Vec<Block>, EngineError>>()?;
                let labels = region.labels(&labels);
                met.add(self.program.evaluate_with(
                    threads,
                    &region.shape(),
                    &blocks,
                    &labels,
                    &outputs,
                )?);
                for (target, block) in targets.iter().zip(&outputs) {
                    if let Target::Sink(sink) = target {
                        sink.write(region, block)?;
                    }
                }
                Ok(())
            },
        )?;
        for (staged, target) in staged.iter().zip(&kept) {
            if !staged.same_view(target) {
                distarray_kernels::copy::copy(staged, target)?;
            }
        }
        self.keep_new(engine, rank, kept, &kinds);
        Ok(Reply::Evaluated { flags: met.finish() })
    }
}
