//! How far long work has come: two numbers of this process, which whoever shows it looks at from
//! time to time. They count up for ever; what matters is by how much.
//!
//! What is counted are elements or bytes, in parts large enough that counting costs nothing.

use std::sync::atomic::{AtomicU64, Ordering};

static EXPECTED: AtomicU64 = AtomicU64::new(0);
static DONE: AtomicU64 = AtomicU64::new(0);

/// As many elements are counted at once.
pub(crate) const GRAIN: usize = 1 << 20;

/// Says that so much is to be done.
pub fn expect(count: usize) {
    EXPECTED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Says that a shape is to be gone through, if it has so many elements that they are counted.
pub(crate) fn expect_large(shape: &[usize]) {
    let count = shape.iter().product();
    if is_large(count) {
        expect(count);
    }
}

/// Whether so many elements may take long enough to be counted.
pub fn is_large(count: usize) -> bool {
    count >= 4 * GRAIN
}

/// Says that so much of it was done.
pub fn advance(count: usize) {
    DONE.fetch_add(count as u64, Ordering::Relaxed);
}

/// How much was done, and how much there was to do, since the process began.
///
/// # Examples
///
/// ```
/// use distarray_kernels::progress;
///
/// let before = progress::so_far();
/// progress::expect(10);
/// progress::advance(4);
/// let after = progress::so_far();
/// assert!(after.0 - before.0 >= 4 && after.1 - before.1 >= 10);
/// ```
pub fn so_far() -> (u64, u64) {
    (DONE.load(Ordering::Relaxed), EXPECTED.load(Ordering::Relaxed))
}

/// Counts elements that one thread works on.
#[derive(Default)]
pub(crate) struct Meter {
    uncounted: usize,
}

impl Meter {
    /// So many more are done.
    #[inline]
    pub(crate) fn add(&mut self, count: usize) {
        self.uncounted += count;
        if self.uncounted >= GRAIN {
            self.count();
        }
    }

    #[cold]
    fn count(&mut self) {
        advance(std::mem::take(&mut self.uncounted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_meter_counts_is_done() {
        // Other tests count, too.
        let before = so_far();
        let mut meter = Meter::default();
        for _ in 0..10 {
            meter.add(GRAIN / 2);
        }
        expect_large(&[3, GRAIN, 2]);
        let after = so_far();
        assert!(after.0 - before.0 >= 5 * GRAIN as u64);
        assert!(after.1 - before.1 >= 6 * GRAIN as u64);
        assert!(!is_large(GRAIN) && is_large(4 * GRAIN));
    }
}
