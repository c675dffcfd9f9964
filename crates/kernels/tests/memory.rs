//! What the process holds while buffers come and go. The tests of this file are one, for they watch
//! the memory of the whole process.

#![expect(unsafe_code, reason = "memory is touched")]
#![cfg(all(target_os = "linux", not(miri)))]

use std::sync::Arc;
use std::time::{Duration, Instant};

use distarray_kernels::Buffer;

const LARGE: usize = 200 << 20;

/// The bytes of this process that lie in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// A buffer of which every byte has been written.
fn touched(len: usize) -> Arc<Buffer> {
    let buffer = Buffer::uninitialised(len).unwrap();
    // SAFETY: the buffer has so many bytes, and nobody else knows of it.
    unsafe { buffer.as_ptr().write_bytes(1, len) };
    buffer
}

#[test]
fn free_memory_is_used_again_and_given_back() {
    let before = resident();
    for _ in 0..20 {
        let first = touched(LARGE);
        let address = first.as_ptr();
        drop(first);
        let again = touched(LARGE);
        // The thread may have waited for longer than memory is kept.
        let reused = again.as_ptr() == address;
        assert!(reused || resident() < before + 2 * LARGE);
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while resident() > before + LARGE / 4 {
        assert!(Instant::now() < deadline, "{} bytes are still held", resident() - before);
        std::thread::sleep(Duration::from_millis(50));
    }
    // The thread that gave it back has ended by now, and begins anew.
    drop(touched(LARGE));
    while resident() > before + LARGE / 4 {
        assert!(Instant::now() < deadline, "{} bytes are still held", resident() - before);
        std::thread::sleep(Duration::from_millis(50));
    }
    a_child_that_was_forked_has_a_pool();
}

fn a_child_that_was_forked_has_a_pool() {
    drop(touched(LARGE));
    // SAFETY: the child only allocates, which the C library allows, and ends by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        for _ in 0..3 {
            drop(touched(LARGE));
        }
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0);
    let mut status = -1;
    // SAFETY: waits for the child just made.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child");
}
