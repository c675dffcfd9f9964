//! Engines in other processes that a carrier written in Python brings requests to.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use distarray_comm::CommError;
use distarray_engine::session::messages::Attendant;
use distarray_engine::session::{Courier, Host};
use distarray_engine::wire::{Parcel, Request};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::comm::{self, Payload};
use crate::engines::Interpreter;
use crate::errors::raise;
use crate::mpi::PyEndpoint;
use crate::shipping::PyCodec;

/// Where answers arrive, whichever thread brings them.
#[derive(Default)]
struct Inbox {
    arrived: Mutex<Arrived>,
    changed: Condvar,
}

/// The answers to the last request.
#[derive(Default)]
struct Arrived {
    sequence: u64,
    answers: HashMap<usize, Parcel>,
    failure: Option<String>,
}

impl Inbox {
    fn arrived(&self) -> MutexGuard<'_, Arrived> {
        // Nothing panics while this is locked.
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, sequence: u64) {
        *self.arrived() = Arrived { sequence, ..Arrived::default() };
    }

    /// Changes what has arrived for a request, unless nobody waits for it any more.
    fn add(&self, sequence: u64, change: impl FnOnce(&mut Arrived)) {
        let mut arrived = self.arrived();
        if arrived.sequence == sequence {
            change(&mut arrived);
            self.changed.notify_all();
        }
    }

    fn wait(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> Result<Option<Vec<Parcel>>, CommError> {
        let start = Instant::now();
        let mut arrived = self.arrived();
        loop {
            if arrived.sequence != sequence {
                return Ok(None);
            }
            if let Some(failure) = &arrived.failure {
                return Err(CommError::Transport(failure.clone()));
            }
            if participants.iter().all(|engine| arrived.answers.contains_key(engine)) {
                let answer = |engine| arrived.answers.remove(engine).unwrap_or_default();
                return Ok(Some(participants.iter().map(answer).collect()));
            }
            let Some(left) = patience.checked_sub(start.elapsed()) else { return Ok(None) };
            let waited = self.changed.wait_timeout(arrived, left);
            arrived = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Where a carrier leaves the answers of engines.
#[pyclass(frozen, name = "Inbox", module = "distarray._core")]
pub struct PyInbox(Arc<Inbox>);

#[pymethods]
impl PyInbox {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    /// Takes an engine's answer to the request of this number.
    fn arrived(&self, sequence: u64, engine: usize, answer: Vec<Payload>) {
        self.0.add(sequence, |arrived| {
            arrived.answers.insert(engine, parcel(answer));
        });
    }

    /// Notes that the request of this number will not be answered, and why.
    fn failed(&self, sequence: u64, reason: String) {
        self.0.add(sequence, |arrived| {
            arrived.failure.get_or_insert(reason);
        });
    }
}

/// Has a carrier take requests to engines.
pub struct CarriedCourier {
    /// Has the methods `deliver` and `stop`.
    carrier: Py<PyAny>,
    inbox: Arc<Inbox>,
    engines: usize,
}

impl CarriedCourier {
    /// The courier of engines with numbers below `engines`.
    pub fn new(carrier: Py<PyAny>, inbox: &PyInbox, engines: usize) -> Self {
        Self { carrier, inbox: inbox.0.clone(), engines }
    }
}

impl Courier for CarriedCourier {
    fn engines(&self) -> usize {
        self.engines
    }

    fn deliver(
        &self,
        participants: &[usize],
        request: Parcel,
        own: Vec<Vec<u8>>,
    ) -> Result<(), CommError> {
        let outline = Request::outline(&request.head)?;
        self.inbox.expect(outline.sequence);
        let hand_over = |py: Python<'_>| {
            let common = strings(py, &request);
            let own: Vec<_> = own.iter().map(|part| PyBytes::new(py, part)).collect();
            let arguments = (outline.sequence, participants.to_vec(), common, own);
            self.carrier.call_method1(py, "deliver", arguments).map(drop)
        };
        match Python::try_attach(hand_over) {
            Some(handed_over) => handed_over.map_err(refused),
            None => Err(CommError::Transport("the interpreter has ended".to_owned())),
        }
    }

    fn collect(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> Result<Option<Vec<Parcel>>, CommError> {
        let wait = || self.inbox.wait(participants, sequence, patience);
        // Who brings the answers needs the interpreter for that.
        Python::try_attach(|py| py.detach(wait)).unwrap_or_else(wait)
    }

    /// Functions that are stopped release those who wait for them.
    fn abort(&self, _group: u64, _participants: &[usize], _reason: &str) {}

    fn stop_functions(&self, participants: &[usize]) {
        let participants = participants.to_vec();
        // Engines that can't be reached can't be stopped.
        let _ =
            Python::try_attach(|py| self.carrier.call_method1(py, "stop", (participants,)).is_ok());
    }
}

/// What kept a carrier from taking a request.
fn refused(error: PyErr) -> CommError {
    Python::attach(|py| {
        if error.is_instance_of::<PyKeyboardInterrupt>(py) {
            comm::keep_signal(error);
            return CommError::Interrupted;
        }
        CommError::Transport(error.value(py).to_string())
    })
}

fn parcel(strings: Vec<Payload>) -> Parcel {
    let mut strings = strings.into_iter().map(|string| string.0);
    Parcel { head: strings.next().unwrap_or_default(), parts: strings.collect() }
}

fn strings<'py>(py: Python<'py>, parcel: &Parcel) -> Vec<Bound<'py, PyBytes>> {
    let all = std::iter::once(&parcel.head).chain(&parcel.parts);
    all.map(|string| PyBytes::new(py, string)).collect()
}

/// An engine to which a carrier brings requests.
#[pyclass(frozen, name = "Attendant", module = "distarray._core")]
pub struct PyAttendant {
    attendant: Attendant,
    codec: PyCodec,
    interpreter: Arc<Interpreter>,
}

#[pymethods]
impl PyAttendant {
    /// The engine of this number; `ranks` has the rank at the endpoint of each engine.
    #[new]
    fn new(endpoint: &PyEndpoint, number: usize, ranks: HashMap<usize, usize>) -> Self {
        let interpreter = Arc::new(Interpreter::of_process());
        let host: Arc<dyn Host> = interpreter.clone();
        let attendant = Attendant::new(&endpoint.inner, number, ranks, Some(host));
        Self { attendant, codec: PyCodec { interpreter: interpreter.clone() }, interpreter }
    }

    /// Carries out a request; returns the answer, or None if there is to be none.
    fn attend<'py>(
        &self,
        py: Python<'py>,
        request: Vec<Payload>,
    ) -> PyResult<Option<Vec<Bound<'py, PyBytes>>>> {
        let request = parcel(request);
        let answer = py.detach(|| self.attendant.attend(request, &self.codec)).map_err(raise)?;
        Ok(answer.map(|answer| strings(py, &answer)))
    }

    /// Whether a user's function is running.
    #[getter]
    fn is_calling(&self) -> bool {
        self.interpreter.is_calling(self.attendant.engine().number())
    }

    /// The number of arrays that the engine keeps.
    #[getter]
    fn array_count(&self) -> usize {
        self.attendant.engine().len()
    }
}
