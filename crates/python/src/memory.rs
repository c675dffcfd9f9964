//! How much memory the process may have, and what its arrays take.

use distarray_kernels::buffer::{self, MemoryLimit};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A limit on the memory of this process, in force while the object lives or until it is lifted.
#[pyclass(name = "MemoryLimit", module = "distarray._core")]
pub struct PyMemoryLimit {
    limit: Option<MemoryLimit>,
}

#[pymethods]
impl PyMemoryLimit {
    /// Sets a limit, in bytes.
    #[new]
    fn new(limit: usize) -> PyResult<Self> {
        if limit == 0 {
            return Err(PyValueError::new_err("limit is 0; expected a positive number of bytes"));
        }
        Ok(Self { limit: Some(MemoryLimit::new(limit)) })
    }

    /// The least of all limits that hold in this process, in bytes.
    #[staticmethod]
    fn in_force() -> Option<usize> {
        MemoryLimit::in_force()
    }

    /// Ends the limit. Doing so twice is harmless.
    fn lift(&mut self) {
        self.limit = None;
    }
}

/// The bytes that large arrays of this process take: of memory, and of scratch files.
#[pyfunction]
fn memory_in_use() -> (usize, usize) {
    let usage = buffer::usage();
    (usage.memory, usage.scratch)
}

/// What new arrays whose pieces take so many bytes will come to: the most memory of this process, and the
/// bytes of scratch files.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "pyo3 gives functions their arguments by value")]
fn predict_memory(pieces: Vec<usize>) -> (usize, usize) {
    let prediction = buffer::predict(&pieces);
    (prediction.peak, prediction.scratch)
}

/// The directory of scratch files.
#[pyfunction]
fn scratch_directory() -> std::path::PathBuf {
    buffer::scratch_directory()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMemoryLimit>()?;
    module.add_function(wrap_pyfunction!(memory_in_use, module)?)?;
    module.add_function(wrap_pyfunction!(predict_memory, module)?)?;
    module.add_function(wrap_pyfunction!(scratch_directory, module)?)
}
