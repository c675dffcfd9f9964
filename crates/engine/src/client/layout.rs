//! Which layout an operation works in, and moving its operands there.

use std::borrow::Cow;
use std::iter::once;
use std::sync::Arc;

use distarray_kernels::DType;
use distarray_meta::{AxisMap, Distribution, plan};

use super::expression::{Expression, Operation, Term};
use super::{Array, deferral};
use crate::command::Movement;
use crate::error::{Result, SessionError};
use crate::{Command, Initial, Session};

/// What the user thinks of data that moves between engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Communication {
    /// It may move.
    #[default]
    Allow,
    /// It may move, and the user wants to hear of it.
    Warn,
    /// It must not move.
    Error,
}

/// How an operation deals with data that would move between engines.
pub struct Policy<'a> {
    /// What the user thinks of it.
    pub communication: Communication,
    /// Who is told, with [`Communication::Warn`]: the operation, and how many bytes move.
    pub warn: &'a dyn Fn(&'static str, u64) -> Result<()>,
    /// Whether it may be carried out later, when somebody needs the result.
    pub deferred: bool,
}

impl Policy<'_> {
    /// Data may move, at once.
    pub const ALLOW: Policy<'static> =
        Policy { communication: Communication::Allow, warn: &|_, _| Ok(()), deferred: false };

    /// Asks whether an operation may move this many bytes.
    ///
    /// # Errors
    ///
    /// [`SessionError::CommunicationForbidden`].
    pub fn permit(&self, operation: &'static str, bytes: u64) -> Result<()> {
        match self.communication {
            _ if bytes == 0 => Ok(()),
            Communication::Allow => Ok(()),
            Communication::Warn => (self.warn)(operation, bytes),
            Communication::Error => Err(SessionError::CommunicationForbidden { operation, bytes }),
        }
    }
}

/// The layout for a result of `shape` that moves the fewest bytes of `operands`, all of which
/// broadcast to it; the first of equals.
pub(super) fn choose(shape: &[usize], operands: &[&Array]) -> Result<Distribution> {
    let first = operands.first().expect("an operation has an array among its operands");
    if operands.iter().all(|operand| operand.distribution().same(first.distribution()))
        && first.shape() == shape
        && !is_replicated(first.distribution())
    {
        return Ok(first.distribution().clone());
    }
    let mut best: Option<(u64, Distribution)> = None;
    for operand in operands {
        let candidate = stretch(operand.distribution(), shape)?;
        if best.as_ref().is_some_and(|(_, other)| other.same_layout(&candidate)) {
            continue;
        }
        let mut cost = 0;
        for other in operands {
            cost += moved(other, &candidate)?;
        }
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, candidate));
        }
    }
    Ok(best.expect("there is a first operand").1)
}

/// How many bytes of `operand` move to where a result of this layout needs them.
fn moved(operand: &Array, result: &Distribution) -> Result<u64> {
    let demand = result.demand(operand.shape())?;
    let source = operand.distribution().prepend_axes(demand.ndim() - operand.ndim());
    if source.same_layout(&demand) {
        return Ok(0);
    }
    Ok(plan::moved(&source, &demand) * operand.dtype().itemsize() as u64)
}

/// The layout that an operand of this layout suggests for a result that it broadcasts to.
pub(super) fn stretch(distribution: &Distribution, shape: &[usize]) -> Result<Distribution> {
    if distribution.shape() == shape && !is_replicated(distribution) {
        return Ok(distribution.clone());
    }
    let missing = shape.len() - distribution.ndim();
    let maps = shape
        .iter()
        .enumerate()
        .map(|(axis, &size)| {
            match axis.checked_sub(missing).map(|axis| &distribution.maps()[axis]) {
                Some(map) if map.size() == size && map.is_one_to_one() => map.clone(),
                Some(map) if map.grid_size() > 1 => AxisMap::block(size, map.grid_size()),
                _ => AxisMap::no_dist(size),
            }
        })
        .collect::<Vec<_>>();
    // A block map drops places that would be empty, so that there may be fewer of them.
    let places = maps.iter().map(AxisMap::grid_size).product();
    Ok(Distribution::new(maps, distribution.targets()[..places].to_vec())?)
}

pub(super) fn is_replicated(distribution: &Distribution) -> bool {
    !distribution.maps().iter().all(AxisMap::is_one_to_one)
}

/// An array with the elements of `operand` where a result of layout `result` needs them: `operand`
/// itself if they are there.
pub(super) fn align(
    operand: &Array,
    result: &Distribution,
    operation: &'static str,
    policy: &Policy<'_>,
) -> Result<Array> {
    if operand.distribution().same(result) {
        return Ok(operand.clone());
    }
    let demand = result.demand(operand.shape())?;
    let source = operand.distribution().prepend_axes(demand.ndim() - operand.ndim());
    if source.same_layout(&demand) {
        return Ok(operand.clone());
    }
    let bytes = plan::moved(&source, &demand) * operand.dtype().itemsize() as u64;
    // One element is a number, whichever engine has it.
    if operand.size() > 1 {
        policy.permit(operation, bytes)?;
    }
    let aligned =
        Array::create(operand.session(), demand.clone(), operand.dtype(), Initial::Uninitialised)?;
    // The added axes have one element each: the operand's pieces serve as they are.
    copy_between(operand, &source, &aligned, &demand)?;
    Ok(aligned)
}

/// How many bytes of an operand a result of this layout reads from other engines' memory, where that
/// is better than moving the operand: when it is large, and most of it is where it is needed.
pub(super) fn read_elsewhere(operand: &Array, result: &Distribution) -> Option<u64> {
    let distribution = operand.distribution();
    if distribution.same(result)
        || distribution.shape() != result.shape()
        || operand.is_small()
        || is_replicated(distribution)
        || distribution.same_layout(result)
    {
        return None;
    }
    let moved = plan::moved(distribution, result);
    (moved.saturating_mul(4) <= operand.size() as u64)
        .then(|| moved * operand.dtype().itemsize() as u64)
}

/// Copies between arrays whose layouts, given with them, have one shape.
pub(super) fn copy_between(
    source: &Array,
    source_distribution: &Distribution,
    dest: &Array,
    dest_distribution: &Distribution,
) -> Result<()> {
    let weight = source.weight().max(dest.weight());
    if source_distribution.same_layout(dest_distribution) {
        return copy_local(source, dest);
    }
    let movement = Movement {
        source: source.id()?,
        source_dtype: source.dtype(),
        source_distribution: source_distribution.clone(),
        dest: dest.written()?,
        dest_distribution: dest_distribution.clone(),
    };
    let participants = participants(source_distribution, once(dest_distribution));
    source.session().execute(&participants, Command::Copy(movement), weight)?;
    Ok(())
}

/// Copies pieces into pieces to which they broadcast; every engine has what it needs.
pub(super) fn copy_local(source: &Array, dest: &Array) -> Result<()> {
    let command = Command::CopyLocal { source: source.id()?, dest: dest.written()? };
    dest.execute(command, dest.weight())?;
    Ok(())
}

/// The engines of a layout and of others, in ascending order.
pub(super) fn participants<'a, 'b>(
    layout: &'a Distribution,
    others: impl Iterator<Item = &'b Distribution>,
) -> Cow<'a, [usize]> {
    let mut participants = Cow::Borrowed(layout.targets());
    for other in others {
        participants.to_mut().extend_from_slice(other.targets());
    }
    if !participants.is_sorted_by(|first, second| first < second) {
        let participants = participants.to_mut();
        participants.sort_unstable();
        participants.dedup();
    }
    participants
}

/// Arrays must live on engines of one session.
pub(super) fn check_sessions(arrays: &[&Array]) -> Result<Option<Arc<dyn Session>>> {
    let Some(first) = arrays.first() else { return Ok(None) };
    if arrays.iter().any(|array| !array.same_session(first)) {
        return Err(SessionError::DifferentSessions);
    }
    Ok(Some(first.session().clone()))
}

impl Array {
    /// A copy in another layout of the same shape, or of the same size (then in C order). No policy
    /// is asked: whoever calls this wants data to move.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when the sizes differ.
    pub fn redistribute(&self, distribution: Distribution) -> Result<Self> {
        if distribution.global_size() != self.size() {
            return Err(SessionError::Value(format!(
                "cannot distribute an array of size {} and shape {:?} as shape {:?}",
                self.size(),
                self.shape(),
                distribution.shape()
            )));
        }
        let same_shape = distribution.shape() == self.shape();
        let result = Self::create(
            self.session(),
            distribution.clone(),
            self.dtype(),
            Initial::Uninitialised,
        )?;
        if same_shape {
            copy_between(self, self.distribution(), &result, &distribution)?;
        } else {
            let participants = participants(self.distribution(), once(&distribution)).into_owned();
            let movement = Movement {
                source: self.id()?,
                source_dtype: self.dtype(),
                source_distribution: self.distribution().clone(),
                dest: result.id()?,
                dest_distribution: distribution,
            };
            self.session().execute(&participants, Command::Reshape(movement), self.weight())?;
        }
        Ok(result)
    }

    /// A copy in the same layout, cast to `dtype`; made at once, or when somebody needs it.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when memory is short.
    pub fn astype(&self, dtype: DType, policy: &Policy<'_>) -> Result<Self> {
        let terms = vec![Term::Array(self.node().clone())];
        let cast = Expression::new(Operation::Cast, terms, None);
        if policy.deferred
            && dtype.is_native()
            && self.dtype().is_native()
            && let Some(result) =
                deferral::defer(&cast, self.session(), self.distribution(), dtype, None)?
        {
            return Ok(result);
        }
        let result = Self::create(
            self.session(),
            self.distribution().clone(),
            dtype,
            Initial::Uninitialised,
        )?;
        copy_between(self, self.distribution(), &result, self.distribution())?;
        Ok(result)
    }
}
