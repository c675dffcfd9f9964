//! Operands brought together for functions that work on the pieces of each engine.

use std::sync::Arc;

use distarray_kernels::Block;
use distarray_meta::{Distribution, broadcast_shapes};

use super::layout::{Policy, align, check_sessions, choose};
use super::{Array, Operand};
use crate::Session;
use crate::error::{Result, SessionError};

/// Operands whose pieces broadcast against each other on every engine.
pub struct Alignment {
    /// The layout of what is computed from them.
    pub layout: Distribution,
    /// The operands, each where the layout needs it.
    pub operands: Vec<Array>,
}

impl Alignment {
    /// Brings arrays of any layouts, and the client's own, to the layout that moves the fewest
    /// bytes. Their elements are on the engines then.
    ///
    /// # Errors
    ///
    /// [`SessionError::Meta`] when the shapes do not broadcast, [`SessionError::Value`] when no
    /// operand is distributed, [`SessionError::CommunicationForbidden`].
    pub fn new(operands: &[Operand], operation: &'static str, policy: &Policy<'_>) -> Result<Self> {
        let shapes: Vec<Vec<usize>> = operands.iter().map(Operand::shape).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let arrays: Vec<&Array> = operands.iter().filter_map(Operand::array).collect();
        let session = check_sessions(&arrays)?.ok_or_else(no_array)?;
        let layout = choose(&broadcast_shapes(&shapes)?, &arrays)?;
        let operands = operands
            .iter()
            .map(|operand| match operand {
                Operand::Array(array) => align(array, &layout, operation, policy),
                Operand::Host(block) => scatter(&session, &layout, block),
                Operand::Scalar(_) | Operand::Python(_) => Err(SessionError::Type(
                    "numbers lie nowhere; only arrays can be aligned".to_owned(),
                )),
            })
            .collect::<Result<Vec<Array>>>()?;
        Array::evaluate(&operands.iter().collect::<Vec<_>>())?;
        Ok(Self { layout, operands })
    }
}

/// An operation needs an array, or it does not know where to work.
pub(super) fn no_array() -> SessionError {
    SessionError::Value("an operation needs an array among its operands".to_owned())
}

/// An array with the elements of the client's `block` where a result of this layout needs them.
pub(super) fn scatter(
    session: &Arc<dyn Session>,
    layout: &Distribution,
    block: &Block,
) -> Result<Array> {
    let demand = layout.demand(&block.shape())?;
    let mut host = block.clone();
    while host.ndim() < demand.ndim() {
        host = host.insert_axis(0);
    }
    Array::from_host(session, demand, block.dtype(), &host)
}
