//! Where the elements of a distributed array live.
//!
//! Pure values: no dtype, no data, no I/O. An [`AxisMap`] says which place of a process grid owns
//! which indices of one axis; a [`Distribution`] is the product of one map per axis, laid over a
//! list of engines. Slicing gives another distribution and says what each engine selects of its
//! piece; a redistribution plan says what each rank receives from which other, in closed form.
//!
//! ```
//! use distarray_meta::{AxisMap, AxisSlice, Distribution, IndexItem, moved, receives};
//!
//! // Ten rows over two engines, in blocks and dealt round robin.
//! let blocks = Distribution::new(vec![AxisMap::block(10, 2), AxisMap::no_dist(3)], vec![0, 1])?;
//! let dealt = Distribution::new(vec![AxisMap::cyclic(10, 2), AxisMap::no_dist(3)], vec![0, 1])?;
//! assert_eq!(dealt.piece(1, 0).to_vec(), [1, 3, 5, 7, 9]);
//!
//! // Engine 1 gets rows 1 and 3 from engine 0, and has rows 5, 7 and 9.
//! let transfers = receives(&blocks, &dealt, 1);
//! assert_eq!(transfers[0].axes[0][0].runs[0].source_step, 2);
//! assert_eq!(transfers.iter().map(|transfer| transfer.len()).collect::<Vec<_>>(), [6, 9]);
//! assert_eq!(moved(&blocks, &dealt), 12);
//!
//! // Every third row of the blocks stays where it is.
//! let rows = AxisSlice::new(Some(1), None, Some(3), 10)?;
//! let sliced = blocks.slice(&[IndexItem::Slice(rows)])?;
//! assert_eq!(sliced.distribution.local_shapes(), [[2, 3], [1, 3]]);
//! # Ok::<(), distarray_meta::MetaError>(())
//! ```
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod construct;
pub mod dictionary;
pub mod dist_type;
pub mod distribution;
pub mod error;
pub mod global_plan;
pub mod grid;
pub mod indices;
pub mod lists;
pub mod maps;
pub mod partitions;
pub mod plan;
mod progression;
pub mod protocol;
mod select;
pub mod slice;

pub use broadcast::broadcast_shapes;
pub use dictionary::{ReaderDictionary, WriterDictionary};
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
