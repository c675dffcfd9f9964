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

use distarray_kernels::{Block, Labels, progress};

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
    progress::expect(dest.size() * layout.itemsize);
    Transfer::new(file, layout, labels, dest, Mode::Read, Limits::USUAL)?.run()
}

/// The mean length in bytes of the runs that a region of this shape has in the file: where they are
/// short, elements should be moved between engines before they are written.
///
/// ```
/// use distarray_kernels::Labels;
/// use distarray_storage::{Layout, region};
///
/// let layout = Layout { offset: 0, itemsize: 8, shape: vec![100, 50], fortran_order: false };
/// let every_second = Labels::Strided { start: 0, step: 2 };
/// let rows = [every_second.clone(), Labels::POSITIONS];
/// assert_eq!(region::mean_run(&layout, &rows, &[50, 50]), 400);
/// let columns = [Labels::POSITIONS, every_second];
/// assert_eq!(region::mean_run(&layout, &columns, &[100, 25]), 8);
/// ```
pub fn mean_run(layout: &Layout, labels: &[Labels], shape: &[usize]) -> usize {
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    if !layout.fortran_order {
        axes.reverse();
    }
    let mut run = layout.itemsize;
    for axis in axes {
        let len = shape[axis];
        let runs = match &labels[axis] {
            _ if len < 2 => len,
            Labels::Strided { step: 1 | -1, .. } => 1,
            Labels::Strided { .. } => len,
            Labels::List(list) => 1 + list.windows(2).filter(|pair| pair[1] != pair[0] + 1).count(),
        };
        run = run * len / runs.max(1);
        if runs > 1 || len < layout.shape[axis] {
            break;
        }
    }
    run
}

/// Writes `source` to the elements with these labels along each axis, and touches no others.
///
/// Each run of neighbours in the file takes a request of its own, since what lies between them may
/// be written by others: see [`mean_run`].
///
/// # Errors
///
/// [`StorageError::Region`] when block, labels and layout do not fit; [`StorageError::Io`] when the
/// file cannot be written.
pub fn write(file: &ArrayFile, layout: &Layout, labels: &[Labels], source: &Block) -> Result<()> {
    progress::expect(source.size() * layout.itemsize);
    Transfer::new(file, layout, labels, source, Mode::Write, Limits::USUAL)?.run()
}
