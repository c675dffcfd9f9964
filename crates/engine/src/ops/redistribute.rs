//! Copies between arrays of different layouts.

use distarray_kernels::{Block, copy};
use distarray_meta::Distribution;

use super::rank_in;
use crate::command::Movement;
use crate::engine::{Content, Engine};
use crate::error::EngineError;
use crate::exchange::Endpoint;
use crate::outside::cuts::Cutting;
use crate::outside::{OutsidePiece, passes};
use crate::{ArrayId, Reply};

/// Copies a piece into another one that holds the same part of the whole.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn copy_local(engine: &Engine, source: ArrayId, dest: ArrayId) -> Result<Reply, EngineError> {
    let dest = engine.dest(dest)?;
    match engine.content(source)? {
        Content::Here(source) => copy::copy(&source, &dest)?,
        Content::Outside(source) => copy_parts(engine, &source, &dest)?,
    }
    Ok(Reply::done())
}

/// Copies elements from outside, part by part.
fn copy_parts(engine: &Engine, source: &OutsidePiece, dest: &Block) -> Result<(), EngineError> {
    let shape = dest.shape();
    let cutting = Cutting {
        shape: &shape,
        global_shape: &shape,
        reduced: &vec![false; shape.len()],
        sources: &[source],
        sinks: &[],
        bytes: source.dtype().itemsize(),
    };
    passes::each(engine, &[source], &cutting.cuts().regions(), |region, parts| {
        Ok(copy::copy(&parts[0], &region.of(dest))?)
    })
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
        type Find = fn(&Engine, ArrayId) -> Result<Block, EngineError>;
        let block = |find: Find, array, distribution: &Distribution| {
            if rank_in(engine, distribution).is_none() {
                return Ok::<_, EngineError>(None);
            }
            let mut block = find(engine, array)?;
            // A layout with leading axes of one element serves for an array without them.
            while block.ndim() < distribution.ndim() {
                block = block.insert_axis(0);
            }
            Ok(Some(block))
        };
        Ok((
            block(Engine::block, self.source, &self.source_distribution)?,
            block(Engine::dest, self.dest, &self.dest_distribution)?,
        ))
    }
}
