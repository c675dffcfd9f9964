//! Expressions: what an array is computed from when somebody needs its elements.

use std::any::Any;
use std::sync::Arc;

use distarray_kernels::random::{Variate, Words};
use distarray_kernels::{Loop, Op, Scalar};

use super::node::Node;

/// One operation on arrays and numbers.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What is done.
    pub operation: Operation,
    /// What it is done to.
    pub terms: Vec<Term>,
    /// What the user's side wants to be given back with the floating-point exceptions of this
    /// operation.
    pub note: Option<Note>,
}

/// Something of the user's side that is handed back with floating-point exceptions.
pub type Note = Arc<dyn Any + Send + Sync>;

/// What an expression does.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Applies an operation by a loop, and converts the result to the dtype of the array.
    Apply {
        /// The operation.
        op: Op,
        /// The loop.
        looped: Loop,
    },
    /// Converts its one operand to the dtype of the array.
    Cast,
    /// Gives every element the same value.
    Full {
        /// The value.
        value: Scalar,
        /// Whether that is what was asked for: otherwise any value does, as long as it stays the same.
        is_wanted: bool,
    },
    /// Draws random numbers of the dtype of the array.
    Random {
        /// What is drawn.
        variate: Variate,
        /// The key of the generator.
        key: Words,
    },
}

/// An operand of an expression.
#[derive(Clone, Debug)]
pub enum Term {
    /// An array, which lies as the result does.
    Array(Arc<Node>),
    /// The same value everywhere.
    Constant(Scalar),
}

impl Expression {
    /// An operation on operands.
    pub fn new(operation: Operation, terms: Vec<Term>, note: Option<Note>) -> Self {
        Self { operation, terms, note }
    }

    /// The arrays among the operands.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.terms.iter().filter_map(|term| match term {
            Term::Array(node) => Some(node),
            Term::Constant(_) => None,
        })
    }

    /// Whether the elements come from nothing but the operation.
    pub fn is_source(&self) -> bool {
        matches!(self.operation, Operation::Random { .. } | Operation::Full { .. })
    }

    /// Whether all elements are the same, which costs nothing to compute with.
    pub fn is_full(&self) -> bool {
        matches!(self.operation, Operation::Full { .. })
    }

    /// The operation, as NumPy calls it.
    pub fn name(&self) -> &'static str {
        match &self.operation {
            Operation::Apply { op, .. } => op.name(),
            Operation::Cast => "astype",
            Operation::Full { .. } => "full",
            Operation::Random { .. } => "random",
        }
    }
}
