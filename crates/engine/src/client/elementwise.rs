//! Elementwise operations: broadcasting, promotion, layout, and the program that is sent.

use std::sync::Arc;

use distarray_kernels::program::{Builder, FloatFlags};
use distarray_kernels::{Argument, Block, Casting, DType, Loop, Op, Operand as Value, Scalar};
use distarray_meta::{Distribution, broadcast_shapes};

use super::Array;
use super::alignment::{no_array, scatter};
use super::assign::shape_text;
use super::layout::{Policy, align, check_sessions, choose};
use super::python_scalar::PythonScalar;
use crate::command::Destination;
use crate::error::{Result, SessionError};
use crate::{Command, Reply, Session};

/// An operand of an elementwise operation.
#[derive(Clone)]
pub enum Operand {
    /// A distributed array.
    Array(Array),
    /// The client's own array, sent to where it is needed.
    Host(Block),
    /// One value with a dtype of its own.
    Scalar(Scalar),
    /// A Python number, whose dtype follows the other operands.
    Python(PythonScalar),
}

impl Operand {
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Array(array) => array.shape().to_vec(),
            Self::Host(block) => block.shape(),
            Self::Scalar(_) | Self::Python(_) => Vec::new(),
        }
    }

    /// The operand, if it is distributed.
    pub(super) fn array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// About how many bytes the operand holds.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Array(array) => array.size().saturating_mul(array.dtype().itemsize()),
            Self::Host(block) => block.size().saturating_mul(block.dtype().itemsize()),
            Self::Scalar(_) | Self::Python(_) => 0,
        }
    }

    /// What promotion sees of the operand.
    pub fn argument(&self) -> Argument {
        match self {
            Self::Array(array) => Argument::Typed(array.dtype()),
            Self::Host(block) => Argument::Typed(block.dtype()),
            Self::Scalar(scalar) => Argument::Typed(scalar.dtype()),
            Self::Python(scalar) => scalar.argument(),
        }
    }
}

/// An elementwise operation on operands of any shapes that broadcast and any layouts.
pub struct Elementwise<'a> {
    /// The operation.
    pub op: Op,
    /// Its operands; at least one is an [`Operand::Array`], unless there is an `out`.
    pub operands: &'a [Operand],
    /// The loop to use, where promotion is not to choose.
    pub looped: Option<Loop>,
    /// The dtype of the result, where it is not the loop's.
    pub dtype: Option<DType>,
    /// The array that gets the result.
    pub out: Option<&'a Array>,
    /// Which elements are computed.
    pub mask: Option<&'a Operand>,
}

impl<'a> Elementwise<'a> {
    /// `op` on `operands`, by NumPy's rules.
    pub fn new(op: Op, operands: &'a [Operand]) -> Self {
        Self { op, operands, looped: None, dtype: None, out: None, mask: None }
    }

    /// Carries the operation out.
    ///
    /// # Errors
    ///
    /// [`SessionError::Kernel`] when no loop takes the dtypes, [`SessionError::Meta`] when the
    /// shapes do not broadcast.
    pub fn run(&self, policy: &Policy<'_>) -> Result<(Array, FloatFlags)> {
        let arguments: Vec<Argument> = self.operands.iter().map(Operand::argument).collect();
        let looped = match &self.looped {
            Some(looped) => looped.clone(),
            None => self.op.resolve(&arguments, None, Casting::SameKind)?,
        };
        let shape = self.shape()?;
        let arrays = self.arrays();
        let session = check_sessions(&arrays)?.ok_or_else(no_array)?;
        let layout = match self.out {
            Some(out) => out.distribution().clone(),
            None => choose(&shape, &arrays)?,
        };
        let dtype = match (self.out, self.dtype) {
            (Some(out), _) => out.dtype(),
            (None, Some(dtype)) => dtype,
            (None, None) => looped.output,
        };
        let mut gathered = Gathered {
            session: &session,
            layout: &layout,
            operation: self.op.name(),
            policy,
            inputs: Vec::new(),
            builder: Builder::new(),
        };
        let values = self
            .operands
            .iter()
            .zip(&looped.inputs)
            .map(|(operand, &dtype)| gathered.value(operand, dtype))
            .collect::<Result<Vec<Value>>>()?;
        let mask = self.mask.map(|mask| gathered.value(mask, DType::Bool)).transpose()?;
        let Gathered { inputs, mut builder, .. } = gathered;
        let value = builder.apply(self.op, &looped, &values)?;
        let value = builder.cast(value, dtype);
        builder.output(value, mask);
        let result = match self.out {
            Some(out) => out.clone(),
            // Elements that a mask leaves out are whatever the memory holds, as NumPy's are.
            None => Array::named(&session, layout.clone(), dtype),
        };
        let destination = match self.out {
            Some(out) => Destination::Existing(out.id()),
            None => Destination::New(result.id(), dtype),
        };
        let weight = result.weight().max(shape.iter().product::<usize>() / layout.ranks().max(1));
        let command = Command::Evaluate {
            program: builder.finish(),
            distribution: layout.clone(),
            inputs: inputs.iter().map(Array::id).collect(),
            outputs: vec![destination],
        };
        let replies = result.execute(command, weight)?;
        let flags = replies.iter().fold(FloatFlags::default(), |all, reply| match reply {
            Reply::Done { flags } => all.union(*flags),
            _ => all,
        });
        Ok((result, flags))
    }

    fn arrays(&self) -> Vec<&Array> {
        let operands = self.operands.iter().chain(self.mask);
        operands.filter_map(Operand::array).chain(self.out).collect()
    }

    /// The shape of the result.
    fn shape(&self) -> Result<Vec<usize>> {
        let operands: Vec<Vec<usize>> =
            self.operands.iter().chain(self.mask).map(Operand::shape).collect();
        let shapes: Vec<&[usize]> = operands.iter().map(Vec::as_slice).collect();
        let shape = broadcast_shapes(&shapes)?;
        let Some(out) = self.out else { return Ok(shape) };
        if out.shape() == shape {
            return Ok(shape);
        }
        // An output may be larger than the operands, never smaller.
        if broadcast_shapes(&[&shape, out.shape()]).is_ok_and(|common| common == out.shape()) {
            return Ok(out.shape().to_vec());
        }
        Err(SessionError::Value(format!(
            "non-broadcastable output operand with shape {} doesn't match the broadcast shape {}",
            shape_text(out.shape()),
            shape_text(&shape)
        )))
    }
}

/// Gathers what a program reads.
struct Gathered<'a> {
    session: &'a Arc<dyn Session>,
    layout: &'a Distribution,
    operation: &'static str,
    policy: &'a Policy<'a>,
    inputs: Vec<Array>,
    builder: Builder,
}

impl Gathered<'_> {
    /// An operand where the layout needs it; a number as `dtype`.
    fn value(&mut self, operand: &Operand, dtype: DType) -> Result<Value> {
        let array = match operand {
            Operand::Array(array) => align(array, self.layout, self.operation, self.policy)?,
            Operand::Host(block) => scatter(self.session, self.layout, block)?,
            Operand::Scalar(scalar) => return Ok(Value::Constant(scalar.cast(dtype)?)),
            Operand::Python(scalar) => return Ok(Value::Constant(scalar.to(dtype)?)),
        };
        if let Some(position) = self.inputs.iter().position(|input| input.id() == array.id()) {
            return Ok(Value::Input(position));
        }
        let value = self.builder.input(array.dtype());
        self.inputs.push(array);
        Ok(value)
    }
}

impl From<PythonScalar> for Operand {
    fn from(scalar: PythonScalar) -> Self {
        Self::Python(scalar)
    }
}

impl From<&Array> for Operand {
    fn from(array: &Array) -> Self {
        Self::Array(array.clone())
    }
}
