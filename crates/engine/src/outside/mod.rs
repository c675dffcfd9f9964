//! Pieces whose elements are outside of the engine's memory: in a file of some format that others know
//! how to read, or on the way to one.
//!
//! Nobody but [`Engine`](crate::Engine) and the operations that go through elements part by part
//! knows of them: to all others such a piece is a block, which is read when it is asked for.
//! [`cuts`] says in which parts, and [`passes`] goes through them, reading ahead.

pub mod cuts;
pub mod passes;
mod piece;

pub use piece::{Outer, OutsidePiece, is_large};

use distarray_kernels::Block;
use distarray_meta::Indices;

use crate::error::FunctionError;

/// What brings elements from outside, or takes them there.
pub trait Outside: Send + Sync {
    /// Brings the elements with these indices along each axis into a C-contiguous block; or takes those
    /// of the block there, if the piece is one to be written.
    ///
    /// # Errors
    ///
    /// Whatever the host meets.
    fn transfer(&self, axes: &[Indices], block: &Block) -> Result<(), FunctionError>;

    /// Calls `work` without whatever lock the host holds on this thread: a transfer on another one may
    /// need it.
    fn unlocked(&self, work: &mut (dyn FnMut() + Send));

    /// Whether to go on with what takes long.
    ///
    /// # Errors
    ///
    /// When the user asks to stop.
    fn check(&self) -> Result<(), FunctionError>;
}
