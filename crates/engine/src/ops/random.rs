//! Random numbers.

use distarray_kernels::random::{self, Variate};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::{ArrayId, Reply};

/// Fills this engine's piece: each element depends on the key and its global index alone.
///
/// # Errors
///
/// [`EngineError::UnknownArray`], [`EngineError::Kernel`].
pub fn fill(
    engine: &Engine,
    array: ArrayId,
    variate: Variate,
    key: [u64; 2],
) -> Result<Reply, EngineError> {
    let local = engine.get(array)?;
    random::fill(&local.block, variate, key, &local.labels(), local.distribution.shape())?;
    Ok(Reply::done())
}
