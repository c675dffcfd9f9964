//! Arrays in files: each engine reads and writes its own part.

use std::path::Path;

use distarray_kernels::Block;
use distarray_meta::Distribution;
use distarray_storage::ArrayFile;
use distarray_storage::npy::{self, Header};

use super::own_rank;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::{ArrayId, LocalArray, Reply};

/// Makes this engine's piece of an array from a file in npy format.
///
/// # Errors
///
/// [`EngineError::Storage`] when the file cannot be read, [`EngineError::Kernel`] when memory is
/// short.
pub fn load_npy(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    path: &Path,
    header: &Header,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let block = Block::uninitialised(header.dtype, &distribution.local_shape(rank))?;
    let local = LocalArray { distribution: distribution.clone(), rank, block };
    npy::read_region(&ArrayFile::open(path)?, header, &local.labels(), &local.block)?;
    engine.insert(array, local);
    Ok(Reply::done())
}

/// Writes this engine's piece to its place in a file, and has it written to the disk.
///
/// # Errors
///
/// [`EngineError::Storage`] when the file cannot be written.
pub fn save_npy(
    engine: &Engine,
    array: ArrayId,
    path: &Path,
    header: &Header,
) -> Result<Reply, EngineError> {
    let local = engine.get(array)?;
    let file = ArrayFile::open_writable(path)?;
    npy::write_region(&file, header, &local.labels(), &local.block)?;
    // Its host alone can have the system write what this engine has written.
    file.sync()?;
    Ok(Reply::done())
}
