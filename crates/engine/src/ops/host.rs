//! Elements between engines and the client's memory.

use distarray_kernels::Block;
use distarray_meta::{AxisMap, Distribution, plan};

use super::own_rank;
use crate::command::Item;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::copy_transfer;
use crate::{ArrayId, Reply};

/// Copies this engine's piece to its place in the client's memory.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn read(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    host: &Block,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = engine.block(array)?;
    for transfer in plan::sends(distribution, &whole(distribution)?, rank) {
        copy_transfer(&block, host, &transfer)?;
    }
    Ok(Reply::done())
}

/// Copies this engine's part of the client's memory into its piece.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn write(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    host: &Block,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = engine.block(array)?;
    for transfer in plan::receives(&whole(distribution)?, distribution, rank) {
        copy_transfer(host, &block, &transfer)?;
    }
    Ok(Reply::done())
}

/// The client's memory as a distribution: all of the array in one piece.
fn whole(distribution: &Distribution) -> Result<Distribution, EngineError> {
    let maps = distribution.shape().iter().map(|&size| AxisMap::no_dist(size)).collect();
    // The plan compares targets only to choose among several owners; any engine will do.
    Ok(Distribution::new(maps, vec![distribution.targets()[0]])?)
}

/// Reads one element of this engine's piece.
///
/// # Errors
///
/// [`EngineError::UnknownArray`].
pub fn item(engine: &Engine, array: ArrayId, position: &[usize]) -> Result<Reply, EngineError> {
    let mut block = engine.block(array)?;
    for &index in position {
        block = block.index_axis(0, index);
    }
    let dtype = block.dtype();
    Ok(Reply::Item(Item { dtype, bytes: block.to_bytes()? }))
}
