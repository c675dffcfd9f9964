//! The pages of mapped files that lie in memory: no more than there is room for.
//!
//! Pages of a file that is mapped to be shared may be dropped at any time. What was written to them
//! stays in the system's cache of the file, and comes from there, or from the disk, when it is
//! touched again. So a limit is kept without anybody knowing which pages will be needed: when too
//! many lie in memory, all are dropped, and those in use come back at once.
//!
//! Loops over much memory say what they touch ([`touched`]), so that they can't outrun this;
//! a thread watches what others do, as long as there are such files and a limit. What a loop touches of a
//! user's file also says what it will want next: the system reads that ahead.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use super::resident::Resident;

/// The state. What is in it is right at any time, even if a thread has panicked.
static WINDOW: Mutex<Window> = Mutex::new(Window::new());

/// Whether there are mapped files, and what loops touch matters.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// The bytes that loops have touched since one last looked.
static PASSED: AtomicUsize = AtomicUsize::new(0);

#[cfg(test)]
thread_local! {
    /// The bytes that loops of this thread have touched.
    pub static TOUCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many bytes loops touch before one looks.
const STRIDE: usize = 4 << 20;

#[derive(Debug)]
struct Window {
    mappings: Vec<Mapped>,
    /// How much of the process may lie in memory.
    ceiling: Option<usize>,
    /// How much must lie in memory for pages to be dropped: more than the ceiling, when dropping pages
    /// did not help.
    threshold: usize,
    /// Whether a thread watches.
    watched: bool,
}

/// A mapping of a file.
#[derive(Debug)]
struct Mapped {
    first: usize,
    len: usize,
    /// Whether its bytes are on a disk, mostly, and not in the system's cache.
    is_far: bool,
}

impl Window {
    const fn new() -> Self {
        Self { mappings: Vec::new(), ceiling: None, threshold: 0, watched: false }
    }

    /// To be called after each change.
    fn changed(&mut self) {
        let is_limited = self.ceiling.is_some() && !self.mappings.is_empty();
        let is_far = self.mappings.iter().any(|mapping| mapping.is_far);
        IN_USE.store(is_limited || is_far, Ordering::Relaxed);
        if is_limited && !self.watched {
            self.watched = watcher::start();
        }
    }

    /// Drops all pages if there are too many, or will be with so many bytes more; returns how many bytes
    /// lie in memory.
    fn look(&mut self, more: usize) -> usize {
        /// Pages are not dropped more often than every so many bytes, if that doesn't help.
        const LEAST: usize = 8 << 20;
        let Some(ceiling) = self.ceiling else { return 0 };
        let resident = Resident::now().map_or(0, Resident::total);
        if resident.saturating_add(more) <= self.threshold {
            return resident;
        }
        for mapping in &self.mappings {
            advise(mapping.first, mapping.len, Advice::Drop);
        }
        let rest = Resident::now().map_or(0, Resident::total);
        self.threshold = ceiling.max(rest.saturating_add(LEAST));
        rest
    }
}

impl Window {
    /// Has the system read what comes after a place, if it lies in a file that is far.
    fn read_ahead(&self, place: usize) {
        /// How much, so that a disk has enough to do while it is computed with.
        const AHEAD: usize = 4 * STRIDE;
        let holds = |mapping: &&Mapped| {
            mapping.is_far && place.checked_sub(mapping.first).is_some_and(|at| at < mapping.len)
        };
        if let Some(mapping) = self.mappings.iter().find(holds) {
            let start = (place & !(AROUND - 1)).max(mapping.first);
            let end = (mapping.first + mapping.len).min(start + AHEAD);
            advise(start, end - start, Advice::Read);
        }
    }
}

fn lock() -> MutexGuard<'static, Window> {
    WINDOW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a mapping of a file, to be shared, into the window; its bytes may be far (on a disk).
pub fn add(first: *const u8, len: usize, is_far: bool) {
    forks::prepare();
    let mut window = lock();
    window.mappings.push(Mapped { first: first.expose_provenance(), len, is_far });
    window.changed();
}

/// Takes a mapping out of the window, before it is unmapped.
pub fn remove(first: *const u8) {
    let mut window = lock();
    window.mappings.retain(|mapping| mapping.first != first.addr());
    window.changed();
}

/// How many bytes are mapped.
pub fn mapped() -> usize {
    lock().mappings.iter().map(|mapping| mapping.len).sum()
}

/// Sets how much of the process may lie in memory.
pub fn set_ceiling(ceiling: Option<usize>) {
    let mut window = lock();
    window.ceiling = ceiling;
    window.threshold = ceiling.unwrap_or(0);
    window.changed();
}

/// The system brings in up to so many bytes of a file around one that is touched.
pub const AROUND: usize = 64 << 10;

/// Says that a loop has touched some items at a distance in bytes from one another, the first of them
/// at a place.
pub fn touched(place: *const u8, items: usize, distance: usize) {
    /// Items that are neighbours may lie far from those before them.
    const LEAST: usize = 16 << 10;
    if counted(items.saturating_mul(distance.min(AROUND)).max(LEAST)) {
        lock().read_ahead(place.addr());
    }
}

/// Says that a loop has touched about so many bytes, after these places.
pub fn touched_all(places: &[*mut u8], bytes: usize) {
    if counted(bytes) {
        let window = lock();
        for place in places {
            window.read_ahead(place.addr());
        }
    }
}

/// Whether somebody wants to know what loops touch.
#[inline]
pub fn is_in_use() -> bool {
    IN_USE.load(Ordering::Relaxed)
}

/// Counts bytes that were touched, and looks every now and then; says whether it did.
fn counted(bytes: usize) -> bool {
    #[cfg(test)]
    TOUCHED.set(TOUCHED.get() + bytes);
    if PASSED.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) < STRIDE {
        return false;
    }
    PASSED.store(0, Ordering::Relaxed);
    lock().look(0);
    true
}

/// What the system may do with pages.
#[derive(Clone, Copy)]
enum Advice {
    /// Drop them; they come back with the same bytes.
    Drop,
    /// Read them soon.
    Read,
}

#[cfg(all(unix, not(miri)))]
fn advise(first: usize, len: usize, advice: Advice) {
    let advice = match advice {
        Advice::Drop => libc::MADV_DONTNEED,
        Advice::Read => libc::MADV_WILLNEED,
    };
    // SAFETY: (a part of) a mapping of a file that is shared, which is taken out of the window before
    // it is unmapped: neither changes a byte of it.
    unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(first), len, advice) };
}

#[cfg(not(all(unix, not(miri))))]
fn advise(_first: usize, _len: usize, _advice: Advice) {}

/// The thread that looks every now and then.
mod watcher {
    use super::{Duration, lock};

    /// How long it sleeps: so short a time that few pages come in meanwhile.
    const SHORT: Duration = Duration::from_micros(500);
    /// As long while nothing changes, which costs a thousandth of a core.
    const LONG: Duration = Duration::from_millis(4);
    /// Nothing has changed after so many times.
    const PATIENCE: usize = 50;

    /// Starts the thread; false if there can be none.
    pub fn start() -> bool {
        let builder = std::thread::Builder::new().name("distarray-window".to_owned());
        builder.stack_size(64 << 10).spawn(watch).is_ok()
    }

    fn watch() {
        let (mut before, mut growth, mut same) = (0, 0, 0);
        loop {
            let mut window = lock();
            if window.ceiling.is_none() || window.mappings.is_empty() {
                window.watched = false;
                return;
            }
            // It may be late the next time, on a machine that has much to do.
            let resident = window.look(2 * growth);
            drop(window);
            growth = resident.saturating_sub(before);
            same = if resident == before { same + 1 } else { 0 };
            before = resident;
            std::thread::sleep(if same < PATIENCE { SHORT } else { LONG });
        }
    }
}

/// A forked process has the window of its parent, but none of its threads.
mod forks {
    use std::cell::RefCell;

    use super::{MutexGuard, Once, Window, lock};

    thread_local! {
        /// The lock, held by the thread that forks, so that the child doesn't find it held by a
        /// thread that it hasn't got.
        static HELD: RefCell<Option<MutexGuard<'static, Window>>> = const { RefCell::new(None) };
    }

    /// Arranges that forked processes have a window that works.
    pub fn prepare() {
        static PREPARED: Once = Once::new();
        PREPARED.call_once(|| {
            #[cfg(all(unix, not(miri)))]
            // SAFETY: the functions live as long as the process.
            unsafe {
                libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child));
            }
        });
    }

    extern "C" fn before() {
        let _ = HELD.try_with(|held| *held.borrow_mut() = Some(lock()));
    }

    extern "C" fn after_in_parent() {
        let _ = HELD.try_with(|held| held.borrow_mut().take());
    }

    extern "C" fn after_in_child() {
        let window = HELD.try_with(|held| held.borrow_mut().take()).ok().flatten();
        if let Some(mut window) = window {
            // The next mapping starts a thread.
            window.watched = false;
        }
    }
}
