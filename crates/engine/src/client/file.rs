//! Arrays in files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use distarray_meta::Distribution;
use distarray_storage::StorageError;
use distarray_storage::npy::{self, Header};

use super::Array;
use crate::error::{Result, SessionError};
use crate::{Command, Session};

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
            array: array.id(),
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
        let temporary = temporary_name(path);
        let written = self.write_npy(&temporary, &header).and_then(|()| {
            let renamed = std::fs::rename(&temporary, path);
            renamed.map_err(|source| {
                StorageError::Io { path: path.to_owned(), action: "replace", source }.into()
            })
        });
        if written.is_err() {
            // What went wrong is reported already; a file that cannot be removed stays.
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }

    fn write_npy(&self, path: &Path, header: &Arc<Header>) -> Result<()> {
        npy::create(path, header)?;
        let command =
            Command::SaveNpy { array: self.id(), path: path.to_owned(), header: header.clone() };
        self.execute(command, usize::MAX)?;
        Ok(())
    }
}

/// A name in the same folder, so that renaming moves no data.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
