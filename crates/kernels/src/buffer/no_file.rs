//! As `file`, where files can't be mapped.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Buffer;

/// A file that did not give the bytes that it had when it was mapped.
#[derive(Debug, PartialEq, Eq)]
pub struct Lost {
    /// The file.
    pub path: PathBuf,
    /// How many bytes were mapped.
    pub needed: u64,
    /// How many the file has now.
    pub found: u64,
}

impl Buffer {
    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn of_file(_: File, _: &Path, _: usize, _: bool) -> io::Result<Arc<Self>> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

/// Nothing is lost.
///
/// # Errors
///
/// Never.
pub fn lost() -> Result<(), Lost> {
    Ok(())
}
