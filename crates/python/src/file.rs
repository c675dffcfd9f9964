//! Arrays in files.
#![expect(clippy::needless_pass_by_value, reason = "pyo3 gives functions their arguments by value")]

use std::path::PathBuf;
use std::sync::Arc;

use distarray_engine::Session;
use distarray_engine::client::NpyFile;
use numpy::PyArrayDescr;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::array::{PyArray, work};
use crate::dtype;
use crate::engines::PyEngines;
use crate::errors::raise;
use crate::meta::distribution::PyDistribution;

/// A file in npy format whose header has been read.
#[pyclass(frozen, name = "NpyFile", module = "distarray._core")]
pub struct PyNpyFile {
    file: NpyFile,
}

#[pymethods]
impl PyNpyFile {
    /// Opens a file.
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        Ok(Self { file: NpyFile::open(&path).map_err(raise)? })
    }

    /// The shape of the array.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.file.header().layout.shape)
    }

    /// The dtype of the array.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDescr>> {
        dtype::to_numpy(py, self.file.header().dtype)
    }

    /// A new array of this layout; each engine reads its own part.
    fn load(
        &self,
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
    ) -> PyResult<PyArray> {
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        Ok(work(py, usize::MAX, || self.file.load(&session, distribution))?.into())
    }
}
