//! Copies between arrays of different layouts.

use std::sync::Arc;

use distarray_comm::Communicator;
use distarray_kernels::{Block, DType, copy};
use distarray_meta::{Distribution, plan};

use super::rank_in;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::{Endpoint, participant};
use crate::{ArrayId, Reply};

/// A copy from one array into another; see [`crate::Command::Copy`].
pub struct Redistribution<'a> {
    /// The array that is read.
    pub source: ArrayId,
    /// Its dtype.
    pub source_dtype: DType,
    /// Its layout.
    pub source_distribution: &'a Distribution,
    /// The array that is written.
    pub dest: ArrayId,
    /// Its layout.
    pub dest_distribution: &'a Distribution,
}

/// Copies a piece into another one that holds the same part of the whole.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn copy_local(engine: &Engine, source: ArrayId, dest: ArrayId) -> Result<Reply, EngineError> {
    let source = engine.get(source)?.block;
    let dest = engine.get(dest)?.block;
    copy::copy(&source, &dest)?;
    Ok(Reply::done())
}

impl Redistribution<'_> {
    /// Copies between arrays of one shape; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`], [`EngineError::Kernel`], [`EngineError::Comm`].
    pub fn copy(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Reply, EngineError> {
        let (source, dest) = self.blocks(engine)?;
        Endpoint {
            engine: engine.number(),
            participants,
            source_distribution: self.source_distribution,
            source_dtype: self.source_dtype,
            source,
            dest_distribution: self.dest_distribution,
            dest,
        }
        .run(communicator)?;
        Ok(Reply::done())
    }

    fn blocks(&self, engine: &Engine) -> Result<(Option<Block>, Option<Block>), EngineError> {
        let block = |array, distribution: &Distribution| -> Result<Option<Block>, EngineError> {
            if rank_in(engine, distribution).is_none() {
                return Ok(None);
            }
            let mut block = engine.get(array)?.block;
            // A layout with leading axes of one element serves for an array without them.
            while block.ndim() < distribution.ndim() {
                block = block.insert_axis(0);
            }
            Ok(Some(block))
        };
        Ok((
            block(self.source, self.source_distribution)?,
            block(self.dest, self.dest_distribution)?,
        ))
    }
}

impl Redistribution<'_> {
    /// Copies between arrays of one size and dtype in C order; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`], [`EngineError::Kernel`], [`EngineError::Comm`].
    pub fn reshape(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Reply, EngineError> {
        let (source, dest) = self.blocks(engine)?;
        let source = source.map(|block| block.copied()).transpose()?;
        let staged =
            dest.as_ref().map(|dest| Block::uninitialised(self.source_dtype, &dest.shape()));
        let staged = staged.transpose()?;
        match communicator.shared() {
            Some(shared) => {
                let posted = shared.share(Arc::new(source))?;
                if let (Some(staged), Some(rank)) =
                    (&staged, rank_in(engine, self.dest_distribution))
                {
                    for (source_rank, &target) in
                        self.source_distribution.targets().iter().enumerate()
                    {
                        let posting = &posted[participant(participants, target)];
                        if let Some(Some(block)) = posting.downcast_ref::<Option<Block>>() {
                            for common in self.common(source_rank, rank) {
                                copy_items(block, common.source, staged, common.dest, common.len)?;
                            }
                        }
                    }
                }
            }
            None => self.reshape_by_messages(
                engine,
                participants,
                communicator,
                source,
                staged.as_ref(),
            )?,
        }
        if let (Some(staged), Some(dest)) = (&staged, &dest) {
            copy::copy(staged, dest)?;
        }
        Ok(Reply::done())
    }

    fn reshape_by_messages(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
        source: Option<Block>,
        staged: Option<&Block>,
    ) -> Result<(), EngineError> {
        let item = self.source_dtype.itemsize();
        let mut sends = Vec::new();
        if let (Some(source), Some(rank)) = (source, rank_in(engine, self.source_distribution)) {
            let bytes = source.to_bytes()?;
            for (dest_rank, &target) in self.dest_distribution.targets().iter().enumerate() {
                let packed: Vec<u8> = self
                    .common(rank, dest_rank)
                    .flat_map(|common| {
                        bytes[common.source * item..][..common.len * item].iter().copied()
                    })
                    .collect();
                if !packed.is_empty() {
                    sends.push((participant(participants, target), packed));
                }
            }
        }
        let Some((staged, rank)) = staged.zip(rank_in(engine, self.dest_distribution)) else {
            communicator.exchange(sends, &[])?;
            return Ok(());
        };
        let plan: Vec<(usize, Vec<Common>)> = self
            .source_distribution
            .targets()
            .iter()
            .enumerate()
            .map(|(source_rank, &target)| {
                (participant(participants, target), self.common(source_rank, rank).collect())
            })
            .filter(|(_, common): &(usize, Vec<Common>)| !common.is_empty())
            .collect();
        let senders: Vec<usize> = plan.iter().map(|(sender, _)| *sender).collect();
        let arrived = communicator.exchange(sends, &senders)?;
        for ((_, packed), (_, common)) in arrived.iter().zip(&plan) {
            let items = packed.len() / item.max(1);
            let packed = Block::from_bytes(self.source_dtype, &[items], packed)?;
            let mut from = 0;
            for common in common {
                copy_items(&packed, from, staged, common.dest, common.len)?;
                from += common.len;
            }
        }
        Ok(())
    }

    /// The runs of elements that a source piece and a destination piece have in common when both
    /// arrays are read in C order.
    fn common(&self, source_rank: usize, dest_rank: usize) -> impl Iterator<Item = Common> {
        let mut sources = plan::flat_runs(self.source_distribution, source_rank).peekable();
        let mut dests = plan::flat_runs(self.dest_distribution, dest_rank).peekable();
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

/// Copies a run of elements between contiguous blocks.
fn copy_items(
    source: &Block,
    from: usize,
    dest: &Block,
    to: usize,
    len: usize,
) -> Result<(), EngineError> {
    if let (Some(source), Some(dest)) = (source.flattened(), dest.flattened()) {
        copy::copy(&source.slice_axis(0, from, 1, len), &dest.slice_axis(0, to, 1, len))?;
    }
    Ok(())
}
