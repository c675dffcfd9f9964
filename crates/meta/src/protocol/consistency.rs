//! What the dictionaries of several processes must agree on.

use std::collections::HashMap;

use super::{Dialect, DimDict, DimPart};
use crate::{MetaError, Result};

/// Checks the dictionaries of all places along one axis against each other. Our own dialect lets
/// padding be wider than what a neighbour owns, as it is when engines have few elements or none.
///
/// # Errors
///
/// [`MetaError::Protocol`] that names the key at fault, and on which place.
pub fn check_axis(axis: usize, dim_dicts: &[DimDict], dialect: Dialect) -> Result<()> {
    let wrong =
        |key: &str, message: String| Err(MetaError::Protocol { axis, key: key.into(), message });
    let Some(first) = dim_dicts.first() else {
        return wrong("proc_grid_size", "has no process at all".into());
    };
    for (place, dim_dict) in dim_dicts.iter().enumerate() {
        if let Some(key) = first.first_shared_difference(dim_dict) {
            return wrong(key, format!("differs between process 0 and process {place}"));
        }
        if dim_dict.proc_grid_size != dim_dicts.len() {
            let (expected, given) = (dim_dict.proc_grid_size, dim_dicts.len());
            return wrong(
                "proc_grid_size",
                format!("is {expected}, but there are dictionaries of {given} processes"),
            );
        }
        if dim_dict.proc_grid_rank != place {
            let rank = dim_dict.proc_grid_rank;
            return wrong("proc_grid_rank", format!("is {rank} on process {place}"));
        }
    }
    let blocks: Vec<_> = dim_dicts.iter().filter_map(DimDict::as_block).collect();
    check_blocks(axis, &blocks)?;
    if dialect == Dialect::Protocol {
        check_widths(axis, &blocks)?;
    }
    check_one_to_one(axis, dim_dicts)
}

/// Checks that blocks cover their axis in order, and that their padding matches.
fn check_blocks(axis: usize, blocks: &[BlockPart]) -> Result<()> {
    let wrong =
        |key: &str, message: String| Err(MetaError::Protocol { axis, key: key.into(), message });
    for (place, pair) in blocks.windows(2).enumerate() {
        let (left, right) = (&pair[0], &pair[1]);
        let next = place + 1;
        let (facing, other) = (left.padding[1], right.padding[0]);
        if facing != other {
            return wrong(
                "padding",
                format!("is {facing} right of process {place} and {other} left of process {next}"),
            );
        }
        let adjacent = left.stop == right.start;
        if !adjacent && right.start + facing + other != left.stop {
            return wrong(
                "start",
                format!(
                    "is {} on process {next}; expected {}, where process {place} stops, or less \
                     by the padding between them",
                    right.start, left.stop
                ),
            );
        }
    }
    if let Some(last) = blocks.last().filter(|last| last.stop != last.size) {
        let (stop, size) = (last.stop, last.size);
        return wrong("stop", format!("is {stop} on the last process; expected \"size\", {size}"));
    }
    owned_bounds(axis, blocks).map(|_| ())
}

/// Checks that padding is no wider than what the neighbour owns.
fn check_widths(axis: usize, blocks: &[BlockPart]) -> Result<()> {
    let bounds = owned_bounds(axis, blocks)?;
    for (place, block) in blocks.iter().enumerate() {
        let neighbours =
            [place.checked_sub(1), Some(place + 1).filter(|&next| next < blocks.len())];
        for (width, neighbour) in block.padding.into_iter().zip(neighbours) {
            let Some(neighbour) = neighbour else { continue };
            let owned = bounds[neighbour + 1] - bounds[neighbour];
            if width > owned {
                let message = format!(
                    "is {width} wide on process {place}, but its neighbour owns only {owned}"
                );
                return Err(MetaError::Protocol { axis, key: "padding".into(), message });
            }
        }
    }
    Ok(())
}

fn check_one_to_one(axis: usize, dim_dicts: &[DimDict]) -> Result<()> {
    let mut owners = HashMap::new();
    for (place, dim_dict) in dim_dicts.iter().enumerate() {
        let DimPart::Unstructured { indices, one_to_one: true } = &dim_dict.part else { continue };
        for index in indices.iter() {
            if let Some(owner) = owners.insert(index, place) {
                return Err(MetaError::Protocol {
                    axis,
                    key: "one_to_one".into(),
                    message: format!(
                        "is True, but index {index} is on process {owner} and on process {place}"
                    ),
                });
            }
        }
    }
    Ok(())
}

/// A block dictionary's own keys.
pub(super) struct BlockPart {
    pub size: usize,
    pub start: usize,
    pub stop: usize,
    pub padding: [usize; 2],
    pub periodic: bool,
}

/// Where the part that each place *owns* begins, and the size at the end. Ranges that overlap do
/// so by the padding on both sides, which belongs to the neighbour.
///
/// # Errors
///
/// [`MetaError::Protocol`] when a process has less than its padding.
pub(super) fn owned_bounds(axis: usize, blocks: &[BlockPart]) -> Result<Vec<usize>> {
    let mut bounds = vec![0; blocks.len() + 1];
    for (place, block) in blocks.iter().enumerate() {
        let overlaps = blocks.get(place + 1).is_some_and(|next| next.start < block.stop);
        let end = block.stop - if overlaps { block.padding[1].min(block.stop) } else { 0 };
        if end < bounds[place] {
            return Err(MetaError::Protocol {
                axis,
                key: "padding".into(),
                message: format!("is wider than what process {place} holds"),
            });
        }
        bounds[place + 1] = end;
    }
    Ok(bounds)
}

impl DimDict {
    pub(super) fn as_block(&self) -> Option<BlockPart> {
        let DimPart::Block { start, stop, padding, periodic } = self.part else { return None };
        Some(BlockPart { size: self.size, start, stop, padding, periodic })
    }

    /// The first key, of those that all places of an axis share, in which two dictionaries differ.
    fn first_shared_difference(&self, other: &Self) -> Option<&'static str> {
        let own = match (&self.part, &other.part) {
            (DimPart::NotDistributed, DimPart::NotDistributed) => None,
            (DimPart::Block { periodic: a, .. }, DimPart::Block { periodic: b, .. }) => {
                (a != b).then_some("periodic")
            }
            (DimPart::Cyclic { block_size: a, .. }, DimPart::Cyclic { block_size: b, .. }) => {
                (a != b).then_some("block_size")
            }
            (
                DimPart::Unstructured { one_to_one: a, .. },
                DimPart::Unstructured { one_to_one: b, .. },
            ) => (a != b).then_some("one_to_one"),
            _ => return Some("dist_type"),
        };
        (self.size != other.size)
            .then_some("size")
            .or((self.proc_grid_size != other.proc_grid_size).then_some("proc_grid_size"))
            .or(own)
    }

    /// The first key in which the dictionaries of two processes at the same place differ.
    fn first_difference(&self, other: &Self) -> Option<&'static str> {
        let own = match (&self.part, &other.part) {
            (
                DimPart::Block { start, stop, padding, .. },
                DimPart::Block {
                    start: other_start, stop: other_stop, padding: other_padding, ..
                },
            ) => (start != other_start)
                .then_some("start")
                .or((stop != other_stop).then_some("stop"))
                .or((padding != other_padding).then_some("padding")),
            (DimPart::Cyclic { start: a, .. }, DimPart::Cyclic { start: b, .. }) => {
                (a != b).then_some("start")
            }
            (
                DimPart::Unstructured { indices: a, .. },
                DimPart::Unstructured { indices: b, .. },
            ) => (a != b).then_some("indices"),
            _ => None,
        };
        self.first_shared_difference(other).or(own)
    }
}

/// One list per axis, of one dictionary per place along it, from one list of dictionaries per
/// rank. Ranks go over the process grid in C order.
///
/// # Errors
///
/// [`MetaError::Invalid`] when the ranks do not fill a grid; [`MetaError::Protocol`] when a rank
/// is not where C order puts it, or disagrees with another one about the place they share.
pub fn per_axis(dim_data_per_rank: &[Vec<DimDict>], dialect: Dialect) -> Result<Vec<Vec<DimDict>>> {
    let invalid = |message: String| MetaError::Invalid { argument: "dim_data_per_rank", message };
    let Some(first) = dim_data_per_rank.first() else {
        return Err(invalid("has no ranks".into()));
    };
    for (rank, dim_data) in dim_data_per_rank.iter().enumerate() {
        if dim_data.len() != first.len() {
            let (others, own) = (first.len(), dim_data.len());
            return Err(invalid(format!("has {others} axes on rank 0 and {own} on rank {rank}")));
        }
    }
    let grid_shape: Vec<usize> = first.iter().map(|dim_dict| dim_dict.proc_grid_size).collect();
    if grid_shape.iter().try_fold(1usize, |product, &places| product.checked_mul(places))
        != Some(dim_data_per_rank.len())
    {
        let ranks = dim_data_per_rank.len();
        return Err(invalid(format!("has {ranks} ranks for a process grid of {grid_shape:?}")));
    }
    let mut axes = Vec::with_capacity(first.len());
    let mut repeat = dim_data_per_rank.len();
    for (axis, &places) in grid_shape.iter().enumerate() {
        repeat /= places;
        let at_place: Vec<DimDict> =
            (0..places).map(|place| dim_data_per_rank[place * repeat][axis].clone()).collect();
        for (rank, dim_data) in dim_data_per_rank.iter().enumerate() {
            let place = rank / repeat % places;
            let (expected, given) = (&at_place[place], &dim_data[axis]);
            let wrong =
                |key: &str, message| Err(MetaError::Protocol { axis, key: key.into(), message });
            if given.proc_grid_rank != place {
                let given = given.proc_grid_rank;
                return wrong(
                    "proc_grid_rank",
                    format!("is {given} on rank {rank}; expected {place}, its place in C order"),
                );
            }
            if let Some(key) = expected.first_difference(given) {
                let other = place * repeat;
                return wrong(key, format!("differs between rank {other} and rank {rank}"));
            }
        }
        check_axis(axis, &at_place, dialect)?;
        axes.push(at_place);
    }
    Ok(axes)
}
