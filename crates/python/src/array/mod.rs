//! The handle of a distributed array.
#![expect(clippy::needless_pass_by_value, reason = "pyo3 gives functions their arguments by value")]

mod deferred;
mod elementwise;
mod index;
mod reduce;
mod value;

use std::path::PathBuf;
use std::sync::Arc;

use distarray_engine::client::{self, Policy};
use distarray_engine::outside::is_large;
use distarray_engine::{Array, Communication, Initial, Session, SessionError};
use distarray_kernels::Accumulation;
use distarray_kernels::random::Variate;
use numpy::{PyArrayDescr, PyUntypedArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::dtype;
use crate::engines::PyEngines;
use crate::errors::raise;
use crate::host;
use crate::meta::distribution::PyDistribution;
use crate::progress::Work;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyArray>()?;
    module.add_class::<deferred::PyPassing>()?;
    module.add_class::<elementwise::PyOp>()?;
    module.add_function(wrap_pyfunction!(deferred::evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(elementwise::align, module)?)?;
    module.add_function(wrap_pyfunction!(elementwise::elementwise, module)?)?;
    module.add_function(wrap_pyfunction!(elementwise::operations, module)?)
}

/// Above this many bytes an operation releases the interpreter's lock while it works.
const RELEASE_BYTES: usize = 1 << 16;

/// The handle of a distributed array.
#[pyclass(frozen, name = "Array", module = "distarray._core")]
pub struct PyArray {
    pub inner: Array,
}

impl From<Array> for PyArray {
    fn from(inner: Array) -> Self {
        Self { inner }
    }
}

/// Works on arrays of about `bytes` bytes, without the interpreter's lock if that is worth while.
pub fn work<T: Send>(
    py: Python<'_>,
    bytes: usize,
    work: impl FnOnce() -> Result<T, SessionError> + Send,
) -> PyResult<T> {
    let result = if bytes > RELEASE_BYTES {
        py.detach(|| {
            let _shown = Work::begin(bytes);
            work()
        })
    } else {
        work()
    };
    let result = result.map_err(raise)?;
    for (note, flags) in client::take_reports() {
        deferred::report(py, &note, flags)?;
    }
    Ok(result)
}

fn bytes(array: &Array) -> usize {
    array.size().saturating_mul(array.dtype().itemsize())
}

/// What the user thinks of data that moves, as Python says it: 0 allow, 1 warn, 2 error.
pub fn communication(code: u8) -> PyResult<Communication> {
    match code {
        0 => Ok(Communication::Allow),
        1 => Ok(Communication::Warn),
        2 => Ok(Communication::Error),
        _ => Err(PyValueError::new_err("communication must be 0, 1 or 2")),
    }
}

/// Calls `body` with the policy that `code` stands for.
pub fn with_policy<T>(
    code: u8,
    deferred: bool,
    body: impl FnOnce(&Policy<'_>) -> Result<T, SessionError>,
) -> Result<T, SessionError> {
    let communication =
        communication(code).map_err(|error| SessionError::Value(error.to_string()))?;
    let warn = |operation: &'static str, bytes: u64| {
        Python::attach(|py| crate::errors::warn_communication(py, operation, bytes))
            .map_err(|cause| SessionError::Host(Box::new(cause)))
    };
    body(&Policy { communication, warn: &warn, deferred })
}

impl PyArray {
    /// How many bytes are to be computed before the elements are there.
    fn pending_bytes(&self) -> usize {
        if self.inner.is_pending() { bytes(&self.inner) } else { 0 }
    }
}

#[pymethods]
impl PyArray {
    /// A new array of random numbers: `kind` is "uniform", "normal" (with location and scale) or
    /// "integers" (with bounds); `deferred`: made when somebody needs it.
    #[staticmethod]
    #[pyo3(signature = (engines, distribution, dtype, kind, key, parameters, *, deferred=false))]
    #[expect(clippy::too_many_arguments, reason = "Python's side passes them by name")]
    fn random(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        kind: &str,
        key: [u64; 2],
        parameters: &Bound<'_, PyAny>,
        deferred: bool,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let variate = match kind {
            "uniform" => Variate::Uniform,
            "normal" => {
                let (loc, scale) = parameters.extract()?;
                Variate::Normal { loc, scale }
            }
            "integers" => {
                let (low, high) = parameters.extract()?;
                Variate::Integers { low, high }
            }
            _ => return Err(PyTypeError::new_err(format!("unknown kind of variate {kind:?}"))),
        };
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        let array = work(py, size, || {
            let policy = Policy { deferred, ..Policy::ALLOW };
            Array::random(&session, distribution.clone(), dtype, variate, key, &policy)
        })?;
        Ok(array.into())
    }

    /// A new array: `item` is a 0-d ndarray of the dtype, or None for unset elements; `deferred`: made
    /// when somebody needs it.
    #[staticmethod]
    #[pyo3(signature = (engines, distribution, dtype, item=None, *, deferred=false))]
    fn create(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        item: Option<&Bound<'_, PyUntypedArray>>,
        deferred: bool,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let initial = match item {
            None => Initial::Uninitialised,
            Some(item) => {
                let bytes = value::item_bytes(item, dtype)?;
                if bytes.iter().all(|&byte| byte == 0) {
                    Initial::Zero
                } else {
                    Initial::Item(bytes.into())
                }
            }
        };
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        let array = work(py, size, || {
            let policy = Policy { deferred, ..Policy::ALLOW };
            Array::full(&session, distribution.clone(), dtype, initial.clone(), &policy)
        })?;
        Ok(array.into())
    }

    /// A new array with the elements of an ndarray, cast to `dtype`.
    #[staticmethod]
    fn from_numpy(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        values: &Bound<'_, PyUntypedArray>,
        dtype: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let block = host::block_of(values)?;
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        Ok(work(py, size, move || Array::from_host(&session, distribution, dtype, &block))?.into())
    }

    /// The handle of pieces that functions left, or are about to leave, on the engines under the
    /// name `id`; `base` is the array whose memory they share, if they do. `part_bytes` says that the
    /// elements are outside of the engines' memory, and in parts of which size large pieces are read.
    #[staticmethod]
    #[pyo3(signature = (engines, id, distribution, dtype, base=None, *, part_bytes=None))]
    fn adopt(
        engines: &PyEngines,
        id: u64,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        base: Option<&Self>,
        part_bytes: Option<usize>,
    ) -> PyResult<Self> {
        let session: Arc<dyn Session> = engines.session.clone();
        let id = distarray_engine::ArrayId(id);
        let base = base.map(|base| &base.inner);
        let (distribution, dtype) = (distribution.inner.clone(), dtype::extract(dtype)?);
        let is_large = |most| is_large(&distribution, dtype, most);
        let is_outside = part_bytes.is_some_and(is_large);
        let array = Array::adopt(&session, id, distribution, dtype, base);
        if is_outside {
            array.set_outside();
        }
        Ok(array.into())
    }

    /// `start + step * index` along one axis; `start` and `step` are 0-d ndarrays.
    #[staticmethod]
    fn affine(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        start: &Bound<'_, PyUntypedArray>,
        step: &Bound<'_, PyUntypedArray>,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let (start, step) = (value::scalar_of(start)?, value::scalar_of(step)?);
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        let made =
            work(py, size, move || client::affine(&session, distribution, dtype, start, step));
        Ok(made?.into())
    }

    /// Ones on a diagonal, zeros elsewhere.
    #[staticmethod]
    fn eye(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        diagonal: i64,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        Ok(work(py, size, move || client::eye(&session, distribution, dtype, diagonal))?.into())
    }

    /// The global index along `axis`, everywhere.
    #[staticmethod]
    fn index_grid(
        py: Python<'_>,
        engines: &PyEngines,
        distribution: &PyDistribution,
        dtype: &Bound<'_, PyAny>,
        axis: usize,
    ) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let session: Arc<dyn Session> = engines.session.clone();
        let distribution = distribution.inner.clone();
        let size = distribution.global_size().saturating_mul(dtype.itemsize());
        Ok(work(py, size, move || client::index_grid(&session, distribution, dtype, axis))?.into())
    }

    /// The name on the engines.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<u64> {
        let array = self.inner.clone();
        Ok(work(py, self.pending_bytes(), move || array.id())?.0)
    }

    /// Whether the elements are still to be computed.
    #[getter]
    fn is_pending(&self) -> bool {
        self.inner.is_pending()
    }

    /// Whether the elements are outside of the engines' memory, or still to be computed from such.
    #[getter]
    fn is_outside(&self) -> bool {
        self.inner.is_outside()
    }

    /// What evaluating the array will do.
    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyDict>> {
        deferred::explain(py, &self.inner)
    }

    /// Says that so many handles of the array go soon: until the result is dropped, the array counts
    /// as one that nobody will ask for.
    fn passing(&self, handles: usize) -> deferred::PyPassing {
        deferred::PyPassing { _guard: self.inner.passing(handles) }
    }

    /// Says that somebody has a view of a piece, through which elements may change.
    fn expose(&self, py: Python<'_>) -> PyResult<()> {
        let array = self.inner.clone();
        work(py, usize::MAX, move || array.expose())
    }

    /// The layout.
    #[getter]
    fn distribution(&self) -> PyDistribution {
        PyDistribution { inner: self.inner.distribution().clone() }
    }

    /// The dtype.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDescr>> {
        dtype::to_numpy(py, self.inner.dtype())
    }

    /// The global shape.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyTuple>> {
        pyo3::types::PyTuple::new(py, self.inner.shape())
    }

    /// The number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.inner.ndim()
    }

    /// The number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.inner.size()
    }

    /// A new ndarray with all elements.
    fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyUntypedArray>> {
        let array = self.inner.clone();
        let block = work(py, bytes(&self.inner), move || array.to_host())?;
        Ok(host::array_of(py, &block)?.0)
    }

    /// Copies all elements into an ndarray of the same shape and dtype.
    fn read_into(&self, py: Python<'_>, values: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let array = self.inner.clone();
        let block = host::block_of(values)?;
        work(py, bytes(&self.inner), move || array.read_host(&block))
    }

    /// Sets every element; `item` is a 0-d ndarray of this array's dtype.
    fn fill(&self, py: Python<'_>, item: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let array = self.inner.clone();
        let item = value::item_bytes(item, array.dtype())?;
        work(py, bytes(&self.inner), move || array.fill_item(&item))
    }

    /// Sets every element to that of an ndarray that broadcasts.
    fn assign_numpy(&self, py: Python<'_>, values: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let array = self.inner.clone();
        let block = host::block_of(values)?;
        work(py, bytes(&self.inner), move || array.assign_host(&block))
    }

    /// Sets every element to that of an array that broadcasts.
    ///
    /// `passing` says that nobody will ask for `value` again.
    #[pyo3(signature = (value, communication, passing=false))]
    fn assign(
        &self,
        py: Python<'_>,
        value: &Self,
        communication: u8,
        passing: bool,
    ) -> PyResult<()> {
        let (array, value) = (&self.inner, &value.inner);
        work(py, bytes(&self.inner), move || {
            let _passing = passing.then(|| value.passing(1));
            with_policy(communication, false, |policy| array.assign(value, policy))
        })
    }

    /// The element or the view that an index expression selects.
    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        index: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match index::parse(index, self.inner.shape())? {
            index::Index::Element(index) => {
                let item = work(py, self.pending_bytes(), || self.inner.item(&index))?;
                value::item_to_python(py, &item)
            }
            index::Index::View(items) => {
                let view = work(py, self.pending_bytes(), || self.inner.slice(&items))?;
                Ok(Py::new(py, Self::from(view))?.into_bound(py).into_any())
            }
        }
    }

    /// The view that an index expression selects, also where it selects one element.
    fn view_at(&self, py: Python<'_>, index: &Bound<'_, PyAny>) -> PyResult<Self> {
        let items = index::parse(index, self.inner.shape())?.into_items();
        Ok(work(py, self.pending_bytes(), || self.inner.slice(&items))?.into())
    }

    /// A view with its axes in another order.
    fn transpose(&self, py: Python<'_>, order: Vec<usize>) -> PyResult<Self> {
        Ok(work(py, self.pending_bytes(), || self.inner.transpose(&order))?.into())
    }

    /// A view of the same memory as another dtype.
    fn view(&self, py: Python<'_>, dtype: &Bound<'_, PyAny>) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        Ok(work(py, self.pending_bytes(), || self.inner.view(dtype))?.into())
    }

    /// A view of the same memory that can't be written to.
    fn frozen(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(work(py, self.pending_bytes(), || self.inner.frozen())?.into())
    }

    /// A copy in the same layout, cast; `deferred`: made when somebody needs it.
    #[pyo3(signature = (dtype, *, deferred=false))]
    fn astype(&self, py: Python<'_>, dtype: &Bound<'_, PyAny>, deferred: bool) -> PyResult<Self> {
        let dtype = dtype::extract(dtype)?;
        let array = &self.inner;
        let cast =
            work(py, bytes(array), || array.astype(dtype, &Policy { deferred, ..Policy::ALLOW }))?;
        Ok(cast.into())
    }

    /// A copy in another layout.
    fn redistribute(&self, py: Python<'_>, distribution: &PyDistribution) -> PyResult<Self> {
        let (array, distribution) = (self.inner.clone(), distribution.inner.clone());
        Ok(work(py, bytes(&self.inner), move || array.redistribute(distribution))?.into())
    }

    /// Saves as one file in npy format, which every engine writes a part of; `descr` describes the
    /// dtype there, if it has no description of its own.
    #[pyo3(signature = (path, descr=None))]
    fn save_npy(&self, py: Python<'_>, path: PathBuf, descr: Option<String>) -> PyResult<()> {
        let array = self.inner.clone();
        work(py, usize::MAX, move || array.save_npy(&path, descr.as_deref()))
    }

    /// Writes the elements to a file that exists, in C order from an offset on.
    fn write_at(&self, py: Python<'_>, path: PathBuf, offset: u64) -> PyResult<()> {
        let array = self.inner.clone();
        work(py, usize::MAX, move || array.write_at(&path, offset))
    }

    /// A reduction, and the floating-point exceptions that it met; see the Python side for the
    /// arguments. `passing` says that nobody will ask for the elements again.
    #[pyo3(signature = (kind, axes, *, keepdims=false, dtype=None, mask=None, ddof=0.0, initial=None, communication=0, passing=false))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of NumPy's reductions")]
    fn reduce(
        &self,
        py: Python<'_>,
        kind: &str,
        axes: Vec<usize>,
        keepdims: bool,
        dtype: Option<&Bound<'_, PyAny>>,
        mask: Option<&Self>,
        ddof: f64,
        initial: Option<&Bound<'_, PyUntypedArray>>,
        communication: u8,
        passing: bool,
    ) -> PyResult<(Self, u8)> {
        let request = reduce::Request {
            reduction: reduce::named(kind)?,
            axes,
            keepdims,
            dtype: dtype.map(dtype::extract).transpose()?,
            mask: mask.map(|mask| mask.inner.clone()),
            ddof,
            initial: initial.map(value::scalar_of).transpose()?,
            communication,
        };
        let (array, flags) = work(py, bytes(&self.inner), || {
            let _passing = passing.then(|| self.inner.passing(1));
            request.run(&self.inner)
        })?;
        Ok((array.into(), elementwise::bits(flags)))
    }

    /// The sum of the products of the elements of this array and of another one of its shape and
    /// dtype, whose elements go to where those of this one are.
    #[pyo3(signature = (other, is_conjugated=false, communication=0))]
    fn dot(
        &self,
        py: Python<'_>,
        other: &Self,
        is_conjugated: bool,
        communication: u8,
    ) -> PyResult<Self> {
        let (left, right) = (self.inner.clone(), other.inner.clone());
        let result = work(py, bytes(&self.inner), move || {
            with_policy(communication, false, |policy| {
                client::dot(&left, &right, is_conjugated, policy)
            })
        });
        Ok(result?.into())
    }

    /// Accumulates along an axis, or along all elements in C order; `kind` is that of the reduction
    /// whose steps the result shows.
    #[pyo3(signature = (kind, axis, dtype, communication=0))]
    fn accumulate(
        &self,
        py: Python<'_>,
        kind: &str,
        axis: Option<usize>,
        dtype: &Bound<'_, PyAny>,
        communication: u8,
    ) -> PyResult<Self> {
        let accumulation = Accumulation::from_name(kind)
            .ok_or_else(|| PyValueError::new_err(format!("unknown accumulation {kind:?}")))?;
        let dtype = dtype::extract(dtype)?;
        let array = self.inner.clone();
        let accumulated = work(py, bytes(&self.inner), move || {
            with_policy(communication, false, |policy| {
                let flat = match axis {
                    None if array.ndim() != 1 => Some(client::flattened(&array, policy)?),
                    _ => None,
                };
                client::Accumulate { accumulation, axis: axis.unwrap_or(0), dtype }
                    .run(flat.as_ref().unwrap_or(&array), policy)
            })
        });
        Ok(accumulated?.into())
    }
}
