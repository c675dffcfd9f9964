//! Copies between arrays of different layouts.

use distarray_kernels::{Block, copy};
use distarray_meta::Distribution;

use super::rank_in;
use crate::command::Movement;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::Endpoint;
use crate::{ArrayId, Reply};

/// Copies a piece into another one that holds the same part of the whole.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn copy_local(engine: &Engine, source: ArrayId, dest: ArrayId) -> Result<Reply, EngineError> {
    let source = engine.block(source)?;
    let dest = engine.block(dest)?;
    copy::copy(&source, &dest)?;
    Ok(Reply::done())
}

impl Movement {
    /// One engine's part in a copy between arrays of one shape.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`].
    pub fn endpoint<'b>(
        &'b self,
        engine: &Engine,
        participants: &'b [usize],
    ) -> Result<Endpoint<'b>, EngineError> {
        let (source, dest) = self.blocks(engine)?;
        Ok(Endpoint {
            engine: engine.number(),
            participants,
            source_distribution: &self.source_distribution,
            source_dtype: self.source_dtype,
            source,
            dest_distribution: &self.dest_distribution,
            dest,
        })
    }

    /// This engine's pieces of the source and of the destination.
    pub(super) fn blocks(
        &self,
        engine: &Engine,
    ) -> Result<(Option<Block>, Option<Block>), EngineError> {
        let block = |array, distribution: &Distribution| -> Result<Option<Block>, EngineError> {
            if rank_in(engine, distribution).is_none() {
                return Ok(None);
            }
            let mut block = engine.block(array)?;
            // A layout with leading axes of one element serves for an array without them.
            while block.ndim() < distribution.ndim() {
                block = block.insert_axis(0);
            }
            Ok(Some(block))
        };
        Ok((
            block(self.source, &self.source_distribution)?,
            block(self.dest, &self.dest_distribution)?,
        ))
    }
}
