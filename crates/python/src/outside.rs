//! Elements that Python brings from outside, or takes there.

use std::sync::Arc;

use distarray_engine::error::FunctionError;
use distarray_engine::outside::Outside;
use distarray_kernels::Block;
use distarray_meta::Indices;
use pyo3::prelude::*;

use crate::engines::Interpreter;
use crate::function::failure;
use crate::host;
use crate::meta::indices::PyIndices;
use crate::thread;

/// A Python callable that brings elements from outside to an engine, or takes them there.
pub struct PyOutside {
    callable: Py<PyAny>,
    engine: usize,
    interpreter: Arc<Interpreter>,
}

impl PyOutside {
    /// A callable, for this engine.
    pub fn new(callable: Py<PyAny>, engine: usize, interpreter: Arc<Interpreter>) -> Self {
        Self { callable, engine, interpreter }
    }

    fn call(&self, py: Python<'_>, axes: &[Indices], block: &Block) -> PyResult<()> {
        let (values, _) = host::array_of(py, block)?;
        let axes = axes.iter().map(|axis| Bound::new(py, PyIndices::from(axis.clone())));
        let axes = axes.collect::<PyResult<Vec<_>>>()?;
        let request = (axes, values).into_pyobject(py)?.into_any();
        let call = || thread::call(self.callable.bind(py), &request);
        // A function of the user's that this is done for can be stopped as it is.
        if self.interpreter.is_calling(self.engine) {
            call()?;
        } else {
            self.interpreter.stoppable(py, self.engine, call)?;
        }
        Ok(())
    }
}

impl Outside for PyOutside {
    fn transfer(&self, axes: &[Indices], block: &Block) -> Result<(), FunctionError> {
        Python::attach(|py| self.call(py, axes, block).map_err(|error| failure(py, error)))
    }

    fn unlocked(&self, work: &mut (dyn FnMut() + Send)) {
        Python::attach(|py| py.detach(work));
    }

    fn check(&self) -> Result<(), FunctionError> {
        Python::attach(|py| py.check_signals().map_err(|error| failure(py, error)))
    }
}
