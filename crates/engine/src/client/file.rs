//! Arrays in files.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use distarray_meta::{AxisMap, Distribution};
use distarray_storage::npy::{self, Header};
use distarray_storage::{StorageError, region};

use super::Array;
use crate::error::{Result, SessionError};
use crate::local_array::labels;
use crate::{Command, Session};

/// Runs of fewer bytes are moved between engines before they are written: that takes less time than
/// a request to the system for each.
const SHORT_RUN: usize = 4096;

/// A file in npy format whose header has been read and found to fit its length.
#[derive(Clone, Debug)]
pub struct NpyFile {
    path: PathBuf,
    header: Arc<Header>,
}

impl NpyFile {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] when it cannot be opened or is no whole file in npy format.
    pub fn open(path: &Path) -> Result<Self> {
        let (_, header) = npy::open(path)?;
        Ok(Self { path: path.to_owned(), header: Arc::new(header) })
    }

    /// The shape and dtype of the array.
    pub fn header(&self) -> &Header {
        &self.header
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
    /// its name when it is complete; until then, and after a failure, what had the name stays.
    ///
    /// # Errors
    ///
    /// [`SessionError::Storage`] or [`SessionError::Engines`] when that fails.
    pub fn save_npy(&self, path: &Path) -> Result<()> {
        let header = Arc::new(Header::new(self.dtype(), self.shape(), false)?);
        let rows = if self.has_short_runs(&header) { Some(self.in_rows()?) } else { None };
        let array = rows.as_ref().unwrap_or(self);
        let id = array.id()?;
        let once = |work: &mut dyn FnMut() -> std::result::Result<(), StorageError>| {
            self.session().once(&mut || Ok(work().map(|()| Vec::new())?))
        };
        let temporary = self.session().once(&mut || {
            let temporary = temporary_name(path);
            let created = npy::create(&temporary, &header);
            if created.is_err() {
                remove(&temporary);
            }
            Ok(created.map(|_| temporary.into_os_string().into_vec())?)
        })?;
        let temporary = PathBuf::from(OsString::from_vec(temporary));
        let command = Command::SaveNpy { array: id, path: temporary.clone(), header };
        let written = array.execute(command, usize::MAX).and_then(|_| {
            once(&mut || {
                std::fs::rename(&temporary, path).map_err(|source| StorageError::Io {
                    path: path.to_owned(),
                    action: "replace",
                    source,
                })
            })
        });
        if written.is_err() {
            once(&mut || {
                remove(&temporary);
                Ok(())
            })?;
        }
        written.map(|_| ())
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

/// What went wrong is reported already; a file that cannot be removed stays.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// A name in the same folder, so that renaming moves no data.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
