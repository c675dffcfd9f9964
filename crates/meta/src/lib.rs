//! Where the elements of a distributed array live.
//!
//! Pure values: no dtype, no data, no I/O. An [`AxisMap`] says which place of a process grid owns
//! which indices of one axis; a [`Distribution`] is the product of one map per axis, laid over a
//! list of engines. Slicing gives another distribution and says what each engine selects of its
//! piece; a redistribution plan says what each rank receives from which other, in closed form.
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod construct;
pub mod dist_type;
pub mod distribution;
pub mod error;
pub mod global_plan;
pub mod grid;
pub mod indices;
pub mod maps;
pub mod partitions;
pub mod plan;
mod progression;
pub mod protocol;
mod select;
pub mod slice;

pub use broadcast::broadcast_shapes;
pub use dist_type::DistType;
pub use distribution::Distribution;
pub use error::{MetaError, Result};
pub use indices::Indices;
pub use maps::AxisMap;
pub use plan::{AxisTransfer, FlatRun, FlatRuns, Run, Transfer, flat_runs, moved, receives, sends};
pub use slice::{
    AxisSlice, IndexItem, LocalIndex, RawIndex, Selection, SlicedAxis, SlicedDistribution,
    expand_index,
};
