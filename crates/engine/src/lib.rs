//! Engines: local arrays, the commands that work on them, and the sessions that send commands.
//!
//! An [`Engine`] keeps the pieces of arrays that live on it. A [`Command`] is one instruction; every
//! engine it concerns executes it with [`executor::execute`], as one SPMD program written against
//! [`distarray_comm::Communicator`]. A [`Session`] takes commands from the user's side to the
//! engines; [`ThreadSession`] has its engines in this process. [`Array`] is the user's handle: what
//! can be checked without the data is checked there, before a command is sent.

#![forbid(unsafe_code)]

pub mod client;
pub mod command;
pub mod engine;
pub mod error;
pub mod exchange;
pub mod executor;
pub mod local_array;
pub mod ops;
pub mod outside;
pub mod session;
pub mod supersteps;
pub mod wire;

pub use client::{Array, Communication};
pub use command::{ArrayId, Command, Initial, Reply};
pub use engine::{Engine, EngineFunction, FunctionContext};
pub use error::{EngineError, EngineFailure, Result, SessionError};
pub use local_array::{LocalArray, labels_of};
pub use session::{RemoteSession, Session, SpmdSession, ThreadSession};
