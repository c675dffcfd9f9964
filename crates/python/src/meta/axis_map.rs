//! The class `AxisMap`: who holds what of an axis.

use distarray_meta::maps::{Block, Padding};
use distarray_meta::protocol::{Dialect, DimDict, GlobalDimDict};
use distarray_meta::{AxisMap, AxisSlice, Indices, RawIndex};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySlice};

use super::convert;
use super::indices::PyIndices;
use crate::errors::raise;

/// The map of one axis: which place along it holds which indices.
#[pyclass(frozen, eq, name = "AxisMap", module = "distarray._core")]
#[derive(Clone, PartialEq)]
pub(crate) struct PyAxisMap {
    pub(crate) inner: AxisMap,
}

impl From<AxisMap> for PyAxisMap {
    fn from(inner: AxisMap) -> Self {
        Self { inner }
    }
}

impl PyAxisMap {
    fn check_place(&self, place: usize) -> PyResult<usize> {
        let grid_size = self.inner.grid_size();
        if place < grid_size {
            return Ok(place);
        }
        Err(PyValueError::new_err(format!("place {place} of a grid of {grid_size}")))
    }
}

#[pymethods]
impl PyAxisMap {
    /// An even map of a distribution type.
    #[staticmethod]
    fn from_sizes(size: i64, dist_type: &str, grid_size: i64) -> PyResult<Self> {
        let sizes = convert::sizes("size", &[size, grid_size])?;
        let dist_type = distarray_meta::DistType::from_name(dist_type).map_err(raise)?;
        AxisMap::from_sizes(sizes[0], dist_type, sizes[1]).map(Self::from).map_err(raise)
    }

    /// Contiguous pieces that begin at the bounds; the last bound is the size.
    #[staticmethod]
    #[pyo3(signature = (bounds, comm_padding=0, boundary_padding=0, periodic=false))]
    fn block(
        bounds: Vec<i64>,
        comm_padding: usize,
        boundary_padding: usize,
        periodic: bool,
    ) -> PyResult<Self> {
        let bounds = convert::sizes("bounds", &bounds)?;
        let map = AxisMap::block_with_bounds(bounds).map_err(raise)?;
        let AxisMap::Block(map) = map else { return Ok(map.into()) };
        let padding = Padding::Even { communication: comm_padding, boundary: boundary_padding };
        Ok(AxisMap::Block(Block { padding, periodic, ..map }).into())
    }

    /// Blocks of indices dealt round robin.
    #[staticmethod]
    fn block_cyclic(size: i64, grid_size: i64, block_size: i64) -> PyResult<Self> {
        let sizes = convert::sizes("size", &[size, grid_size, block_size])?;
        if sizes[1] == 0 || sizes[2] == 0 {
            return Err(PyValueError::new_err("grid_size and block_size are at least 1"));
        }
        Ok(AxisMap::block_cyclic(sizes[0], sizes[1], sizes[2]).into())
    }

    /// Any indices on any place.
    #[staticmethod]
    fn unstructured(size: i64, pieces: Vec<Bound<'_, PyAny>>) -> PyResult<Self> {
        let size = convert::sizes("size", &[size])?[0];
        let mut indices = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let Some(piece) = convert::integers(piece)? else {
                return Err(PyValueError::new_err("indices: expected one-dimensional integers"));
            };
            indices.push(Indices::from_list(piece));
        }
        AxisMap::unstructured(size, indices).map(Self::from).map_err(raise)
    }

    /// The map that the dimension dictionaries of all places describe.
    #[staticmethod]
    #[pyo3(signature = (dim_dicts, axis=0))]
    fn from_dim_dicts(dim_dicts: Vec<Bound<'_, PyAny>>, axis: usize) -> PyResult<Self> {
        let parse = |dim_dict: &Bound<'_, PyAny>| {
            let raw = convert::raw_dict(dim_dict)?;
            DimDict::parse(axis, &raw, Dialect::DistArray, None).map_err(raise)
        };
        let dim_dicts: Vec<DimDict> = dim_dicts.iter().map(parse).collect::<PyResult<_>>()?;
        AxisMap::from_dim_dicts(axis, &dim_dicts).map(Self::from).map_err(raise)
    }

    /// The map that a global dimension dictionary describes.
    #[staticmethod]
    #[pyo3(signature = (dim_dict, axis=0))]
    fn from_global_dim_dict(dim_dict: &Bound<'_, PyAny>, axis: usize) -> PyResult<Self> {
        let raw = convert::raw_dict(dim_dict)?;
        let map = GlobalDimDict::parse(axis, &raw).and_then(|global| global.to_map(axis));
        map.map(Self::from).map_err(raise)
    }

    /// The distribution type.
    #[getter]
    fn dist(&self) -> char {
        self.inner.dist()
    }

    /// The global size.
    #[getter]
    fn size(&self) -> usize {
        self.inner.size()
    }

    /// The number of places.
    #[getter]
    fn grid_size(&self) -> usize {
        self.inner.grid_size()
    }

    /// The first index of each contiguous piece and the index after its last.
    #[getter]
    fn bounds(&self) -> Vec<(i64, i64)> {
        let piece = |place| self.inner.piece(place).as_strided();
        match &self.inner {
            AxisMap::Block(map) => {
                map.bounds.windows(2).map(|pair| (pair[0] as i64, pair[1] as i64)).collect()
            }
            _ => (0..self.inner.grid_size())
                .filter_map(piece)
                .map(|(start, step, len)| (start, start + step * len as i64))
                .collect(),
        }
    }

    /// The widths of the padding between neighbours and at the ends, None where they differ.
    #[getter]
    fn padding(&self) -> Option<(usize, usize)> {
        match &self.inner {
            AxisMap::Block(Block {
                padding: Padding::Even { communication, boundary }, ..
            }) => Some((*communication, *boundary)),
            AxisMap::Block(_) => None,
            _ => Some((0, 0)),
        }
    }

    /// Whether the ends are neighbours.
    #[getter]
    fn periodic(&self) -> bool {
        matches!(&self.inner, AxisMap::Block(map) if map.periodic)
    }

    /// The length of a block of those dealt round robin.
    #[getter]
    fn block_size(&self) -> usize {
        match &self.inner {
            AxisMap::BlockCyclic(map) => map.block_size,
            _ => 1,
        }
    }

    /// The indices that a place holds.
    fn piece(&self, place: usize) -> PyResult<PyIndices> {
        Ok(self.inner.piece(self.check_place(place)?).into())
    }

    /// The places that hold an index.
    fn owners(&self, index: i64) -> PyResult<Vec<usize>> {
        self.inner.owners(index).map_err(raise)
    }

    /// The map of a slice, and the old place of each new one.
    fn slice(&self, index: &Bound<'_, PySlice>) -> PyResult<(Self, Vec<usize>)> {
        let item = convert::raw_index(index.as_any())?[0];
        let RawIndex::Slice { start, stop, step } = item else {
            return Err(PyValueError::new_err("expected a slice"));
        };
        let slice = AxisSlice::new(start, stop, step, self.inner.size()).map_err(raise)?;
        let sliced = self.inner.slice(&slice);
        let places = if slice.len == 0 { Vec::new() } else { sliced.places };
        Ok((sliced.map.into(), places))
    }

    /// The map of the same memory with another number of elements.
    fn view(&self, new_size: i64) -> PyResult<Self> {
        let new_size = convert::sizes("size", &[new_size])?[0];
        self.inner.view(new_size).map(Self::from).map_err(raise)
    }

    /// Whether arrays of two maps can be operated on together without moving data.
    fn is_compatible(&self, other: &Self) -> bool {
        self.inner.is_compatible(&other.inner)
    }

    /// The dimension dictionary of each place.
    fn dim_dicts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.inner.dim_dicts().iter().map(|dim_dict| convert::dict(py, dim_dict)).collect()
    }
}
