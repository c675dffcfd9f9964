//! Arrays in files.
//!
//! A format says where in a file the elements of an array lie ([`Layout`]) and what they are; the
//! rest is the same for all: each engine reads or writes the [`region`] of the array that it holds,
//! by itself, at positions of its own.

pub mod dnpy;
pub mod error;
pub mod file;
pub mod layout;
pub mod literal;
pub mod npy;
pub mod region;
pub mod release;
pub mod replacement;
#[cfg(test)]
mod scratch;
pub mod write_back;

pub use error::{ErrorKind, Result, StorageError};
pub use file::ArrayFile;
pub use layout::Layout;
