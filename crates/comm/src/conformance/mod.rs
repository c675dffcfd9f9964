//! The suite that every implementation of [`Communicator`] passes.
//!
//! A check is a function that every rank runs, and that panics when the communicator breaks a
//! promise. [`run`] runs all of them over groups of several sizes whose ranks are threads;
//! implementations whose ranks are processes call [`check`] in each process instead.

mod collectives;
mod point_to_point;
mod splitting;
mod watchdog;

use std::sync::Arc;

use crate::Communicator;

pub use watchdog::{TIME_LIMIT, spmd};

/// The sizes of the groups that [`run`] asks for.
pub const SIZES: [usize; 5] = [1, 2, 3, 4, 7];

/// A function that every rank runs.
pub type Check = fn(&Arc<dyn Communicator>);

/// Every check, with its name.
pub const CHECKS: &[(&str, Check)] = &[
    ("ranks are numbered", collectives::ranks_are_numbered),
    ("barrier", collectives::barrier),
    ("broadcast", collectives::broadcast),
    ("gather", collectives::gather),
    ("scatter", collectives::scatter),
    ("all_gather", collectives::all_gather),
    ("all_to_all", collectives::all_to_all),
    ("reduce", collectives::reduce),
    ("all_reduce", collectives::all_reduce),
    ("many collectives in a row", collectives::many_in_a_row),
    ("collective errors", collectives::errors),
    ("share", collectives::share),
    ("send and recv", point_to_point::ring),
    ("messages keep their order", point_to_point::order),
    ("tags select messages", point_to_point::tags),
    ("any source", point_to_point::any_source),
    ("messages to oneself", point_to_point::to_oneself),
    ("probe", point_to_point::probe),
    ("several threads of a rank", point_to_point::several_threads),
    ("exchange with neighbours", point_to_point::exchange_with_neighbours),
    ("exchange between few", point_to_point::exchange_between_few),
    ("exchange with oneself", point_to_point::exchange_with_oneself),
    ("stream", point_to_point::stream),
    ("stream that fails", point_to_point::stream_that_fails),
    ("point to point errors", point_to_point::errors),
    ("split by colour", splitting::by_colour),
    ("split by key", splitting::by_key),
    ("split without colour", splitting::without_colour),
    ("split a split", splitting::twice),
    ("communicators are separate", splitting::separate),
];

/// Runs every check on this rank of `communicator`; to be called on all of its ranks.
///
/// # Panics
///
/// When a check fails.
pub fn check(communicator: &Arc<dyn Communicator>) {
    for (_, check) in CHECKS {
        check(communicator);
    }
}

/// Runs every check over groups of [`SIZES`] that `factory` makes, with threads as ranks.
///
/// # Panics
///
/// When a check fails, or takes longer than [`TIME_LIMIT`].
pub fn run(factory: impl Fn(usize) -> Vec<Arc<dyn Communicator>>) {
    for size in SIZES {
        let group = factory(size);
        assert_eq!(group.len(), size, "the factory made a group of another size");
        for &(name, check) in CHECKS {
            spmd(name, &group, check);
        }
    }
}
