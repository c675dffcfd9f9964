//! New arrays, and filling them.

use distarray_kernels::{Block, DType, copy};
use distarray_meta::Distribution;

use super::own_rank;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::{ArrayId, Initial, LocalArray, Reply};

/// Makes this engine's piece of a new array.
///
/// # Errors
///
/// [`EngineError::Kernel`] when memory is short.
pub fn create(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    dtype: DType,
    initial: &Initial,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let shape = distribution.local_shape(rank);
    let block = match initial {
        Initial::Zero => Block::zeroed(dtype, &shape)?,
        Initial::Uninitialised => Block::uninitialised(dtype, &shape)?,
        Initial::Item(item) => {
            let block = Block::uninitialised(dtype, &shape)?;
            copy::fill_bytes(&block, item)?;
            block
        }
    };
    engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
    Ok(Reply::done())
}

/// Sets every element of this engine's piece.
///
/// # Errors
///
/// [`EngineError::UnknownArray`].
pub fn fill(engine: &Engine, array: ArrayId, item: &[u8]) -> Result<Reply, EngineError> {
    copy::fill_bytes(&engine.dest(array)?, item)?;
    Ok(Reply::done())
}
