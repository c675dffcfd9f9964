//! Reductions, as Python asks for them.

use std::str::FromStr;

use distarray_engine::client::Reduce;
use distarray_engine::{Array, SessionError};
use distarray_kernels::{DType, Op, Reduction};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::with_policy;

/// What Python asks for.
pub enum Kind {
    /// A reduction of the kernels.
    Plain(Reduction),
    /// The arithmetic mean.
    Mean,
    /// The variance.
    Variance,
    /// The standard deviation.
    StandardDeviation,
}

impl FromStr for Kind {
    type Err = PyErr;

    fn from_str(name: &str) -> PyResult<Self> {
        Ok(Self::Plain(match name {
            "sum" => Reduction::Sum,
            "prod" => Reduction::Prod,
            "min" => Reduction::Min,
            "max" => Reduction::Max,
            "any" => Reduction::Any,
            "all" => Reduction::All,
            "count_nonzero" => Reduction::CountNonzero,
            "argmin" => Reduction::ArgMin,
            "argmax" => Reduction::ArgMax,
            "mean" => return Ok(Self::Mean),
            "var" => return Ok(Self::Variance),
            "std" => return Ok(Self::StandardDeviation),
            _ => return Err(PyValueError::new_err(format!("unknown reduction {name:?}"))),
        }))
    }
}

/// A reduction and its arguments.
pub struct Request {
    pub kind: Kind,
    pub axes: Vec<usize>,
    pub keepdims: bool,
    pub dtype: Option<DType>,
    pub mask: Option<Array>,
    pub ddof: f64,
    pub communication: u8,
}

impl Request {
    /// Reduces an array.
    pub fn run(&self, array: &Array) -> Result<Array, SessionError> {
        let mut reduced = vec![false; array.ndim()];
        for &axis in &self.axes {
            reduced[axis] = true;
        }
        let reduction = match self.kind {
            Kind::Plain(reduction) => reduction,
            _ => Reduction::Sum,
        };
        let reduce = Reduce {
            keepdims: self.keepdims,
            dtype: self.dtype,
            mask: self.mask.as_ref(),
            ..Reduce::new(reduction, &reduced)
        };
        with_policy(self.communication, false, |policy| match self.kind {
            Kind::Plain(_) => reduce.run(array, policy),
            Kind::Mean => reduce.mean(array, policy),
            Kind::Variance => reduce.variance(array, self.ddof, policy),
            Kind::StandardDeviation => {
                let variance = reduce.variance(array, self.ddof, policy)?;
                let operands = [(&variance).into()];
                let root = distarray_engine::client::Elementwise::new(
                    Op::from_name("sqrt").unwrap(),
                    &operands,
                );
                Ok(root.run(policy)?.0)
            }
        })
    }
}
