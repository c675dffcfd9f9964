//! Buffers whose bytes are those of a file.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::guard::{self, Guarded};
use super::{Buffer, window};

/// A file that lies in the memory of this process as far as its bytes are used.
#[derive(Debug)]
struct FileMapping {
    first: NonNull<u8>,
    len: usize,
    file: File,
    path: PathBuf,
    is_writable: bool,
    /// Gone before the mapping is.
    guarded: Option<Guarded>,
}

// SAFETY: a mapping is memory of the whole process, and this value alone unmaps it.
unsafe impl Send for FileMapping {}
// SAFETY: shared, it only tells where it lies.
unsafe impl Sync for FileMapping {}

/// All that there are.
static MAPPINGS: Mutex<Vec<Weak<FileMapping>>> = Mutex::new(Vec::new());

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
    /// The first `len` bytes of a file, which has as many. They are read from the file when somebody
    /// uses them, and are written there, if it `is_writable`.
    ///
    /// When the file is made shorter meanwhile, or can't be read, kernels meet zeros in the place of its
    /// bytes: [`lost`] tells of that.
    ///
    /// # Errors
    ///
    /// When the system can't map the file; when it `is_writable` and there is no space for its bytes.
    pub fn of_file(
        file: File,
        path: &Path,
        len: usize,
        is_writable: bool,
    ) -> io::Result<Arc<Self>> {
        if is_writable {
            super::scratch::allocate(&file, len)?;
        }
        let mut protection = libc::PROT_READ;
        if is_writable {
            protection |= libc::PROT_WRITE;
        }
        // SAFETY: a mapping at an address of the system's choice touches nothing that exists.
        let base = unsafe {
            let (nowhere, number) = (std::ptr::null_mut(), file.as_raw_fd());
            libc::mmap(nowhere, len, protection, libc::MAP_SHARED, number, 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let Some(first) = NonNull::new(base.cast::<u8>()) else {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        };
        let path = path.to_owned();
        let mut mapping = FileMapping { first, len, file, path, is_writable, guarded: None };
        window::add(first.as_ptr(), len, !is_writable);
        mapping.guarded = Guarded::new(first.as_ptr(), len);
        if mapping.guarded.is_none() {
            return Err(io::Error::other("too many files are mapped"));
        }
        let mapping = Arc::new(mapping);
        let mut mappings = MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner);
        mappings.retain(|mapping| mapping.strong_count() > 0);
        mappings.push(Arc::downgrade(&mapping));
        drop(mappings);
        // SAFETY: so many bytes are mapped until the mapping is dropped.
        Ok(unsafe { Self::lent(first, len, is_writable, Box::new(mapping)) })
    }
}

impl FileMapping {
    /// Maps the file again where its bytes were replaced by zeros.
    fn restore(&self) {
        let mut protection = libc::PROT_READ;
        if self.is_writable {
            protection |= libc::PROT_WRITE;
        }
        // SAFETY: the mapping's own memory; where the system can't, it stays as it is.
        unsafe {
            libc::mmap(
                self.first.as_ptr().cast(),
                self.len,
                protection,
                libc::MAP_SHARED | libc::MAP_FIXED,
                self.file.as_raw_fd(),
                0,
            );
        }
    }
}

impl Drop for FileMapping {
    fn drop(&mut self) {
        window::remove(self.first.as_ptr());
        self.guarded = None;
        // SAFETY: mapped in `of_file` with this length, and unmapped once.
        unsafe { libc::munmap(self.first.as_ptr().cast(), self.len) };
    }
}

/// A mapped file that did not give its bytes since this was last asked, if there is one. Costs nothing
/// while all do.
///
/// # Errors
///
/// The file.
#[inline]
pub fn lost() -> Result<(), Lost> {
    if guard::take_any_lost() { first_lost() } else { Ok(()) }
}

#[cold]
fn first_lost() -> Result<(), Lost> {
    let mappings: Vec<Arc<FileMapping>> = {
        let mappings = MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner);
        mappings.iter().filter_map(Weak::upgrade).collect()
    };
    let mut result = Ok(());
    for mapping in mappings {
        if mapping.guarded.as_ref().is_some_and(Guarded::take_lost) {
            mapping.restore();
            let found = mapping.file.metadata().map_or(0, |facts| facts.len());
            let path = mapping.path.clone();
            result = Err(Lost { path, needed: mapping.len as u64, found });
        }
    }
    result
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    fn bytes(buffer: &Buffer) -> Vec<u8> {
        // SAFETY: the buffer has so many bytes, and nobody writes to them.
        unsafe { std::slice::from_raw_parts(buffer.as_ptr(), buffer.len()) }.to_vec()
    }

    #[test]
    fn a_file_that_is_made_shorter_is_an_error_and_no_crash() {
        let path = std::env::temp_dir().join(format!("distarray-lost-{}", std::process::id()));
        std::fs::write(&path, vec![7; 100_000]).unwrap();
        let buffer = Buffer::of_file(File::open(&path).unwrap(), &path, 100_000, false).unwrap();
        assert!(!buffer.is_writable());
        assert_eq!(bytes(&buffer), vec![7; 100_000]);
        assert_eq!(lost(), Ok(()));
        for _ in 0..2 {
            File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
            let found = bytes(&buffer);
            assert_eq!(found[..5000], vec![7; 5000]);
            assert_eq!(lost(), Err(Lost { path: path.clone(), needed: 100_000, found: 5000 }));
            assert_eq!(lost(), Ok(()));
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_written_is_in_the_file() {
        let path = std::env::temp_dir().join(format!("distarray-written-{}", std::process::id()));
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let buffer = Buffer::of_file(file, &path, 10_000, true).unwrap();
        // SAFETY: the buffer has so many bytes, and nobody else knows of it.
        unsafe { buffer.as_ptr().write_bytes(3, 10_000) };
        drop(buffer);
        assert_eq!(std::fs::read(&path).unwrap(), vec![3; 10_000]);
        std::fs::remove_file(&path).unwrap();
    }
}
