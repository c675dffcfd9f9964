//! Elements between engines and the client's memory.

use distarray_kernels::{Block, DType, Region};
use distarray_meta::{AxisMap, Distribution, plan};

use super::{mapped, own_rank};
use crate::command::Item;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::{copy_transfer, pack, unpack};
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
    let block = engine.dest(array)?;
    for transfer in plan::receives(&whole(distribution)?, distribution, rank) {
        copy_transfer(host, &block, &transfer)?;
    }
    Ok(Reply::done())
}

/// The elements of this engine's piece on their way to the client; those that others have, too, one of
/// them sends.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`]; [`EngineError::Storage`] when they are in a file
/// that does not have them any more.
pub fn sent(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
) -> Result<(DType, Vec<u8>), EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = engine.block(array)?;
    let transfers = plan::sends(distribution, &whole(distribution)?, rank);
    let packed = pack(&block, &transfers)?;
    mapped::check()?;
    Ok((block.dtype(), packed))
}

/// Copies the elements that a rank has [sent] to their place in the client's memory.
///
/// # Errors
///
/// [`EngineError::Kernel`].
///
/// # Panics
///
/// When there are not as many bytes as the rank sends.
pub fn received(
    distribution: &Distribution,
    rank: usize,
    dtype: DType,
    elements: Vec<u8>,
    host: &Block,
) -> Result<(), EngineError> {
    let transfers = plan::sends(distribution, &whole(distribution)?, rank);
    unpack(elements, dtype, host, &transfers)
}

/// What the piece of a rank is to be set to, of the client's memory.
///
/// # Errors
///
/// [`EngineError::Kernel`] when memory is short.
pub fn part(
    distribution: &Distribution,
    rank: usize,
    host: &Block,
) -> Result<Vec<u8>, EngineError> {
    pack(host, &plan::receives(&whole(distribution)?, distribution, rank))
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
    let transfers = plan::receives(&whole(distribution)?, distribution, rank);
    unpack(elements, dtype, &engine.dest(array)?, &transfers)?;
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
    let mut block = match engine.outside(array) {
        // Of what is outside, no more than this is read.
        Some(piece) => {
            let one = Region::new(position.iter().map(|&index| (index, 1)).collect());
            let block = piece.part(&one)?;
            return one_item(&position.iter().fold(block, |block, _| block.index_axis(0, 0)));
        }
        None => engine.block(array)?,
    };
    for &index in position {
        block = block.index_axis(0, index);
    }
    one_item(&block)
}

fn one_item(block: &Block) -> Result<Reply, EngineError> {
    let dtype = block.dtype();
    Ok(Reply::Item(Item { dtype, bytes: block.to_bytes()? }))
}
