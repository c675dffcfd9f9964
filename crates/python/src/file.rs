//! Arrays in files.
#![expect(clippy::needless_pass_by_value, reason = "pyo3 gives functions their arguments by value")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use distarray_engine::client::NpyFile;
use distarray_engine::{Session, labels_of};
use distarray_kernels::{DType, Labels};
use distarray_storage::Layout;
use distarray_storage::file::Beginning;
use distarray_storage::literal::Literal;
use distarray_storage::npy::Header;
use distarray_storage::replacement::{self, Existing};
use distarray_storage::{StorageError, dnpy, release, write_back};
use numpy::{PyArrayDescr, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};

use crate::array::{PyArray, work};
use crate::dtype;
use crate::engines::PyEngines;
use crate::errors::raise;
use crate::host;
use crate::meta::distribution::PyDistribution;
use crate::meta::indices::PyIndices;

/// Adds the class and the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyNpyFile>()?;
    module.add_function(wrap_pyfunction!(npy_header, module)?)?;
    module.add_function(wrap_pyfunction!(dnpy_header, module)?)?;
    module.add_function(wrap_pyfunction!(begin_replacement, module)?)?;
    module.add_function(wrap_pyfunction!(begin_write_back, module)?)?;
    module.add_function(wrap_pyfunction!(finish_replacement, module)?)?;
    module.add_function(wrap_pyfunction!(discard_replacement, module)?)?;
    module.add_function(wrap_pyfunction!(remove_folder, module)?)
}

/// An array in a file, in npy format or elsewhere where its elements follow each other.
#[pyclass(frozen, name = "NpyFile", module = "distarray._core")]
pub struct PyNpyFile {
    file: NpyFile,
}

#[pymethods]
impl PyNpyFile {
    /// Reads the header that a file has at a position.
    #[new]
    #[pyo3(signature = (path, base=0))]
    fn new(py: Python<'_>, path: PathBuf, base: u64) -> PyResult<Self> {
        let file = NpyFile::open(&path, base).map_err(raise)?;
        let dtype = named_as_numpys(py, file.header().dtype, &path)?;
        Ok(Self { file: file.with_dtype(dtype).map_err(raise)? })
    }

    /// The elements that lie in a file from an offset on.
    #[staticmethod]
    #[pyo3(signature = (path, dtype, shape, offset, fortran_order=false))]
    fn raw(
        path: PathBuf,
        dtype: &Bound<'_, PyAny>,
        shape: Vec<usize>,
        offset: u64,
        fortran_order: bool,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let layout = Layout { offset, itemsize: dtype.itemsize(), shape, fortran_order };
        Ok(Self { file: NpyFile::raw(&path, dtype, layout).map_err(raise)? })
    }

    /// Makes a file in npy format for an array of a dtype and shape, in C order. Its elements are
    /// zero.
    #[staticmethod]
    fn create(path: PathBuf, dtype: &Bound<'_, PyAny>, shape: Vec<usize>) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        Ok(Self { file: NpyFile::create(&path, dtype, &shape).map_err(raise)? })
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

    /// Where in the file the first element begins.
    #[getter]
    fn offset(&self) -> u64 {
        self.file.header().layout.offset
    }

    /// Whether the first axis is the fastest.
    #[getter]
    fn fortran_order(&self) -> bool {
        self.file.header().layout.fortran_order
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

    /// An array of this layout whose elements stay in the file.
    #[pyo3(signature = (engines, distribution, is_writable=false))]
    fn open(
        &self,
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        is_writable: bool,
    ) -> PyResult<PyArray> {
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let open = || self.file.mapped(&session, distribution, is_writable);
        Ok(work(py, usize::MAX, open)?.into())
    }

    /// Reads the elements with these indices along the axes into a NumPy array.
    fn read(
        &self,
        py: Python<'_>,
        axes: Vec<PyRef<'_, PyIndices>>,
        values: &Bound<'_, PyUntypedArray>,
    ) -> PyResult<()> {
        let (labels, block) = (labels(&axes, values)?, host::block_of(values)?);
        work(py, usize::MAX, || self.file.read(&labels, &block))
    }

    /// Writes the elements with these indices along the axes, from a NumPy array to the disk.
    fn write(
        &self,
        py: Python<'_>,
        axes: Vec<PyRef<'_, PyIndices>>,
        values: &Bound<'_, PyUntypedArray>,
    ) -> PyResult<()> {
        let (labels, block) = (labels(&axes, values)?, host::block_of(values)?);
        work(py, usize::MAX, || self.file.write(&labels, &block))
    }
}

/// The global indices of the elements of a NumPy array, along each axis.
fn labels(
    axes: &[PyRef<'_, PyIndices>],
    values: &Bound<'_, PyUntypedArray>,
) -> PyResult<Vec<Labels>> {
    let lens: Vec<usize> = axes.iter().map(|axis| axis.inner.len()).collect();
    if lens != values.shape() {
        let shape = values.shape();
        return Err(PyValueError::new_err(format!(
            "axes: indices of {lens:?} elements for an array of shape {shape:?}"
        )));
    }
    Ok(axes.iter().map(|axis| labels_of(&axis.inner)).collect())
}

/// A dtype as NumPy names it, so that equal ones have equal names.
fn named_as_numpys(py: Python<'_>, dtype: DType, path: &Path) -> PyResult<DType> {
    if dtype.is_native() {
        return Ok(dtype);
    }
    let named = dtype::to_numpy(py, dtype).and_then(|descr| dtype::from_numpy(&descr));
    named.map_err(|error| {
        raise(StorageError::Header {
            path: path.to_owned(),
            key: "descr".to_owned(),
            reason: format!("{dtype} is no dtype of NumPy's: {error}"),
        })
    })
}

/// What the header of an npy file says, given its first bytes and how long it is: the dtype, the
/// shape, whether the first axis is the fastest, and where the elements begin.
#[pyfunction]
fn npy_header<'py>(
    py: Python<'py>,
    beginning: &[u8],
    len: u64,
) -> PyResult<(Bound<'py, PyArrayDescr>, Bound<'py, PyTuple>, bool, u64)> {
    let path = Path::new("the stream");
    let header = Header::read(&Beginning { bytes: beginning, len, path }, 0).map_err(raise)?;
    let layout = header.layout;
    let dtype = dtype::to_numpy(py, named_as_numpys(py, header.dtype, path)?)?;
    Ok((dtype, PyTuple::new(py, layout.shape)?, layout.fortran_order, layout.offset))
}

/// What the text of a dnpy file's header says: the version of the protocol, and a dictionary for
/// each axis.
#[pyfunction]
fn dnpy_header<'py>(py: Python<'py>, text: &[u8]) -> PyResult<(String, Bound<'py, PyTuple>)> {
    let header = dnpy::parse(text).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let axes = header.dim_data.iter().map(|axis| dict(py, axis)).collect::<PyResult<Vec<_>>>()?;
    Ok((header.version, PyTuple::new(py, axes)?))
}

fn dict<'py>(py: Python<'py>, entries: &[(Literal, Literal)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in entries {
        dict.set_item(object(py, key)?, object(py, value)?)?;
    }
    Ok(dict)
}

/// A literal as Python's own.
fn object<'py>(py: Python<'py>, literal: &Literal) -> PyResult<Bound<'py, PyAny>> {
    let all =
        |items: &[Literal]| items.iter().map(|item| object(py, item)).collect::<PyResult<Vec<_>>>();
    Ok(match literal {
        Literal::None => py.None().into_bound(py),
        Literal::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Literal::Int(value) => value.into_pyobject(py)?.into_any(),
        Literal::Text(value) => PyString::new(py, value).into_any(),
        Literal::Tuple(items) => PyTuple::new(py, all(items)?)?.into_any(),
        Literal::List(items) => PyList::new(py, all(items)?)?.into_any(),
        Literal::Dict(entries) => dict(py, entries)?.into_any(),
    })
}

fn existing(is_new: bool) -> Existing {
    if is_new { Existing::Refused } else { Existing::Replaced }
}

/// Makes an empty file that is to take the place of another when it is complete; gives its name.
#[pyfunction]
#[pyo3(signature = (path, is_new=false))]
fn begin_replacement(path: PathBuf, is_new: bool) -> PyResult<OsString> {
    Ok(replacement::begin(&path, existing(is_new)).map_err(raise)?.into_os_string())
}

/// Gives such a file its name.
#[pyfunction]
#[pyo3(signature = (temporary, path, is_new=false))]
fn finish_replacement(
    py: Python<'_>,
    temporary: PathBuf,
    path: PathBuf,
    is_new: bool,
) -> PyResult<()> {
    // To sync takes as long as the disk does.
    py.detach(|| replacement::finish(&temporary, &path, existing(is_new))).map_err(raise)
}

/// Removes such a file.
#[pyfunction]
fn discard_replacement(temporary: PathBuf) {
    replacement::discard(&temporary);
}

/// Has the system begin to write files to the disk, so that to sync them takes less.
#[pyfunction]
fn begin_write_back(py: Python<'_>, paths: Vec<PathBuf>) {
    py.detach(|| paths.iter().for_each(|path| write_back::begin_at(path)));
}

/// Removes a folder with all that is in it.
#[pyfunction]
fn remove_folder(py: Python<'_>, folder: PathBuf) -> PyResult<()> {
    Ok(py.detach(|| release::remove_folder(&folder))?)
}
