//! Functions on shapes of process grids.

use distarray_meta::{grid, partitions};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::convert::{dist_types, sizes};
use crate::errors::raise;

/// The shape of the process grid for an array.
#[pyfunction]
fn make_grid_shape<'py>(
    py: Python<'py>,
    shape: Vec<i64>,
    dist: &str,
    comm_size: i64,
) -> PyResult<Bound<'py, PyTuple>> {
    let ranks = sizes("comm_size", &[comm_size])?[0];
    let grid_shape = grid::make_grid_shape(&sizes("shape", &shape)?, &dist_types(dist)?, ranks);
    PyTuple::new(py, grid_shape.map_err(raise)?)
}

/// Checks the arguments for a grid shape.
#[pyfunction]
fn check_grid_shape_preconditions(shape: Vec<i64>, dist: &str, comm_size: i64) -> PyResult<()> {
    let ranks = sizes("comm_size", &[comm_size])?[0];
    grid::check_preconditions(&sizes("shape", &shape)?, &dist_types(dist)?, ranks).map_err(raise)
}

/// Checks that a grid fits an array.
#[pyfunction]
fn check_grid_shape_postconditions(
    grid_shape: Vec<i64>,
    shape: Vec<i64>,
    dist: &str,
    comm_size: i64,
) -> PyResult<()> {
    let ranks = sizes("comm_size", &[comm_size])?[0];
    let (grid_shape, shape) = (sizes("grid_shape", &grid_shape)?, sizes("shape", &shape)?);
    grid::check_postconditions(&grid_shape, &shape, &dist_types(dist)?, ranks).map_err(raise)
}

/// Fills a grid shape with ones and checks that it fits.
#[pyfunction]
fn normalize_grid_shape<'py>(
    py: Python<'py>,
    grid_shape: Vec<i64>,
    dist: &str,
    comm_size: i64,
) -> PyResult<Bound<'py, PyTuple>> {
    let ranks = sizes("comm_size", &[comm_size])?[0];
    let grid_shape = sizes("grid_shape", &grid_shape)?;
    let normalized = grid::normalize_grid_shape(&grid_shape, &dist_types(dist)?, ranks);
    PyTuple::new(py, normalized.map_err(raise)?)
}

/// The ascending tuples of factors, none less than the smallest, whose product is a number.
#[pyfunction]
#[pyo3(signature = (number, parts, smallest=1))]
fn multiplicative_partitions(
    py: Python<'_>,
    number: usize,
    parts: usize,
    smallest: usize,
) -> PyResult<Vec<Bound<'_, PyTuple>>> {
    partitions::partitions_from(number, parts, smallest)
        .into_iter()
        .map(|factors| PyTuple::new(py, factors))
        .collect()
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(make_grid_shape, module)?)?;
    module.add_function(wrap_pyfunction!(check_grid_shape_preconditions, module)?)?;
    module.add_function(wrap_pyfunction!(check_grid_shape_postconditions, module)?)?;
    module.add_function(wrap_pyfunction!(normalize_grid_shape, module)?)?;
    module.add_function(wrap_pyfunction!(multiplicative_partitions, module)?)
}
