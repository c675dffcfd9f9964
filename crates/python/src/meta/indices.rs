//! The class `Indices`: what a process holds of an axis.

use std::collections::HashMap;
use std::sync::OnceLock;

use distarray_meta::Indices;
use distarray_meta::protocol;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyRange};

use super::convert::{int_array, integers};

/// The global indices that a process holds of an axis, in local order.
#[pyclass(frozen, name = "Indices", module = "distarray._core")]
pub(crate) struct PyIndices {
    pub(crate) inner: Indices,
    /// The position of each index of a list, found when it is first asked for.
    positions: OnceLock<HashMap<i64, usize>>,
}

impl From<Indices> for PyIndices {
    fn from(inner: Indices) -> Self {
        Self { inner, positions: OnceLock::new() }
    }
}

impl PyIndices {
    fn find(&self, index: i64) -> Option<usize> {
        if let Indices::List(list) = &self.inner {
            let positions = || list.iter().enumerate().map(|(at, &index)| (index, at)).collect();
            return self.positions.get_or_init(positions).get(&index).copied();
        }
        self.inner.position(index)
    }
}

#[pymethods]
impl PyIndices {
    /// Equally spaced indices.
    #[staticmethod]
    fn strided(start: i64, step: i64, len: usize) -> PyResult<Self> {
        if step == 0 {
            return Err(PyValueError::new_err("step: 0"));
        }
        Ok(Indices::strided(start, step, len).into())
    }

    /// The indices from start on of blocks dealt round robin, the first beginning at start.
    #[staticmethod]
    fn dealt(size: usize, grid_size: usize, start: usize, block_size: usize) -> PyResult<Self> {
        if grid_size == 0 || block_size == 0 {
            return Err(PyValueError::new_err("grid_size and block_size are at least 1"));
        }
        Ok(protocol::dealt(size, grid_size, start, block_size).into())
    }

    /// Any indices.
    #[staticmethod]
    fn from_array(indices: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Some(indices) = integers(indices)? else {
            return Err(PyTypeError::new_err("indices: expected one-dimensional integers"));
        };
        Ok(Indices::from_list(indices).into())
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __getitem__(&self, position: isize) -> PyResult<i64> {
        let len = self.inner.len();
        usize::try_from(position)
            .ok()
            .filter(|&position| position < len)
            .map(|position| self.inner.get(position))
            .ok_or_else(|| {
                PyIndexError::new_err(format!(
                    "local index {position} is out of bounds for a local size of {len}"
                ))
            })
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        match self.as_range() {
            Some((start, stop, step)) => {
                PyRange::new_with_step(py, start as isize, stop as isize, step as isize)?.try_iter()
            }
            None => self.to_array(py)?.call_method0("tolist")?.try_iter(),
        }
    }

    /// The local position of a global index.
    fn position(&self, index: i64) -> PyResult<usize> {
        self.find(index).ok_or_else(|| {
            PyIndexError::new_err(format!("global index {index} is not on this process"))
        })
    }

    /// The indices as a new NumPy array.
    fn to_array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        int_array(py, &self.inner.to_vec())
    }

    /// Start, stop and step when the indices are equally spaced, else None.
    fn as_range(&self) -> Option<(i64, i64, i64)> {
        let (start, step, len) = self.inner.as_strided()?;
        Some((start, start + step * len as i64, step))
    }
}
