//! Elementwise operations: broadcasting, promotion, layout, and the program that is sent.

use std::sync::Arc;

use distarray_kernels::program::FloatFlags;
use distarray_kernels::{Argument, Block, Casting, DType, Loop, Op, Scalar};
use distarray_meta::{Distribution, broadcast_shapes};

use super::alignment::{no_array, scatter};
use super::assign::shape_text;
use super::evaluation::Evaluation;
use super::expression::{Expression, Note, Operation, Term};
use super::layout::{Policy, align, check_sessions, choose, read_elsewhere};
use super::python_scalar::PythonScalar;
use super::{Array, deferral};
use crate::Session;
use crate::command::Destination;
use crate::error::{Result, SessionError};

/// An operand of an elementwise operation.
#[derive(Clone)]
pub enum Operand {
    /// A distributed array.
    Array(Array),
    /// The client's own array, sent to where it is needed.
    Host(Box<Block>),
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

    /// A number as one of a dtype.
    ///
    /// # Panics
    ///
    /// For an array.
    pub(super) fn constant(&self, dtype: DType) -> Result<Scalar> {
        Ok(match self {
            Self::Scalar(scalar) => scalar.cast(dtype)?,
            Self::Python(scalar) => scalar.to(dtype)?,
            Self::Array(_) | Self::Host(_) => unreachable!("an array is no number"),
        })
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
    /// What the caller wants to be given back with floating-point exceptions, should the operation
    /// be carried out later.
    pub note: Option<Note>,
}

impl<'a> Elementwise<'a> {
    /// `op` on `operands`, by NumPy's rules.
    pub fn new(op: Op, operands: &'a [Operand]) -> Self {
        Self { op, operands, looped: None, dtype: None, out: None, mask: None, note: None }
    }

    /// Carries the operation out, or has it carried out when somebody needs the result.
    ///
    /// # Errors
    ///
    /// [`SessionError::Kernel`] when no loop takes the dtypes, [`SessionError::Meta`] when the
    /// shapes do not broadcast.
    pub fn run(&self, policy: &Policy<'_>) -> Result<(Array, FloatFlags)> {
        if let Some(done) = self.run_directly(policy)? {
            return Ok(done);
        }
        let arguments: Vec<Argument> = self.operands.iter().map(Operand::argument).collect();
        let looped = match &self.looped {
            Some(looped) => looped.clone(),
            None => self.op.resolve(&arguments, None, Casting::SameKind)?,
        };
        if let Some(out) = self.out
            && self.looped.is_none()
        {
            self.op.check_output(&looped, out.dtype(), Casting::SameKind)?;
        }
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
        if self.mask.is_some() && self.op != Op::Select {
            // Elements that a mask leaves out meet no exceptions: one step, whose mask is known.
            let operands = self.operands.iter().chain(self.mask).filter_map(Operand::array);
            Array::evaluate(&operands.collect::<Vec<_>>())?;
        }
        let gathering = Gathering {
            session: &session,
            layout: &layout,
            shape: &shape,
            operation: self.op.name(),
            policy,
        };
        let terms = self
            .operands
            .iter()
            .zip(&looped.inputs)
            .map(|(operand, &dtype)| gathering.term(operand, dtype))
            .collect::<Result<Vec<Term>>>()?;
        let mask = self.mask.map(|mask| gathering.term(mask, DType::Bool)).transpose()?;
        let operation = Operation::Apply { op: self.op, looped };
        let expression = Expression::new(operation, terms, self.note.clone());
        if policy.deferred
            && mask.is_none()
            && let Some(result) = deferral::defer(&expression, &session, &layout, dtype, self.out)?
        {
            return Ok((result, FloatFlags::default()));
        }
        let place = match self.out {
            Some(out) => Destination::Existing(out.written()?),
            None => Destination::New(session.new_array_id(), dtype),
        };
        let mut evaluation = Evaluation::new(&session, &layout);
        evaluation.value(&expression, dtype, mask.as_ref())?;
        let flags = evaluation.run_into(place, self.out.map(|out| &**out.node()))?;
        Ok((self.result(place, &session, &layout), flags))
    }

    /// The array whose elements have been put into this place.
    pub(super) fn result(
        &self,
        place: Destination,
        session: &Arc<dyn Session>,
        layout: &Distribution,
    ) -> Array {
        match (self.out, place) {
            (Some(out), _) => out.clone(),
            (None, Destination::New(id, dtype)) => {
                Array::adopt(session, id, layout.clone(), dtype, None)
            }
            (None, Destination::Existing(_)) => unreachable!("there is an array for the result"),
        }
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

/// Brings operands to where they are needed.
struct Gathering<'a> {
    session: &'a Arc<dyn Session>,
    layout: &'a Distribution,
    shape: &'a [usize],
    operation: &'static str,
    policy: &'a Policy<'a>,
}

impl Gathering<'_> {
    /// An operand where the layout needs it; a number as `dtype`.
    fn term(&self, operand: &Operand, dtype: DType) -> Result<Term> {
        let array = match operand {
            Operand::Array(array) => {
                if let Some(bytes) = read_elsewhere(array, self.layout) {
                    self.policy.permit(self.operation, bytes)?;
                    return Ok(Term::Array(array.node().clone()));
                }
                align(array, self.layout, self.operation, self.policy)?
            }
            Operand::Host(block) => scatter(self.session, self.layout, block)?,
            number => return Ok(Term::Constant(number.constant(dtype)?)),
        };
        // What is repeated is computed once, not for every element of the result.
        if array.shape() != self.shape {
            array.id()?;
        }
        Ok(Term::Array(array.node().clone()))
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
