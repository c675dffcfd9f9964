//! Elementwise operations, as Python asks for them.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "pyo3 lends classes by reference")]

use distarray_engine::client::{Alignment, Elementwise, Operand, PythonScalar};
use distarray_kernels::ops::Loop;
use distarray_kernels::program::FloatFlags;
use distarray_kernels::{DType, Op};
use numpy::PyUntypedArray;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyTuple};

use super::{PyArray, deferred, value, with_policy, work};
use crate::dtype;
use crate::host;
use crate::meta::distribution::PyDistribution;

/// An elementwise operation of the kernels.
#[pyclass(frozen, name = "Op", module = "distarray._core", eq)]
#[derive(Clone, Copy, PartialEq)]
pub struct PyOp {
    op: Op,
}

#[pymethods]
impl PyOp {
    /// The name, as NumPy's ufunc.
    #[getter]
    fn name(&self) -> &'static str {
        self.op.name()
    }

    /// The number of operands.
    #[getter]
    fn arity(&self) -> usize {
        self.op.arity()
    }

    fn __repr__(&self) -> String {
        format!("<operation {}>", self.op.name())
    }
}

/// Every operation of the kernels.
#[pyfunction]
pub fn operations() -> Vec<PyOp> {
    Op::ALL.iter().map(|&op| PyOp { op }).collect()
}

/// Applies an operation to arrays, ndarrays and numbers. Returns the array and the floating-point
/// exceptions that were met, as bits: 1 divide by zero, 2 overflow, 4 underflow, 8 invalid.
///
/// `loop_dtypes` names the loop (its inputs' dtypes, then its output's) where promotion is not to
/// choose; `dtype` is that of the result where it is not the loop's. With
/// `later`, the operation may be carried out later; that is the name to report exceptions by.
#[pyfunction]
#[pyo3(signature = (op, operands, communication=0, later=None, *, out=None, mask=None, loop_dtypes=None, dtype=None))]
#[expect(clippy::too_many_arguments, reason = "the arguments of NumPy's ufuncs")]
pub fn elementwise(
    py: Python<'_>,
    op: &PyOp,
    operands: &Bound<'_, PyTuple>,
    communication: u8,
    later: Option<&Bound<'_, PyAny>>,
    out: Option<&PyArray>,
    mask: Option<&Bound<'_, PyAny>>,
    loop_dtypes: Option<Vec<Bound<'_, PyAny>>>,
    dtype: Option<&Bound<'_, PyAny>>,
) -> PyResult<(PyArray, u8)> {
    let op = op.op;
    let mut taken = Vec::with_capacity(operands.len());
    for item in operands.iter_borrowed() {
        taken.push(operand(&item)?);
    }
    let operands = taken;
    let mask = mask.map(operand).transpose()?;
    let looped = loop_dtypes.map(|dtypes| looped(&dtypes)).transpose()?;
    let dtype = dtype.map(dtype::extract).transpose()?;
    let out = out.map(|out| out.inner.clone());
    let is_small = |operand: &Operand| match operand {
        Operand::Array(array) => array.is_small(),
        _ => true,
    };
    let note = match later {
        Some(name) if !operands.iter().all(is_small) => deferred::note(py, name)?,
        _ => None,
    };
    let deferred = note.is_some();
    let bytes = operands.iter().map(Operand::bytes).max().unwrap_or(0);
    let (array, flags) = work(py, bytes, move || {
        let operation = Elementwise {
            op,
            operands: &operands,
            looped,
            dtype,
            out: out.as_ref(),
            mask: mask.as_ref(),
            note,
        };
        with_policy(communication, deferred, |policy| operation.run(policy))
    })?;
    Ok((array.into(), bits(flags)))
}

/// Brings arrays and ndarrays to one layout, so that their pieces broadcast on every engine. Returns
/// that layout and the arrays.
#[pyfunction]
#[pyo3(signature = (operands, *, communication=0))]
pub fn align(
    py: Python<'_>,
    operands: &Bound<'_, PyTuple>,
    communication: u8,
) -> PyResult<(PyDistribution, Vec<PyArray>)> {
    let operands = operands.iter().map(|item| aligned(&item)).collect::<PyResult<Vec<_>>>()?;
    let bytes = operands.iter().map(Operand::bytes).max().unwrap_or(0);
    let alignment = work(py, bytes, move || {
        with_policy(communication, false, |policy| Alignment::new(&operands, "a function", policy))
    })?;
    let arrays = alignment.operands.into_iter().map(PyArray::from).collect();
    Ok((alignment.layout.into(), arrays))
}

/// An array or an ndarray, 0-d ones included.
fn aligned(item: &Bound<'_, PyAny>) -> PyResult<Operand> {
    match item.cast::<PyUntypedArray>() {
        Ok(array) => Ok(Operand::Host(Box::new(host::block_of(array)?))),
        Err(_) => operand(item),
    }
}

pub fn bits(flags: FloatFlags) -> u8 {
    u8::from(flags.divide)
        | u8::from(flags.overflow) << 1
        | u8::from(flags.underflow) << 2
        | u8::from(flags.invalid) << 3
}

fn looped(dtypes: &[Bound<'_, PyAny>]) -> PyResult<Loop> {
    let dtypes = dtypes.iter().map(dtype::extract).collect::<PyResult<Vec<DType>>>()?;
    match dtypes.split_last() {
        Some((&output, inputs)) if !inputs.is_empty() => {
            Ok(Loop { inputs: inputs.to_vec(), output })
        }
        _ => Err(PyTypeError::new_err("a loop has dtypes of inputs and of an output")),
    }
}

/// An operand: an array, an ndarray (0-d ones are NumPy scalars), or a Python number.
fn operand(item: &Bound<'_, PyAny>) -> PyResult<Operand> {
    if let Ok(array) = item.cast::<PyArray>() {
        return Ok(Operand::Array(array.get().inner.clone()));
    }
    // A bool is an int to Python, and a dtype of its own to NumPy.
    if let Ok(boolean) = item.cast::<PyBool>() {
        return Ok(Operand::Scalar(boolean.is_true().into()));
    }
    if let Ok(float) = item.cast_exact::<PyFloat>() {
        return Ok(PythonScalar::Float(float.value()).into());
    }
    if let Ok(integer) = item.cast_exact::<PyInt>() {
        return match integer.extract::<i128>() {
            Ok(value) => Ok(PythonScalar::Integer(value).into()),
            Err(_) => Ok(PythonScalar::Huge(integer.str()?.to_string()).into()),
        };
    }
    if let Ok(complex) = item.cast_exact::<PyComplex>() {
        return Ok(PythonScalar::Complex(complex.real(), complex.imag()).into());
    }
    let Ok(array) = item.cast::<PyUntypedArray>() else {
        return Err(PyTypeError::new_err(format!(
            "an operand must be an array or a number, not {}",
            item.get_type().name()?
        )));
    };
    let block = host::block_of(array)?;
    if block.ndim() == 0 && block.dtype().is_native() {
        return Ok(Operand::Scalar(value::scalar_of(array)?));
    }
    Ok(Operand::Host(Box::new(block)))
}
