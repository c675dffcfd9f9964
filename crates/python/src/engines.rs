//! The session of engines in this process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use distarray_comm::Interrupt;
use distarray_engine::session::Host;
use distarray_engine::{Session, ThreadSession};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::comm;
use crate::errors::raise;
use crate::function::{self, PyFunction};

/// The engines that live in this process: threads, started as they are needed.
#[pyclass(frozen, name = "Engines", module = "distarray._core")]
pub struct PyEngines {
    pub session: Arc<ThreadSession>,
    interpreter: Arc<Interpreter>,
}

/// What the session may ask of the Python interpreter.
pub struct Interpreter {
    /// Set when a function on the client's own thread was interrupted.
    pub interrupted: AtomicBool,
    /// The error by which the interpreter reported the interrupt.
    pub error: Mutex<Option<PyErr>>,
    /// The Python thread in which each engine runs a function at the moment.
    pub threads: Mutex<std::collections::HashMap<usize, u64>>,
}

impl Host for Interpreter {
    fn interrupted(&self) -> bool {
        if self.interrupted.load(Ordering::Acquire) {
            return true;
        }
        Python::attach(|py| match py.check_signals() {
            Ok(()) => false,
            Err(error) => {
                *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                true
            }
        })
    }

    fn stop_function(&self, engine: usize) {
        let thread =
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).get(&engine).copied();
        if let Some(thread) = thread {
            Python::attach(|py| function::interrupt(py, thread));
        }
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
        let interpreter = Arc::new(Interpreter {
            interrupted: AtomicBool::new(false),
            error: Mutex::new(None),
            threads: Mutex::default(),
        });
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

    /// Calls `function(engine)` on each of the engines `targets` at once; returns the results in
    /// that order. `engine` is an `Engine`.
    fn call<'py>(
        &self,
        py: Python<'py>,
        targets: Vec<usize>,
        function: Py<PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.interpreter.interrupted.store(false, Ordering::Release);
        let call = PyFunction::command(function, self.interpreter.clone());
        let session = self.session.clone();
        let replies = py.detach(move || session.execute(&targets, call, usize::MAX));
        let interrupt =
            self.interpreter.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(interrupt) = interrupt {
            return Err(interrupt);
        }
        replies.map_err(raise)?.into_iter().map(|reply| function::result(py, reply)).collect()
    }

    /// Facts about the engines, for `repr` and support.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let facts = PyDict::new(py);
        facts.set_item("kind", "threads")?;
        facts.set_item("engines", self.session.engines())?;
        Ok(facts)
    }
}
