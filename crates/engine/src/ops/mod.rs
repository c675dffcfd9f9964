//! What engines do on commands: one file per family of operations.

pub mod accumulate;
pub mod create;
pub mod evaluate;
pub mod file;
pub mod host;
pub mod mapped;
mod outside;
mod parts;
pub mod redistribute;
pub mod reduce;
mod reduce_parts;
pub mod reshape;
pub mod view;

use std::sync::OnceLock;

use distarray_meta::Distribution;

use crate::engine::Engine;
use crate::error::EngineError;

/// How many threads one of so many engines may use, so that all cores have work.
fn threads_of_one(engines: usize) -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    (cores / engines.max(1)).max(1)
}

/// The rank of this engine in a distribution, if it has a piece of it.
fn rank_in(engine: &Engine, distribution: &Distribution) -> Option<usize> {
    distribution.rank_of_target(engine.number())
}

/// The ranks whose pieces differ from one's own along no axes but the free ones, itself among them,
/// in ascending order.
fn alike(
    distribution: &Distribution,
    rank: usize,
    is_free: impl Fn(usize) -> bool,
) -> impl Iterator<Item = usize> {
    let mine = distribution.coordinates(rank);
    (0..distribution.ranks()).filter(move |&other| {
        let theirs = distribution.coordinates(other);
        (0..mine.len()).all(|axis| is_free(axis) || mine[axis] == theirs[axis])
    })
}

/// As [`rank_in`], for commands that are sent to the owners of pieces alone.
fn own_rank(engine: &Engine, distribution: &Distribution) -> Result<usize, EngineError> {
    rank_in(engine, distribution).ok_or_else(|| {
        EngineError::Panic(format!("engine {} has no piece of the array", engine.number()))
    })
}
