//! How a thread waits for another: a brief spin, then sleep.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread spins before it sleeps. Waking a sleeping thread costs some 5 to 50 us, so
/// spinning much longer than that wastes more than it can win.
const SPIN: Duration = Duration::from_micros(30);

/// The longest sleep between two looks at the state of the world.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// A value on a cache line of its own (and on the one that is fetched with it): a thread that spins
/// on it is not disturbed by writes to what is stored beside it.
#[repr(align(128))]
pub(super) struct Alone<T>(pub T);

/// Wakes the threads of one rank.
///
/// Waiters look at a condition that lives elsewhere; whoever changes such a condition calls
/// [`notify`](Self::notify) afterwards, which costs two instructions while nobody sleeps.
#[derive(Default)]
pub(super) struct Signal {
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Signal {
    /// Wakes every sleeping thread, to look at its condition again.
    pub fn notify(&self) {
        // Pairs with the fence in `sleep`: either we see the sleeper, or it sees the change that
        // was made before this call.
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            // Passing through the lock means that a thread which has decided to sleep is asleep.
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.wake.notify_all();
        }
    }

    /// Tries `attempt` for a short while, without sleeping.
    pub fn spin<T>(attempt: &mut dyn FnMut() -> Option<T>) -> Option<T> {
        let start = Instant::now();
        loop {
            for _ in 0..32 {
                if let Some(value) = attempt() {
                    return Some(value);
                }
                std::hint::spin_loop();
            }
            if start.elapsed() > SPIN {
                return None;
            }
        }
    }

    /// Sleeps until notified, for at most [`PATIENCE`], unless `attempt` succeeds before.
    ///
    /// `attempt` is called with the lock held and must not call [`notify`](Self::notify).
    pub fn sleep<T>(&self, attempt: &mut dyn FnMut() -> Option<T>) -> Option<T> {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let mut value = attempt();
        if value.is_none() {
            let woken = self.wake.wait_timeout(guard, PATIENCE);
            drop(woken.unwrap_or_else(PoisonError::into_inner));
            value = attempt();
        }
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
        value
    }
}
