//! The session of engines in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

use distarray_comm::Interrupt;
use distarray_engine::session::Host;
use distarray_engine::{ArrayId, Session, ThreadSession};
use pyo3::prelude::*;

use crate::comm;
use crate::errors::raise;
use crate::function::{self, PyFunction};
use crate::thread::{self, PythonThread};

/// The engines that live in this process: threads, started as they are needed.
#[pyclass(frozen, name = "Engines", module = "distarray._core")]
pub struct PyEngines {
    pub session: Arc<ThreadSession>,
    interpreter: Arc<Interpreter>,
}

/// What the session may ask of the Python interpreter.
#[derive(Default)]
pub struct Interpreter {
    /// The Python thread in which each engine runs a function at the moment. Locked only by threads
    /// that are attached to the interpreter, and that stay so while they have the lock.
    threads: Mutex<HashMap<usize, PythonThread>>,
    /// The thread by which the interpreter ends, when it is about to.
    ending: OnceLock<ThreadId>,
}

impl Interpreter {
    /// Calls `function`, which can be stopped meanwhile, on the current thread for an engine.
    pub fn stoppable<T>(&self, py: Python<'_>, engine: usize, function: impl FnOnce() -> T) -> T {
        let thread = PythonThread::current(py);
        self.threads().insert(engine, thread);
        let result = function();
        let mut threads = self.threads();
        // If the engine has another thread by now, because nobody waits for this one any more, that
        // other one may be running a function.
        if threads.get(&engine) == Some(&thread) {
            threads.remove(&engine);
        }
        // Whoever asked this function to stop did not mean what the thread does next.
        thread.forget_interrupt(py);
        result
    }

    /// Notes that the interpreter is about to end, by this thread.
    fn end(&self) {
        let _ = self.ending.set(std::thread::current().id());
    }

    /// Puts this thread to sleep for ever if the interpreter is about to end by another one: so
    /// do daemonic threads in Python, and this one would return to Python in the middle of that.
    fn stay_if_ending(&self) {
        if self.ending.get().is_some_and(|thread| *thread != std::thread::current().id()) {
            thread::sleep_for_ever();
        }
    }

    fn threads(&self) -> MutexGuard<'_, HashMap<usize, PythonThread>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Interpreter {
    fn interrupted(&self) -> bool {
        comm::signals()()
    }

    fn stop_function(&self, engine: usize) {
        let _ = Python::try_attach(|py| {
            if let Some(thread) = self.threads().get(&engine) {
                thread.interrupt(py);
            }
        });
    }

    fn interrupt(&self) -> Option<Interrupt> {
        Some(comm::signals())
    }

    fn unlocked(&self, wait: &mut (dyn FnMut() + Send)) {
        Python::attach(|py| py.detach(wait));
    }
}

#[pymethods]
impl PyEngines {
    /// Starts `count` engines.
    #[new]
    fn new(count: usize) -> Self {
        let interpreter = Arc::new(Interpreter::default());
        let session = ThreadSession::with_host(count, Some(interpreter.clone()));
        Self { session, interpreter }
    }

    /// Sees to it that there are at least `count` engines.
    fn ensure(&self, count: usize) {
        self.session.ensure(count);
    }

    /// The number of engines.
    fn __len__(&self) -> usize {
        self.session.engines()
    }

    /// Up to how many bytes per engine a command is executed by the caller's thread for all engines.
    #[getter]
    fn inline_bytes(&self) -> usize {
        self.session.inline_bytes()
    }

    /// Sets up to how many bytes per engine a command is executed by the caller's thread for all
    /// engines; with 0, small arrays take the same path as large ones.
    fn set_inline_bytes(&self, count: usize) {
        self.session.set_inline_bytes(count);
    }

    /// The number of arrays that each engine keeps.
    fn array_counts(&self) -> Vec<usize> {
        (0..self.session.engines())
            .map(|number| self.session.engine(number).map_or(0, |engine| engine.len()))
            .collect()
    }

    /// A name for arrays that functions leave on the engines.
    fn new_array_id(&self) -> u64 {
        self.session.new_array_id().0
    }

    /// Has the engines `targets` forget what functions left on them under the name `id`.
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments by value")]
    fn free(&self, id: u64, targets: Vec<usize>) {
        self.session.free(ArrayId(id), &targets);
    }

    /// Calls `function(engine)` on each of the engines `targets` at once; returns the results in
    /// that order. `engine` is an `Engine`.
    fn call<'py>(
        &self,
        py: Python<'py>,
        targets: Vec<usize>,
        function: Py<PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let function = PyFunction::new(function, self.interpreter.clone());
        let command = function.command();
        let replies = py.detach(move || {
            let replies = self.session.execute(&targets, command, usize::MAX);
            self.interpreter.stay_if_ending();
            replies
        });
        function.release();
        replies.map_err(raise)?.into_iter().map(|reply| function::result(py, reply)).collect()
    }

    /// Asks functions that run on engines to stop, waits a moment for them, and calls no more: the
    /// interpreter is about to end.
    fn close(&self, py: Python<'_>) {
        self.interpreter.end();
        py.detach(|| self.session.close());
    }
}
