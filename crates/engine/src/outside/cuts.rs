//! In which parts elements from outside are gone through: as few as memory allows, that begin and end
//! where what is read at once does.

use distarray_kernels::Region;
use distarray_meta::Indices;

use super::OutsidePiece;

/// So many bytes a running total takes, about, for each result of a reduction.
const TOTAL_BYTES: usize = 64;

/// Where parts are cut along an axis, best: at `phase`, and every `unit` positions from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    unit: usize,
    phase: usize,
}

impl Grid {
    /// Anywhere.
    const ANY: Self = Self { unit: 1, phase: 0 };

    /// Where the indices go from one unit of so many to the next.
    pub fn of(indices: &Indices, unit: usize) -> Self {
        let Some((start, step, _)) = indices.as_strided() else { return Self::ANY };
        let stride = step.unsigned_abs() as usize;
        let into = start as usize % unit.max(1);
        let phase = match (into, step > 0) {
            (0, true) => 0,
            (into, true) => (unit - into).div_ceil(stride),
            (into, false) => into / stride + 1,
        };
        let unit = (unit / stride).max(1);
        Self { unit, phase: phase % unit }
    }

    /// What is cut as both are, if that is not much coarser than the first; else the first.
    fn also(self, other: Self, most: usize) -> Self {
        let common = self.unit / gcd(self.unit, other.unit) * other.unit;
        if self.phase == 0 && other.phase == 0 && common <= most {
            Self { unit: common, phase: 0 }
        } else {
            self
        }
    }
}

fn gcd(left: usize, right: usize) -> usize {
    if right == 0 { left } else { gcd(right, left % right) }
}

/// What is to be cut.
pub struct Cutting<'a> {
    /// The shape of the engine's piece.
    pub shape: &'a [usize],
    /// The shape of the whole.
    pub global_shape: &'a [usize],
    /// Which axes are reduced: what is merged lies along them. All engines whose parts are merged
    /// cut the others alike.
    pub reduced: &'a [bool],
    /// What is read.
    pub sources: &'a [&'a OutsidePiece],
    /// What is written.
    pub sinks: &'a [&'a OutsidePiece],
    /// How many bytes the elements at one position take.
    pub bytes: usize,
}

/// The ranges along each axis that parts are made of.
pub struct Cuts {
    ranges: Vec<Vec<(usize, usize)>>,
}

impl Cutting<'_> {
    /// Cuts.
    pub fn cuts(&self) -> Cuts {
        let grids = self.grids();
        let steps = self.steps(&grids);
        let axes = self.shape.iter().zip(grids).zip(steps);
        Cuts { ranges: axes.map(|((&len, grid), step)| ranges(len, grid, step)).collect() }
    }

    fn grids(&self) -> Vec<Grid> {
        let grid = |axis: usize| {
            let from_last = self.shape.len() - 1 - axis;
            let of = |pieces: &[&OutsidePiece]| pieces.iter().find_map(|it| it.grid(from_last));
            match (of(self.sinks), of(self.sources)) {
                // What is written together must not be cut.
                (Some(sink), Some(source)) => sink.also(source, self.global_shape[axis].min(4096)),
                (Some(grid), None) | (None, Some(grid)) => grid,
                (None, None) => Grid::ANY,
            }
        };
        (0..self.shape.len()).map(grid).collect()
    }

    /// The lengths of parts.
    fn steps(&self, grids: &[Grid]) -> Vec<usize> {
        let all = self.sources.iter().chain(self.sinks);
        let target = all.map(|piece| piece.outer().part_bytes).min().unwrap_or(usize::MAX);
        let fitting = |axis: usize, most: usize| {
            let unit = grids[axis].unit.min(self.global_shape[axis]).max(1);
            (most / unit * unit).max(unit)
        };
        // Engines may have more or less along the axes that are reduced: that must not matter.
        let nominal = |axis: usize| {
            let units = self.sources.iter().filter_map(|it| it.unit(self.shape.len() - 1 - axis));
            units.max().unwrap_or(1).min(self.global_shape[axis]).max(1)
        };
        let mut steps: Vec<usize> = (0..self.shape.len())
            .map(|axis| if self.reduced[axis] { nominal(axis) } else { self.shape[axis].max(1) })
            .collect();
        let product = |lens: &[usize]| lens.iter().copied().fold(1, usize::saturating_mul).max(1);
        for axis in (0..steps.len()).filter(|&axis| !self.reduced[axis]) {
            let others = product(&steps) / steps[axis];
            let most = target / others.saturating_mul(self.bytes).max(1);
            steps[axis] = steps[axis].min(fitting(axis, most));
        }
        if self.reduced.contains(&true) {
            for axis in (0..steps.len()).filter(|&axis| !self.reduced[axis]) {
                let kept = steps.iter().zip(self.reduced).filter(|(_, reduced)| !**reduced);
                let others =
                    product(&kept.map(|(step, _)| *step).collect::<Vec<_>>()) / steps[axis];
                let most = target / others.saturating_mul(TOTAL_BYTES).max(1);
                steps[axis] = steps[axis].min(fitting(axis, most));
            }
        }
        for axis in (0..steps.len()).rev().filter(|&axis| self.reduced[axis]) {
            let others = product(&steps) / steps[axis];
            let most = target / others.saturating_mul(self.bytes).max(1);
            steps[axis] = fitting(axis, most);
        }
        steps
    }
}

/// Cuts an axis.
fn ranges(len: usize, grid: Grid, step: usize) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < len {
        let limit = start.saturating_add(step);
        let cut = limit.checked_sub(grid.phase).map_or(0, |past| limit - past % grid.unit);
        let end = if limit >= len || cut <= start { limit } else { cut }.min(len);
        ranges.push((start, end - start));
        start = end;
    }
    ranges
}

impl Cuts {
    /// All parts, in C order.
    pub fn regions(&self) -> Vec<Region> {
        Region::grid(self.ranges.iter().map(Vec::as_slice))
    }

    /// The parts along the axes that are not reduced: one position along the others.
    pub fn results(&self, reduced: &[bool]) -> Vec<Region> {
        const ONE: &[(usize, usize)] = &[(0, 1)];
        let axes = self.ranges.iter().zip(reduced);
        Region::grid(axes.map(|(ranges, reduced)| if *reduced { ONE } else { ranges.as_slice() }))
    }

    /// The parts that make up a result.
    pub fn parts(&self, reduced: &[bool], result: &Region) -> Vec<Region> {
        let axes = self.ranges.iter().zip(reduced).zip(result.ranges());
        Region::grid(axes.map(
            |((ranges, reduced), own)| {
                if *reduced { ranges.as_slice() } else { std::slice::from_ref(own) }
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_where_indices_cross_units() {
        for (start, step, len, unit) in [
            (0, 1, 40, 7),
            (3, 1, 40, 7),
            (5, 2, 30, 8),
            (39, -1, 40, 7),
            (38, -2, 20, 8),
            (7, 1, 9, 7),
        ] {
            let indices = Indices::strided(start, step, len);
            let grid = Grid::of(&indices, unit);
            let crossing: Vec<usize> = (1..len)
                .filter(|&at| indices.get(at) / unit as i64 != indices.get(at - 1) / unit as i64)
                .collect();
            let cut: Vec<usize> = (1..len).filter(|at| at % grid.unit == grid.phase).collect();
            assert_eq!(crossing, cut, "{start} {step} {unit}");
        }
        assert_eq!(Grid::of(&Indices::from_list(vec![3, 1, 9]), 4), Grid::ANY);
    }

    #[test]
    fn ranges_cover_an_axis_and_end_on_the_grid() {
        for (len, unit, phase, step) in
            [(100, 7, 3, 14), (100, 7, 0, 7), (5, 10, 4, 10), (0, 3, 0, 3), (64, 8, 5, 1000)]
        {
            let ranges = ranges(len, Grid { unit, phase }, step);
            let mut start = 0;
            for &(first, count) in &ranges {
                assert_eq!(first, start);
                assert!(count > 0 && count <= step);
                start += count;
                assert!(start == len || start % unit == phase);
            }
            assert_eq!(start, len);
        }
    }
}
