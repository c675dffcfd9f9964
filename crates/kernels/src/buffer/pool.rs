//! Large memory that is free for the moment, kept for whoever asks next.
//!
//! Fresh memory costs more than most arithmetic on it: the system must find and clear each page,
//! which takes ten times as long as clearing memory that is there (2 GB/s against 14 to 24). So what
//! a temporary leaves behind is kept for the next one. Not for long, though: a thread gives
//! back what nobody has wanted for half a second, and ends when there is nothing left to watch.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::allowance;
use super::limits::limits;
use super::mapping::Mapping;
use crate::Result;

/// How long free memory is kept.
const KEPT_FOR: Duration = Duration::from_millis(500);

static POOL: Mutex<Pool> = Mutex::new(Pool::new());

/// Room for `len` bytes, and whether they are fresh from the system and therefore zero; `None` when
/// the system has no memory or no mappings. Where the process may have no more memory, the room is in
/// a file.
///
/// # Errors
///
/// As [`Mapping::scratch`].
pub fn take(len: usize) -> Result<Option<(Mapping, bool)>> {
    if isize::try_from(len).is_err() {
        return Ok(None);
    }
    let mut pool = lock();
    if let Some(mapping) = pool.take(len) {
        return Ok(Some((mapping, false)));
    }
    let allowed = allowance::room(pool.used + pool.kept);
    if allowed.is_some_and(|room| pool.used.saturating_add(len) > room) {
        drop(pool);
        let mapping = Mapping::scratch(len)?;
        lock().spilled += mapping.room();
        return Ok(Some((mapping, true)));
    }
    let superfluous = pool.make_way(len, limits().most_held.min(allowed.unwrap_or(usize::MAX)));
    // Taken before the lock is gone, so that others see that it is.
    pool.used += len;
    drop(pool);
    drop(superfluous);
    let mapping = Mapping::new(len).or_else(|| if empty() { Mapping::new(len) } else { None });
    let mut pool = lock();
    pool.used -= len;
    let Some(mapping) = mapping else { return Ok(None) };
    pool.used += mapping.room();
    Ok(Some((mapping, true)))
}

/// Keeps memory that became free.
pub fn give(mapping: Mapping) {
    if mapping.is_scratch() {
        lock().spilled -= mapping.room();
        return;
    }
    // What must go is unmapped after the lock is gone: that takes a while.
    let superfluous = lock().give(mapping, Instant::now(), limits().most_kept);
    drop(superfluous);
}

/// How many bytes are held, whether in use or not; those in files don't count.
pub fn held() -> usize {
    let pool = lock();
    pool.used + pool.kept
}

/// How many bytes are in use: in memory, and in scratch files.
pub fn in_use() -> (usize, usize) {
    let pool = lock();
    (pool.used, pool.spilled)
}

/// Gives everything back to the system; false if there was nothing.
pub fn empty() -> bool {
    let entries = lock().shrink(0);
    !entries.is_empty()
}

/// Memory that became free at some time.
#[derive(Debug)]
struct Entry {
    mapping: Mapping,
    released: Instant,
}

#[derive(Debug)]
struct Pool {
    /// In the order in which they were released.
    entries: Vec<Entry>,
    /// The bytes of the entries.
    kept: usize,
    /// The bytes of mappings that are in use.
    used: usize,
    /// The bytes in scratch files.
    spilled: usize,
    /// Whether a thread watches over the entries.
    watched: bool,
}

impl Pool {
    const fn new() -> Self {
        Self { entries: Vec::new(), kept: 0, used: 0, spilled: 0, watched: false }
    }

    /// The best fit for `len` bytes, the last released of equals: it may still be in a cache. At
    /// most a fifth of it is wasted.
    fn take(&mut self, len: usize) -> Option<Mapping> {
        let fits = |room: usize| room >= len && room - len <= len / 4;
        let (best, _) = self
            .entries
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, entry)| fits(entry.mapping.room()))
            .min_by_key(|(_, entry)| entry.mapping.room())?;
        let mapping = self.entries.remove(best).mapping;
        self.kept -= mapping.room();
        self.used += mapping.room();
        Some(mapping)
    }

    /// Keeps `mapping`, and takes out the oldest so that no more than `most` bytes are kept.
    fn give(&mut self, mapping: Mapping, released: Instant, most: usize) -> Vec<Entry> {
        self.used -= mapping.room();
        self.kept += mapping.room();
        self.entries.push(Entry { mapping, released });
        let superfluous = self.shrink(most);
        if !self.watched && !self.entries.is_empty() {
            self.watched = janitor::start();
            if !self.watched {
                // Nobody would give it back.
                return superfluous.into_iter().chain(self.shrink(0)).collect();
            }
        }
        superfluous
    }

    /// Takes out the oldest entries so that with `len` bytes more no more than `most` are held.
    fn make_way(&mut self, len: usize, most: usize) -> Vec<Entry> {
        self.shrink(most.saturating_sub(self.used.saturating_add(len)))
    }

    /// Takes out the oldest entries so that no more than `most` bytes are kept.
    fn shrink(&mut self, most: usize) -> Vec<Entry> {
        let mut left = self.kept;
        let count = self
            .entries
            .iter()
            .take_while(|entry| {
                let superfluous = left > most;
                left -= if superfluous { entry.mapping.room() } else { 0 };
                superfluous
            })
            .count();
        self.remove_oldest(count)
    }

    /// Takes out what was released no later than at some time.
    fn expire(&mut self, time: Instant) -> Vec<Entry> {
        let count = self.entries.iter().take_while(|entry| entry.released <= time).count();
        self.remove_oldest(count)
    }

    fn remove_oldest(&mut self, count: usize) -> Vec<Entry> {
        let entries: Vec<Entry> = self.entries.drain(..count).collect();
        self.kept -= entries.iter().map(|entry| entry.mapping.room()).sum::<usize>();
        entries
    }
}

/// The pool. What is in it is right at any time, even if a thread has panicked.
fn lock() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that gives memory back.
mod janitor {
    use super::{Instant, KEPT_FOR, fork, lock};

    /// Starts the thread; false if there can be none.
    pub fn start() -> bool {
        fork::prepare();
        std::thread::Builder::new()
            .name("distarray-memory".to_owned())
            .stack_size(64 << 10)
            .spawn(watch)
            .is_ok()
    }

    /// Sleeps until the oldest entry is due, gives it back, and so on until there is none.
    fn watch() {
        loop {
            let mut pool = lock();
            let now = Instant::now();
            let due = now.checked_sub(KEPT_FOR).map(|time| pool.expire(time));
            let Some(oldest) = pool.entries.first().map(|entry| entry.released) else {
                pool.watched = false;
                return;
            };
            drop(pool);
            drop(due);
            std::thread::sleep((oldest + KEPT_FOR).saturating_duration_since(now));
        }
    }
}

/// A forked process has the pool of its parent, but none of its threads.
mod fork {
    use std::cell::RefCell;
    use std::sync::{MutexGuard, Once};

    use super::{Pool, lock};

    thread_local! {
        /// The lock, held by the thread that forks while it does, so that the child doesn't find
        /// it held by a thread that it hasn't got.
        static HELD: RefCell<Option<MutexGuard<'static, Pool>>> = const { RefCell::new(None) };
    }

    /// Arranges that forked processes have a pool that works.
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
        let pool = HELD.try_with(|held| held.borrow_mut().take()).ok().flatten();
        if let Some(mut pool) = pool {
            pool.watched = false;
            // The parent may be using the memory by now; its pages are shared until then.
            drop(pool.shrink(0));
        }
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    /// A pool of its own whose entries nobody watches over.
    fn pool() -> Pool {
        Pool { watched: true, ..Pool::new() }
    }

    fn add(pool: &mut Pool, len: usize, released: Instant) -> usize {
        let mapping = Mapping::new(len).unwrap();
        let address = mapping.first().as_ptr() as usize;
        pool.used += mapping.room();
        assert!(pool.give(mapping, released, usize::MAX).is_empty());
        address
    }

    #[test]
    fn the_best_fit_is_taken() {
        let (mut pool, now) = (pool(), Instant::now());
        for kilobytes in [1200, 1000, 1100, 5000] {
            add(&mut pool, kilobytes << 10, now);
        }
        let mut room =
            |kilobytes: usize| pool.take(kilobytes << 10).map(|mapping| mapping.room() >> 10);
        assert_eq!(room(1001), Some(1100));
        assert_eq!(room(1001), Some(1200));
        assert_eq!(room(1001), None, "too small, and too large");
        assert_eq!(room(800), Some(1000));
        assert_eq!(room(5000), Some(5000));
        assert_eq!(pool.kept, 0);
    }

    #[test]
    fn of_equals_the_last_released_is_taken() {
        let (mut pool, now) = (pool(), Instant::now());
        let addresses = [1, 2, 3].map(|_| add(&mut pool, 1 << 20, now));
        for address in addresses.into_iter().rev() {
            assert_eq!(pool.take(1 << 20).unwrap().first().as_ptr() as usize, address);
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let mut pool = pool();
        let start = Instant::now();
        let time = |j: u64| start + Duration::from_secs(j);
        for j in 0..4 {
            add(&mut pool, (j as usize + 1) << 20, time(j));
        }
        assert_eq!(pool.kept, 10 << 20);
        assert_eq!(pool.expire(time(0)).len(), 1);
        assert_eq!(pool.shrink(8 << 20).len(), 1);
        pool.used = 3 << 20;
        assert_eq!(pool.make_way(1 << 20, 12 << 20).len(), 0);
        assert_eq!(pool.make_way(2 << 20, 11 << 20).len(), 1);
        assert_eq!((pool.kept, pool.entries.len()), (4 << 20, 1));
        let mapping = Mapping::new(5 << 20).unwrap();
        pool.used += mapping.room();
        assert_eq!(pool.give(mapping, time(9), 5 << 20).len(), 1);
        assert_eq!(pool.shrink(0).len(), 1);
    }
}
