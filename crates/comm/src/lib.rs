//! How engines talk: bytes between ranks.
//!
//! Everything that engines do together is written once against the trait [`Communicator`]. This
//! crate knows no array and no dtype; it moves bytes and, where ranks share an address space,
//! pointers (see [`SharedMemory`]). [`InProcess`] connects threads of one process, [`messages`]
//! whatever a small [`Transport`](messages::Transport) reaches; every implementation passes the same
//! [`conformance`] suite.
//!
//! Failure is part of the interface: a rank that gives up aborts its [`Group`], and every rank that
//! waits for it, in whatever call, returns [`CommError::Aborted`] with the name of the rank and
//! its reason. Nobody waits for a rank that will not come.
#![forbid(unsafe_code)]

mod call;
mod communicator;
pub mod conformance;
mod error;
mod in_process;
pub mod messages;
mod sync;

pub use communicator::{
    Communicator, Envelope, Flow, Interrupt, Message, SharedMemory, SharedObject,
};
pub use error::{CommError, Result};
pub use in_process::{Group, InProcess};
