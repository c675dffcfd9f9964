//! Redistribution plans: what each rank receives from which other, in closed form per axis.

mod axis;
mod common;
mod flat;
mod periodic;

use std::collections::HashMap;

use crate::{AxisMap, Distribution};
use common::count_common;
pub use flat::{FlatRun, FlatRuns, flat_runs};

/// Positions that match between a source piece and a destination piece along one axis: position
/// `source + source_step * j` goes to `dest + dest_step * j` for `j < len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first position in the source piece.
    pub source: usize,
    /// The first position in the destination piece.
    pub dest: usize,
    /// The distance between neighbours in the source piece.
    pub source_step: isize,
    /// The distance between neighbours in the destination piece.
    pub dest_step: isize,
    /// How many positions there are.
    pub len: usize,
}

/// A pattern of runs that repeats: repetition `k < repeat` adds `k * source_period` to the source
/// positions and `k * dest_period` to the destination positions. Periodic maps (block-cyclic ones)
/// intersect in few runs and many repetitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisTransfer {
    /// The runs of the first repetition.
    pub runs: Vec<Run>,
    /// How often the runs repeat; at least 1.
    pub repeat: usize,
    /// What a repetition adds to source positions.
    pub source_period: isize,
    /// What a repetition adds to destination positions.
    pub dest_period: isize,
}

/// What one rank of the destination receives from one rank of the source: the product over the
/// axes of the union of each axis's patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The rank in the source distribution.
    pub source: usize,
    /// The rank in the destination distribution.
    pub dest: usize,
    /// One list of disjoint patterns per axis.
    pub axes: Vec<Vec<AxisTransfer>>,
}

impl AxisTransfer {
    /// Runs that don't repeat.
    fn once(runs: Vec<Run>) -> Self {
        Self { runs, repeat: 1, source_period: 0, dest_period: 0 }
    }

    /// How many positions match.
    pub fn len(&self) -> usize {
        self.repeat * self.runs.iter().map(|run| run.len).sum::<usize>()
    }

    /// Whether none do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Transfer {
    /// How many elements are transferred.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|patterns| count(patterns)).product()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How many positions match in a union of patterns.
fn count(patterns: &[AxisTransfer]) -> usize {
    patterns.iter().map(AxisTransfer::len).sum()
}

/// Along one axis: what is exchanged with each place of the other side, in ascending order.
type Neighbours = Vec<(usize, Vec<AxisTransfer>)>;

/// What a rank of `dest` receives from every rank of `source`, in ascending order of source ranks:
/// every element of its piece exactly once.
///
/// Where several engines hold an element, the receiver's own copy is taken along every axis along
/// which there is one, else the first.
///
/// # Panics
///
/// In debug builds, when the shapes differ.
pub fn receives(source: &Distribution, dest: &Distribution, dest_rank: usize) -> Vec<Transfer> {
    debug_assert_eq!(source.shape(), dest.shape(), "a plan is between arrays of one shape");
    if is_identity(source, dest) {
        return identity(dest, dest_rank);
    }
    let preferred = source.rank_of_target(dest.targets()[dest_rank]);
    let neighbours: Vec<Neighbours> = (0..dest.ndim())
        .map(|axis| {
            let preferred = preferred.map(|rank| source.place(rank, axis));
            axis::receives(&source.maps()[axis], &dest.piece(dest_rank, axis), preferred)
        })
        .collect();
    let mut transfers = Vec::new();
    product(&neighbours, source.grid_shape(), &mut |source, axes| {
        let axes = axes.iter().map(|&patterns| patterns.clone()).collect();
        transfers.push(Transfer { source, dest: dest_rank, axes });
    });
    transfers
}

/// What a rank of `source` sends to every rank of `dest`, in ascending order of destination ranks:
/// the same transfers that [`receives`] gives to the receivers.
///
/// # Panics
///
/// In debug builds, when the shapes differ.
pub fn sends(source: &Distribution, dest: &Distribution, source_rank: usize) -> Vec<Transfer> {
    debug_assert_eq!(source.shape(), dest.shape(), "a plan is between arrays of one shape");
    if is_identity(source, dest) {
        return identity(dest, source_rank);
    }
    if source.maps().iter().any(|map| !map.is_one_to_one()) {
        // Who sends a copy depends on the receiver, so each possible one is asked.
        let mine = |transfer: &Transfer| transfer.source == source_rank;
        let asked = (0..dest.ranks()).flat_map(|dest_rank| receives(source, dest, dest_rank));
        return asked.filter(mine).collect();
    }
    let neighbours: Vec<Neighbours> = (0..dest.ndim())
        .map(|axis| axis::sends(&source.piece(source_rank, axis), &dest.maps()[axis]))
        .collect();
    let mut transfers = Vec::new();
    product(&neighbours, dest.grid_shape(), &mut |dest, axes| {
        let axes = axes.iter().map(|&patterns| patterns.clone()).collect();
        transfers.push(Transfer { source: source_rank, dest, axes });
    });
    transfers
}

/// How many elements engines of `dest` receive from other engines.
///
/// # Panics
///
/// In debug builds, when the shapes differ.
pub fn moved(source: &Distribution, dest: &Distribution) -> u64 {
    debug_assert_eq!(source.shape(), dest.shape(), "a plan is between arrays of one shape");
    if source.same_layout(dest) {
        return 0;
    }
    let same_engines = source.targets() == dest.targets();
    let engines: HashMap<usize, usize> = if same_engines {
        HashMap::new()
    } else {
        source.targets().iter().enumerate().map(|(rank, &target)| (target, rank)).collect()
    };
    let mut known = HashMap::new();
    let mut moved = 0;
    for (dest_rank, target) in dest.targets().iter().enumerate() {
        let own = if same_engines { Some(dest_rank) } else { engines.get(target).copied() };
        let needed = dest.local_size(dest_rank);
        let held = match own {
            Some(own) if needed > 0 => (0..dest.ndim())
                .map(|axis| {
                    let places = (source.place(own, axis), dest.place(dest_rank, axis));
                    let source_piece = source.maps()[axis].piece(places.0);
                    let dest_piece = dest.maps()[axis].piece(places.1);
                    if source_piece.as_strided().is_some() && dest_piece.as_strided().is_some() {
                        return count_common(&source_piece, &dest_piece);
                    }
                    // Several ranks share a place along an axis; what is slow is counted once.
                    *known
                        .entry((axis, places))
                        .or_insert_with(|| count_common(&source_piece, &dest_piece))
                })
                .product(),
            _ => 0,
        };
        moved += (needed - held) as u64;
    }
    moved
}

/// Whether every rank of `dest` simply takes the whole piece of the same rank of `source`.
fn is_identity(source: &Distribution, dest: &Distribution) -> bool {
    source.same(dest)
        || (source.same_pieces(dest)
            && (source.targets() == dest.targets()
                || source.maps().iter().all(AxisMap::is_one_to_one)))
}

/// The whole piece of a rank, from the same rank.
fn identity(dest: &Distribution, rank: usize) -> Vec<Transfer> {
    let shape = dest.local_shape(rank);
    if shape.contains(&0) {
        return Vec::new();
    }
    let whole = |len| {
        vec![AxisTransfer::once(vec![Run {
            source: 0,
            dest: 0,
            source_step: 1,
            dest_step: 1,
            len,
        }])]
    };
    vec![Transfer { source: rank, dest: rank, axes: shape.into_iter().map(whole).collect() }]
}

/// Calls `visit` with every combination of one neighbour per axis: its rank and its patterns.
fn product<'a>(
    neighbours: &'a [Neighbours],
    grid_shape: &[usize],
    visit: &mut dyn FnMut(usize, &[&'a Vec<AxisTransfer>]),
) {
    let combinations: usize = neighbours.iter().map(Vec::len).product();
    let mut axes = Vec::with_capacity(neighbours.len());
    for combination in 0..combinations {
        let mut stride = combinations;
        let mut rank = 0;
        axes.clear();
        for (list, grid_size) in neighbours.iter().zip(grid_shape) {
            stride /= list.len();
            let (place, patterns) = &list[combination / stride % list.len()];
            rank = rank * grid_size + place;
            axes.push(patterns);
        }
        visit(rank, &axes);
    }
}
