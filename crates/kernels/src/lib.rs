//! What is computed on one block of memory.
//!
//! A [`Block`] is a typed, strided (or indexed) view of a shared [`Buffer`]. A [`Program`] is a
//! list of steps over registers that is evaluated block by block; an eager operation is a program
//! of one step. Reductions, random numbers and copies work on blocks too. Nothing here knows of
//! ranks: what a global index is comes in as plain lists of labels.

#![expect(
    clippy::inline_always,
    reason = "a loop is only vectorised when the formula in it is inlined"
)]

pub mod block;
pub mod buffer;
pub mod copy;
pub mod dtype;
pub mod element;
pub mod error;
pub mod exact;
pub mod fork;
pub mod labels;
mod math;
pub mod ops;
mod parallel;
pub mod program;
pub mod progress;
pub mod promotion;
pub mod random;
pub mod reduce;
pub mod scalar;
pub mod scan;
mod simd;
mod walk;

pub use block::{AxisLayout, Block, Region};
pub use buffer::Buffer;
pub use dtype::{DType, Opaque};
pub use element::{Bool, Element};
pub use error::{KernelError, Result};
pub use labels::Labels;
pub use ops::{Argument, Loop, Op};
pub use program::{Builder, FloatFlags, Input, Operand, Output, Program, Source, Step};
pub use promotion::{Casting, Kind};
pub use reduce::{Partial, Reduction};
pub use scalar::Scalar;
pub use scan::{Accumulation, Scan};
