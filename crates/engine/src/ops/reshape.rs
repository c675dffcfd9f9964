//! Copies between arrays of one size and any shapes, in C order.

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::{Block, copy};
use distarray_meta::plan;

use super::rank_in;
use crate::Reply;
use crate::command::Movement;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::participant;
use crate::supersteps::{self, Supersteps};

/// One engine's part in a copy in C order; see [`crate::Command::Reshape`].
pub struct Reshaping<'a> {
    copy: &'a Movement,
    participants: &'a [usize],
    /// This engine's piece of the source, and its rank.
    source: Option<(Block, usize)>,
    /// This engine's piece of the destination, and its rank.
    dest: Option<(Block, usize)>,
}

impl<'a> Reshaping<'a> {
    /// The part of `engine`.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`].
    pub fn new(
        copy: &'a Movement,
        engine: &Engine,
        participants: &'a [usize],
    ) -> Result<Self, EngineError> {
        let (source, dest) = copy.blocks(engine)?;
        let source = source.zip(rank_in(engine, &copy.source_distribution));
        let dest = dest.zip(rank_in(engine, &copy.dest_distribution));
        Ok(Self { copy, participants, source, dest })
    }

    /// Copies; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::Kernel`], [`EngineError::Comm`].
    pub fn run(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        supersteps::run(self, communicator)
    }

    /// The source as one run of elements.
    fn flat_source(&self) -> Result<Option<Block>, EngineError> {
        let Some((block, _)) = &self.source else { return Ok(None) };
        match block.flattened() {
            Some(flat) => Ok(Some(flat)),
            None => Ok(block.copied()?.flattened()),
        }
    }

    /// A place for the elements of the destination, as one run.
    fn staged(&self, dest: &Block) -> Result<Block, EngineError> {
        Ok(Block::uninitialised(self.copy.source_dtype, &[dest.size()])?)
    }

    fn unstage(&self, staged: &Block) -> Result<(), EngineError> {
        if let Some((dest, _)) = &self.dest {
            let shaped = Block::from_flattened(staged, &dest.shape());
            copy::copy(&shaped, dest)?;
        }
        Ok(())
    }

    /// The runs of elements that a source piece and a destination piece have in common when both
    /// arrays are read in C order.
    fn common(&self, source_rank: usize, dest_rank: usize) -> impl Iterator<Item = Common> {
        let mut sources = plan::flat_runs(&self.copy.source_distribution, source_rank).peekable();
        let mut dests = plan::flat_runs(&self.copy.dest_distribution, dest_rank).peekable();
        std::iter::from_fn(move || {
            loop {
                let (source, dest) = (sources.peek()?, dests.peek()?);
                let start = source.global.max(dest.global);
                let (source_stop, dest_stop) = (source.global + source.len, dest.global + dest.len);
                let common = (start < source_stop.min(dest_stop)).then(|| Common {
                    source: source.local + (start - source.global),
                    dest: dest.local + (start - dest.global),
                    len: source_stop.min(dest_stop) - start,
                });
                if source_stop <= dest_stop {
                    sources.next();
                }
                if dest_stop <= source_stop {
                    dests.next();
                }
                if common.is_some() {
                    return common;
                }
            }
        })
    }
}

/// A run of elements, by position in the flattened pieces.
struct Common {
    source: usize,
    dest: usize,
    len: usize,
}

impl Supersteps for Reshaping<'_> {
    type Unfinished = Option<Block>;

    fn posts_arrays(&self) -> bool {
        true
    }

    fn post(&self) -> Result<SharedObject, EngineError> {
        Ok(Arc::new(self.flat_source()?))
    }

    fn complete(&self, posted: &[SharedObject]) -> Result<Option<Block>, EngineError> {
        let Some((dest, rank)) = &self.dest else { return Ok(None) };
        let staged = self.staged(dest)?;
        let sources = self.copy.source_distribution.targets().iter().enumerate();
        for (source_rank, &target) in sources {
            let posting = &posted[participant(self.participants, target)];
            let Some(Some(source)) = posting.downcast_ref::<Option<Block>>() else { continue };
            for common in self.common(source_rank, *rank) {
                let part = source.slice_axis(0, common.source, 1, common.len);
                copy::copy(&part, &staged.slice_axis(0, common.dest, 1, common.len))?;
            }
        }
        Ok(Some(staged))
    }

    fn settle(&self, staged: Option<Block>) -> Result<Reply, EngineError> {
        if let Some(staged) = staged {
            self.unstage(&staged)?;
        }
        Ok(Reply::done())
    }

    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        let mut sends = Vec::new();
        if let (Some(source), Some((_, rank))) = (self.flat_source()?, &self.source) {
            for (dest_rank, &target) in self.copy.dest_distribution.targets().iter().enumerate() {
                let mut packed = Vec::new();
                for common in self.common(*rank, dest_rank) {
                    source.slice_axis(0, common.source, 1, common.len).append_to(&mut packed)?;
                }
                if !packed.is_empty() {
                    sends.push((participant(self.participants, target), packed));
                }
            }
        }
        let Some((dest, rank)) = &self.dest else {
            communicator.exchange(sends, &[])?;
            return Ok(Reply::done());
        };
        let sources = self.copy.source_distribution.targets().iter().enumerate();
        let plan: Vec<(usize, Vec<Common>)> = sources
            .map(|(source_rank, &target)| {
                let common = self.common(source_rank, *rank).collect();
                (participant(self.participants, target), common)
            })
            .filter(|(_, common): &(usize, Vec<Common>)| !common.is_empty())
            .collect();
        let senders: Vec<usize> = plan.iter().map(|(sender, _)| *sender).collect();
        let arrived = communicator.exchange(sends, &senders)?;
        let staged = self.staged(dest)?;
        for ((_, packed), (_, common)) in arrived.into_iter().zip(&plan) {
            let items = common.iter().map(|common| common.len).sum();
            let packed = Block::of_bytes(self.copy.source_dtype, &[items], packed);
            let mut from = 0;
            for common in common {
                let part = packed.slice_axis(0, from, 1, common.len);
                copy::copy(&part, &staged.slice_axis(0, common.dest, 1, common.len))?;
                from += common.len;
            }
        }
        self.unstage(&staged)?;
        Ok(Reply::done())
    }
}
