//! Ranks that are processes, which share nothing and exchange messages.
//!
//! A [`Transport`] is the least that moves bytes between processes. An [`Endpoint`] makes messages of
//! them and keeps those that nobody has asked for yet; groups of processes meet there, and the
//! [`MessageCommunicator`]s of a group do the rest.
//!
//! - `header`, `control`: what packets say; `link`: long messages; `spare`: memory for them;
//! - `endpoint`, `group`, `members`, `mailbox`, `presence`: who has sent what, and what is known of others;
//! - `wait`: how a thread waits;
//! - `communicator`, `stream`, `collectives`, `schedule`, `frames`: what ranks do together, each with a number of
//!   messages that grows with the logarithm of the number of ranks;
//! - `simulated`: a transport for tests.

mod collectives;
mod communicator;
mod control;
mod endpoint;
mod frames;
mod group;
mod handle;
mod header;
mod link;
mod mailbox;
mod members;
mod presence;
pub mod schedule;
mod simulated;
mod spare;
mod stream;
mod transport;
mod wait;

pub use communicator::MessageCommunicator;
pub use endpoint::Endpoint;
pub use handle::MessageGroup;
pub use simulated::{Network, Traffic};
pub use transport::{Arrival, LEAST_PACKET_LIMIT, Transport};
pub use wait::BackOff;
