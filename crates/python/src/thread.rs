//! Threads as Python knows them: asking one to stop, and letting none end in the middle.

#![expect(unsafe_code, reason = "the interpreter is called")]

use std::ffi::c_long;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi;
use pyo3::prelude::*;

/// A thread, by the number that Python gives it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PythonThread(u64);

impl PythonThread {
    /// The current thread.
    pub fn current(_py: Python<'_>) -> Self {
        // SAFETY: no more than a look at the current thread.
        Self(unsafe { ffi::PyThread_get_thread_ident() } as u64)
    }

    /// Raises `KeyboardInterrupt` in this thread, at its next instruction.
    pub fn interrupt(self, py: Python<'_>) {
        let exception = py.get_type::<PyKeyboardInterrupt>();
        // SAFETY: this thread is attached. The interpreter looks the other one up by its number,
        // and takes a reference of its own to the exception.
        unsafe { ffi::PyThreadState_SetAsyncExc(self.number(), exception.as_ptr()) };
    }

    /// Takes back an interrupt that was not raised yet.
    pub fn forget_interrupt(self, _py: Python<'_>) {
        // SAFETY: as above; null stands for no exception.
        unsafe { ffi::PyThreadState_SetAsyncExc(self.number(), std::ptr::null_mut()) };
    }

    fn number(self) -> c_long {
        self.0 as c_long
    }
}

/// Calls a Python callable with one argument, on a thread that the interpreter may want to end.
///
/// Up to Python 3.13, a thread that wants the interpreter back while that is being finalised is
/// made to exit, which unwinds its stack: in the middle of Rust code, that would abort the process.
/// Such a thread sleeps here instead until the process is gone.
///
/// # Errors
///
/// What the callable raises.
pub fn call<'py>(
    callable: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // The same function as in `pyo3::ffi`, but one that may unwind.
    unsafe extern "C-unwind" {
        fn PyObject_CallFunctionObjArgs(callable: *mut ffi::PyObject, ...) -> *mut ffi::PyObject;
    }
    let guard = SleepForEver;
    // SAFETY: this thread is attached, the arguments are alive, and null ends the list of them. The
    // result is a reference of our own, or null when an exception is set.
    let result = unsafe {
        let result = PyObject_CallFunctionObjArgs(
            callable.as_ptr(),
            argument.as_ptr(),
            std::ptr::null_mut::<ffi::PyObject>(),
        );
        Bound::from_owned_ptr_or_err(callable.py(), result)
    };
    std::mem::forget(guard);
    result
}

/// Puts the thread to sleep for ever when its stack is unwound.
struct SleepForEver;

impl Drop for SleepForEver {
    fn drop(&mut self) {
        sleep_for_ever();
    }
}

/// Puts this thread to sleep until the process is gone.
pub fn sleep_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}
