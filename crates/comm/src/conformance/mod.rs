//! The suite that every implementation of [`Communicator`](crate::Communicator) passes.
