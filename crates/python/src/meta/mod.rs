//! Where elements live: the classes and functions of `distarray_meta`, for Python.
#![expect(clippy::needless_pass_by_value, reason = "pyo3 gives functions their arguments by value")]
#![expect(clippy::similar_names, reason = "`stop` and `step` are Python's own names")]

mod axis_map;
pub(crate) mod convert;
mod dim_dicts;
pub(crate) mod distribution;
mod grid;
pub(crate) mod indices;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<indices::PyIndices>()?;
    module.add_class::<axis_map::PyAxisMap>()?;
    module.add_class::<distribution::PyDistribution>()?;
    dim_dicts::register(module)?;
    grid::register(module)
}
