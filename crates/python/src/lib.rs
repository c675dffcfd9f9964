//! The extension module `distarray._core`: conversions, error mapping and `#[pyclass]` shells over
//! the crates. No algorithms live here.

mod array;
mod carried;
mod comm;
mod dtype;
mod engines;
mod errors;
mod failures;
mod file;
mod function;
mod host;
mod memory;
mod meta;
mod mpi;
mod outside;
mod progress;
mod shipping;
mod thread;

use pyo3::prelude::*;

/// The native core of `DistArray`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    meta::register(module)?;
    comm::register(module)?;
    module.add_class::<mpi::PyEndpoint>()?;
    module.add_class::<carried::PyInbox>()?;
    module.add_class::<carried::PyAttendant>()?;
    engines::register(module)?;
    module.add_class::<function::PyEngine>()?;
    file::register(module)?;
    memory::register(module)?;
    progress::register(module)?;
    array::register(module)
}
