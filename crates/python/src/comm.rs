//! The class `Communicator`: bytes between engines, for Python.

use std::cell::RefCell;
use std::sync::Arc;

use distarray_comm::{self as comm, Group, InProcess, Interrupt};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::errors::raise;

thread_local! {
    /// The exception of a signal handler that ended a wait on this thread.
    static SIGNAL: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Lets waits end when the user presses Ctrl-C: runs Python's signal handlers and answers whether one
/// raised.
pub(crate) fn signals() -> Interrupt {
    Arc::new(|| {
        let raised = Python::try_attach(|py| py.check_signals().err()).flatten();
        raised.is_some_and(|error| {
            SIGNAL.set(Some(error));
            true
        })
    })
}

/// Keeps the exception of a signal handler, for the error that it ends in.
pub(crate) fn keep_signal(error: PyErr) {
    SIGNAL.set(Some(error));
}

/// The exception of the signal handler that ended the last wait of this thread, if one did.
pub(crate) fn pending_signal() -> Option<PyErr> {
    SIGNAL.take()
}

/// One rank's view of a group of ranks that exchange bytes.
#[pyclass(frozen, module = "distarray._core")]
pub(crate) struct Communicator {
    inner: Arc<dyn comm::Communicator>,
    /// The number by which errors name this rank: that of its engine.
    number: usize,
    /// For ranks that this process made: the handle on their group.
    group: Option<Group>,
}

impl Communicator {
    /// A communicator for a rank that is a thread of this process.
    pub(crate) fn in_process(rank: Arc<InProcess>) -> Self {
        let group = Some(rank.handle());
        Self { number: rank.group_rank(), inner: rank, group }
    }

    /// A communicator of engines, for the engine of this number.
    pub(crate) fn of_engines(inner: Arc<dyn comm::Communicator>, number: usize) -> Self {
        Self { inner, number, group: None }
    }

    /// Makes a call that may wait, with the interpreter released.
    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&dyn comm::Communicator) -> comm::Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&*self.inner)).map_err(raise)
    }
}

fn not_threads() -> PyErr {
    PyTypeError::new_err("the engines of this communicator are not threads of one process")
}

/// A copy of the bytes of any object with a contiguous buffer of bytes.
pub(crate) struct Payload(pub Vec<u8>);

impl FromPyObject<'_, '_> for Payload {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self(bytes.as_bytes().to_vec()));
        }
        PyBuffer::<u8>::get(&object)?.to_vec(object.py()).map(Self)
    }
}

fn payloads(parts: Vec<Payload>) -> Vec<Vec<u8>> {
    parts.into_iter().map(|part| part.0).collect()
}

fn as_bytes<'py>(py: Python<'py>, parts: &[Vec<u8>]) -> Vec<Bound<'py, PyBytes>> {
    parts.iter().map(|part| PyBytes::new(py, part)).collect()
}

#[pymethods]
impl Communicator {
    /// The number of this rank, from 0.
    #[getter]
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    /// The number of ranks.
    #[getter]
    fn size(&self) -> usize {
        self.inner.size()
    }

    /// Send bytes to a rank, without waiting for it.
    fn send(&self, py: Python<'_>, dest: usize, tag: i32, data: Payload) -> PyResult<()> {
        self.wait(py, |comm| comm.send_owned(dest, tag, data.0))
    }

    /// Wait for bytes from a rank (None: any) with a tag (None: any).
    #[pyo3(signature = (source=None, tag=None))]
    fn recv<'py>(
        &self,
        py: Python<'py>,
        source: Option<usize>,
        tag: Option<i32>,
    ) -> PyResult<(usize, i32, Bound<'py, PyBytes>)> {
        let message = self.wait(py, |comm| comm.recv(source, tag))?;
        Ok((message.source, message.tag, PyBytes::new(py, &message.data)))
    }

    /// Source, tag and length of a message that recv would return at once, else None.
    #[pyo3(signature = (source=None, tag=None))]
    fn probe(
        &self,
        py: Python<'_>,
        source: Option<usize>,
        tag: Option<i32>,
    ) -> PyResult<Option<(usize, i32, usize)>> {
        let envelope = self.wait(py, |comm| comm.probe(source, tag))?;
        Ok(envelope.map(|found| (found.source, found.tag, found.len)))
    }

    /// Wait until every rank has come.
    fn barrier(&self, py: Python<'_>) -> PyResult<()> {
        self.wait(py, |comm| comm.barrier())
    }

    /// Give everybody the bytes of the root.
    #[pyo3(signature = (root, data=None))]
    fn broadcast<'py>(
        &self,
        py: Python<'py>,
        root: usize,
        data: Option<Payload>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = data.map_or_else(Vec::new, |data| data.0);
        let data = self.wait(py, |comm| comm.broadcast(root, data))?;
        Ok(PyBytes::new(py, &data))
    }

    /// Give the root everybody's bytes, in rank order.
    fn gather<'py>(
        &self,
        py: Python<'py>,
        root: usize,
        data: Payload,
    ) -> PyResult<Option<Vec<Bound<'py, PyBytes>>>> {
        let Payload(data) = data;
        let parts = self.wait(py, |comm| comm.gather(root, &data))?;
        Ok(parts.map(|parts| as_bytes(py, &parts)))
    }

    /// Give each rank its part of what the root has.
    #[pyo3(signature = (root, parts=None))]
    fn scatter<'py>(
        &self,
        py: Python<'py>,
        root: usize,
        parts: Option<Vec<Payload>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = self.wait(py, |comm| comm.scatter(root, parts.map(payloads)))?;
        Ok(PyBytes::new(py, &data))
    }

    /// Give everybody everybody's bytes, in rank order.
    fn all_gather<'py>(
        &self,
        py: Python<'py>,
        data: Payload,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let Payload(data) = data;
        let parts = self.wait(py, |comm| comm.all_gather(&data))?;
        Ok(as_bytes(py, &parts))
    }

    /// Send a part to each rank; return what each sent here, in rank order.
    fn all_to_all<'py>(
        &self,
        py: Python<'py>,
        parts: Vec<Payload>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let parts = self.wait(py, |comm| comm.all_to_all(payloads(parts)))?;
        Ok(as_bytes(py, &parts))
    }

    /// Make a communicator for each color, of the ranks that gave it, ordered by key; None without color.
    #[pyo3(signature = (color, key=0))]
    fn split(&self, py: Python<'_>, color: Option<i32>, key: i64) -> PyResult<Option<Self>> {
        let part = self.wait(py, |comm| comm.split(color, key))?;
        Ok(part.map(|inner| Self { inner, number: self.number, group: self.group.clone() }))
    }

    /// Return everybody's object itself, in rank order: for threads of one process.
    fn share<'py>(&self, py: Python<'py>, item: Py<PyAny>) -> PyResult<Bound<'py, PyList>> {
        if !self.is_shared() {
            return Err(not_threads());
        }
        let objects = self.wait(py, |comm| match comm.shared() {
            Some(memory) => memory.share(Arc::new(item)),
            None => Ok(Vec::new()),
        })?;
        let objects = objects.iter().filter_map(|object| object.downcast_ref::<Py<PyAny>>());
        PyList::new(py, objects.map(|object| object.clone_ref(py)).collect::<Vec<_>>())
    }

    /// Whether the ranks are threads of one process, so that share works.
    #[getter]
    fn is_shared(&self) -> bool {
        self.inner.shared().is_some()
    }

    /// Release every rank that waits, or will wait, on the whole group.
    fn abort(&self, reason: &str) {
        self.inner.abort(self.number, reason);
    }

    /// Make an aborted group usable again; no rank may be in a call.
    fn reset(&self) -> PyResult<()> {
        let group = self.group.as_ref().ok_or_else(|| {
            PyTypeError::new_err("the group of these engines is the session's to reset")
        })?;
        group.reset();
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("<Communicator: rank {} of {}>", self.inner.rank(), self.inner.size())
    }
}

/// Make a group, and give the communicators of its ranks, which are threads of this process.
#[pyfunction]
fn in_process_group(size: usize) -> Vec<Communicator> {
    let ranks = InProcess::group(size);
    if let Some(rank) = ranks.first() {
        rank.handle().set_interrupt(Some(signals()));
    }
    ranks.into_iter().map(Communicator::in_process).collect()
}

/// Run the suite that every communicator passes, as one of its ranks; all of them call this.
#[pyfunction]
fn check_communicator(py: Python<'_>, communicator: &Communicator) {
    py.detach(|| comm::conformance::check(&communicator.inner));
}

/// Adds the names of this module to `_core`.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Communicator>()?;
    module.add_function(wrap_pyfunction!(check_communicator, module)?)?;
    module.add_function(wrap_pyfunction!(in_process_group, module)?)
}
