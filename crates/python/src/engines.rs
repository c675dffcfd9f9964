//! The sessions: engines that are threads of this process, and those that are other processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use distarray_comm::Interrupt;
use distarray_comm::messages::Endpoint;
use distarray_engine::session::messages::{MessageCourier, MessageLink, Roster};
use distarray_engine::session::{self, Host, RemoteSession, SpmdSession};
use distarray_engine::{ArrayId, Engine, EngineError, Session, ThreadSession};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::carried::{CarriedCourier, PyInbox};
use crate::comm;
use crate::errors::raise;
use crate::function::{self, PyFunction};
use crate::mpi::PyEndpoint;
use crate::shipping::PyCodec;
use crate::thread::{self, PythonThread};

/// Engines: threads of this process, or other processes.
#[pyclass(frozen, name = "Engines", module = "distarray._core")]
pub struct PyEngines {
    pub session: Arc<dyn Session>,
    kind: Kind,
    interpreter: Arc<Interpreter>,
}

/// What engines are.
enum Kind {
    Threads(Arc<ThreadSession>),
    /// Processes that work for this one, and this one's end of the messages to them.
    Elsewhere(Arc<RemoteSession<MessageCourier>>, Endpoint),
    /// Processes to which a carrier takes commands.
    Carried(Arc<RemoteSession<CarriedCourier>>),
    /// Processes that all run the program.
    Everywhere(Arc<SpmdSession>, Endpoint),
}

/// For so long a process that ends waits for what is on its way.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the session may ask of the Python interpreter.
#[derive(Default)]
pub struct Interpreter {
    /// The Python thread in which each engine runs a function at the moment. Locked only by threads
    /// that are attached to the interpreter, and that stay so while they have the lock.
    threads: Mutex<HashMap<usize, PythonThread>>,
    /// The thread by which the interpreter ends, when it is about to.
    ending: OnceLock<ThreadId>,
    /// Whether this process is an engine, and not its threads.
    is_process: bool,
}

impl Interpreter {
    /// That of a process that is an engine itself.
    pub fn of_process() -> Self {
        Self { is_process: true, ..Self::default() }
    }

    /// Whether this process is an engine, and not its threads.
    pub fn is_process(&self) -> bool {
        self.is_process
    }

    /// Whether an engine runs a function.
    pub fn is_calling(&self, engine: usize) -> bool {
        self.threads().contains_key(&engine)
    }

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
        Self { session: session.clone(), kind: Kind::Threads(session), interpreter }
    }

    /// The engines that work for this process, whose rank is `client`: the processes of these ranks,
    /// which call `serve`.
    #[staticmethod]
    fn remote(endpoint: &PyEndpoint, client: usize, engines: Vec<usize>) -> PyResult<Self> {
        let interpreter = Arc::new(Interpreter::default());
        let roster = Roster { session: 0, client, engines };
        let courier = MessageCourier::new(&endpoint.inner, roster).map_err(raise)?;
        let codec = Arc::new(PyCodec { interpreter: interpreter.clone() });
        let session = RemoteSession::new(courier, codec, Some(interpreter.clone()));
        let kind = Kind::Elsewhere(session.clone(), endpoint.inner.clone());
        Ok(Self { session, kind, interpreter })
    }

    /// The engines with numbers below `count` to which a carrier takes commands. Its method
    /// `deliver(sequence, engines, common, own)` begins to take a request to engines: the strings of
    /// bytes `common` to all of them, and one of `own` to each, if there are any. Their answers come to
    /// the inbox. Its method `stop(engines)` stops functions there.
    #[staticmethod]
    fn carried(carrier: Py<PyAny>, inbox: &PyInbox, count: usize) -> Self {
        let interpreter = Arc::new(Interpreter::default());
        let courier = CarriedCourier::new(carrier, inbox, count);
        let codec = Arc::new(PyCodec { interpreter: interpreter.clone() });
        let session = RemoteSession::new(courier, codec, Some(interpreter.clone()));
        Self { session: session.clone(), kind: Kind::Carried(session), interpreter }
    }

    /// The engines that all processes of the endpoint are, each of which calls this and then runs the
    /// same program. With `is_checking`, those that are elsewhere in the program are named.
    #[staticmethod]
    fn spmd(endpoint: &PyEndpoint, is_checking: bool) -> PyResult<Self> {
        let interpreter = Arc::new(Interpreter::of_process());
        let ranks: Vec<usize> = (0..endpoint.inner.size()).collect();
        let group = |number| endpoint.inner.group(number, &ranks).map_err(raise);
        let codec = Arc::new(PyCodec { interpreter: interpreter.clone() });
        let session = SpmdSession::new(group(0)?, group(1)?, codec, Some(interpreter.clone()));
        session.set_checking(is_checking);
        let kind = Kind::Everywhere(session.clone(), endpoint.inner.clone());
        Ok(Self { session, kind, interpreter })
    }

    /// Sees to it that there are at least `count` engines, which are threads.
    fn ensure(&self, count: usize) {
        if let Kind::Threads(session) = &self.kind {
            session.ensure(count);
        }
    }

    /// The number of engines.
    fn __len__(&self) -> usize {
        self.session.engines()
    }

    /// Up to how many bytes per engine a command is executed by the caller's thread for all engines.
    #[getter]
    fn inline_bytes(&self) -> usize {
        if let Kind::Threads(session) = &self.kind { session.inline_bytes() } else { 0 }
    }

    /// Sets up to how many bytes per engine a command is executed by the caller's thread for all
    /// engines; with 0, small arrays take the same path as large ones.
    fn set_inline_bytes(&self, count: usize) {
        if let Kind::Threads(session) = &self.kind {
            session.set_inline_bytes(count);
        }
    }

    /// Calls `function`, which returns bytes, in one of the processes that run the program; returns in
    /// all of them what it returned there.
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments by value")]
    fn once<'py>(&self, py: Python<'py>, function: Py<PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let mut call = || {
            Python::attach(|py| {
                let bytes = function.call0(py).and_then(|bytes| bytes.extract::<Vec<u8>>(py));
                bytes.map_err(|error| EngineError::Function(function::failure(py, error)))
            })
        };
        let bytes = py.detach(|| self.session.once(&mut call)).map_err(raise)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Sets for how many seconds an engine in another process may give no sign of life while others
    /// wait for it; None: for ever.
    fn set_time_limit(&self, seconds: Option<f64>) -> PyResult<()> {
        let limit = seconds.map(Duration::try_from_secs_f64).transpose();
        let limit = limit.map_err(|error| PyValueError::new_err(error.to_string()))?;
        if let Kind::Elsewhere(session, _) = &self.kind {
            session.courier().set_limit(limit);
        }
        Ok(())
    }

    /// The number of arrays that each engine keeps; of engines that all run the program, that of this
    /// process alone is known.
    fn array_counts(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        match &self.kind {
            Kind::Threads(session) => Ok((0..session.engines())
                .map(|number| session.engine(number).map_or(0, |engine| engine.len()))
                .collect()),
            Kind::Elsewhere(session, _) => py.detach(|| session.array_counts()).map_err(raise),
            Kind::Carried(session) => py.detach(|| session.array_counts()).map_err(raise),
            Kind::Everywhere(session, _) => Ok(vec![session.engine().len()]),
        }
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
    /// interpreter is about to end. Engines in other processes end.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.interpreter.end();
        match &self.kind {
            Kind::Threads(session) => {
                py.detach(|| session.close());
                Ok(())
            }
            Kind::Elsewhere(session, endpoint) => {
                py.detach(|| session.close()).map_err(raise)?;
                py.detach(|| endpoint.close(FAREWELL)).map(drop).map_err(raise)
            }
            Kind::Carried(session) => py.detach(|| session.close()).map_err(raise),
            Kind::Everywhere(_, endpoint) => {
                py.detach(|| endpoint.close(FAREWELL)).map(drop).map_err(raise)
            }
        }
    }
}

/// Works as one of the engines of `client`, in the order of `engines` (ranks), until the client ends.
#[pyfunction]
fn serve(
    py: Python<'_>,
    endpoint: &PyEndpoint,
    client: usize,
    engines: Vec<usize>,
) -> PyResult<()> {
    let rank = endpoint.inner.rank();
    let number = engines.iter().position(|&engine| engine == rank);
    let number = number
        .ok_or_else(|| PyValueError::new_err(format!("rank {rank} is not among the engines")))?;
    let interpreter = Arc::new(Interpreter::of_process());
    let roster = Roster { session: 0, client, engines };
    let host: Arc<dyn Host> = interpreter.clone();
    let codec = PyCodec { interpreter };
    py.detach(|| {
        let mut link = MessageLink::new(&endpoint.inner, roster, Some(host))?;
        session::serve(&Arc::new(Engine::new(number)), &mut link, &codec)
    })
    .map_err(raise)
}

/// Adds the names of this module to `_core`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEngines>()?;
    module.add_function(wrap_pyfunction!(serve, module)?)
}
