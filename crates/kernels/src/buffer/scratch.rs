//! Files that hold what doesn't fit into memory.
//!
//! Such a file has no name: it vanishes with the process, however that ends. All its space is
//! there before it is used, because a disk that is full would otherwise be met at a store to memory,
//! which can't fail.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::allowance::MemoryLimit;
use crate::KernelError;

/// The environment variable that names the directory.
const SETTING: &str = "DISTARRAY_SCRATCH";

/// A file of so many zero bytes.
///
/// # Errors
///
/// [`KernelError::Scratch`] when it can't be had.
pub fn file(len: usize) -> Result<File, KernelError> {
    let directory = directory();
    let made = nameless(&directory).and_then(|file| allocate(&file, len).map(|()| file));
    made.map_err(|error| KernelError::Scratch {
        bytes: len,
        limit: MemoryLimit::in_force().unwrap_or(usize::MAX),
        directory: directory.display().to_string(),
        reason: text_of(&error),
    })
}

/// Where scratch files are made: what `DISTARRAY_SCRATCH` says, else the system's directory for
/// temporary files, or the one for large ones where the former lies in memory.
pub fn directory() -> PathBuf {
    if let Some(directory) = std::env::var_os(SETTING).filter(|name| !name.is_empty()) {
        return directory.into();
    }
    let usual = std::env::temp_dir();
    let large = Path::new("/var/tmp");
    if lies_in_memory(&usual) && large.is_dir() { large.to_owned() } else { usual }
}

/// Whether files of a directory are kept in memory.
#[cfg(target_os = "linux")]
fn lies_in_memory(directory: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(directory.as_os_str().as_bytes()) else { return false };
    // SAFETY: zero bytes are such a structure.
    let mut found: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero byte, and there is room for the answer.
    let status = unsafe { libc::statfs(path.as_ptr(), &raw mut found) };
    status == 0 && found.f_type == libc::TMPFS_MAGIC
}

#[cfg(not(target_os = "linux"))]
fn lies_in_memory(_directory: &Path) -> bool {
    false
}

/// An open file that no directory has.
fn nameless(directory: &Path) -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    #[cfg(target_os = "linux")]
    {
        let made = options.clone().custom_flags(libc::O_TMPFILE).open(directory);
        // Some file systems have no such files; what else went wrong is said below.
        if made.is_ok() {
            return made;
        }
    }
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = directory.join(format!(".distarray-{}-{number}", std::process::id()));
    let file = options.create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Makes a file as long, and has the system set aside the space for it.
pub fn allocate(file: &File, len: usize) -> io::Result<()> {
    let too_long = || io::Error::from(io::ErrorKind::FileTooLarge);
    let len = libc::off_t::try_from(len).map_err(|_| too_long())?;
    loop {
        // SAFETY: the file is open.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            number => return Err(io::Error::from_raw_os_error(number)),
        }
    }
}

/// What went wrong, in the system's words.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_file_has_its_space_and_no_name() {
        let directory = std::env::temp_dir();
        let file = nameless(&directory).unwrap();
        allocate(&file, 1 << 20).unwrap();
        let facts = file.metadata().unwrap();
        assert_eq!((facts.len(), facts.nlink()), (1 << 20, 0));
        assert!(facts.blocks() * 512 >= 1 << 20, "{}", facts.blocks());
    }

    #[test]
    fn what_cannot_be_had_is_said() {
        assert!(nameless(Path::new("/no/such/directory")).is_err());
        let file = nameless(&std::env::temp_dir()).unwrap();
        assert!(allocate(&file, 1 << 60).is_err());
        assert!(lies_in_memory(Path::new("/dev/shm")) || !Path::new("/dev/shm").is_dir());
    }
}
