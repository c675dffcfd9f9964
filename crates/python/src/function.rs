//! Python functions that run on engines.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use distarray_engine::error::FunctionError;
use distarray_engine::outside::{Outer, OutsidePiece};
use distarray_engine::{
    ArrayId, Command, Engine, EngineFunction, FunctionContext, LocalArray, Reply,
};
use distarray_kernels::copy;
use distarray_meta::{AxisMap, Distribution};
use numpy::PyUntypedArray;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

use crate::comm::Communicator;
use crate::dtype;
use crate::engines::Interpreter;
use crate::errors::raise;
use crate::host;
use crate::meta::distribution::PyDistribution;
use crate::outside::PyOutside;
use crate::thread;

/// A Python callable, as engines call it.
pub struct PyFunction {
    /// `None` when it is not to be called any more.
    function: Mutex<Option<Py<PyAny>>>,
    interpreter: Arc<Interpreter>,
}

impl PyFunction {
    /// What is to be called on engines.
    pub fn new(function: Py<PyAny>, interpreter: Arc<Interpreter>) -> Arc<Self> {
        Arc::new(Self { function: Mutex::new(Some(function)), interpreter })
    }

    /// The command that calls it on every engine.
    pub fn command(self: &Arc<Self>) -> Command {
        Command::Call { function: self.clone() }
    }

    /// Lets go of the callable and of all that it holds, whoever may still know the command.
    pub fn release(&self) {
        let function = self.function.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(function);
    }

    /// The callable.
    ///
    /// # Errors
    ///
    /// When nobody waits for it any more.
    pub fn callable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
        match &*function {
            Some(function) => Ok(function.bind(py).clone()),
            None => Err(PyRuntimeError::new_err("nobody waits for this function any more")),
        }
    }

    fn call_attached(&self, py: Python<'_>, context: &FunctionContext<'_>) -> PyResult<Py<PyAny>> {
        let number = context.engine.number();
        let engine = PyEngine {
            engine: context.engine.clone(),
            participants: context.participants.to_vec(),
            communicator: context.communicator.clone(),
            is_thread: !self.interpreter.is_process(),
            interpreter: self.interpreter.clone(),
        };
        let engine = Bound::new(py, engine)?.into_any();
        let function = self.callable(py)?;
        self.interpreter
            .stoppable(py, number, || thread::call(&function, &engine))
            .map(Bound::unbind)
    }
}

impl EngineFunction for PyFunction {
    fn call(&self, context: &FunctionContext<'_>) -> Result<Box<dyn Any + Send>, FunctionError> {
        Python::attach(|py| match self.call_attached(py, context) {
            Ok(value) => Ok(Box::new(value) as Box<dyn Any + Send>),
            Err(error) => Err(failure(py, error)),
        })
    }
}

/// What an exception says of the function that raised it.
pub fn failure(py: Python<'_>, error: PyErr) -> FunctionError {
    FunctionError {
        is_echo: is_aborted(py, &error),
        is_interrupt: error.is_instance_of::<PyKeyboardInterrupt>(py),
        cause: Box::new(error),
    }
}

/// The Python object in an engine's reply.
///
/// # Errors
///
/// When the reply is of another kind, which would be a bug of ours.
pub fn result(py: Python<'_>, reply: Reply) -> PyResult<Bound<'_, PyAny>> {
    match reply {
        Reply::Value(value) => match value.downcast::<Py<PyAny>>() {
            Ok(value) => Ok(value.into_bound(py)),
            Err(_) => Err(PyRuntimeError::new_err("an engine returned a foreign value")),
        },
        other => Err(PyRuntimeError::new_err(format!("an engine replied {other:?}"))),
    }
}

/// One engine, as a function that runs on it sees it.
#[pyclass(frozen, name = "Engine", module = "distarray._core")]
pub struct PyEngine {
    engine: Arc<Engine>,
    participants: Vec<usize>,
    communicator: Arc<dyn distarray_comm::Communicator>,
    is_thread: bool,
    interpreter: Arc<Interpreter>,
}

#[pymethods]
impl PyEngine {
    /// The number of the engine.
    #[getter]
    fn number(&self) -> usize {
        self.engine.number()
    }

    /// Whether the engine is a thread of the process that has the engines, and not a process.
    #[getter]
    fn is_thread(&self) -> bool {
        self.is_thread
    }

    /// The engines that call the function, in the order of the communicator's ranks.
    #[getter]
    fn participants(&self) -> Vec<usize> {
        self.participants.clone()
    }

    /// The communicator over these engines.
    #[getter]
    fn communicator(&self) -> Communicator {
        Communicator::of_engines(self.communicator.clone(), self.engine.number())
    }

    /// This engine's piece of the array of the name `id`: (rank, ndarray, whether it is a view), or
    /// None if it has none.
    fn piece<'py>(
        &self,
        py: Python<'py>,
        id: u64,
        distribution: &PyDistribution,
    ) -> PyResult<Option<(usize, Bound<'py, PyUntypedArray>, bool)>> {
        if distribution.inner.rank_of_target(self.engine.number()).is_none() {
            return Ok(None);
        }
        let local = self.engine.get(ArrayId(id)).map_err(raise)?;
        let (ndarray, is_view) = host::array_of(py, &local.block)?;
        Ok(Some((local.rank, ndarray, is_view)))
    }

    /// Writes an ndarray back into this engine's piece of the array of the name `id`.
    fn write_back(&self, id: u64, values: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let local = self.engine.get(ArrayId(id)).map_err(raise)?;
        copy::copy(&host::block_of(values)?, &local.block).map_err(raise)
    }

    /// Keeps an ndarray on this engine under the name `id`, without copying it.
    fn keep(&self, id: u64, ndarray: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let block = host::block_of(ndarray)?;
        let maps = block.shape().into_iter().map(AxisMap::no_dist).collect();
        let distribution = Distribution::new(maps, vec![self.engine.number()]).map_err(raise)?;
        self.engine.insert(ArrayId(id), LocalArray { distribution, rank: 0, block });
        Ok(())
    }

    /// Keeps under the name `id` a piece of an array of a layout whose elements are outside.
    /// `transfer((axes, values))` brings those with the indices `axes` into an ndarray; or takes them
    /// there, if it `is_sink`. `unit` says what is best brought at once, along each axis, and
    /// `part_bytes` about how much.
    #[pyo3(signature = (id, distribution, dtype, transfer, unit, part_bytes, is_sink=false))]
    #[expect(clippy::too_many_arguments, reason = "what is to be known of such a piece")]
    fn keep_outside(
        &self,
        id: u64,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        transfer: Py<PyAny>,
        unit: Vec<usize>,
        part_bytes: usize,
        is_sink: bool,
    ) -> PyResult<()> {
        let layout = distribution.inner.clone();
        let Some(rank) = layout.rank_of_target(self.engine.number()) else { return Ok(()) };
        if unit.len() != layout.ndim() {
            let message = format!("unit: {} lengths for {} axes", unit.len(), layout.ndim());
            return Err(pyo3::exceptions::PyValueError::new_err(message));
        }
        let interpreter = self.interpreter.clone();
        let outer = Outer {
            outside: Arc::new(PyOutside::new(transfer, self.engine.number(), interpreter)),
            dtype: dtype::extract(dtype)?,
            unit: unit.into_iter().map(|len| len.max(1)).collect(),
            part_bytes,
            is_sink,
        };
        let piece = OutsidePiece::new(outer, &layout, rank);
        self.engine.insert_outside(ArrayId(id), layout, rank, piece);
        Ok(())
    }

    /// Gives the piece kept under the name `id` its place in a distribution.
    fn place(&self, id: u64, distribution: &PyDistribution) -> PyResult<()> {
        let local = self.engine.get(ArrayId(id)).map_err(raise)?;
        let Some(rank) = distribution.inner.rank_of_target(self.engine.number()) else {
            return Ok(());
        };
        let expected = distribution.inner.local_shape(rank);
        if local.block.shape() != expected {
            return Err(pyo3::exceptions::PyValueError::new_err(format!(
                "the local array of engine {} has shape {:?}, but its distribution says {:?}",
                self.engine.number(),
                local.block.shape(),
                expected
            )));
        }
        let distribution = distribution.inner.clone();
        self.engine.insert(ArrayId(id), LocalArray { distribution, rank, block: local.block });
        Ok(())
    }
}

/// Whether an exception says that another engine gave up.
fn is_aborted(py: Python<'_>, error: &PyErr) -> bool {
    py.import("distarray.error")
        .and_then(|module| module.getattr("EngineAbortedError"))
        .is_ok_and(|class| error.value(py).is_instance(&class).unwrap_or(false))
}
