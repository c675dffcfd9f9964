//! Whether a process was forked: it has its parent's memory, but none of its threads.

#![expect(unsafe_code, reason = "the system tells of forks by calling functions of C")]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How often this process, its parent, and so on, were forked since this was first asked: two
/// answers differ if a fork lies between them. Costs nothing, as asking the system for the number
/// of the process would.
///
/// # Examples
///
/// ```
/// use distarray_kernels::fork::generation;
///
/// assert_eq!(generation(), generation());
/// ```
pub fn generation() -> u32 {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(watch);
    GENERATION.load(Ordering::Relaxed)
}

#[cfg(all(unix, not(miri)))]
fn watch() {
    extern "C" fn count() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the function lives as long as the process, and only counts.
    unsafe {
        libc::pthread_atfork(None, None, Some(count));
    }
}

/// There are no forks.
#[cfg(not(all(unix, not(miri))))]
fn watch() {}
