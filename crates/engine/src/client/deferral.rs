//! When an operation is carried out later: the rules that keep nobody from noticing.

use std::sync::Arc;

use distarray_kernels::{DType, Kind, Op, buffer};
use distarray_meta::Distribution;
use rustc_hash::FxHashSet;

use super::Array;
use super::evaluation;
use super::expression::{Expression, Operation, Term};
use super::node::{Memory, Node};
use crate::Session;
use crate::error::Result;

/// How many operations are put off at most before they are carried out: a loop that never looks at
/// what it computes must not grow an expression for ever.
const MOST_OPERATIONS: usize = 400;

/// The result of an operation that is carried out later; `None` when it has to be at once.
///
/// `out` gets the result, where it is given: that works if its own elements are still to be
/// computed.
///
/// # Errors
///
/// As [`evaluation::evaluate`]: what has grown too large is evaluated first.
pub fn defer(
    expression: &Expression,
    session: &Arc<dyn Session>,
    layout: &Distribution,
    dtype: DType,
    out: Option<&Array>,
) -> Result<Option<Array>> {
    let elements = layout.global_size() / layout.ranks().max(1);
    let bytes = elements.saturating_mul(dtype.itemsize());
    let is_outside = expression.nodes().any(|node| node.memory.is_outside());
    if session.is_small(bytes)
        // That there is no such memory is said at the call. Where there is a limit, files have room.
        || (!is_outside
            && buffer::MemoryLimit::in_force().is_none()
            && buffer::memory().is_some_and(|memory| bytes > memory))
        || layout.global_size() == 0
        || may_refuse(&expression.operation)
        || expression.nodes().any(|node| node.memory.is_exposed())
    {
        return Ok(None);
    }
    session.check()?;
    let mut expression = expression.clone();
    let below = Below::new(&expression);
    if below.operations >= MOST_OPERATIONS || below.holds_much(layout, dtype) {
        evaluation::evaluate(&below.due(&expression))?;
    }
    let Some(out) = out else {
        let node = Node::pending(session, layout.clone(), dtype, &Arc::new(expression));
        return Ok(Some(node.into()));
    };
    let node = out.node();
    if !out.is_pending() || !node.memory.is_unread() || out.dtype() != dtype {
        return Ok(None);
    }
    let replaced = node.replace(|before| {
        for term in &mut expression.terms {
            if let Term::Array(operand) = term
                && Arc::ptr_eq(operand, node)
            {
                *operand = before.clone();
            }
        }
        Arc::new(expression)
    });
    Ok(replaced.then(|| out.clone()))
}

/// Whether an operation may find fault with values, which the user hears of at the call.
fn may_refuse(operation: &Operation) -> bool {
    let Operation::Apply { op: Op::Power, looped } = operation else { return false };
    matches!(looped.inputs[0].kind(), Kind::Signed | Kind::Unsigned)
}

/// The arrays that an expression is made of, directly or by way of others.
struct Below {
    arrays: Vec<Arc<Node>>,
    /// How many of them are still to be computed.
    operations: usize,
}

impl Below {
    fn new(expression: &Expression) -> Self {
        let mut arrays: Vec<Arc<Node>> = Vec::new();
        let mut known = FxHashSet::default();
        let mut add = |arrays: &mut Vec<Arc<Node>>, expression: &Expression| {
            for operand in expression.nodes() {
                if known.insert(Arc::as_ptr(operand)) {
                    arrays.push(operand.clone());
                }
            }
        };
        add(&mut arrays, expression);
        let (mut next, mut operations) = (0, 0);
        while let Some(node) = arrays.get(next).cloned() {
            next += 1;
            if let Some(below) = node.expression() {
                operations += 1;
                add(&mut arrays, &below);
            }
        }
        Self { arrays, operations }
    }

    /// Whether the expression keeps much more memory from being freed than its result takes.
    fn holds_much(&self, layout: &Distribution, dtype: DType) -> bool {
        const MUCH: usize = 1 << 26;
        let mut kept: Vec<(&Arc<Memory>, usize)> = Vec::new();
        for node in &self.arrays {
            // Views keep what they share with an array that somebody has anyway.
            if node.expression().is_some() || node.memory.is_held() || node.memory.is_outside() {
                continue;
            }
            match kept.iter_mut().find(|(memory, _)| Arc::ptr_eq(memory, &node.memory)) {
                Some((_, bytes)) => *bytes = node.bytes().max(*bytes),
                None => kept.push((&node.memory, node.bytes())),
            }
        }
        let bytes = kept.iter().fold(0, |sum: usize, (_, bytes)| sum.saturating_add(*bytes));
        let result = layout.global_size().saturating_mul(dtype.itemsize());
        bytes > result.saturating_mul(2).max(MUCH)
    }

    /// What is computed when the expression has grown too large: its operands, and what else
    /// somebody holds that shares operations with them, or these would be carried out again for it.
    fn due(&self, expression: &Expression) -> Vec<Arc<Node>> {
        // What is the same everywhere takes no computing.
        let is_computed = |node: &&Arc<Node>| !node.expression().is_some_and(|it| it.is_full());
        let mut due: Vec<Arc<Node>> = expression.nodes().filter(is_computed).cloned().collect();
        let passing = self.arrays.iter().filter(|node| node.id().is_none() && !node.is_held());
        for reader in passing.flat_map(|node| node.memory.held_readers()) {
            if !due.iter().any(|known| Arc::ptr_eq(known, &reader)) {
                due.push(reader);
            }
        }
        due
    }
}
