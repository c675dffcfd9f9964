//! NumPy's format for one array in one file.
//!
//! The format is a public one: magic bytes, a version, the length and the text of a Python
//! dictionary with the keys `descr`, `fortran_order` and `shape`, then the elements.

mod descr;
mod header;

#[cfg(test)]
mod tests;

use std::path::Path;

use distarray_kernels::{Block, Labels};

pub use header::Header;

use crate::{ArrayFile, Result, StorageError, region};

/// Opens a file and reads its header.
///
/// # Errors
///
/// [`StorageError`] when the file cannot be opened or is no whole .npy file.
pub fn open(path: &Path) -> Result<(ArrayFile, Header)> {
    open_at(path, 0)
}

/// Opens a file which has an .npy file in it from position `base` on, and reads the header there.
///
/// # Errors
///
/// As [`open`].
pub fn open_at(path: &Path, base: u64) -> Result<(ArrayFile, Header)> {
    let file = ArrayFile::open(path)?;
    let header = Header::read(&file, base)?;
    Ok((file, header))
}

/// Makes a file with this header, long enough for the elements, which read as zeros until they are
/// written by [`write_region`], in any order and from any number of threads or processes.
///
/// # Errors
///
/// [`StorageError::Io`] when that fails.
pub fn create(path: &Path, header: &Header) -> Result<ArrayFile> {
    let file = ArrayFile::create(path)?;
    let bytes = header.to_bytes();
    file.write_at(&bytes, 0)?;
    if let Some(end) = header.layout.end() {
        file.set_len(end)?;
    }
    Ok(file)
}

/// Reads the elements with these labels along each axis into `dest`.
///
/// # Errors
///
/// [`StorageError::Region`] when `dest` has another dtype, or labels lie outside of the array;
/// [`StorageError::Truncated`] and [`StorageError::Io`] when the file cannot be read.
pub fn read_region(file: &ArrayFile, header: &Header, axes: &[Labels], dest: &Block) -> Result<()> {
    check_dtype(header, dest)?;
    region::read(file, &header.layout, axes, dest)
}

/// Writes `source` to the elements with these labels along each axis, and touches no others.
///
/// # Errors
///
/// [`StorageError::Region`] when `source` has another dtype, or labels lie outside of the array;
/// [`StorageError::Io`] when the file cannot be written.
pub fn write_region(
    file: &ArrayFile,
    header: &Header,
    axes: &[Labels],
    source: &Block,
) -> Result<()> {
    check_dtype(header, source)?;
    region::write(file, &header.layout, axes, source)
}

fn check_dtype(header: &Header, block: &Block) -> Result<()> {
    if block.dtype() == header.dtype {
        return Ok(());
    }
    let (block, file) = (block.dtype(), header.dtype);
    Err(StorageError::Region(format!("a block of dtype {block} for a file of dtype {file}")))
}
