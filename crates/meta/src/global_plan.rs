//! Redistribution plans for people: in global indices, between ranks of the engines of both
//! distributions. The engines themselves use the closed forms of [`crate::plan`].

use crate::plan::{AxisTransfer, flat_runs, sends};
use crate::protocol::DimDict;
use crate::{AxisMap, Distribution, Indices, MetaError, Result};

/// What one engine sends to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalTransfer {
    /// The place of the sender among the sorted engines of both distributions.
    pub source: usize,
    /// The place of the receiver.
    pub dest: usize,
    /// Which elements.
    pub elements: Elements,
}

/// Which elements one engine sends to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elements {
    /// Between arrays of one shape: the product of these indices, one list per axis.
    PerAxis(Vec<Indices>),
    /// Between arrays of different shapes: intervals of the flattened array, start and stop.
    Flat(Vec<Interval>),
}

/// Part of the flattened array: start and stop.
pub type Interval = (usize, usize);

/// The engines of both distributions, sorted.
pub fn target_union(distributions: &[&Distribution]) -> Vec<usize> {
    let mut targets: Vec<usize> =
        distributions.iter().flat_map(|distribution| distribution.targets()).copied().collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// What every engine of `source` sends to every engine of `dest`, itself included, by senders
/// first.
///
/// # Errors
///
/// [`MetaError::Invalid`] when the arrays have different numbers of elements.
pub fn global_plan(source: &Distribution, dest: &Distribution) -> Result<Vec<GlobalTransfer>> {
    if source.global_size() != dest.global_size() {
        return Err(MetaError::Invalid {
            argument: "distribution",
            message: format!(
                "an array of shape {:?} cannot be distributed as one of shape {:?}",
                source.shape(),
                dest.shape()
            ),
        });
    }
    let union = target_union(&[source, dest]);
    let place = |target| union.binary_search(&target).unwrap_or_default();
    let elements =
        if source.shape() == dest.shape() { same_shape(source, dest) } else { flat(source, dest) };
    let mut plan: Vec<GlobalTransfer> = elements
        .into_iter()
        .map(|(source_rank, dest_rank, elements)| GlobalTransfer {
            source: place(source.targets()[source_rank]),
            dest: place(dest.targets()[dest_rank]),
            elements,
        })
        .collect();
    plan.sort_by_key(|transfer| (transfer.source, transfer.dest));
    Ok(plan)
}

fn same_shape(source: &Distribution, dest: &Distribution) -> Vec<(usize, usize, Elements)> {
    let mut plan = Vec::new();
    for rank in 0..source.ranks() {
        for transfer in sends(source, dest, rank).into_iter().filter(|sent| !sent.is_empty()) {
            let indices = transfer
                .axes
                .iter()
                .enumerate()
                .map(|(axis, patterns)| sent_indices(&source.piece(rank, axis), patterns))
                .collect();
            plan.push((rank, transfer.dest, Elements::PerAxis(indices)));
        }
    }
    plan
}

/// The global indices, in ascending order, of the positions in `piece` that `patterns` name.
fn sent_indices(piece: &Indices, patterns: &[AxisTransfer]) -> Indices {
    let mut indices = Vec::with_capacity(patterns.iter().map(AxisTransfer::len).sum());
    for pattern in patterns {
        for repetition in 0..pattern.repeat as isize {
            for run in &pattern.runs {
                let first = run.source as isize + repetition * pattern.source_period;
                indices.extend(
                    (0..run.len as isize)
                        .map(|j| piece.get((first + run.source_step * j) as usize)),
                );
            }
        }
    }
    indices.sort_unstable();
    Indices::from_list(indices)
}

fn flat(source: &Distribution, dest: &Distribution) -> Vec<(usize, usize, Elements)> {
    let held: Vec<_> = (0..source.ranks()).map(|rank| intervals(source, rank)).collect();
    let mut plan = Vec::new();
    for dest_rank in 0..dest.ranks() {
        // Of an element that several engines hold, the first one sends its copy.
        let mut missing = intervals(dest, dest_rank);
        for (source_rank, held) in held.iter().enumerate() {
            let (sent, rest) = split(&missing, held);
            missing = rest;
            if !sent.is_empty() {
                plan.push((source_rank, dest_rank, Elements::Flat(sent)));
            }
        }
    }
    plan
}

/// A rank's piece as intervals of the flattened array, in ascending order and as few as possible.
fn intervals(distribution: &Distribution, rank: usize) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for run in flat_runs(distribution, rank) {
        match intervals.last_mut() {
            Some(last) if last.1 == run.global => last.1 += run.len,
            _ => intervals.push((run.global, run.global + run.len)),
        }
    }
    intervals
}

/// The parts of `wanted` that are in `held`, and those that are not; all of them sorted.
fn split(wanted: &[Interval], held: &[Interval]) -> (Vec<Interval>, Vec<Interval>) {
    let (mut both, mut rest) = (Vec::new(), Vec::new());
    let mut candidates = held.iter().copied().peekable();
    for &(mut start, stop) in wanted {
        while let Some(&(held_start, held_stop)) = candidates.peek() {
            if held_start >= stop {
                break;
            }
            let (from, to) = (start.max(held_start), stop.min(held_stop));
            if from < to {
                rest.extend((start < from).then_some((start, from)));
                both.push((from, to));
                start = to;
            }
            if held_stop > stop {
                break;
            }
            candidates.next();
        }
        rest.extend((start < stop).then_some((start, stop)));
    }
    (both, rest)
}

/// The intervals of the flattened array that make up the piece that one process's dictionaries
/// describe, in ascending order and as few as possible.
///
/// # Errors
///
/// [`MetaError::Protocol`] when an index lies outside its axis.
pub fn flat_intervals(dim_data: &[DimDict]) -> Result<Vec<Interval>> {
    let mut maps = Vec::with_capacity(dim_data.len());
    for (axis, dim_dict) in dim_data.iter().enumerate() {
        let piece = dim_dict.indices();
        if let Some((low, high)) = piece.hull()
            && (low < 0 || high >= dim_dict.size as i64)
        {
            let index = if low < 0 { low } else { high };
            return Err(MetaError::Protocol {
                axis,
                key: "indices".into(),
                message: format!("has {index}, outside of an axis of size {}", dim_dict.size),
            });
        }
        maps.push(AxisMap::unstructured_unchecked(dim_dict.size, vec![piece]));
    }
    Ok(intervals(&Distribution::new(maps, vec![0])?, 0))
}
