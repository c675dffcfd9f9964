//! Dimension dictionaries of other exporters: checked and completed.

use distarray_meta::global_plan;
use distarray_meta::protocol::{Dialect, DimDict, per_axis};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::convert;
use crate::errors::raise;

/// Checks a dimension dictionary by the rules of the Distributed Array Protocol.
#[pyfunction]
#[pyo3(signature = (axis, dim_dict, extent=None))]
fn check_dim_dict(axis: usize, dim_dict: &Bound<'_, PyAny>, extent: Option<usize>) -> PyResult<()> {
    let raw = convert::raw_dict(dim_dict)?;
    if raw.is_empty() {
        return Ok(());
    }
    DimDict::parse(axis, &raw, Dialect::Protocol, extent).map(|_| ()).map_err(raise)
}

/// Checks the dimension dictionaries of all ranks, by themselves and against each other.
#[pyfunction]
fn check_dim_data_per_rank(dim_data_per_rank: Vec<Vec<Bound<'_, PyAny>>>) -> PyResult<()> {
    let parsed = parse(&dim_data_per_rank, Dialect::Protocol)?;
    per_axis(&parsed, Dialect::Protocol).map(|_| ()).map_err(raise)
}

/// A dimension dictionary with every key spelled out; the empty one stands for an undistributed
/// axis that is as long as the buffer.
#[pyfunction]
#[pyo3(signature = (axis, dim_dict, extent=None))]
fn complete_dim_dict<'py>(
    py: Python<'py>,
    axis: usize,
    dim_dict: &Bound<'_, PyAny>,
    extent: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let raw = convert::raw_dict(dim_dict)?;
    let parsed = DimDict::parse(axis, &raw, Dialect::DistArray, extent).map_err(raise)?;
    convert::dict(py, &parsed)
}

/// The intervals of the flattened array that a process's dimension dictionaries describe.
#[pyfunction]
fn flat_intervals(dim_data: Vec<Bound<'_, PyAny>>) -> PyResult<Vec<(usize, usize)>> {
    let parsed = parse(&[dim_data], Dialect::DistArray)?;
    global_plan::flat_intervals(&parsed[0]).map_err(raise)
}

/// Parses the dictionaries of each rank.
pub(super) fn parse(
    dim_data_per_rank: &[Vec<Bound<'_, PyAny>>],
    dialect: Dialect,
) -> PyResult<Vec<Vec<DimDict>>> {
    let one = |(axis, dim_dict): (usize, &Bound<'_, PyAny>)| {
        let raw = convert::raw_dict(dim_dict)?;
        DimDict::parse(axis, &raw, dialect, None).map_err(raise)
    };
    dim_data_per_rank
        .iter()
        .map(|dim_data| dim_data.iter().enumerate().map(one).collect())
        .collect()
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(check_dim_dict, module)?)?;
    module.add_function(wrap_pyfunction!(check_dim_data_per_rank, module)?)?;
    module.add_function(wrap_pyfunction!(complete_dim_dict, module)?)?;
    module.add_function(wrap_pyfunction!(flat_intervals, module)?)
}
