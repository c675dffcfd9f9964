//! What a progress bar shows: since when long work goes on, and how far it has come.
//!
//! A thread of Python's waits here until some work lasts, and shows how far it has come until it is
//! over. Whoever works doesn't go on before the bar is gone, so that it is in nobody's way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use distarray_kernels::{fork, progress};
use pyo3::prelude::*;

/// Work on fewer bytes doesn't last.
const LONG: usize = 1 << 24;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// How long work waits for the bar to go, at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// 1 more than the generation of the process that has a thread waiting here; 0 for none.
static WATCHED: AtomicU32 = AtomicU32::new(0);

static STATE: Mutex<State> = Mutex::new(State { running: None, is_shown: false, is_over: false });
static CHANGED: Condvar = Condvar::new();

struct State {
    running: Option<Running>,
    /// Whether there is a bar at the moment.
    is_shown: bool,
    /// Whether nobody is to wait here any more.
    is_over: bool,
}

/// What goes on.
#[derive(Clone, Copy)]
struct Running {
    since: Instant,
    /// What had been done, and expected, before.
    before: (u64, u64),
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work that may last; it is over when this is dropped, which is to be done without the
/// interpreter's lock.
pub struct Work(());

impl Work {
    /// Work on so many bytes begins. None if it won't last, if it is a part of work that goes on
    /// already, or if nobody looks.
    pub fn begin(bytes: usize) -> Option<Self> {
        if bytes < LONG || WATCHED.load(Ordering::Relaxed) != fork::generation() + 1 {
            return None;
        }
        let mut state = state();
        if state.running.is_some() {
            return None;
        }
        state.running = Some(Running { since: Instant::now(), before: progress::so_far() });
        Some(Self(()))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut state = state();
        state.running = None;
        if state.is_shown {
            CHANGED.notify_all();
            drop(CHANGED.wait_timeout_while(state, PATIENCE, |state| state.is_shown));
        }
    }
}

/// Says that work begins which is several commands. Gives whether it is no part of other work: then
/// `end_progress` says when it is over.
#[pyfunction]
fn begin_progress() -> bool {
    // What is returned to Python is dropped by `end_progress`.
    Work::begin(usize::MAX).map(std::mem::forget).is_some()
}

/// Says that the work is over which `begin_progress` said to begin.
#[pyfunction]
fn end_progress(py: Python<'_>) {
    py.detach(|| drop(Work(())));
}

/// Says that so much is to be done.
#[pyfunction]
fn expect_progress(count: usize) {
    progress::expect(count);
}

/// Says that so much was done.
#[pyfunction]
fn advance_progress(count: usize) {
    progress::advance(count);
}

/// Says that a thread is about to wait in `watch_progress`, from now on until `stop_progress`.
#[pyfunction]
fn start_progress() {
    state().is_over = false;
    WATCHED.store(fork::generation() + 1, Ordering::Relaxed);
}

/// Waits until work has lasted `delay` seconds. Gives how long it has lasted, how much was done and
/// how much there is to do, 0 if that isn't known; then, if a bar `is_shown`, the same a moment
/// later, or None when the work is over.
#[pyfunction]
fn watch_progress(py: Python<'_>, is_shown: bool, delay: f64) -> Option<(f64, u64, u64)> {
    py.detach(|| {
        let delay = Duration::try_from_secs_f64(delay).unwrap_or(PATIENCE);
        let mut state = state();
        if !is_shown && state.is_shown {
            state.is_shown = false;
            CHANGED.notify_all();
        }
        loop {
            if !(state.is_over || is_shown && state.running.is_none()) {
                let waited = CHANGED.wait_timeout(state, TICK.min(delay));
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            match state.running {
                _ if state.is_over => return None,
                Some(running) if is_shown || running.since.elapsed() >= delay => {
                    let (done, expected) = progress::so_far();
                    let expected = expected - running.before.1;
                    state.is_shown = true;
                    return Some((
                        running.since.elapsed().as_secs_f64(),
                        (done - running.before.0).min(expected),
                        expected,
                    ));
                }
                None if is_shown => return None,
                _ => {}
            }
        }
    })
}

/// Has nobody wait in `watch_progress` any more.
#[pyfunction]
fn stop_progress() {
    WATCHED.store(0, Ordering::Relaxed);
    let mut state = state();
    state.is_over = true;
    state.is_shown = false;
    CHANGED.notify_all();
}

/// Adds the functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(begin_progress, module)?)?;
    module.add_function(wrap_pyfunction!(end_progress, module)?)?;
    module.add_function(wrap_pyfunction!(expect_progress, module)?)?;
    module.add_function(wrap_pyfunction!(advance_progress, module)?)?;
    module.add_function(wrap_pyfunction!(start_progress, module)?)?;
    module.add_function(wrap_pyfunction!(watch_progress, module)?)?;
    module.add_function(wrap_pyfunction!(stop_progress, module)?)
}
