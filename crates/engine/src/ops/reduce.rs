//! Reductions: each engine reduces its piece, then the parts meet on the lowest rank.

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::Block;
use distarray_kernels::reduce::{self, Partial};

use super::{own_rank, rank_in};
use crate::command::Reduce;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::participant;
use crate::supersteps::{self, Supersteps};
use crate::{ArrayId, LocalArray, Reply};

impl Reduce {
    /// Reduces; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`], [`EngineError::Kernel`], [`EngineError::Comm`].
    pub fn run(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Reply, EngineError> {
        let part = self.part(engine, participants)?;
        match communicator.shared() {
            _ if part.members.len() == 1 => part.keep(self.partial(engine, part.rank)?),
            Some(shared) => supersteps::run(&part, shared, communicator),
            None => part.pass_messages(communicator),
        }
    }

    /// One engine's part in the reduction.
    ///
    /// # Errors
    ///
    /// When the engine has no piece of the array.
    pub fn part<'b>(
        &'b self,
        engine: &'b Engine,
        participants: &[usize],
    ) -> Result<Part<'b>, EngineError> {
        let rank = own_rank(engine, &self.distribution)?;
        let members = self.group(rank).into_iter();
        let members = members
            .map(|member| participant(participants, self.distribution.targets()[member]))
            .collect();
        let is_first = self.group(rank).first() == Some(&rank);
        Ok(Part { reduce: self, engine, rank, members, is_first })
    }

    fn partial(&self, engine: &Engine, rank: usize) -> Result<Partial, EngineError> {
        let local = engine.get(self.source)?;
        let block = |array: Option<ArrayId>| -> Result<Option<Block>, EngineError> {
            array.map(|array| Ok(engine.get(array)?.block)).transpose()
        };
        let labels = crate::local_array::labels(&self.distribution, rank);
        Ok(reduce::partial(
            self.reduction,
            &local.block,
            &self.reduced,
            block(self.mask)?.as_ref(),
            self.dtype,
            &labels,
            self.distribution.shape(),
        )?)
    }

    /// The ranks whose pieces differ from this one's along reduced axes alone, in ascending order:
    /// the first of them keeps the result.
    fn group(&self, rank: usize) -> Vec<usize> {
        let mine = self.distribution.coordinates(rank);
        let alike = |other: usize| {
            self.distribution
                .coordinates(other)
                .iter()
                .zip(&mine)
                .zip(&self.reduced)
                .all(|((theirs, mine), reduced)| *reduced || theirs == mine)
        };
        (0..self.distribution.ranks()).filter(|&other| alike(other)).collect()
    }

    /// Drops the reduced axes when the result has no place for them.
    fn shaped(&self, mut block: Block) -> Block {
        if self.result_distribution.ndim() < block.ndim() {
            for axis in (0..self.reduced.len()).rev().filter(|&axis| self.reduced[axis]) {
                block = block.index_axis(axis, 0);
            }
        }
        block
    }
}

/// One engine's part in a reduction.
pub struct Part<'a> {
    reduce: &'a Reduce,
    engine: &'a Engine,
    /// The rank in the array's layout.
    rank: usize,
    /// The participants whose partial results belong together.
    members: Vec<usize>,
    /// Whether this one of them keeps the result.
    is_first: bool,
}

impl Part<'_> {
    /// Merges partial results in the order of ranks.
    fn merged<'b>(
        &self,
        partials: impl Iterator<Item = &'b Partial>,
    ) -> Result<Option<Partial>, EngineError> {
        let reduction = self.reduce.reduction;
        let mut merged: Option<Partial> = None;
        for partial in partials {
            let merged = merged.get_or_insert_with(|| {
                reduce::identity(reduction, partial.shape(), self.reduce.dtype)
            });
            reduce::merge(reduction, merged, partial)?;
        }
        Ok(merged)
    }

    /// Keeps this engine's piece of the result.
    fn keep(&self, merged: Partial) -> Result<Reply, EngineError> {
        let Reduce { reduction, ending, result_distribution: distribution, .. } = self.reduce;
        let Some(rank) = rank_in(self.engine, distribution) else {
            return Ok(Reply::done());
        };
        let (block, flags) = reduce::finish(*reduction, merged, *ending)?;
        let block = self.reduce.shaped(block);
        let local = LocalArray { distribution: distribution.clone(), rank, block };
        self.engine.insert(self.reduce.result, local);
        Ok(Reply::Done { flags })
    }

    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        let partial = self.reduce.partial(self.engine, self.rank)?;
        if !self.is_first {
            communicator.exchange(vec![(self.members[0], partial.to_bytes())], &[])?;
            return Ok(Reply::done());
        }
        let arrived = communicator.exchange(Vec::new(), &self.members[1..])?;
        let others = arrived.iter().map(|(_, bytes)| Ok(Partial::from_bytes(bytes)?));
        let others = others.collect::<Result<Vec<Partial>, EngineError>>()?;
        self.keep_merged(std::iter::once(&partial).chain(&others))
    }

    /// Keeps this engine's piece of the result of partial results.
    fn keep_merged<'b>(
        &self,
        partials: impl Iterator<Item = &'b Partial>,
    ) -> Result<Reply, EngineError> {
        self.merged(partials)?.map_or_else(|| Ok(Reply::done()), |merged| self.keep(merged))
    }
}

impl Supersteps for Part<'_> {
    type Unfinished = Reply;

    const POSTS_ARRAYS: bool = false;

    fn post(&self) -> Result<SharedObject, EngineError> {
        Ok(Arc::new(self.reduce.partial(self.engine, self.rank)?))
    }

    fn complete(&self, posted: &[SharedObject]) -> Result<Reply, EngineError> {
        if !self.is_first {
            return Ok(Reply::done());
        }
        self.keep_merged(self.members.iter().filter_map(|&member| posted[member].downcast_ref()))
    }

    fn settle(&self, reply: Reply) -> Result<Reply, EngineError> {
        Ok(reply)
    }
}
