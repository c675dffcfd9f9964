//! The indices that two pieces have in common.

use std::cell::OnceCell;

use super::{AxisTransfer, Run, periodic};
use crate::Indices;
use crate::progression::{Progression, meet};

/// A position in the source piece and the position in the destination piece that holds the same
/// index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub source: usize,
    pub dest: usize,
}

/// One of the pieces, with a way to find positions in it.
pub(super) struct Side<'a> {
    pub indices: &'a Indices,
    reused: bool,
    finder: OnceCell<Finder>,
}

impl<'a> Side<'a> {
    /// A piece that is compared with one other.
    pub fn once(indices: &'a Indices) -> Self {
        Self { indices, reused: false, finder: OnceCell::new() }
    }

    /// A piece that is compared with many others, so that its own finder pays.
    pub fn reused(indices: &'a Indices) -> Self {
        Self { indices, reused: true, finder: OnceCell::new() }
    }

    /// The local position of a global index.
    pub fn position(&self, global: i64) -> Option<usize> {
        match self.indices {
            Indices::List(list) => self.finder.get_or_init(|| Finder::new(list)).position(global),
            structured => structured.position(global),
        }
    }
}

/// Finds positions in a list.
enum Finder {
    /// Position plus one of the index `low + entry`; 0 for none.
    Table { low: i64, positions: Vec<usize> },
    /// Index and position, sorted.
    Sorted(Vec<(i64, usize)>),
}

impl Finder {
    /// A table is faster, but may take up to this many entries for each index.
    const SPREAD: usize = 16;

    fn new(list: &[i64]) -> Self {
        let low = list.iter().copied().min().unwrap_or(0);
        let high = list.iter().copied().max().unwrap_or(0);
        let span = (high - low) as usize + 1;
        if span / Self::SPREAD <= list.len() {
            let mut positions = vec![0; span];
            for (after, &index) in (1..).zip(list) {
                positions[(index - low) as usize] = after;
            }
            return Self::Table { low, positions };
        }
        let mut sorted: Vec<(i64, usize)> =
            list.iter().enumerate().map(|(position, &index)| (index, position)).collect();
        sorted.sort_unstable();
        Self::Sorted(sorted)
    }

    fn position(&self, global: i64) -> Option<usize> {
        match self {
            Self::Table { low, positions } => {
                let entry = usize::try_from(global - low).ok()?;
                positions.get(entry)?.checked_sub(1)
            }
            Self::Sorted(sorted) => {
                let found = sorted.binary_search_by_key(&global, |&(index, _)| index).ok()?;
                Some(sorted[found].1)
            }
        }
    }
}

/// The indices that two pieces have in common.
pub(super) fn common(source: &Indices, dest: &Indices) -> Vec<AxisTransfer> {
    common_sides(&Side::once(source), &Side::once(dest))
}

/// As [`common`]. The sender and the receiver of a transfer call this with different sides reused
/// and get the same patterns in the same order: that of the destination where it is a list, else
/// that of a source that is a list.
pub(super) fn common_sides(source: &Side, dest: &Side) -> Vec<AxisTransfer> {
    match (source.indices, dest.indices) {
        (Indices::Strided { .. }, Indices::Strided { .. }) => {
            let run = common_run(source.indices, dest.indices);
            run.map(|run| AxisTransfer::once(vec![run])).into_iter().collect()
        }
        (Indices::List(source_list), Indices::List(_)) if dest.reused => {
            let found = |(source, &index)| Some(Pair { source, dest: dest.position(index)? });
            let mut pairs: Vec<Pair> = source_list.iter().enumerate().filter_map(found).collect();
            pairs.sort_unstable_by_key(|pair| pair.dest);
            runs_of(&pairs)
        }
        (_, Indices::List(list)) => {
            let found = |(dest, &index)| Some(Pair { source: source.position(index)?, dest });
            runs_of(&list.iter().enumerate().filter_map(found).collect::<Vec<_>>())
        }
        (Indices::List(list), _) => {
            let found = |(source, &index)| Some(Pair { source, dest: dest.position(index)? });
            runs_of(&list.iter().enumerate().filter_map(found).collect::<Vec<_>>())
        }
        (source, dest) => periodic::common(source, dest),
    }
}

/// The indices that two strided pieces have in common.
fn common_run(source: &Indices, dest: &Indices) -> Option<Run> {
    let progression = |indices: &Indices| {
        indices.as_strided().map(|(start, step, len)| Progression { start, step, len })
    };
    meet(&progression(source)?, &progression(dest)?).map(|common| Run {
        source: common.first_start,
        dest: common.second_start,
        source_step: common.first_step,
        dest_step: common.second_step,
        len: common.len,
    })
}

/// How many indices two pieces have in common.
pub(super) fn count_common(source: &Indices, dest: &Indices) -> usize {
    let count_in = |list: &[i64], piece: &Indices| {
        let side = Side::once(piece);
        list.iter().filter(|&&index| side.position(index).is_some()).count()
    };
    match (source, dest) {
        (Indices::List(list), piece) | (piece, Indices::List(list)) => count_in(list, piece),
        (Indices::Strided { .. }, Indices::Strided { .. }) => {
            common_run(source, dest).map_or(0, |run| run.len)
        }
        _ => super::count(&common(source, dest)),
    }
}

/// The pairs in their order, as few runs as a glance ahead finds.
pub(super) fn runs_of(pairs: &[Pair]) -> Vec<AxisTransfer> {
    let mut runs: Vec<Run> = Vec::new();
    for &Pair { source, dest } in pairs {
        if let Some(run) = runs.last_mut() {
            let source_step = source as isize - run.source as isize;
            let dest_step = dest as isize - run.dest as isize;
            if run.len == 1 {
                (run.source_step, run.dest_step, run.len) = (source_step, dest_step, 2);
                continue;
            }
            let len = run.len as isize;
            if source_step == run.source_step * len && dest_step == run.dest_step * len {
                run.len += 1;
                continue;
            }
        }
        runs.push(Run { source, dest, source_step: 1, dest_step: 1, len: 1 });
    }
    if runs.is_empty() { Vec::new() } else { vec![AxisTransfer::once(runs)] }
}
