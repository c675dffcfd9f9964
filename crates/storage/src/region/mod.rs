//! Reading and writing the part of an array that one engine holds.
//!
//! The elements of a region lie in the file as runs. Runs are visited in the order of the file.
//! Long ones go straight between file and memory where they are as dense there; all others go
//! through a buffer of bounded size, many at a time. Nothing is read that is not asked for, but
//! for gaps too short to be worth a request of their own; nothing is written that was not given.

mod axis;
mod memory;
mod transfer;

#[cfg(test)]
mod tests;

use distarray_kernels::{Block, Labels};

use crate::{ArrayFile, Layout, Result, StorageError};
use transfer::{Limits, Mode, Transfer};

/// Reads the elements with these labels along each axis into `dest`.
///
/// # Errors
///
/// [`StorageError::Region`] when block, labels and layout do not fit or `dest` is read-only;
/// [`StorageError::Truncated`] and [`StorageError::Io`] when the file cannot be read.
pub fn read(file: &ArrayFile, layout: &Layout, labels: &[Labels], dest: &Block) -> Result<()> {
    if !dest.buffer().is_writable() {
        return Err(StorageError::Region("the destination is read-only".to_owned()));
    }
    Transfer::new(file, layout, labels, dest, Mode::Read, Limits::USUAL)?.run()
}

/// Writes `source` to the elements with these labels along each axis, and touches no others.
///
/// Each run of neighbours in the file takes a request of its own: it is better to move the pieces
/// of a cyclic distribution to other engines first, so that each has whole rows.
///
/// # Errors
///
/// [`StorageError::Region`] when block, labels and layout do not fit; [`StorageError::Io`] when the
/// file cannot be written.
pub fn write(file: &ArrayFile, layout: &Layout, labels: &[Labels], source: &Block) -> Result<()> {
    Transfer::new(file, layout, labels, source, Mode::Write, Limits::USUAL)?.run()
}
