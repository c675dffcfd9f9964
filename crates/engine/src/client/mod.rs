//! The user's side: handles of arrays, and the algorithms that turn an operation on them into
//! commands.

mod accumulation;
mod alignment;
mod array;
mod assign;
mod create;
mod deferral;
mod direct;
mod elementwise;
mod evaluation;
mod explanation;
mod expression;
mod file;
mod layout;
mod mapped;
mod node;
mod python_scalar;
mod reduction;

pub use accumulation::{Accumulate, flattened};
pub use alignment::Alignment;
pub use array::{Array, Passing};
pub use create::{affine, eye, index_grid};
pub use elementwise::{Elementwise, Operand};
pub use evaluation::{Report, take_reports};
pub use explanation::{Explanation, Read};
pub use expression::Note;
pub use file::NpyFile;
pub use layout::{Communication, Policy};
pub use python_scalar::PythonScalar;
pub use reduction::{Reduce, dot};
