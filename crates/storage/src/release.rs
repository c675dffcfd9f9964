//! Files that lose their names, and what they had of the disk and of memory.
//!
//! The system frees that when nobody has such a file open any more, which takes a third of a second
//! for a gigabyte. Nobody needs to wait for it: a thread does it.

#![expect(unsafe_code, reason = "the system is called")]

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::thread;

/// It takes longer to start a thread than to free a file of fewer bytes.
const LARGE: u64 = 1 << 20;

/// So many files of a folder are held at most. A process may have 65 530 mappings (the default of
/// Linux's `vm.max_map_count`).
const MOST_HELD: usize = 8192;

/// Closes a file that has no name any more.
pub(crate) fn release(file: File) {
    if file.metadata().is_ok_and(|found| found.len() > LARGE) {
        // Where there can be no thread, it is closed here.
        let _ = thread::Builder::new().spawn(move || drop(file));
    }
}

/// Removes a folder with all that is in it.
///
/// # Errors
///
/// What the system says of the first file or folder that can't be removed.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    let mut held = Vec::new();
    // A file that can't be held is freed when it is removed.
    let _ = hold_files(folder, &mut held);
    if fs::remove_dir_all(folder).is_err() {
        // File systems of networks may keep a file in its folder as long as somebody has it open.
        held.clear();
        fs::remove_dir_all(folder)?;
    }
    if !held.is_empty() {
        let _ = thread::Builder::new().spawn(move || drop(held));
    }
    Ok(())
}

fn hold_files(folder: &Path, held: &mut Vec<Held>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if held.len() == MOST_HELD {
            return Ok(());
        } else if kind.is_dir() {
            hold_files(&entry.path(), held)?;
        } else if kind.is_file() && entry.metadata()?.len() > LARGE {
            held.push(Held::new(&File::open(entry.path())?)?);
        }
    }
    Ok(())
}

/// The beginning of a file, mapped into memory: the file stays as long as that does, as if it were
/// open, but takes none of the descriptors, of which a process has few.
#[derive(Debug)]
struct Held(*mut libc::c_void);

// SAFETY: nobody reads or writes by the pointer; any thread may take a mapping away.
unsafe impl Send for Held {}

impl Held {
    fn new(file: &File) -> io::Result<Self> {
        // SAFETY: a mapping at an address of the system's choice touches nothing that exists.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), 1, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Self(base)) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the mapping is this object's own, and nothing refers to it.
        unsafe { libc::munmap(self.0, 1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_goes_with_all_that_is_in_it() {
        let scratch = Scratch::new();
        let inner = scratch.path().join("c").join("0");
        fs::create_dir_all(&inner).unwrap();
        for (name, len) in [("empty", 0), ("small", 10), ("large", 2 << 20)] {
            fs::write(inner.join(name), vec![1; len]).unwrap();
        }
        std::os::unix::fs::symlink("/", inner.join("link")).unwrap();
        let mut held = Vec::new();
        hold_files(scratch.path(), &mut held).unwrap();
        assert_eq!(held.len(), 1);
        remove_folder(scratch.path()).unwrap();
        assert!(!scratch.path().exists());
    }

    #[test]
    fn what_is_no_folder_stays() {
        let scratch = Scratch::with(b"text");
        assert!(remove_folder(scratch.path()).is_err());
        assert!(scratch.path().exists());
        let missing = Scratch::new();
        assert_eq!(remove_folder(missing.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
