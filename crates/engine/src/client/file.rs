//! Arrays in files.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use distarray_kernels::{Block, DType, Labels};
use distarray_meta::{AxisMap, Distribution};
use distarray_storage::npy::{self, Header};
use distarray_storage::replacement::{self, Existing};
use distarray_storage::{ArrayFile, Layout, StorageError, region};

use super::Array;
use crate::error::{Result, SessionError};
use crate::local_array::labels;
use crate::{Command, Session};

/// Runs of fewer bytes are moved between engines before they are written: that takes less time than
/// a request to the system for each.
const SHORT_RUN: usize = 4096;

/// An array in a file, whose place and dtype are known and have been found to fit the file's length:
/// in npy format, or elsewhere where its elements follow each other as there.
#[derive(Clone, Debug)]
pub struct NpyFile {
    path: PathBuf,
    header: Arc<Header>,
}

impl NpyFile {
    /// Opens a file in which an npy file begins at a position, mostly 0, and reads the header there.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when it cannot be opened or there is no whole file in npy format.
    pub fn open(path: &Path, base: u64) -> Result<Self> {
        let (_, header) = npy::open_at(path, base)?;
        Ok(Self { path: path.to_owned(), header: Arc::new(header) })
    }

    /// Makes a file for an array of a dtype and shape, in C order, in place of an empty one. Its
    /// elements are zero.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when it cannot be written, or the format has no such dtype.
    pub fn create(path: &Path, dtype: DType, shape: &[usize]) -> Result<Self> {
        let header = Header::new(dtype, shape, false)?;
        npy::create(path, &header)?;
        Ok(Self { path: path.to_owned(), header: Arc::new(header) })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Elements that lie in a file of any format.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when it cannot be opened or ends before the elements do;
    /// [`SessionError::Value`] when no file can have so many.
    pub fn raw(path: &Path, dtype: DType, layout: Layout) -> Result<Self> {
        let end = layout.end().ok_or_else(|| {
            SessionError::Value(format!("shape: {:?} is too large for a file", layout.shape))
        })?;
        let found = ArrayFile::open(path)?.len()?;
        if found < end {
            let path = path.to_owned();
            return Err(StorageError::Truncated { path, needed: end, found }.into());
        }
        Ok(Self { path: path.to_owned(), header: Arc::new(Header { dtype, layout }) })
    }

    /// The same elements, of a dtype whose name is another.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when its items are of another size.
    pub fn with_dtype(&self, dtype: DType) -> Result<Self> {
        if dtype.itemsize() != self.header.dtype.itemsize() {
            return Err(SessionError::Value(format!(
                "dtype: {dtype} is of another size than {}",
                self.header.dtype
            )));
        }
        let header = Header { dtype, layout: self.header.layout.clone() };
        Ok(Self { path: self.path.clone(), header: Arc::new(header) })
    }

    /// The shape and dtype of the array, and where in the file it is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the elements with these labels along each axis into a block.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when the block does not fit, or the file cannot be read.
    pub fn read(&self, labels: &[Labels], dest: &Block) -> Result<()> {
        Ok(npy::read_region(&ArrayFile::open(&self.path)?, &self.header, labels, dest)?)
    }

    /// Writes the elements with these labels along each axis, and touches no others. They are on
    /// the disk in the end.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when the block does not fit, or the file cannot be written.
    pub fn write(&self, labels: &[Labels], source: &Block) -> Result<()> {
        let file = ArrayFile::open_writable(&self.path)?;
        npy::write_region(&file, &self.header, labels, source)?;
        Ok(file.sync()?)
    }

    /// A new array of this layout; each engine reads its own part.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when the layout has another shape; [`SessionError::Engines`] when
    /// engines cannot read the file.
    pub fn load(&self, session: &Arc<dyn Session>, distribution: Distribution) -> Result<Array> {
        let shape = &self.header.layout.shape;
        if distribution.shape() != shape {
            return Err(SessionError::Value(format!(
                "distribution: its shape {:?} is not that of the array in {}, {shape:?}",
                distribution.shape(),
                self.path.display(),
            )));
        }
        let array = Array::named(session, distribution.clone(), self.header.dtype);
        let command = Command::LoadNpy {
            array: array.id()?,
            distribution,
            path: self.path.clone(),
            header: self.header.clone(),
        };
        array.execute(command, usize::MAX)?;
        Ok(array)
    }
}

impl Array {
    /// Saves the array as one file in npy format, which every engine writes a part of. The file gets
    /// its name when it is complete and on the disk; until then, and after a failure, what had the
    /// name stays. `descr` describes the dtype, where its own name is not the text of a description.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] or [`SessionError::Engines`] when that fails.
    pub fn save_npy(&self, path: &Path, descr: Option<&str>) -> Result<()> {
        let mut header = match descr {
            Some(descr) => Header::described(descr, self.shape(), false)?,
            None => Header::new(self.dtype(), self.shape(), false)?,
        };
        let temporary = self.session().once(&mut || {
            let temporary = replacement::begin(path, Existing::Replaced)?;
            if let Err(error) = npy::create(&temporary, &header) {
                replacement::discard(&temporary);
                return Err(error.into());
            }
            Ok(temporary.into_os_string().into_vec())
        })?;
        let temporary = PathBuf::from(OsString::from_vec(temporary));
        header.dtype = self.dtype();
        let written = self.write(&temporary, header).and_then(|()| {
            self.session().once(&mut || {
                replacement::finish(&temporary, path, Existing::Replaced)?;
                Ok(Vec::new())
            })
        });
        if written.is_err() {
            self.session().once(&mut || {
                replacement::discard(&temporary);
                Ok(Vec::new())
            })?;
        }
        written.map(|_| ())
    }

    /// Writes the elements, in C order from position `offset` on, to a file that exists; every engine
    /// writes a part. They are on the disk in the end.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when that fails; [`SessionError::Value`] when no file can have so
    /// many.
    pub fn write_at(&self, path: &Path, offset: u64) -> Result<()> {
        let (itemsize, shape) = (self.dtype().itemsize(), self.shape().to_vec());
        let layout = Layout { offset, itemsize, shape, fortran_order: false };
        if layout.end().is_none() {
            return Err(SessionError::Value(format!("offset: {offset} is too far")));
        }
        self.write(path, Header { dtype: self.dtype(), layout })
    }

    fn write(&self, path: &Path, header: Header) -> Result<()> {
        let header = Arc::new(header);
        let rows = if self.has_short_runs(&header) { Some(self.in_rows()?) } else { None };
        let array = rows.as_ref().unwrap_or(self);
        let command = Command::SaveNpy { array: array.id()?, path: path.to_owned(), header };
        array.execute(command, usize::MAX)?;
        Ok(())
    }

    /// Whether an engine would write many short runs, each with a request to the system.
    fn has_short_runs(&self, header: &Header) -> bool {
        let distribution = self.distribution();
        (0..distribution.targets().len()).any(|rank| {
            let shape = distribution.local_shape(rank);
            let run = region::mean_run(&header.layout, &labels(distribution, rank), &shape);
            let bytes = shape.iter().product::<usize>() * self.dtype().itemsize();
            run < SHORT_RUN.min(bytes)
        })
    }

    /// A copy in which each engine has whole rows.
    fn in_rows(&self) -> Result<Self> {
        let (shape, targets) = (self.shape(), self.distribution().targets());
        let engines = targets.len().min(shape[0]);
        let mut maps = vec![AxisMap::block(shape[0], engines)];
        maps.extend(shape[1..].iter().map(|&len| AxisMap::no_dist(len)));
        let rows = Distribution::new(maps, targets[..engines].to_vec())?;
        self.redistribute(rows)
    }
}
