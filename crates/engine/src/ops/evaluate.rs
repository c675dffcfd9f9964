//! Programs over the pieces of one layout.
//!
//! An engine has most of what it reads in its own pieces. Of what other engines have, as the row
//! beyond its own that a stencil needs, it reads their memory where that can be reached, and no copy
//! is made: the piece is cut into parts for each of which every input lies in one place.

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::program::FloatFlags;
use distarray_kernels::{Block, Labels, copy};
use distarray_meta::plan;
use smallvec::SmallVec;

use super::parts::{Rectangle, cut, rectangles, within};
use super::{rank_in, threads_of_one};
use crate::command::{Destination, Evaluate, Source};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::{Endpoint, copy_transfer, participant};
use crate::local_array::labels;
use crate::outside::OutsidePiece;
use crate::supersteps::{self, Supersteps};
use crate::{LocalArray, Reply};

/// One thing for each input or output: few, mostly.
pub(super) type Few<T> = SmallVec<[T; 4]>;

/// An engine's pieces of the inputs, where it has one.
type Pieces = Few<Option<Block>>;

/// What a program reads, on one engine.
pub(super) enum Operand {
    /// One block, which broadcasts to the piece.
    Whole(Block),
    /// Blocks that make up the piece.
    Parts(Vec<Rectangle>),
}

impl Evaluate {
    /// Evaluates; collective over the participants if an engine reads what others have.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`]; [`EngineError::Kernel`] when memory is short or the program
    /// does not fit its inputs; [`EngineError::Comm`] when another rank gives up.
    pub fn run(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Reply, EngineError> {
        if engine.has_outside() && self.is_in_parts(engine)? {
            return self.run_in_parts(engine, participants.len());
        }
        if self.is_plain() {
            return self.run_plain(engine, participants.len());
        }
        let evaluation = self.part(engine, participants)?;
        if !self.communicates() {
            return Ok(evaluation.finish(evaluation.evaluate(&[])?));
        }
        supersteps::run(&evaluation, communicator)
    }

    /// Whether every engine has what it reads, and all results are new arrays.
    fn is_plain(&self) -> bool {
        let is_new = |output: &Destination| matches!(output, Destination::New(..));
        !self.communicates() && self.outputs.iter().all(is_new)
    }

    /// Evaluates what is plain: mostly the case, and quick even if there are few elements.
    fn run_plain(&self, engine: &Engine, participants: usize) -> Result<Reply, EngineError> {
        let Some(rank) = rank_in(engine, &self.distribution) else { return Ok(Reply::done()) };
        let shape: Few<usize> = self.distribution.local_lens(rank).collect();
        let mut inputs = Few::new();
        for source in &self.inputs {
            inputs.push(engine.block(source.array)?);
        }
        let mut targets = Few::new();
        for destination in &self.outputs {
            if let Destination::New(_, dtype) = *destination {
                targets.push(Block::uninitialised(dtype, &shape)?);
            }
        }
        let labels = self.labels(rank);
        let threads = threads_of_one(participants);
        let flags = self.program.evaluate_with(threads, &shape, &inputs, &labels, &targets)?;
        self.keep(engine, rank, targets);
        Ok(Reply::Evaluated { flags })
    }

    /// The global index of each position of a piece, if the program asks for them.
    pub(super) fn labels(&self, rank: usize) -> Vec<Labels> {
        if self.program.asks_for_labels() { labels(&self.distribution, rank) } else { Vec::new() }
    }

    /// Keeps results that are new arrays.
    fn keep(&self, engine: &Engine, rank: usize, blocks: Few<Block>) {
        self.keep_new(engine, rank, blocks, &self.outputs);
    }

    /// Keeps those blocks that are new arrays.
    pub(super) fn keep_new(
        &self,
        engine: &Engine,
        rank: usize,
        blocks: Few<Block>,
        destinations: &[Destination],
    ) {
        for (block, destination) in blocks.into_iter().zip(destinations) {
            if let Destination::New(array, _) = *destination {
                let distribution = self.distribution.clone();
                engine.insert(array, LocalArray { distribution, rank, block });
            }
        }
    }

    /// One engine's part in the evaluation.
    ///
    /// # Errors
    ///
    /// When the engine does not have an array that it should have.
    pub fn part<'b>(
        &'b self,
        engine: &'b Engine,
        participants: &'b [usize],
    ) -> Result<Evaluation<'b>, EngineError> {
        let rank = rank_in(engine, &self.distribution);
        let block = |source: &Source| match &source.elsewhere {
            Some(layout) if rank_in(engine, layout).is_none() => Ok(None),
            None if rank.is_none() => Ok(None),
            _ => Ok(Some(engine.block(source.array)?)),
        };
        let own = self.inputs.iter().map(block).collect::<Result<Pieces, EngineError>>()?;
        Ok(Evaluation { command: self, engine, participants, rank, own })
    }
}

/// One engine's part in an evaluation.
pub struct Evaluation<'a> {
    command: &'a Evaluate,
    engine: &'a Engine,
    participants: &'a [usize],
    /// The rank in the layout, if the engine has a piece of it.
    rank: Option<usize>,
    /// This engine's.
    own: Pieces,
}

/// What an evaluation leaves: the blocks of the outputs, and the exceptions that were met.
type Evaluated = Option<(Few<Block>, Met)>;

/// The floating-point exceptions that steps met.
type Met = Vec<(usize, FloatFlags)>;

impl Evaluation<'_> {
    /// Evaluates this engine's piece; `posted` are the pieces of all participants.
    fn evaluate(&self, posted: &[&[Option<Block>]]) -> Result<Evaluated, EngineError> {
        let Some(rank) = self.rank else { return Ok(None) };
        let operands = (0..self.own.len())
            .map(|input| self.operand(input, rank, posted))
            .collect::<Result<Few<Operand>, EngineError>>()?;
        Ok(Some(self.compute(rank, operands)?))
    }

    /// What an input is on this engine, reading the memory of others.
    fn operand(
        &self,
        input: usize,
        rank: usize,
        posted: &[&[Option<Block>]],
    ) -> Result<Operand, EngineError> {
        let source = &self.command.inputs[input];
        let Some(layout) = &source.elsewhere else {
            let own = self.own[input].clone();
            return own.map(Operand::Whole).ok_or(EngineError::UnknownArray {
                array: source.array,
                engine: self.engine.number(),
            });
        };
        let transfers = plan::receives(layout, &self.command.distribution, rank);
        let block = |sender: usize| {
            let place = participant(self.participants, layout.targets()[sender]);
            posted[place][input].as_ref()
        };
        if let Some(parts) = rectangles(&transfers, block) {
            return Ok(Operand::Parts(parts));
        }
        let gathered =
            Block::uninitialised(source.dtype, &self.command.distribution.local_shape(rank))?;
        for transfer in &transfers {
            if let Some(source) = block(transfer.source) {
                copy_transfer(source, &gathered, transfer)?;
            }
        }
        Ok(Operand::Whole(gathered))
    }

    fn compute(
        &self,
        rank: usize,
        mut operands: Few<Operand>,
    ) -> Result<(Few<Block>, Met), EngineError> {
        let Evaluate { distribution, outputs, .. } = self.command;
        let shape = distribution.local_shape(rank);
        let mut sinks: Few<(usize, OutsidePiece)> = Few::new();
        let mut targets = Few::new();
        for (place, destination) in outputs.iter().enumerate() {
            targets.push(match *destination {
                Destination::New(_, dtype) => Block::uninitialised(dtype, &shape)?,
                Destination::Existing(array) => match self.engine.sink(array) {
                    Some(sink) => {
                        let whole = Block::uninitialised(sink.dtype(), &shape)?;
                        sinks.push((place, sink));
                        whole
                    }
                    None => self.engine.dest(array)?,
                },
            });
        }
        let staged = separate(&targets, outputs, &mut operands)?;
        let labels = self.command.labels(rank);
        let flags = self.over_parts(&shape, &operands, &labels, &staged)?;
        for (staged, target) in staged.iter().zip(&targets) {
            if !staged.same_view(target) {
                copy::copy(staged, target)?;
            }
        }
        for (place, sink) in sinks {
            let regions = self.command.regions(&shape, &[], &[&sink]);
            sink.write_all(&regions, &targets[place])?;
        }
        Ok((targets, flags))
    }

    /// Runs the program over each part of the piece for which every input lies in one place.
    fn over_parts(
        &self,
        shape: &[usize],
        operands: &[Operand],
        labels: &[Labels],
        targets: &[Block],
    ) -> Result<Met, EngineError> {
        let program = &self.command.program;
        let threads = threads_of_one(self.participants.len());
        let whole = |operand: &Operand| match operand {
            Operand::Whole(block) => Some(block.clone()),
            Operand::Parts(parts) if parts.len() == 1 => Some(parts[0].block.clone()),
            Operand::Parts(_) => None,
        };
        if let Some(blocks) = operands.iter().map(whole).collect::<Option<Few<Block>>>() {
            return Ok(program.evaluate_with(threads, shape, &blocks, labels, targets)?);
        }
        let divided = operands.iter().filter_map(|operand| match operand {
            Operand::Whole(_) => None,
            Operand::Parts(parts) => Some(parts.as_slice()),
        });
        let mut flags = Vec::new();
        for part in cut(shape, divided) {
            let blocks: Few<Block> = operands
                .iter()
                .map(|operand| match operand {
                    Operand::Whole(block) => part.of(block),
                    Operand::Parts(parts) => within(&part, parts),
                })
                .collect();
            let targets: Few<Block> = targets.iter().map(|target| part.of(target)).collect();
            let labels = part.labels(labels);
            let shape = part.shape();
            flags.extend(program.evaluate_with(threads, &shape, &blocks, &labels, &targets)?);
        }
        Ok(flags)
    }

    /// Keeps the results.
    fn finish(&self, evaluated: Evaluated) -> Reply {
        let (Some((blocks, flags)), Some(rank)) = (evaluated, self.rank) else {
            return Reply::done();
        };
        self.command.keep(self.engine, rank, blocks);
        Reply::Evaluated { flags }
    }
}

/// Where the program writes its outputs: programs read and write block by block, so that an output
/// may be an input itself but must not overlap one in any other way. One such input is copied; of
/// several, the outputs get a place apart.
pub(super) fn separate(
    targets: &[Block],
    outputs: &[Destination],
    operands: &mut [Operand],
) -> Result<Few<Block>, EngineError> {
    targets
        .iter()
        .zip(outputs)
        .map(|(target, destination)| {
            if let Destination::New(..) = destination {
                return Ok(target.clone());
            }
            let hinders = |block: &Block| block.may_overlap(target) && !block.same_view(target);
            let mut hindering: Few<&mut Operand> = operands
                .iter_mut()
                .filter(|operand| match operand {
                    Operand::Whole(block) => hinders(block),
                    Operand::Parts(parts) => {
                        parts.iter().any(|part| part.block.may_overlap(target))
                    }
                })
                .collect();
            match hindering.as_mut_slice() {
                [] => Ok(target.clone()),
                [Operand::Whole(block)] => {
                    *block = block.copied()?;
                    Ok(target.clone())
                }
                _ => Ok(Block::uninitialised(target.dtype(), &target.shape())?),
            }
        })
        .collect()
}

impl Supersteps for Evaluation<'_> {
    type Unfinished = Evaluated;

    fn posts_arrays(&self) -> bool {
        true
    }

    fn post(&self) -> Result<SharedObject, EngineError> {
        Ok(Arc::new(self.own.clone()))
    }

    fn complete(&self, posted: &[SharedObject]) -> Result<Evaluated, EngineError> {
        let posted: Vec<&[Option<Block>]> = posted
            .iter()
            .map(|pieces| pieces.downcast_ref::<Pieces>().map_or(&[][..], Pieces::as_slice))
            .collect();
        self.evaluate(&posted)
    }

    fn settle(&self, evaluated: Evaluated) -> Result<Reply, EngineError> {
        Ok(self.finish(evaluated))
    }

    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        let mut operands = Few::new();
        for (source, own) in self.command.inputs.iter().zip(&self.own) {
            let Some(layout) = &source.elsewhere else {
                operands.extend(own.clone().map(Operand::Whole));
                continue;
            };
            let dest = self
                .rank
                .map(|rank| {
                    let shape = self.command.distribution.local_shape(rank);
                    Block::uninitialised(source.dtype, &shape)
                })
                .transpose()?;
            Endpoint {
                engine: self.engine.number(),
                participants: self.participants,
                source_distribution: layout,
                source_dtype: source.dtype,
                source: own.clone(),
                dest_distribution: &self.command.distribution,
                dest: dest.clone(),
            }
            .run(communicator)?;
            operands.extend(dest.map(Operand::Whole));
        }
        let evaluated = self.rank.map(|rank| self.compute(rank, operands)).transpose()?;
        Ok(self.finish(evaluated))
    }
}
