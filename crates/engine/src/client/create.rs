//! New arrays whose elements follow from their indices.

use std::sync::Arc;

use distarray_kernels::program::Builder;
use distarray_kernels::random::{Draw, Variate, Words};
use distarray_kernels::{Argument, Casting, DType, Kind, Loop, Op, Operand, Program, Scalar};
use distarray_meta::Distribution;

use super::expression::{Expression, Operation};
use super::layout::Policy;
use super::{Array, deferral};
use crate::command::{Destination, Evaluate};
use crate::error::Result;
use crate::{Command, Initial, Session};

impl Array {
    /// A new array, whose elements are made when somebody needs them to lie in memory: until then,
    /// operations compute with their value.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Engines`] when memory is short.
    pub fn full(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
        initial: Initial,
        policy: &Policy<'_>,
    ) -> Result<Self> {
        if !policy.deferred || dtype.kind() == Kind::Opaque {
            return Self::create(session, distribution, dtype, initial);
        }
        let value = match &initial {
            Initial::Uninitialised | Initial::Zero => Scalar::zero(dtype),
            Initial::Item(item) => Scalar::from_bytes(dtype, item),
        };
        let is_wanted = initial != Initial::Uninitialised;
        let operation = Operation::Full { value, is_wanted };
        let expression = Expression::new(operation, Vec::new(), None);
        match deferral::defer(&expression, session, &distribution, dtype, None)? {
            Some(array) => Ok(array),
            None => Self::create(session, distribution, dtype, initial),
        }
    }

    /// Random numbers; each depends on `key` and its global index alone.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Kernel`] when the dtype does not fit the variate,
    /// [`crate::SessionError::Engines`] when memory is short.
    pub fn random(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
        variate: Variate,
        key: Words,
        policy: &Policy<'_>,
    ) -> Result<Self> {
        variate.check(dtype)?;
        let expression = Expression::new(Operation::Random { variate, key }, Vec::new(), None);
        if policy.deferred
            && let Some(array) = deferral::defer(&expression, session, &distribution, dtype, None)?
        {
            return Ok(array);
        }
        let mut builder = Builder::new();
        let value = builder.random(Draw::new(variate, key, dtype, distribution.shape()));
        builder.output(value, None);
        from_indices(session, distribution, dtype, builder.finish())
    }
}

/// Evaluates a program over the global indices of a layout.
fn from_indices(
    session: &Arc<dyn Session>,
    distribution: Distribution,
    dtype: DType,
    program: Program,
) -> Result<Array> {
    let array = Array::named(session, distribution.clone(), dtype);
    array.execute(
        Command::Evaluate(Evaluate {
            program: Arc::new(program),
            distribution,
            inputs: Vec::new(),
            outputs: vec![Destination::New(array.id()?, dtype)],
        }),
        array.weight(),
    )?;
    Ok(array)
}

/// `start + step * index` along one axis, as `numpy.arange` and `numpy.linspace` compute it.
///
/// # Errors
///
/// [`crate::SessionError::Kernel`] when `dtype` has no arithmetic.
pub fn affine(
    session: &Arc<dyn Session>,
    distribution: Distribution,
    dtype: DType,
    start: Scalar,
    step: Scalar,
) -> Result<Array> {
    let typed = [Argument::Typed(dtype), Argument::Typed(dtype)];
    let mut builder = Builder::new();
    let index = builder.label(0);
    let index = builder.cast(index, dtype);
    let mut combine = |op: Op, value, number: Scalar| -> Result<_> {
        let looped = op.resolve(&typed, Some(dtype), Casting::No)?;
        Ok(builder.apply(op, &looped, &[value, Operand::Constant(number.cast(dtype)?)])?)
    };
    let scaled = combine(Op::Multiply, index, step)?;
    let value = combine(Op::Add, scaled, start)?;
    builder.output(value, None);
    from_indices(session, distribution, dtype, builder.finish())
}

/// Ones where the column is the row plus `diagonal`, zeros elsewhere.
///
/// # Errors
///
/// [`crate::SessionError::Engines`] when memory is short.
pub fn eye(
    session: &Arc<dyn Session>,
    distribution: Distribution,
    dtype: DType,
    diagonal: i64,
) -> Result<Array> {
    let mut builder = Builder::new();
    let (row, column) = (builder.label(0), builder.label(1));
    let integers = |output| Loop { inputs: vec![DType::Int64, DType::Int64], output };
    let offset = Operand::Constant(Scalar::from(diagonal));
    let shifted = builder.apply(Op::Add, &integers(DType::Int64), &[row, offset])?;
    let hit = builder.apply(Op::Equal, &integers(DType::Bool), &[shifted, column])?;
    let value = builder.cast(hit, dtype);
    builder.output(value, None);
    from_indices(session, distribution, dtype, builder.finish())
}

/// The global index along `axis`, everywhere.
///
/// # Errors
///
/// [`crate::SessionError::Engines`] when memory is short.
pub fn index_grid(
    session: &Arc<dyn Session>,
    distribution: Distribution,
    dtype: DType,
    axis: usize,
) -> Result<Array> {
    let mut builder = Builder::new();
    let index = builder.label(axis);
    let value = builder.cast(index, dtype);
    builder.output(value, None);
    from_indices(session, distribution, dtype, builder.finish())
}
