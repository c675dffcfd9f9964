//! Reductions, as Python asks for them.

use distarray_engine::client::Reduce;
use distarray_engine::{Array, SessionError};
use distarray_kernels::reduce::Ending;
use distarray_kernels::{DType, FloatFlags, Reduction, Scalar};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::with_policy;

/// The reduction of a name.
pub fn named(name: &str) -> PyResult<Reduction> {
    let mut all = Reduction::ALL.into_iter();
    all.find(|reduction| reduction.name() == name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown reduction {name:?}")))
}

/// A reduction and its arguments.
pub struct Request {
    pub reduction: Reduction,
    pub axes: Vec<usize>,
    pub keepdims: bool,
    pub dtype: Option<DType>,
    pub mask: Option<Array>,
    pub ddof: f64,
    pub initial: Option<Scalar>,
    pub communication: u8,
}

impl Request {
    /// Reduces an array.
    pub fn run(&self, array: &Array) -> Result<(Array, FloatFlags), SessionError> {
        let mut reduced = vec![false; array.ndim()];
        for &axis in &self.axes {
            reduced[axis] = true;
        }
        let reduce = Reduce {
            keepdims: self.keepdims,
            dtype: self.dtype,
            mask: self.mask.as_ref(),
            ending: Ending { ddof: self.ddof, initial: self.initial },
            ..Reduce::new(self.reduction, &reduced)
        };
        with_policy(self.communication, false, |policy| reduce.run(array, policy))
    }
}
