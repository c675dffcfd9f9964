//! What is written goes to the disk while more is written.

#![expect(unsafe_code, reason = "the system is called")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

/// Has the system begin to write a part of a file to the disk. That is advice: whether it is there is
/// known when the file has been synced.
pub(crate) fn begin(file: &File, offset: u64, len: usize) {
    // SAFETY: the descriptor is that of an open file; no memory is passed.
    let _ = unsafe {
        libc::sync_file_range(
            file.as_raw_fd(),
            offset as i64,
            len as i64,
            libc::SYNC_FILE_RANGE_WRITE,
        )
    };
}

/// Has the system begin to write the file at `path` to the disk, all that is there of it. As advice, it
/// doesn't fail: the file is known to be there when it has been synced.
pub fn begin_at(path: &Path) {
    if let Ok(file) = File::open(path) {
        // No length stands for all that there is.
        begin(&file, 0, 0);
    }
}
