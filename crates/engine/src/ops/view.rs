//! Arrays that share the memory of others.

use distarray_kernels::{Block, DType};
use distarray_meta::{Distribution, LocalIndex, Selection, SlicedDistribution};

use super::own_rank;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::{ArrayId, LocalArray, Reply};

/// Makes this engine's piece of a slice.
///
/// # Errors
///
/// [`EngineError::UnknownArray`].
pub fn slice(
    engine: &Engine,
    array: ArrayId,
    base: ArrayId,
    sliced: &SlicedDistribution,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, &sliced.distribution)?;
    if let Some(piece) = engine.outside(base) {
        let view = piece.sliced(&sliced.local[rank], &sliced.distribution);
        engine.insert_outside(array, sliced.distribution.clone(), rank, view);
        return Ok(Reply::done());
    }
    let block = select(&engine.block(base)?, &sliced.local[rank]);
    engine.insert(array, LocalArray { distribution: sliced.distribution.clone(), rank, block });
    Ok(Reply::done())
}

/// The part of a block that an index expression selects.
fn select(block: &Block, index: &[LocalIndex]) -> Block {
    let mut block = block.clone();
    let mut axis = 0;
    for item in index {
        block = match item {
            LocalIndex::At(position) => {
                block = block.index_axis(axis, *position);
                continue;
            }
            LocalIndex::Select(Selection::Strided { start, step, len }) => {
                block.slice_axis(axis, *start, *step, *len)
            }
            LocalIndex::Select(Selection::List(positions)) => block.take_axis(axis, positions),
            LocalIndex::NewAxis => block.insert_axis(axis),
        };
        axis += 1;
    }
    block
}

/// Makes this engine's piece of a transposed array.
///
/// # Errors
///
/// [`EngineError::UnknownArray`].
pub fn transpose(
    engine: &Engine,
    array: ArrayId,
    base: ArrayId,
    order: &[usize],
    distribution: &Distribution,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    if let Some(piece) = engine.outside(base) {
        let view = piece.transposed(order, distribution);
        engine.insert_outside(array, distribution.clone(), rank, view);
        return Ok(Reply::done());
    }
    let block = engine.block(base)?.transpose(order);
    engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
    Ok(Reply::done())
}

/// Makes this engine's piece of an array that reads the same memory as another dtype.
///
/// # Errors
///
/// [`EngineError::UnknownArray`]; [`EngineError::Kernel`] when the piece's layout does not allow it.
pub fn reinterpret(
    engine: &Engine,
    array: ArrayId,
    base: ArrayId,
    dtype: DType,
    distribution: &Distribution,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = engine.block(base)?.view_dtype(dtype)?;
    engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
    Ok(Reply::done())
}

/// Makes this engine's piece of an array that reads the same memory and can't be written to.
///
/// # Errors
///
/// [`EngineError::UnknownArray`].
pub fn freeze(
    engine: &Engine,
    array: ArrayId,
    base: ArrayId,
    distribution: &Distribution,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    if let Some(piece) = engine.outside(base) {
        // It can't be written to anyway.
        engine.insert_outside(array, distribution.clone(), rank, piece);
        return Ok(Reply::done());
    }
    let block = engine.block(base)?.frozen();
    engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
    Ok(Reply::done())
}
