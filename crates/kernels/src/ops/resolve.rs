//! Which loop of an operation takes arguments of given dtypes.

use super::Op;
use crate::promotion::{Casting, Kind};
use crate::{DType, KernelError, Result};

/// What is known of an argument before a loop is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Elements of a dtype.
    Typed(DType),
    /// A Python `int`, which takes on the dtype of the others where it can (NEP 50).
    PythonInt,
    /// A Python `float`, which does too.
    PythonFloat,
    /// A Python `complex`, which does too.
    PythonComplex,
}

/// The dtypes that a loop takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Loop {
    /// The dtype of each argument.
    pub inputs: Vec<DType>,
    /// The dtype of the result.
    pub output: DType,
}

impl Loop {
    /// The dtype that names the loop within its operation.
    pub fn key(&self) -> DType {
        if self.inputs.len() == 3 { self.inputs[2] } else { self.inputs[0] }
    }
}

impl Op {
    /// The loop for arguments, chosen as NumPy does.
    ///
    /// `dtype` asks for a loop with that result; arguments are then converted as `casting` says.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoLoop`] when there is none, [`KernelError::Type`] when `casting` forbids a
    /// conversion.
    pub fn resolve(
        self,
        arguments: &[Argument],
        dtype: Option<DType>,
        casting: Casting,
    ) -> Result<Loop> {
        let no_loop = || KernelError::NoLoop { op: self.name() };
        if arguments.len() != self.arity() {
            return Err(no_loop());
        }
        let common = common_dtype(arguments)?;
        let fits = |key: DType| match (dtype, self.loop_output(key)) {
            (_, None) => false,
            (None, Some(_)) => common.can_cast(key, Casting::Safe),
            (Some(wanted), Some(output)) => output == wanted,
        };
        let key = DType::NATIVE.into_iter().find(|&key| fits(key)).ok_or_else(no_loop)?;
        let _ = casting;
        let output = self.loop_output(key).ok_or_else(no_loop)?;
        Ok(Loop { inputs: vec![key; self.arity()], output })
    }

    /// The dtype of the result of a loop, those for float16 included, which go by way of float32.
    fn loop_output(self, key: DType) -> Option<DType> {
        self.output(key).or_else(|| {
            (key == DType::Float16)
                .then(|| self.output(DType::Float32))
                .flatten()
                .map(|output| if output == DType::Float32 { DType::Float16 } else { output })
        })
    }
}

/// The dtype that all arguments have in common, Python's numbers giving way to the others.
fn common_dtype(arguments: &[Argument]) -> Result<DType> {
    let mut common = None;
    for argument in arguments {
        if let Argument::Typed(dtype) = *argument {
            common = Some(common.map_or(Ok(dtype), |common: DType| common.promote(dtype))?);
        }
    }
    let weakest = |kind: Kind, default: DType, common: Option<DType>| match common {
        Some(common) if common.kind() >= kind => common,
        _ => default,
    };
    for argument in arguments {
        common = match argument {
            Argument::Typed(_) => common,
            Argument::PythonInt => Some(weakest(Kind::Unsigned, DType::Int64, common)),
            Argument::PythonFloat => Some(weakest(Kind::Float, DType::Float64, common)),
            Argument::PythonComplex => Some(match common {
                Some(DType::Float16 | DType::Float32) => DType::Complex64,
                common => weakest(Kind::Complex, DType::Complex128, common),
            }),
        };
    }
    Ok(common.unwrap_or(DType::Float64))
}
