//! Commands and replies as bytes, for engines in other processes.
//!
//! A [`Request`] carries a command, and what else an engine has to know; an [`Answer`] what came of
//! it. Each is a [`Parcel`]: a head, in postcard's format, and parts that are passed on as they are,
//! such as the elements of a piece. A request is written once for all engines that take part; only
//! the parts of [`Instruction::WriteHost`] differ from engine to engine.
//!
//! Client and engines are processes of the same program, which compare their [`greeting`]s. What
//! they read is believed to be what the other has written: memory is safe whatever the bytes are, but
//! nonsense may end in a panic, which fails the command.

mod answer;
mod errors;
mod function;
mod parcel;
pub(crate) mod path;
mod request;

pub use answer::{Answer, Outcome};
pub use function::{FunctionCodec, NoFunctions};
pub use parcel::Parcel;
pub use request::{Instruction, Outline, Request};

use distarray_comm::CommError;

/// Changes with every change of what the bytes mean.
const FORMAT: u32 = 2;

/// What processes compare before they exchange anything else, so that those of different versions don't
/// misread each other.
pub fn greeting() -> String {
    let (version, bits) = (env!("CARGO_PKG_VERSION"), usize::BITS);
    let order = if cfg!(target_endian = "little") { "little" } else { "big" };
    format!("DistArray {version}, format {FORMAT}, {bits} bits, {order} end first")
}

/// The error for bytes that cannot be written or read.
fn unreadable(error: &postcard::Error) -> CommError {
    CommError::Transport(format!("a message between processes makes no sense: {error}"))
}
