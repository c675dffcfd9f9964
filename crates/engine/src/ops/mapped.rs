//! Arrays whose elements stay in a file.

use std::path::Path;

use distarray_kernels::buffer::Lost;
use distarray_kernels::{Block, Buffer, DType, Labels, buffer};
use distarray_meta::Distribution;
use distarray_storage::{Layout, StorageError};

use super::own_rank;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::local_array::labels;
use crate::{ArrayId, LocalArray, Reply};

/// A file, and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The file.
    pub path: &'a Path,
    /// The dtype of its elements.
    pub dtype: DType,
    /// Where they lie.
    pub layout: &'a Layout,
}

/// Makes this engine's piece of an array of elements that stay in a file.
///
/// # Errors
///
/// [`EngineError::Storage`] when the file can't be opened, is too short, or can't be mapped;
/// [`EngineError::Kernel`] when memory is short.
pub fn open(
    engine: &Engine,
    array: ArrayId,
    distribution: &Distribution,
    contents: Contents<'_>,
    is_writable: bool,
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let shape = distribution.local_shape(rank);
    let block = if shape.contains(&0) {
        Block::uninitialised(contents.dtype, &shape)?
    } else {
        part(whole(contents, is_writable)?, &labels(distribution, rank), &shape)
    };
    engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
    Ok(Reply::done())
}

/// All elements of a file.
fn whole(contents: Contents<'_>, is_writable: bool) -> Result<Block, StorageError> {
    let Contents { path, dtype, layout } = contents;
    let io = |action| {
        let path = path.to_owned();
        move |source| StorageError::Io { path, action, source }
    };
    let needed = layout.end().and_then(|end| usize::try_from(end).ok());
    let Some(needed) = needed else {
        return Err(StorageError::Region("the elements are more than memory can have".to_owned()));
    };
    let mut options = std::fs::File::options();
    let file = options.read(true).write(is_writable).open(path).map_err(io("open"))?;
    let found = file.metadata().map_err(io("read"))?.len();
    if found < needed as u64 && !is_writable {
        return Err(StorageError::Truncated {
            path: path.to_owned(),
            needed: needed as u64,
            found,
        });
    }
    let buffer = Buffer::of_file(file, path, needed, is_writable).map_err(io("map"))?;
    let offset = layout.offset as usize;
    Block::within(buffer, offset, dtype, &layout.shape, layout.fortran_order).ok_or_else(|| {
        StorageError::Region(format!("no room for the elements of {}", path.display()))
    })
}

/// The elements of a block with these labels along each axis; there are as many as `shape` says.
fn part(mut block: Block, labels: &[Labels], shape: &[usize]) -> Block {
    for (axis, (labels, &len)) in labels.iter().zip(shape).enumerate() {
        block = match labels {
            Labels::Strided { start, step } => {
                block.slice_axis(axis, *start as usize, *step as isize, len)
            }
            Labels::List(list) => {
                let positions: Vec<usize> = list.iter().map(|&label| label as usize).collect();
                block.take_axis(axis, &positions)
            }
        };
    }
    block
}

/// What has to be said after a command: whether a file that was read did not have its bytes any more.
///
/// # Errors
///
/// [`EngineError::Storage`] that names the file.
pub fn check() -> Result<(), EngineError> {
    buffer::lost().map_err(|Lost { path, needed, found }| {
        if found < needed {
            return StorageError::Truncated { path, needed, found }.into();
        }
        let source = std::io::Error::from_raw_os_error(EIO);
        StorageError::Io { path, action: "read", source }.into()
    })
}

/// The system's number of the error that a device has.
const EIO: i32 = 5;
