//! Elements between engines and the client's memory.

use distarray_kernels::{Block, DType, copy};
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

/// The elements of this engine's piece, in C order, on their way to the client; nothing, if others
/// have the same elements and send them.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn sent(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
) -> Result<(DType, Vec<u8>), EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = engine.block(array)?;
    let is_sent = !plan::sends(distribution, &whole(distribution)?, rank).is_empty();
    Ok((block.dtype(), if is_sent { block.to_bytes()? } else { Vec::new() }))
}

/// Copies the elements that a rank has [sent] to their place in the client's memory.
///
/// # Errors
///
/// [`EngineError::Kernel`].
///
/// # Panics
///
/// When there are not as many bytes as the piece of the rank needs.
pub fn received(
    distribution: &Distribution,
    rank: usize,
    dtype: DType,
    elements: Vec<u8>,
    host: &Block,
) -> Result<(), EngineError> {
    let transfers = plan::sends(distribution, &whole(distribution)?, rank);
    if transfers.is_empty() {
        return Ok(());
    }
    let piece = Block::of_bytes(dtype, &distribution.local_shape(rank), elements);
    for transfer in transfers {
        copy_transfer(&piece, host, &transfer)?;
    }
    Ok(())
}

/// What the piece of a rank is to be set to, of the client's memory, in C order.
///
/// # Errors
///
/// [`EngineError::Kernel`] when memory is short.
pub fn part(
    distribution: &Distribution,
    rank: usize,
    host: &Block,
) -> Result<Vec<u8>, EngineError> {
    let piece = Block::uninitialised(host.dtype(), &distribution.local_shape(rank))?;
    for transfer in plan::receives(&whole(distribution)?, distribution, rank) {
        copy_transfer(host, &piece, &transfer)?;
    }
    Ok(piece.to_bytes()?)
}

/// Sets the elements of this engine's piece to a [part] of the client's memory, casting.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
///
/// # Panics
///
/// When there are not as many bytes as the piece needs.
pub fn set(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    dtype: DType,
    elements: Vec<u8>,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let part = Block::of_bytes(dtype, &distribution.local_shape(rank), elements);
    copy::copy(&part, &engine.block(array)?)?;
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
