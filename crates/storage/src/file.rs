//! A file and its name, read and written at positions.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use distarray_kernels::progress;

use crate::{Result, StorageError, write_back};

/// The system is told to begin writing to the disk after so many bytes: while it does, the next are
/// copied. A gigabyte is on the disk in 0.5 s that way, and in 0.7 s when it waits for the end.
const WRITE_BACK: usize = 1 << 23;

/// So many bytes are read by one request, at most.
const PART: usize = 1 << 25;

/// A file and its name. There is no cursor: several threads may read and write at once.
#[derive(Debug)]
pub struct ArrayFile {
    file: File,
    path: PathBuf,
}

impl ArrayFile {
    /// Opens a file to read from.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails, or the path is not that of a regular file: others may
    /// have no end, or none yet.
    pub fn open(path: &Path) -> Result<Self> {
        let result = std::fs::metadata(path).and_then(|metadata| {
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            if !metadata.is_file() {
                return Err(io::Error::other("it is no regular file"));
            }
            File::open(path)
        });
        result.map(|file| Self { file, path: path.to_owned() }).map_err(|source| StorageError::Io {
            path: path.to_owned(),
            action: "open",
            source,
        })
    }

    /// Opens an existing file to write to, or to read and write.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails.
    pub fn open_writable(path: &Path) -> Result<Self> {
        Self::with(path, "open", OpenOptions::new().read(true).write(true))
    }

    /// Makes an empty file, in place of one that may exist.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails.
    pub fn create(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        Self::with(path, "create", options.read(true).write(true).create(true).truncate(true))
    }

    fn with(path: &Path, action: &'static str, options: &OpenOptions) -> Result<Self> {
        match options.open(path) {
            Ok(file) => Ok(Self { file, path: path.to_owned() }),
            Err(source) => Err(StorageError::Io { path: path.to_owned(), action, source }),
        }
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of bytes.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when the system does not say.
    pub fn len(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|error| self.io("read", error))
    }

    /// Whether there are no bytes.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when the system does not say.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes the file this long; what is added reads as zeros.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails.
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(|error| self.io("resize", error))
    }

    /// Fills `bytes` from the file.
    ///
    /// # Errors
    ///
    /// [`StorageError::Truncated`] when the file ends before, [`StorageError::Io`].
    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        let needed = offset + bytes.len() as u64;
        let mut place = offset;
        for part in bytes.chunks_mut(PART) {
            self.file.read_exact_at(part, place).map_err(|error| {
                if error.kind() != io::ErrorKind::UnexpectedEof {
                    return self.io("read", error);
                }
                let found = self.len().unwrap_or(0);
                StorageError::Truncated { path: self.path.clone(), needed, found }
            })?;
            place += part.len() as u64;
            progress::advance(part.len());
        }
        Ok(())
    }

    /// Writes `bytes` to the file.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut place = offset;
        for piece in bytes.chunks(WRITE_BACK) {
            self.file.write_all_at(piece, place).map_err(|error| self.io("write", error))?;
            write_back::begin(&self.file, place, piece.len());
            place += piece.len() as u64;
            progress::advance(piece.len());
        }
        Ok(())
    }

    /// Has the system write to the disk what has been written to the file.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when that fails, as for want of space that no write has needed yet.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| self.io("write", error))
    }

    fn io(&self, action: &'static str, source: io::Error) -> StorageError {
        StorageError::Io { path: self.path.clone(), action, source }
    }
}

/// Bytes at positions: of a file, or in memory.
pub trait Source {
    /// How many there are.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when the system does not say.
    fn end(&self) -> Result<u64>;

    /// Fills `bytes` from position `offset` on.
    ///
    /// # Errors
    ///
    /// [`StorageError::Truncated`] when there are not so many, [`StorageError::Io`].
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<()>;

    /// Where they are.
    fn path(&self) -> &Path;
}

impl Source for ArrayFile {
    fn end(&self) -> Result<u64> {
        self.len()
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        self.read_at(bytes, offset)
    }

    fn path(&self) -> &Path {
        self.path()
    }
}

/// The first bytes of something longer.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// How many there are in all.
    pub len: u64,
    /// What they are the beginning of.
    pub path: &'a Path,
}

impl Source for Beginning<'_> {
    fn end(&self) -> Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        let end = offset + bytes.len() as u64;
        let found = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.bytes.get(offset..)?.get(..bytes.len()));
        let Some(found) = found else {
            let (path, found) = (self.path.to_owned(), self.bytes.len() as u64);
            return Err(StorageError::Truncated { path, needed: end, found });
        };
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn path(&self) -> &Path {
        self.path
    }
}
