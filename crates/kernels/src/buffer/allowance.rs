//! How much memory the process may have, where somebody has said so.
//!
//! What arrays may take of it is what is left by all else that the process has (the interpreter,
//! libraries, other people's arrays), and by a *window* for the pages of mapped files: these come in
//! as they are touched, and are dropped when they are too many (`window`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::resident::Resident;
use super::{pool, window};

/// No limit.
const NONE: usize = usize::MAX;

/// The least of the limits that hold, in bytes.
static LEAST: AtomicUsize = AtomicUsize::new(NONE);

/// All limits that hold.
static LIMITS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// What had nothing to do with arrays when the first limit was set, in bytes: memory, and pages of
/// files.
static ELSEWHERE: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// A limit on the memory of this process, in force while this value lives. Where there are several,
/// the least one counts.
///
/// # Examples
///
/// ```
/// use distarray_kernels::buffer::MemoryLimit;
///
/// let limit = MemoryLimit::new(4 << 30);
/// assert_eq!(MemoryLimit::in_force(), Some(4 << 30));
/// drop(limit);
/// assert_eq!(MemoryLimit::in_force(), None);
/// ```
#[derive(Debug)]
pub struct MemoryLimit {
    bytes: usize,
}

impl MemoryLimit {
    /// Sets a limit, in bytes.
    pub fn new(bytes: usize) -> Self {
        change(|limits| limits.push(bytes));
        Self { bytes }
    }

    /// The limit.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The least of all limits that hold.
    pub fn in_force() -> Option<usize> {
        Some(LEAST.load(Ordering::Relaxed)).filter(|&least| least != NONE)
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        change(|limits| {
            if let Some(place) = limits.iter().position(|&bytes| bytes == self.bytes) {
                limits.swap_remove(place);
            }
        });
    }
}

fn change(edit: impl FnOnce(&mut Vec<usize>)) {
    let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    if limits.is_empty()
        && let Some(now) = Resident::now()
    {
        ELSEWHERE[0].store(now.anonymous.saturating_sub(pool::held()), Ordering::Relaxed);
        ELSEWHERE[1].store(now.files.saturating_sub(window::mapped()), Ordering::Relaxed);
    }
    edit(&mut limits);
    let least = limits.iter().copied().min().unwrap_or(NONE);
    LEAST.store(least, Ordering::Relaxed);
    window::set_ceiling((least != NONE).then(|| ceiling_of(least)));
}

/// What has to lie in memory for pages of files to be dropped.
fn ceiling_of(limit: usize) -> usize {
    limit - window_of(limit) / 2
}

/// How much of a limit is kept for pages of files.
fn window_of(limit: usize) -> usize {
    /// Fewer would have to be dropped too often.
    const LEAST: usize = 32 << 20;
    (limit / 4).max(LEAST).min(limit / 2)
}

/// How many bytes of memory arrays may have, where there is a limit; `held` are those that the pool
/// has now.
pub fn room(held: usize) -> Option<usize> {
    let limit = MemoryLimit::in_force()?;
    let [anonymous, files] = &ELSEWHERE;
    let mut elsewhere = anonymous.load(Ordering::Relaxed);
    if let Some(now) = Resident::now() {
        // What has been asked for and not been touched yet is still to come.
        elsewhere = elsewhere.max(now.anonymous.saturating_sub(held));
    }
    let taken = elsewhere + files.load(Ordering::Relaxed) + window_of(limit);
    Some(limit.saturating_sub(taken))
}

/// What new buffers will come to, as far as it can be told before they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The most that will lie in memory of the process, in bytes.
    pub peak: usize,
    /// How many of the buffers' bytes will lie in scratch files.
    pub scratch: usize,
}

/// What buffers of these lengths will come to, if they are made one after the other and kept.
pub fn predict(lengths: &[usize]) -> Prediction {
    let resident = Resident::now().map_or(0, Resident::total);
    let held = pool::held();
    let room = room(held);
    let used = pool::in_use().0;
    let (mut memory, mut scratch) = (0, 0);
    for &len in lengths {
        if room.is_some_and(|room| len > room.saturating_sub(used + memory)) {
            scratch += len;
        } else {
            memory += len;
        }
    }
    let files = scratch + window::mapped();
    let least = resident + memory;
    let peak = match MemoryLimit::in_force() {
        // Pages are dropped beyond the ceiling.
        Some(limit) if files > 0 => (least + files).min(least.max(ceiling_of(limit))),
        _ => least + files,
    };
    Prediction { peak, scratch }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_part_of_the_limit() {
        assert_eq!(window_of(4 << 30), 1 << 30);
        assert_eq!(window_of(100 << 20), 32 << 20);
        assert_eq!(window_of(10 << 20), 5 << 20);
    }
}
