//! Reductions: each engine reduces its piece, then the parts meet on the lowest rank.

use std::sync::Arc;

use distarray_comm::Communicator;
use distarray_kernels::reduce::{self, Partial};
use distarray_kernels::{Block, DType, Reduction};
use distarray_meta::Distribution;

use super::{own_rank, rank_in};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::participant;
use crate::{ArrayId, LocalArray, Reply};

/// A reduction of one array; see [`crate::Command::Reduce`].
pub struct Reduce<'a> {
    /// What is computed.
    pub reduction: Reduction,
    /// The array.
    pub source: ArrayId,
    /// Its layout.
    pub distribution: &'a Distribution,
    /// Which elements count.
    pub mask: Option<ArrayId>,
    /// The centre of squared deviations.
    pub center: Option<ArrayId>,
    /// Which axes are reduced.
    pub reduced: &'a [bool],
    /// The dtype that is accumulated in.
    pub dtype: DType,
    /// The name of the result.
    pub result: ArrayId,
    /// The layout of the result.
    pub result_distribution: &'a Distribution,
}

impl Reduce<'_> {
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
        let rank = own_rank(engine, self.distribution)?;
        let partial = self.partial(engine, rank)?;
        let group = self.group(rank);
        let combined = if group.len() == 1 {
            Some(partial)
        } else {
            let members: Vec<usize> = group
                .iter()
                .map(|&member| participant(participants, self.distribution.targets()[member]))
                .collect();
            self.combine(partial, &members, communicator)?
        };
        if let (Some(combined), Some(result_rank)) =
            (combined, rank_in(engine, self.result_distribution))
        {
            let block = self.shaped(reduce::finish(self.reduction, combined)?);
            engine.insert(
                self.result,
                LocalArray {
                    distribution: self.result_distribution.clone(),
                    rank: result_rank,
                    block,
                },
            );
        }
        Ok(Reply::done())
    }

    fn partial(&self, engine: &Engine, rank: usize) -> Result<Partial, EngineError> {
        let local = engine.get(self.source)?;
        let block = |array: Option<ArrayId>| -> Result<Option<Block>, EngineError> {
            array.map(|array| Ok(engine.get(array)?.block)).transpose()
        };
        let labels = crate::local_array::labels(self.distribution, rank);
        Ok(reduce::partial(
            self.reduction,
            &local.block,
            self.reduced,
            block(self.mask)?.as_ref(),
            block(self.center)?.as_ref(),
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
                .zip(self.reduced)
                .all(|((theirs, mine), reduced)| *reduced || theirs == mine)
        };
        (0..self.distribution.ranks()).filter(|&other| alike(other)).collect()
    }

    /// Merges the parts of a group in rank order, on its first member.
    fn combine(
        &self,
        partial: Partial,
        members: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Option<Partial>, EngineError> {
        let me = communicator.rank();
        let first = me == members[0];
        if let Some(shared) = communicator.shared() {
            let posted = shared.share(Arc::new(partial))?;
            if !first {
                return Ok(None);
            }
            let mut combined: Option<Partial> = None;
            for part in members.iter().filter_map(|&member| posted[member].downcast_ref()) {
                let part: &Partial = part;
                let combined = combined.get_or_insert_with(|| {
                    reduce::identity(self.reduction, part.shape(), self.dtype)
                });
                reduce::merge(self.reduction, combined, part)?;
            }
            return Ok(combined);
        }
        if !first {
            communicator.exchange(vec![(members[0], partial.to_bytes())], &[])?;
            return Ok(None);
        }
        let mut combined = partial;
        let mut arrived = communicator.exchange(Vec::new(), &members[1..])?;
        arrived.sort_by_key(|(member, _)| *member);
        for (_, bytes) in arrived {
            reduce::merge(self.reduction, &mut combined, &Partial::from_bytes(&bytes)?)?;
        }
        Ok(Some(combined))
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
