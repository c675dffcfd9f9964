//! The class `Distribution`: how an array lies over engines.

use distarray_meta::global_plan::{Elements, global_plan};
use distarray_meta::protocol::{Dialect, GlobalDimDict};
use distarray_meta::{AxisMap, Distribution, Indices, expand_index};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::axis_map::PyAxisMap;
use super::indices::PyIndices;
use super::{convert, dim_dicts};
use crate::errors::raise;

/// How the elements of an array lie over engines: one map per axis.
#[pyclass(frozen, eq, name = "Distribution", module = "distarray._core")]
#[derive(Clone, PartialEq)]
pub struct PyDistribution {
    /// The distribution itself.
    pub inner: Distribution,
}

impl From<Distribution> for PyDistribution {
    fn from(inner: Distribution) -> Self {
        Self { inner }
    }
}

impl PyDistribution {
    fn check(&self, what: &str, index: usize, len: usize) -> PyResult<usize> {
        if index < len {
            return Ok(index);
        }
        let shape = self.inner.shape();
        Err(PyIndexError::new_err(format!("{what} {index} of a distribution of shape {shape:?}")))
    }

    fn check_rank(&self, rank: usize) -> PyResult<usize> {
        self.check("rank", rank, self.inner.ranks())
    }

    fn check_axis(&self, axis: usize) -> PyResult<usize> {
        self.check("axis", axis, self.inner.ndim())
    }
}

#[pymethods]
impl PyDistribution {
    /// The distribution of a shape, over the first of the targets.
    #[staticmethod]
    #[pyo3(signature = (shape, dist, grid_shape, targets))]
    fn from_shape(
        shape: Vec<i64>,
        dist: &str,
        grid_shape: Option<Vec<i64>>,
        targets: Vec<usize>,
    ) -> PyResult<Self> {
        let shape = convert::sizes("shape", &shape)?;
        let grid_shape =
            grid_shape.map(|grid_shape| convert::sizes("grid_shape", &grid_shape)).transpose()?;
        let dist = convert::dist_types(dist)?;
        Distribution::from_shape(&shape, &dist, grid_shape.as_deref(), &targets)
            .map(Self::from)
            .map_err(raise)
    }

    /// The product of maps, over the first of the targets.
    #[staticmethod]
    fn from_maps(maps: Vec<PyRef<'_, PyAxisMap>>, targets: Vec<usize>) -> PyResult<Self> {
        let maps: Vec<AxisMap> = maps.iter().map(|map| map.inner.clone()).collect();
        Distribution::from_maps(maps, &targets).map(Self::from).map_err(raise)
    }

    /// The distribution that the dimension dictionaries of all ranks describe.
    #[staticmethod]
    fn from_dim_data_per_rank(
        dim_data_per_rank: Vec<Vec<Bound<'_, PyAny>>>,
        targets: Vec<usize>,
    ) -> PyResult<Self> {
        let parsed = dim_dicts::parse(&dim_data_per_rank, Dialect::DistArray)?;
        Distribution::from_dim_data_per_rank(&parsed, &targets).map(Self::from).map_err(raise)
    }

    /// The distribution that global dimension dictionaries, one per axis, describe.
    #[staticmethod]
    fn from_global_dim_data(
        global_dim_data: Vec<Bound<'_, PyAny>>,
        targets: Vec<usize>,
    ) -> PyResult<Self> {
        let mut parsed = Vec::with_capacity(global_dim_data.len());
        for (axis, dim_dict) in global_dim_data.iter().enumerate() {
            let raw = convert::raw_dict(dim_dict)?;
            parsed.push(GlobalDimDict::parse(axis, &raw).map_err(raise)?);
        }
        Distribution::from_global_dim_data(&parsed, &targets).map(Self::from).map_err(raise)
    }

    /// The global shape.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.shape())
    }

    /// The shape of the process grid.
    #[getter]
    fn grid_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.grid_shape())
    }

    /// The distribution type of each axis.
    #[getter]
    fn dist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.maps().iter().map(AxisMap::dist))
    }

    /// The engine of each rank.
    #[getter]
    fn targets(&self) -> Vec<usize> {
        self.inner.targets().to_vec()
    }

    /// The map of each axis.
    #[getter]
    fn maps(&self) -> Vec<PyAxisMap> {
        self.inner.maps().iter().cloned().map(PyAxisMap::from).collect()
    }

    /// The number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.inner.ndim()
    }

    /// The number of elements.
    #[getter]
    fn global_size(&self) -> usize {
        self.inner.global_size()
    }

    /// Whether no axis is unstructured.
    #[getter]
    fn has_precise_index(&self) -> bool {
        self.inner.has_precise_index()
    }

    /// The shape of each rank's piece.
    fn local_shapes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        (0..self.inner.ranks()).map(|rank| PyTuple::new(py, self.inner.local_shape(rank))).collect()
    }

    /// The indices of a rank's piece along an axis.
    fn piece(&self, rank: usize, axis: usize) -> PyResult<PyIndices> {
        Ok(self.inner.piece(self.check_rank(rank)?, self.check_axis(axis)?).into())
    }

    /// The place of a rank in the process grid.
    fn coordinates<'py>(&self, py: Python<'py>, rank: usize) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.coordinates(self.check_rank(rank)?))
    }

    /// The dimension dictionaries of a rank.
    fn dim_data<'py>(&self, py: Python<'py>, rank: usize) -> PyResult<Bound<'py, PyTuple>> {
        convert::dim_data(py, &self.inner.dim_data(self.check_rank(rank)?))
    }

    /// The dimension dictionaries of each rank.
    fn dim_data_per_rank<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        (0..self.inner.ranks())
            .map(|rank| convert::dim_data(py, &self.inner.dim_data(rank)))
            .collect()
    }

    /// The distribution of what an index expression selects, and the old rank of each new one.
    fn slice(&self, index: &Bound<'_, PyAny>) -> PyResult<(Self, Vec<usize>)> {
        let raw = convert::raw_index(index)?;
        let items = expand_index(&raw, self.inner.shape()).map_err(raise)?;
        let sliced = self.inner.slice(&items).map_err(raise)?;
        Ok((sliced.distribution.into(), sliced.source_ranks))
    }

    /// The distribution of a reduction along axes.
    #[pyo3(signature = (axes, keepdims=false))]
    fn reduce(&self, axes: Vec<usize>, keepdims: bool) -> PyResult<Self> {
        let axes: Vec<usize> =
            axes.into_iter().map(|axis| self.check_axis(axis)).collect::<PyResult<_>>()?;
        Ok(self.inner.reduce(&axes, keepdims).0.into())
    }

    /// The distribution of the same memory with another number of elements along the last axis.
    fn view(&self, new_size: i64) -> PyResult<Self> {
        let new_size = convert::sizes("size", &[new_size])?[0];
        self.inner.view(new_size).map(Self::from).map_err(raise)
    }

    /// The same layout over other engines, given by rank.
    fn with_targets(&self, targets: Vec<usize>) -> PyResult<Self> {
        self.inner.with_targets(targets).map(Self::from).map_err(raise)
    }

    /// Whether arrays of two distributions can be operated on together without moving data.
    fn is_compatible(&self, other: &Self) -> bool {
        self.inner.is_compatible(&other.inner)
    }

    /// What each engine sends to each other one to redistribute an array.
    fn global_plan<'py>(&self, py: Python<'py>, other: &Self) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let plan = global_plan(&self.inner, &other.inner).map_err(raise)?;
        let mut dicts = Vec::with_capacity(plan.len());
        for transfer in plan {
            let indices = match transfer.elements {
                Elements::Flat(intervals) => PyList::new(py, intervals)?,
                Elements::PerAxis(axes) => {
                    let axes: Vec<_> = axes
                        .iter()
                        .map(|indices| ascending(py, indices))
                        .collect::<PyResult<_>>()?;
                    PyList::new(py, axes)?
                }
            };
            let dict = PyDict::new(py);
            dict.set_item("source_rank", transfer.source)?;
            dict.set_item("dest_rank", transfer.dest)?;
            dict.set_item("indices", indices)?;
            dicts.push(dict);
        }
        Ok(dicts)
    }
}

/// Start, the index after the last and step where indices are equally spaced, else an array.
fn ascending<'py>(py: Python<'py>, indices: &Indices) -> PyResult<Bound<'py, PyAny>> {
    match indices.as_strided() {
        Some((start, step, len)) => {
            let stop = if len == 0 { start } else { start + step * (len as i64 - 1) + 1 };
            Ok((start, stop, step).into_pyobject(py)?.into_any())
        }
        None => convert::int_array(py, &indices.to_vec()),
    }
}
