//! MPI processes, which mpi4py starts and counts.

#![expect(unsafe_code, reason = "what Python says of the MPI library is believed")]

mod library;
mod transport;

use std::time::Duration;

use distarray_comm::messages::Endpoint;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::raise;
use library::Library;
use transport::MpiTransport;

/// This process's end of the messages between processes.
#[pyclass(frozen, name = "Endpoint", module = "distarray._core")]
pub struct PyEndpoint {
    pub inner: Endpoint,
}

#[pymethods]
impl PyEndpoint {
    /// The names of the functions whose addresses `over_mpi` takes, in their order.
    #[classattr]
    const MPI_FUNCTIONS: [&'static str; 8] = library::NAMES;

    /// What processes must have in common to exchange messages.
    #[classattr]
    #[pyo3(name = "GREETING")]
    fn greeting() -> String {
        distarray_engine::wire::greeting()
    }

    /// The end of an MPI communicator that nobody else uses and that returns errors.
    ///
    /// `addresses` are those of the functions of the MPI library, `communicator` and `byte` its
    /// handles. Messages longer than `chunk_limit` bytes go in pieces (0: as long as MPI allows).
    #[staticmethod]
    #[pyo3(signature = (addresses, communicator, byte, any_source, rank, size, chunk_limit=0))]
    fn over_mpi(
        addresses: Vec<usize>,
        communicator: usize,
        byte: usize,
        any_source: i32,
        rank: usize,
        size: usize,
        chunk_limit: usize,
    ) -> PyResult<Self> {
        let addresses: [usize; 8] = addresses.try_into().map_err(|given: Vec<usize>| {
            PyValueError::new_err(format!("8 addresses are needed, not {}", given.len()))
        })?;
        if addresses.contains(&0) {
            return Err(PyValueError::new_err("an address is 0"));
        }
        // SAFETY: `distarray.globalapi._mpi` asked mpi4py's library for all of these, and keeps the
        // library and the communicator.
        let library = unsafe { Library::new(addresses, communicator, byte, any_source) };
        let transport = MpiTransport::new(library, rank, size, chunk_limit);
        Ok(Self { inner: Endpoint::new(Box::new(transport)).map_err(raise)? })
    }

    /// The rank of this process.
    #[getter]
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    /// The number of processes.
    #[getter]
    fn size(&self) -> usize {
        self.inner.size()
    }

    /// A communicator of these ranks, in this order; each of them makes it with the same number,
    /// which is used once.
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments by value")]
    fn group(&self, number: u64, ranks: Vec<usize>) -> PyResult<crate::comm::Communicator> {
        let communicator = self.inner.group(number, &ranks).map_err(raise)?;
        communicator.handle().set_interrupt(Some(crate::comm::signals()));
        let number = self.inner.rank();
        Ok(crate::comm::Communicator::of_engines(std::sync::Arc::new(communicator), number))
    }

    /// Waits until nothing is on its way any more, at most so many seconds, and sends and receives
    /// nothing from then on; whether nothing was on its way.
    fn close(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let limit = Duration::try_from_secs_f64(seconds)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        py.detach(|| self.inner.close(limit)).map_err(raise)
    }
}
