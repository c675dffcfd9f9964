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
    /// `dtype` asks for a loop with that result; `casting` says which conversions of arguments to
    /// the dtypes of the loop are allowed.
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
        if arguments.len() != self.arity() {
            return Err(KernelError::NoLoop { op: self.name() });
        }
        let looped = match self {
            Self::Select => self.choose(&arguments[1..], dtype).map(|mut looped| {
                looped.inputs.insert(0, DType::Bool);
                looped
            }),
            Self::Ldexp => self.choose_ldexp(arguments, dtype),
            _ => self.choose(arguments, dtype),
        }?;
        for (position, (argument, &to)) in arguments.iter().zip(&looped.inputs).enumerate() {
            let Argument::Typed(from) = *argument else { continue };
            if self == Self::Select && position == 0 {
                continue;
            }
            if !from.can_cast(to, casting) {
                let which = if self.arity() > 1 { format!(" {position}") } else { String::new() };
                return Err(self.forbidden(&format!("input{which}"), from, to, casting));
            }
        }
        Ok(looped)
    }

    /// The dtype in which the loop of this name takes its argument at `position`.
    pub fn argument(self, key: DType, position: usize) -> DType {
        match (self, position) {
            (Self::Select, 0) => DType::Bool,
            (Self::Ldexp, 1) => DType::Int64,
            _ => key,
        }
    }

    /// The loop of `ldexp`, whose second argument is an integer.
    fn choose_ldexp(self, arguments: &[Argument], dtype: Option<DType>) -> Result<Loop> {
        let is_exponent = match arguments[1] {
            Argument::Typed(dtype) => dtype.can_cast(DType::Int64, Casting::Safe),
            Argument::PythonInt => true,
            Argument::PythonFloat | Argument::PythonComplex => false,
        };
        if !is_exponent {
            return Err(KernelError::NoLoop { op: self.name() });
        }
        // A Python integer has nothing to take its dtype from here; NumPy takes the least.
        let first = match arguments {
            [Argument::PythonInt, Argument::Typed(dtype)] if *dtype != DType::Bool => {
                Argument::Typed(DType::Int8)
            }
            _ => arguments[0],
        };
        let mut looped = self.choose(&[first], dtype)?;
        looped.inputs.push(DType::Int64);
        Ok(looped)
    }

    /// Whether a result may be stored as another dtype.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when `casting` forbids it.
    pub fn check_output(self, looped: &Loop, to: DType, casting: Casting) -> Result<()> {
        if looped.output.can_cast(to, casting) {
            return Ok(());
        }
        Err(self.forbidden("output", looped.output, to, casting))
    }

    fn forbidden(self, which: &str, from: DType, to: DType, casting: Casting) -> KernelError {
        KernelError::Type(format!(
            "Cannot cast ufunc '{}' {which} from dtype('{from}') to dtype('{to}') with casting \
             rule '{casting}'",
            self.name()
        ))
    }

    /// The loop for arguments that all get the same dtype.
    fn choose(self, arguments: &[Argument], dtype: Option<DType>) -> Result<Loop> {
        let no_loop = || KernelError::NoLoop { op: self.name() };
        let common = common_dtype(arguments, no_loop)?;
        if common == DType::Bool && dtype.is_none_or(|dtype| dtype == DType::Bool) {
            self.check_boolean()?;
        }
        let both_signs = arguments.contains(&Argument::Typed(DType::UInt64))
            && arguments.iter().any(|argument| {
                matches!(argument, Argument::Typed(dtype) if dtype.kind() == Kind::Signed)
            });
        if both_signs && self.is_comparison() {
            let sign = |argument: &Argument| match argument {
                Argument::Typed(DType::UInt64) => DType::UInt64,
                _ => DType::Int64,
            };
            return Ok(Loop { inputs: arguments.iter().map(sign).collect(), output: DType::Bool });
        }
        let is_double = match self {
            Self::Divide => common.kind() < Kind::Float,
            // SciPy takes single precision for what is in single precision alone.
            Self::Erf => common.kind() <= Kind::Float && common != DType::Float32,
            _ => false,
        };
        let common = if is_double { DType::Float64 } else { common };
        // Each argument for itself: `int8` and `uint8` fit `float16`, if not a common `int16`.
        let is_safe = |key: &DType| {
            arguments.iter().all(|argument| {
                let dtype = match *argument {
                    Argument::Typed(dtype) if !is_double && self != Self::Divide => dtype,
                    _ => common,
                };
                dtype.can_cast(*key, Casting::Safe)
            })
        };
        let mut keys = DType::NATIVE.into_iter().filter(|&key| {
            self.loop_output(key).is_some_and(|output| dtype.is_none_or(|dtype| dtype == output))
        });
        let key = match dtype {
            None => keys.find(is_safe),
            Some(_) => keys.clone().find(is_safe).or_else(|| keys.next()),
        };
        let key = key.ok_or_else(no_loop)?;
        let output = self.loop_output(key).ok_or_else(no_loop)?;
        Ok(Loop { inputs: vec![key; arguments.len()], output })
    }

    /// Refuses, as NumPy does, what booleans once had another meaning for.
    fn check_boolean(self) -> Result<()> {
        Err(KernelError::Type(match self {
            Self::Subtract => {
                "numpy boolean subtract, the `-` operator, is not supported, use the \
                               bitwise_xor, the `^` operator, or the logical_xor function instead."
                    .to_owned()
            }
            Self::Negative => {
                "The numpy boolean negative, the `-` operator, is not supported, use the `~` \
                 operator or the logical_not function instead."
                    .to_owned()
            }
            Self::Positive | Self::Sign | Self::Gcd | Self::Lcm => {
                return Err(KernelError::NoLoop { op: self.name() });
            }
            _ => return Ok(()),
        }))
    }

    const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
                | Self::Equal
                | Self::NotEqual
        )
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
fn common_dtype(arguments: &[Argument], no_loop: impl Fn() -> KernelError) -> Result<DType> {
    let mut common = None;
    for argument in arguments {
        if let Argument::Typed(dtype) = *argument {
            if !dtype.is_native() {
                return Err(no_loop());
            }
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
