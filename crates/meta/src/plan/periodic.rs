//! The indices that two pieces have in common when at least one of them is blocks: a pattern that
//! repeats with the least common multiple of both periods.

use super::common::Pair;
use super::{AxisTransfer, Run, common::runs_of};
use crate::Indices;
use crate::progression::{Progression, gcd, meet};

/// The indices that two pieces have in common, at least one of which is blocks and none a list.
pub(super) fn common(source: &Indices, dest: &Indices) -> Vec<AxisTransfer> {
    let (Some(source_hull), Some(dest_hull)) = (source.hull(), dest.hull()) else {
        return Vec::new();
    };
    let window =
        Window { from: source_hull.0.max(dest_hull.0), to: source_hull.1.min(dest_hull.1) + 1 };
    if window.from >= window.to {
        return Vec::new();
    }
    let swapped = match (Inner::new(source), Inner::new(dest)) {
        (Inner::Blocks(source), Inner::Blocks(dest)) => source.period < dest.period,
        (Inner::Strided(_), _) => true,
        (Inner::Blocks(_), Inner::Strided(_)) => false,
    };
    let (outer, inner) = if swapped { (dest, source) } else { (source, dest) };
    let Inner::Blocks(outer) = Inner::new(outer) else {
        unreachable!("one of the pieces is blocks");
    };
    let found = Search { outer, inner: Inner::new(inner) }.patterns(window);
    if swapped { found.into_iter().map(swap).collect() } else { found }
}

/// Global indices `from..to`.
#[derive(Clone, Copy)]
struct Window {
    from: i64,
    to: i64,
}

/// [`Indices::Blocks`], without its length, because windows end where it ends.
#[derive(Clone, Copy)]
struct Blocks {
    start: i64,
    block: i64,
    period: i64,
    skip: i64,
}

impl Blocks {
    /// The parts of blocks within a window, and the position of the first index of each.
    fn parts(self, window: Window) -> impl Iterator<Item = (Window, usize)> {
        let first = (window.from - self.start).div_euclid(self.period);
        let last = (window.to - 1 - self.start).div_euclid(self.period);
        (first..=last).filter_map(move |turn| {
            let begin = self.start + turn * self.period;
            let from = begin.max(window.from);
            let to = (begin + self.block).min(window.to);
            let position = turn * self.block + from - begin - self.skip;
            (from < to).then_some((Window { from, to }, position as usize))
        })
    }

    /// The beginning of the first block that begins at or after an index.
    fn next_block(self, index: i64) -> i64 {
        index + (self.start - index).rem_euclid(self.period)
    }

    fn position(self, index: i64) -> Option<usize> {
        let (turn, rest) = ((index - self.start) / self.period, (index - self.start) % self.period);
        (rest < self.block).then_some((turn * self.block + rest - self.skip) as usize)
    }
}

/// The piece that is looked at inside each block of the other.
#[derive(Clone, Copy)]
enum Inner {
    Blocks(Blocks),
    Strided(Progression),
}

impl Inner {
    fn new(indices: &Indices) -> Self {
        match *indices {
            Indices::Blocks { start, block, period, skip, .. } => Self::Blocks(Blocks {
                start,
                block: block as i64,
                period: period as i64,
                skip: skip as i64,
            }),
            Indices::Strided { start, step, len } => {
                Self::Strided(Progression { start, step, len })
            }
            Indices::List(_) => unreachable!("lists are compared index by index"),
        }
    }

    fn period(self) -> i64 {
        match self {
            Self::Blocks(blocks) => blocks.period,
            Self::Strided(progression) => progression.step.abs(),
        }
    }
}

/// A search for the indices of `inner` within the blocks of `outer`. In its results, `outer` is the
/// source.
struct Search {
    outer: Blocks,
    inner: Inner,
}

impl Search {
    fn patterns(&self, window: Window) -> Vec<AxisTransfer> {
        let (outer_period, inner_period) = (self.outer.period, self.inner.period());
        let divisor = gcd(outer_period.unsigned_abs(), inner_period.unsigned_abs()) as i64;
        let common_period = (outer_period / divisor).saturating_mul(inner_period);
        // Repetitions begin where a block of `outer` does, so that none is cut.
        let aligned = self.outer.next_block(window.from).min(window.to);
        let repeat = (window.to - aligned) / common_period;
        let repeated = if repeat > 1 { common_period } else { window.to - window.from };
        if let Inner::Blocks(inner) = self.inner {
            let runs = repeated / outer_period * (self.outer.block / inner_period);
            if runs > 3 * (window.to - window.from) / outer_period {
                return self.patterns_by_block(inner, window);
            }
        }
        if repeat < 2 {
            return once(self.runs(window));
        }
        let body = Window { from: aligned, to: aligned + common_period };
        let tail = Window { from: aligned + repeat * common_period, to: window.to };
        let mut found = once(self.runs(Window { from: window.from, to: aligned }));
        let runs = self.runs(body);
        if !runs.is_empty() {
            let inner_turns = common_period / inner_period;
            let inner_advance = match self.inner {
                Inner::Blocks(inner) => inner_turns * inner.block,
                Inner::Strided(progression) => inner_turns * progression.step.signum(),
            };
            found.push(AxisTransfer {
                runs,
                repeat: repeat as usize,
                source_period: (common_period / outer_period * self.outer.block) as isize,
                dest_period: inner_advance as isize,
            });
        }
        found.extend(once(self.runs(tail)));
        found
    }

    /// Where blocks of `outer` are so long that each spans many of `inner`: the repetition of
    /// `inner` within each block.
    fn patterns_by_block(&self, inner: Blocks, window: Window) -> Vec<AxisTransfer> {
        let mut found = Vec::new();
        for (part, position) in self.outer.parts(window) {
            let len = (part.to - part.from) as usize;
            let whole = Progression { start: part.from, step: 1, len };
            let search = Search { outer: inner, inner: Inner::Strided(whole) };
            for mut pattern in search.patterns(part).into_iter().map(swap) {
                for run in &mut pattern.runs {
                    run.source += position;
                }
                found.push(pattern);
            }
        }
        found
    }

    /// The runs within a window, without looking for repetitions.
    fn runs(&self, window: Window) -> Vec<Run> {
        if window.from >= window.to {
            return Vec::new();
        }
        match self.inner {
            Inner::Strided(inner) if inner.step.abs() > self.outer.period => {
                self.runs_by_index(&inner, window)
            }
            Inner::Strided(inner) => {
                let mut runs = Vec::new();
                for (part, position) in self.outer.parts(window) {
                    let len = (part.to - part.from) as usize;
                    let whole = Progression { start: part.from, step: 1, len };
                    runs.extend(meet(&whole, &inner).map(|common| Run {
                        source: position + common.first_start,
                        dest: common.second_start,
                        source_step: common.first_step,
                        dest_step: common.second_step,
                        len: common.len,
                    }));
                }
                runs
            }
            Inner::Blocks(inner) => {
                let mut runs = Vec::new();
                for (outer_part, position) in self.outer.parts(window) {
                    runs.extend(inner.parts(outer_part).map(|(part, dest)| Run {
                        source: position + (part.from - outer_part.from) as usize,
                        dest,
                        source_step: 1,
                        dest_step: 1,
                        len: (part.to - part.from) as usize,
                    }));
                }
                runs
            }
        }
    }

    /// The runs of a progression that is sparser than the blocks of `outer`: looks at its members.
    fn runs_by_index(&self, inner: &Progression, window: Window) -> Vec<Run> {
        let len = (window.to - window.from) as usize;
        let whole = Progression { start: window.from, step: 1, len };
        let Some(common) = meet(inner, &whole) else { return Vec::new() };
        let pairs: Vec<Pair> = (0..common.len)
            .filter_map(|j| {
                let index =
                    window.from + (common.second_start + j * common.second_step as usize) as i64;
                let dest = common.first_start as isize + j as isize * common.first_step;
                Some(Pair { source: self.outer.position(index)?, dest: dest as usize })
            })
            .collect();
        runs_of(&pairs).pop().map_or_else(Vec::new, |pattern| pattern.runs)
    }
}

/// The runs as a pattern that occurs once; none if there are none.
fn once(runs: Vec<Run>) -> Vec<AxisTransfer> {
    if runs.is_empty() { Vec::new() } else { vec![AxisTransfer::once(runs)] }
}

/// The same pattern with source and destination exchanged.
fn swap(pattern: AxisTransfer) -> AxisTransfer {
    let swap_run = |run: Run| Run {
        source: run.dest,
        dest: run.source,
        source_step: run.dest_step,
        dest_step: run.source_step,
        len: run.len,
    };
    AxisTransfer {
        runs: pattern.runs.into_iter().map(swap_run).collect(),
        repeat: pattern.repeat,
        source_period: pattern.dest_period,
        dest_period: pattern.source_period,
    }
}
