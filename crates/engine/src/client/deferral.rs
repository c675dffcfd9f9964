//! When an operation is carried out later: the rules that keep nobody from noticing.

use std::sync::Arc;

use distarray_kernels::{DType, Kind, Op};
use distarray_meta::Distribution;

use super::Array;
use super::evaluation;
use super::expression::{Expression, Operation, Term};
use super::node::Node;
use crate::Session;
use crate::error::Result;

/// How many operations are put off at most before they are carried out: a loop that never looks at
/// what it computes must not grow an expression for ever.
const MOST_OPERATIONS: usize = 100;

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
    if session.is_small(elements.saturating_mul(dtype.itemsize()))
        || layout.global_size() == 0
        || may_refuse(&expression.operation)
        || expression.nodes().any(|node| node.memory.is_exposed())
    {
        return Ok(None);
    }
    session.check()?;
    let mut expression = expression.clone();
    if expression.operations > MOST_OPERATIONS || holds_much(&expression, layout, dtype) {
        let nodes: Vec<Arc<Node>> = expression.nodes().cloned().collect();
        evaluation::evaluate(&nodes)?;
        expression.operations = 1;
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

/// Whether the expression keeps much more memory from being freed than its result takes.
fn holds_much(expression: &Expression, layout: &Distribution, dtype: DType) -> bool {
    const MUCH: usize = 1 << 26;
    let mut seen: Vec<Arc<Node>> = expression.nodes().cloned().collect();
    let mut next = 0;
    let mut bytes = 0_usize;
    while let Some(node) = seen.get(next).cloned() {
        next += 1;
        if let Some(below) = node.expression() {
            for operand in below.nodes() {
                if !seen.iter().any(|known| Arc::ptr_eq(known, operand)) {
                    seen.push(operand.clone());
                }
            }
        } else if !node.is_held() {
            bytes = bytes.saturating_add(node.bytes());
        }
    }
    let result = layout.global_size().saturating_mul(dtype.itemsize());
    bytes > result.saturating_mul(2).max(MUCH)
}
