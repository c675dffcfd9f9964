//! Python functions, their results and their failures as bytes. `distarray.globalapi._shipping` makes
//! bytes of objects and objects of bytes.

#![expect(unsafe_code, reason = "Python reads and writes the memory of what has arrived")]

use std::any::Any;
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::ptr::NonNull;
use std::sync::Arc;

use distarray_engine::EngineFunction;
use distarray_engine::error::{FunctionError, SessionError};
use distarray_engine::wire::FunctionCodec;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::engines::Interpreter;
use crate::function::{self, PyFunction};

/// Writes and reads Python's objects.
pub struct PyCodec {
    /// What functions that arrive here are called in.
    pub interpreter: Arc<Interpreter>,
}

/// Bytes that have arrived, for Python to use where they are: arrays that are made of them may be
/// written to.
#[pyclass(frozen, module = "distarray._core")]
struct Part(UnsafeCell<Vec<u8>>);

/// Aligned for items of any type.
#[repr(align(64))]
struct Aligned;

// SAFETY: Rust looks at the bytes only to find where they are; Python's own lock, or the rules of who
// may use an array when, decide about the rest, as for any of Python's buffers.
unsafe impl Sync for Part {}

#[pymethods]
impl Part {
    #[expect(clippy::needless_pass_by_value, reason = "pyo3 gives arguments by value")]
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let vector = slf.get().0.get();
        // SAFETY: nothing changes the vector itself, so that its memory stays where it is as long as
        // this object lives, to which the view holds a reference.
        let filled = unsafe {
            let (mut start, len) = ((*vector).as_mut_ptr(), (*vector).len());
            if len == 0 {
                // An address that suits items of any type: a vector without memory has an odd one.
                start = NonNull::<Aligned>::dangling().as_ptr().cast();
            }
            ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start.cast(), len as isize, 0, flags)
        };
        if filled == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

fn pack(value: &Bound<'_, PyAny>, to_client: bool) -> PyResult<Vec<Vec<u8>>> {
    let py = value.py();
    let keywords = PyDict::new(py);
    keywords.set_item("to_client", to_client)?;
    let shipping = py.import("distarray.globalapi._shipping")?;
    let parts = shipping.call_method("pack", (value,), Some(&keywords))?;
    parts
        .try_iter()?
        .map(|part| PyBuffer::<u8>::get(&part?)?.to_vec(py))
        .collect::<PyResult<Vec<_>>>()
}

fn unpack(py: Python<'_>, parts: Vec<Vec<u8>>) -> PyResult<Bound<'_, PyAny>> {
    let parts = parts.into_iter().map(|part| Bound::new(py, Part(UnsafeCell::new(part))));
    let parts = parts.collect::<PyResult<Vec<_>>>()?;
    py.import("distarray.globalapi._shipping")?.call_method1("unpack", (parts,))
}

fn foreign() -> PyErr {
    PyRuntimeError::new_err("this is no object of Python's")
}

impl FunctionCodec for PyCodec {
    fn encode(&self, function: &dyn EngineFunction) -> Result<Vec<Vec<u8>>, SessionError> {
        Python::attach(|py| {
            let function: &dyn Any = function;
            let function = function.downcast_ref::<PyFunction>().ok_or_else(foreign)?;
            pack(&function.callable(py)?, false)
        })
        .map_err(|error: PyErr| SessionError::Host(Box::new(error)))
    }

    fn decode(&self, parts: Vec<Vec<u8>>) -> Result<Arc<dyn EngineFunction>, FunctionError> {
        Python::attach(|py| {
            let callable = unpack(py, parts).map_err(|error| function::failure(py, error))?;
            let function = PyFunction::new(callable.unbind(), self.interpreter.clone());
            Ok(function as Arc<dyn EngineFunction>)
        })
    }

    fn encode_value(&self, value: Box<dyn Any + Send>) -> Result<Vec<Vec<u8>>, FunctionError> {
        Python::attach(|py| {
            let packed = match value.downcast::<Py<PyAny>>() {
                Ok(value) => pack(value.bind(py), true),
                Err(_) => Err(foreign()),
            };
            packed.map_err(|error| function::failure(py, error))
        })
    }

    fn decode_value(&self, parts: Vec<Vec<u8>>) -> Result<Box<dyn Any + Send>, FunctionError> {
        Python::attach(|py| match unpack(py, parts) {
            Ok(value) => Ok(Box::new(value.unbind()) as Box<dyn Any + Send>),
            Err(error) => Err(function::failure(py, error)),
        })
    }

    fn encode_failure(&self, cause: Box<dyn Any + Send + Sync>) -> Vec<Vec<u8>> {
        Python::attach(|py| {
            let error = cause.downcast::<PyErr>().map_or_else(|_| foreign(), |error| *error);
            let failures = py.import("distarray._failures")?;
            let parts = failures.call_method1("packed", (error.into_value(py),))?;
            parts
                .try_iter()?
                .map(|part| PyBuffer::<u8>::get(&part?)?.to_vec(py))
                .collect::<PyResult<Vec<_>>>()
        })
        // Then only its message travels.
        .unwrap_or_default()
    }

    fn decode_failure(&self, parts: Vec<Vec<u8>>) -> Box<dyn Any + Send + Sync> {
        let error = Python::attach(|py| match unpack(py, parts) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        });
        Box::new(error)
    }
}
