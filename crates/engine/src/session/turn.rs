//! Whose turn it is: commands are executed one after the other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Host;
use super::threads::PATIENCE;
use crate::error::{Result, SessionError};

/// A lock whose waiters look up from time to time.
#[derive(Default)]
pub struct Turn {
    is_taken: Mutex<bool>,
    is_over: Condvar,
}

/// The turn; it is over when this is dropped.
pub struct Taken<'a>(&'a Turn);

impl Turn {
    /// Takes the turn if nobody has it.
    pub fn try_take(&self) -> Option<Taken<'_>> {
        let mut is_taken = self.lock();
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Taken(self))
    }

    /// Takes the turn; gives up if somebody has it for as long as `patience`.
    pub fn take(&self, patience: Duration) -> Option<Taken<'_>> {
        let waited = self.is_over.wait_timeout_while(self.lock(), patience, |is_taken| *is_taken);
        let (mut is_taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Taken(self))
    }

    /// Waits for the turn, without the host's lock.
    ///
    /// # Errors
    ///
    /// [`SessionError::Interrupted`] when the user asks to stop meanwhile.
    pub fn wait(&self, host: Option<&dyn Host>) -> Result<Taken<'_>> {
        loop {
            if let Some(turn) = self.try_take() {
                return Ok(turn);
            }
            let mut taken = None;
            match host {
                None => taken = self.take(PATIENCE),
                Some(host) => {
                    host.unlocked(&mut || taken = self.take(PATIENCE));
                    if taken.is_none() && host.interrupted() {
                        return Err(SessionError::Interrupted);
                    }
                }
            }
            if let Some(turn) = taken {
                return Ok(turn);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.is_over.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let turn = Turn::default();
        let first = turn.try_take().expect("nobody has it");
        assert!(turn.try_take().is_none());
        assert!(turn.take(Duration::from_millis(1)).is_none());
        drop(first);
        assert!(turn.take(Duration::ZERO).is_some());
    }

    #[test]
    fn a_waiter_gets_it_when_it_is_over() {
        let turn = Turn::default();
        let first = turn.try_take().expect("nobody has it");
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| turn.take(Duration::from_secs(60)).is_some());
            std::thread::sleep(Duration::from_millis(10));
            drop(first);
            assert!(waiter.join().expect("no panic"));
        });
    }
}
