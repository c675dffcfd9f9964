//! What one copy moves of a transfer, and what one message does.

use std::ops::Range;
use std::sync::Arc;

use distarray_kernels::Block;
use distarray_meta::{AxisTransfer, Run, Transfer};

/// Beyond this many runs, positions are listed instead of copied run by run.
const FEW_RUNS: usize = 8;

/// The part of one axis that one copy handles.
#[derive(Clone)]
enum AxisPart {
    Pattern {
        run: Run,
        repeat: usize,
        source_period: isize,
        dest_period: isize,
    },
    /// A range of positions. `unit` is the length of the run that a pattern of these positions would
    /// repeat.
    Lists {
        source: Arc<[usize]>,
        dest: Arc<[usize]>,
        range: Range<usize>,
        unit: usize,
    },
}

impl AxisPart {
    fn len(&self) -> usize {
        match self {
            Self::Pattern { run, repeat, .. } => run.len * repeat,
            Self::Lists { range, .. } => range.len(),
        }
    }

    /// How long a run is, where it repeats: parts have several of them whole, or some of one.
    fn unit(&self) -> usize {
        match self {
            Self::Pattern { run, repeat, .. } if *repeat > 1 => run.len,
            Self::Pattern { .. } => 1,
            Self::Lists { unit, .. } => *unit,
        }
    }

    /// Parts of so many positions, or nearly as many.
    fn cut(&self, count: usize) -> impl Iterator<Item = AxisPart> {
        let (len, unit) = (self.len(), self.unit());
        let step = if count < unit { count } else { count - count % unit };
        let mut start = 0;
        std::iter::from_fn(move || {
            let end = len.min(start + step);
            // No part of a run has to do with another run.
            let end = if step < unit { end.min((start / unit + 1) * unit) } else { end };
            let part = (start < end).then(|| self.range(start..end));
            start = end;
            part
        })
    }

    /// Some positions: of several runs that repeat, whole ones.
    fn range(&self, wanted: Range<usize>) -> AxisPart {
        match self {
            Self::Pattern { run, source_period, dest_period, .. } => {
                let (turn, skipped) = (wanted.start / run.len, wanted.start % run.len);
                let moved = |first: usize, period: isize, step: isize| {
                    (first as isize + turn as isize * period + skipped as isize * step) as usize
                };
                let source = moved(run.source, *source_period, run.source_step);
                let dest = moved(run.dest, *dest_period, run.dest_step);
                let len = run.len.min(wanted.len());
                Self::Pattern {
                    run: Run { source, dest, len, ..*run },
                    repeat: wanted.len() / len,
                    source_period: *source_period,
                    dest_period: *dest_period,
                }
            }
            Self::Lists { source, dest, range, unit } => Self::Lists {
                source: source.clone(),
                dest: dest.clone(),
                range: range.start + wanted.start..range.start + wanted.end,
                unit: *unit,
            },
        }
    }
}

/// A part of a transfer that one strided (or indexed) copy handles.
#[derive(Clone)]
pub struct Piece {
    axes: Vec<AxisPart>,
}

impl Piece {
    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.axes.iter().map(AxisPart::len).product()
    }

    /// Parts of no more than so many elements, in C order; both sides of a transfer cut it alike.
    fn cut(self, most: usize) -> Vec<Piece> {
        let most = most.max(1);
        if self.len() <= most {
            return vec![self];
        }
        // Last axes that stay whole, one that is cut, and first ones of which each part has one
        // position.
        let mut inner = 1;
        let mut whole = self.axes.len();
        while whole > 0 && inner * self.axes[whole - 1].len() <= most {
            whole -= 1;
            inner *= self.axes[whole].len();
        }
        let mut parts = vec![Piece { axes: Vec::with_capacity(self.axes.len()) }];
        for (axis, part) in self.axes.iter().enumerate() {
            let count = match axis + 1 {
                next if next < whole => 1,
                next if next == whole => most / inner,
                _ => part.len(),
            };
            parts = parts
                .iter()
                .flat_map(|parts| {
                    part.cut(count).map(|part| {
                        let axes = parts.axes.iter().cloned().chain([part]).collect();
                        Piece { axes }
                    })
                })
                .collect();
        }
        parts
    }

    /// The elements that are read.
    pub fn of_source(&self, block: &Block) -> Block {
        self.of(block, |part| match part {
            AxisPart::Pattern { run, repeat, source_period, .. } => {
                Positions::Pattern(run.source, run.source_step, run.len, *repeat, *source_period)
            }
            AxisPart::Lists { source, range, .. } => Positions::List(&source[range.clone()]),
        })
    }

    /// The places that are written.
    pub fn of_dest(&self, block: &Block) -> Block {
        self.of(block, |part| match part {
            AxisPart::Pattern { run, repeat, dest_period, .. } => {
                Positions::Pattern(run.dest, run.dest_step, run.len, *repeat, *dest_period)
            }
            AxisPart::Lists { dest, range, .. } => Positions::List(&dest[range.clone()]),
        })
    }

    fn of<'a>(&'a self, block: &Block, side: impl Fn(&'a AxisPart) -> Positions<'a>) -> Block {
        let mut block = block.clone();
        // From the last axis, because a repeated pattern turns one axis into two.
        for (axis, part) in self.axes.iter().enumerate().rev() {
            block = match side(part) {
                Positions::Pattern(start, step, len, 1, _) => {
                    block.slice_axis(axis, start, step, len)
                }
                Positions::Pattern(start, step, len, repeat, period) => {
                    block.pattern_axis(axis, start, step, len, repeat, period)
                }
                Positions::List(positions) => block.take_axis(axis, positions),
            };
        }
        block
    }
}

enum Positions<'a> {
    Pattern(usize, isize, usize, usize, isize),
    List(&'a [usize]),
}

/// Cuts a transfer into pieces, in an order that both sides of it derive alike. What is not
/// `strided` has no place for repeated runs, whose positions are listed then, in the same order.
pub fn pieces(transfer: &Transfer, strided: bool) -> Vec<Piece> {
    let mut pieces = vec![Piece { axes: Vec::with_capacity(transfer.axes.len()) }];
    for patterns in &transfer.axes {
        let parts = axis_parts(patterns, strided);
        pieces = pieces
            .into_iter()
            .flat_map(|piece| {
                parts.iter().map(move |part| {
                    let mut axes = piece.axes.clone();
                    axes.push(part.clone());
                    Piece { axes }
                })
            })
            .collect();
    }
    pieces
}

fn axis_parts(patterns: &[AxisTransfer], strided: bool) -> Vec<AxisPart> {
    let runs: usize = patterns.iter().map(|pattern| pattern.runs.len()).sum();
    if runs > FEW_RUNS {
        let runs = patterns.iter().flat_map(|pattern| {
            (0..pattern.repeat)
                .flat_map(move |turn| pattern.runs.iter().map(move |&run| (pattern, run, turn)))
        });
        return vec![listed(runs, 1)];
    }
    let mut parts = Vec::with_capacity(runs);
    for pattern in patterns {
        for &run in &pattern.runs {
            parts.push(if strided || pattern.repeat == 1 {
                AxisPart::Pattern {
                    run,
                    repeat: pattern.repeat,
                    source_period: pattern.source_period,
                    dest_period: pattern.dest_period,
                }
            } else {
                listed((0..pattern.repeat).map(|turn| (pattern, run, turn)), run.len)
            });
        }
    }
    parts
}

/// The positions of runs, each at one turn of its pattern.
fn listed<'a>(runs: impl Iterator<Item = (&'a AxisTransfer, Run, usize)>, unit: usize) -> AxisPart {
    let (mut source, mut dest) = (Vec::new(), Vec::new());
    for (pattern, run, turn) in runs {
        let from = run.source as isize + turn as isize * pattern.source_period;
        let to = run.dest as isize + turn as isize * pattern.dest_period;
        for j in 0..run.len as isize {
            source.push((from + j * run.source_step) as usize);
            dest.push((to + j * run.dest_step) as usize);
        }
    }
    let range = 0..source.len();
    AxisPart::Lists { source: source.into(), dest: dest.into(), range, unit }
}

/// What the messages of a transfer have in them: pieces one after the other, of no more than `most`
/// bytes. Both sides of it derive alike how it is cut.
pub fn loads(transfer: &Transfer, strided: bool, itemsize: usize, most: usize) -> Vec<Vec<Piece>> {
    let mut loads = Vec::new();
    let (mut load, mut bytes) = (Vec::new(), 0);
    let pieces = pieces(transfer, strided).into_iter();
    for piece in pieces.flat_map(|piece| piece.cut(most / itemsize.max(1))) {
        let more = piece.len() * itemsize;
        if bytes + more > most && !load.is_empty() {
            loads.push(std::mem::take(&mut load));
            bytes = 0;
        }
        bytes += more;
        load.push(piece);
    }
    loads.extend((!load.is_empty()).then_some(load));
    loads
}

#[cfg(test)]
mod tests {
    use super::*;
    use distarray_kernels::DType;
    use distarray_meta::{AxisMap, Distribution, Indices, plan};

    fn counting(shape: &[usize]) -> Block {
        let len = shape.iter().product::<usize>() as i64;
        let bytes = (0..len).flat_map(i64::to_le_bytes).collect();
        Block::of_bytes(DType::Int64, shape, bytes)
    }

    fn elements(block: &Block) -> Vec<i64> {
        let bytes = block.to_bytes().unwrap();
        bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
    }

    /// The elements of each message, as they lie in the pieces of the source and the destination.
    fn moved(loads: &[Vec<Piece>], source: &Block, dest: &Block) -> Vec<Vec<(i64, i64)>> {
        let of = |piece: &Piece| {
            let (from, to) = (elements(&piece.of_source(source)), elements(&piece.of_dest(dest)));
            assert_eq!((from.len(), to.len()), (piece.len(), piece.len()));
            from.into_iter().zip(to).collect::<Vec<_>>()
        };
        loads.iter().map(|load| load.iter().flat_map(of).collect()).collect()
    }

    #[test]
    fn messages_have_all_elements_once_and_both_sides_cut_alike() {
        let len = 60;
        let owners = (0..3)
            .map(|rank| {
                let shuffled = (0..len as i64).map(|j| j * 7 % len as i64);
                Indices::from_list(shuffled.filter(|j| (j * j + j / 7) % 3 == rank).collect())
            })
            .collect();
        let maps = [
            AxisMap::block(len, 3),
            AxisMap::cyclic(len, 3),
            AxisMap::block_cyclic(len, 3, 7),
            AxisMap::unstructured(len, owners).unwrap(),
        ];
        for (from, to) in maps.iter().flat_map(|from| maps.iter().map(move |to| (from, to))) {
            let across = AxisMap::no_dist(10);
            let before = |map: &AxisMap| vec![across.clone(), map.clone(), AxisMap::no_dist(2)];
            let source = Distribution::new(before(from), vec![0, 1, 2]).unwrap();
            let dest = Distribution::new(before(to), vec![0, 1, 2]).unwrap();
            for transfer in (0..3).flat_map(|rank| plan::receives(&source, &dest, rank)) {
                let source = counting(&source.local_shape(transfer.source));
                let dest = counting(&dest.local_shape(transfer.dest));
                let mut all = moved(&loads(&transfer, true, 8, usize::MAX), &source, &dest);
                let mut all = all.pop().unwrap_or_default();
                all.sort_unstable();
                assert_eq!(all.len(), transfer.len());
                for most in [1, 8, 24, 40, 100, 300, 2000] {
                    let cut = moved(&loads(&transfer, true, 8, most), &source, &dest);
                    assert!(cut.iter().all(|load| load.len() * 8 <= most.max(8)));
                    assert_eq!(cut, moved(&loads(&transfer, false, 8, most), &source, &dest));
                    let mut cut = cut.concat();
                    cut.sort_unstable();
                    assert_eq!(cut, all);
                }
            }
        }
    }
}
