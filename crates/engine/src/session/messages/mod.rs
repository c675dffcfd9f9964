//! Engines that are other processes, reached by messages: what carries requests to them, and answers
//! back.
//!
//! A request goes along a binomial tree over the client and the engines that take part, and their
//! answers come back along it, gathered: no process sends or receives more messages than the
//! logarithm of their number. What is long goes straight to the client. Engines that may still be busy
//! with something that the client has given up are spoken to one by one, so that no other waits for
//! them.
//!
//! - `roster`: who takes part;
//! - `frame`: what a message has in it;
//! - `courier`: the client's end, `peers`: what it knows of its engines;
//! - `attendant`: an engine to which others bring requests;
//! - `link`: an engine's end; `station` and `gathering`: what goes through it; `watch`: what it does
//!   while the engine is at work.

mod attendant;
mod courier;
mod frame;
mod gathering;
mod link;
mod peers;
mod roster;
mod station;
mod watch;

pub use attendant::Attendant;
pub use courier::MessageCourier;
pub use link::MessageLink;
pub use roster::Roster;
