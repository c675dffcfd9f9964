//! The order in which several blocks of one shape are walked through together.
//!
//! Axes of length 1 go, axes are ordered so that the first block's memory is met in ascending
//! order, and neighbours that lie in every block like one longer axis become one.

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use crate::buffer::window;
use crate::{AxisLayout, Block};

/// One thing for each block.
pub type PerBlock<T> = SmallVec<[T; 6]>;

/// One thing for each axis.
pub type PerAxis<T> = SmallVec<[T; 4]>;

/// How one block moves along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion<'a> {
    /// By a fixed distance in bytes.
    Stride(isize),
    /// To these distances from the start.
    Offsets(&'a [isize]),
}

impl Motion<'_> {
    /// The distance of position `j` from the start.
    #[inline(always)]
    pub fn offset(&self, j: usize) -> isize {
        match self {
            Self::Stride(stride) => stride * j as isize,
            Self::Offsets(offsets) => offsets[j],
        }
    }

    /// The distance between neighbours, if it is the same for all.
    pub fn stride(&self) -> Option<isize> {
        match self {
            Self::Stride(stride) => Some(*stride),
            Self::Offsets(_) => None,
        }
    }

    /// How far apart neighbours are, to order axes by.
    fn reach(&self) -> usize {
        match self {
            Self::Stride(stride) => stride.unsigned_abs(),
            Self::Offsets(offsets) => offsets[1].abs_diff(offsets[0]),
        }
    }
}

/// Several blocks of one shape, to be walked through together.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    /// The first element of each block.
    pub starts: PerBlock<*mut u8>,
    /// The length of each axis, the slowest first; 1 only for parts of a walk.
    pub lens: PerAxis<usize>,
    /// Which axis of the shape each axis is; of merged ones, the first.
    pub sources: PerAxis<usize>,
    /// The position along each axis of the first element.
    pub firsts: PerAxis<usize>,
    /// How each block moves along each axis, axis by axis.
    motions: SmallVec<[Motion<'a>; 12]>,
}

impl<'a> Walk<'a> {
    /// A walk over `shape`, to which each block broadcasts. Axes for which `keep` holds are
    /// neither merged nor reversed.
    ///
    /// The blocks must broadcast to the shape, and no length may be 0.
    pub fn new(shape: &[usize], blocks: &[&'a Block], keep: impl Fn(usize) -> bool) -> Self {
        let count = blocks.len();
        let mut walk = Self {
            starts: blocks.iter().map(|block| block.as_ptr()).collect(),
            lens: PerAxis::new(),
            sources: PerAxis::new(),
            firsts: PerAxis::new(),
            motions: SmallVec::new(),
        };
        for (axis, &len) in shape.iter().enumerate() {
            for (start, block) in walk.starts.iter_mut().zip(blocks) {
                let missing = shape.len() - block.ndim();
                let layout = axis.checked_sub(missing).map(|axis| &block.axes()[axis]);
                let motion = match layout {
                    Some(AxisLayout::Strided { len: own, stride }) if *own == len => {
                        Motion::Stride(*stride)
                    }
                    Some(AxisLayout::Indexed { offsets }) if offsets.len() > 1 => {
                        Motion::Offsets(offsets)
                    }
                    Some(AxisLayout::Indexed { offsets }) => {
                        *start = start.wrapping_offset(offsets[0]);
                        Motion::Stride(0)
                    }
                    _ => Motion::Stride(0),
                };
                if len > 1 {
                    walk.motions.push(motion);
                }
            }
            if len > 1 {
                walk.lens.push(len);
                walk.sources.push(axis);
            }
        }
        if count > 0 {
            walk.flip(count, &keep);
            walk.sort(count);
            walk.merge(count, &keep);
        }
        walk.firsts = smallvec![0; walk.lens.len()];
        walk
    }

    /// The part of the walk that a range of positions along `axis` makes.
    pub fn part(&self, axis: usize, range: Range<usize>) -> Self {
        let mut part = self.clone();
        part.lens[axis] = range.len();
        part.firsts[axis] += range.start;
        let count = self.starts.len();
        let motions = &mut part.motions[axis * count..][..count];
        for (start, motion) in part.starts.iter_mut().zip(motions) {
            match motion {
                Motion::Stride(stride) => {
                    *start = start.wrapping_offset(*stride * range.start as isize);
                }
                Motion::Offsets(offsets) => *motion = Motion::Offsets(&offsets[range.clone()]),
            }
        }
        part
    }

    /// How block `block` moves along axis `axis`.
    #[inline]
    pub fn motion(&self, axis: usize, block: usize) -> Motion<'a> {
        self.motions[axis * self.starts.len() + block]
    }

    /// Replaces the motion of block `block` along axis `axis`.
    pub fn motions(&self, axis: usize) -> &[Motion<'a>] {
        &self.motions[axis * self.starts.len()..][..self.starts.len()]
    }

    /// Calls a function for parts of the walk that are small enough for the window of mapped files,
    /// which hears of each. Items have about `itemsize` bytes.
    pub fn in_parts(self, itemsize: usize, each: &mut impl FnMut(Self)) {
        /// So much is touched before the window hears of it.
        const PART: usize = 4 << 20;
        /// Parts of no more bytes are not cut any further: short rows would be left.
        const LEAST: usize = 64 << 10;
        let items = self.lens.iter().product::<usize>();
        let cost = (0..self.starts.len()).map(|block| self.cost(block, itemsize)).sum::<usize>();
        // Along the axis that reaches farthest, on either side: the parts are compact on both.
        let reach = |axis| (0..self.starts.len()).map(|block| self.reach(axis, block)).max();
        let farthest = (0..self.lens.len()).rev().max_by_key(|&axis| reach(axis));
        let is_large = cost > PART && items * itemsize > LEAST;
        if let Some(axis) = farthest.filter(|&axis| is_large && self.lens[axis] > 1) {
            let (half, len) = (self.lens[axis] / 2, self.lens[axis]);
            self.part(axis, 0..half).in_parts(itemsize, each);
            self.part(axis, half..len).in_parts(itemsize, each);
        } else {
            let starts = self.starts.clone();
            each(self);
            window::touched_all(&starts, cost);
        }
    }

    /// About how many bytes of a file come in when the items of a block are touched: rows along the
    /// axis of neighbours bring in what lies around them, too.
    fn cost(&self, block: usize, itemsize: usize) -> usize {
        let distance = |axis: usize| self.reach(axis, block) / (self.lens[axis] - 1).max(1);
        let nearest = (0..self.lens.len())
            .filter(|&axis| distance(axis) > 0)
            .min_by_key(|&axis| distance(axis));
        let rows: usize = (0..self.lens.len())
            .filter(|&axis| Some(axis) != nearest && distance(axis) > 0)
            .map(|axis| self.lens[axis])
            .product();
        let run = nearest.map_or(0, |axis| self.reach(axis, block)) + itemsize;
        let is_dense = nearest.is_none_or(|axis| distance(axis) <= window::AROUND);
        let row = if is_dense { run } else { self.lens[nearest.unwrap_or(0)] * window::AROUND };
        rows.saturating_mul(row.max(window::AROUND))
    }

    /// How far a block moves along an axis in all.
    fn reach(&self, axis: usize, block: usize) -> usize {
        let steps = self.lens[axis] - 1;
        if steps == 0 { 0 } else { self.motion(axis, block).reach().saturating_mul(steps) }
    }

    /// Removes the last axis.
    pub fn pop(&mut self) {
        self.lens.pop();
        self.sources.pop();
        self.firsts.pop();
        self.motions.truncate(self.lens.len() * self.starts.len());
    }

    /// Reverses the axes along which the first block walks backwards.
    fn flip(&mut self, count: usize, keep: &impl Fn(usize) -> bool) {
        for (axis, &len) in self.lens.iter().enumerate() {
            let motions = &mut self.motions[axis * count..][..count];
            let backwards = matches!(motions[0], Motion::Stride(stride) if stride < 0);
            if !backwards
                || keep(self.sources[axis])
                || motions.iter().any(|motion| matches!(motion, Motion::Offsets(_)))
            {
                continue;
            }
            for (start, motion) in self.starts.iter_mut().zip(motions) {
                *start = start.wrapping_offset(motion.offset(len - 1));
                if let Motion::Stride(stride) = motion {
                    *stride = -*stride;
                }
            }
        }
    }

    /// Orders the axes by how far the blocks move along them, the first block counting most.
    fn sort(&mut self, count: usize) {
        let reach = |axis: usize, block: usize| self.motions[axis * count + block].reach();
        let faster = |a: usize, b: usize| {
            // Of repeated elements nothing is known: look at the next block.
            (0..count)
                .map(|block| (reach(a, block), reach(b, block)))
                .find(|(a, b)| a != b && *a != 0 && *b != 0)
                .is_some_and(|(a, b)| a < b)
        };
        let ordered = (1..self.lens.len()).all(|axis| !faster(axis - 1, axis));
        if ordered {
            return;
        }
        // An insertion sort: stable, and content with a comparison that is no total order.
        let mut order: PerAxis<usize> = PerAxis::new();
        for axis in 0..self.lens.len() {
            let mut place = order.len();
            while place > 0 && faster(order[place - 1], axis) {
                place -= 1;
            }
            order.insert(place, axis);
        }
        self.motions = order
            .iter()
            .flat_map(|&axis| &self.motions[axis * count..][..count])
            .copied()
            .collect();
        self.lens = order.iter().map(|&axis| self.lens[axis]).collect();
        self.sources = order.iter().map(|&axis| self.sources[axis]).collect();
    }

    /// Merges neighbouring axes that lie in every block like one.
    fn merge(&mut self, count: usize, keep: &impl Fn(usize) -> bool) {
        let mut last = 0;
        for axis in 1..self.lens.len() {
            let len = self.lens[axis] as isize;
            let merged = !keep(self.sources[last])
                && !keep(self.sources[axis])
                && (0..count).all(|block| {
                    let outer = self.motions[last * count + block].stride();
                    let inner = self.motions[axis * count + block].stride();
                    matches!((outer, inner), (Some(outer), Some(inner)) if outer == inner * len)
                });
            if merged {
                self.lens[last] *= self.lens[axis];
            } else {
                last += 1;
                self.lens[last] = self.lens[axis];
                self.sources[last] = self.sources[axis];
            }
            for block in 0..count {
                self.motions[last * count + block] = self.motions[axis * count + block];
            }
        }
        let axes = self.lens.len().min(last + 1);
        self.lens.truncate(axes);
        self.sources.truncate(axes);
        self.motions.truncate(axes * count);
    }
}

/// The positions along several axes, counted up like the wheels of an odometer.
#[derive(Debug)]
pub struct Odometer {
    positions: PerAxis<usize>,
}

impl Odometer {
    /// The first position along `axes` axes.
    pub fn new(axes: usize) -> Self {
        Self { positions: smallvec![0; axes] }
    }

    /// The first position along `axes` axes of a walk, and where each block is there.
    pub fn begin(walk: &Walk<'_>, axes: usize) -> (Self, PerBlock<*mut u8>) {
        let mut starts = walk.starts.clone();
        for axis in 0..axes {
            for (start, motion) in starts.iter_mut().zip(walk.motions(axis)) {
                // Not 0 in a part of a walk.
                *start = start.wrapping_offset(motion.offset(0));
            }
        }
        (Self::new(axes), starts)
    }

    /// The positions.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// Moves on along the axes of these lengths, and the pointers of the blocks with it; false
    /// at the end.
    pub fn advance(&mut self, walk: &Walk<'_>, pointers: &mut [*mut u8]) -> bool {
        for axis in (0..self.positions.len()).rev() {
            let old = self.positions[axis];
            let new = if old + 1 == walk.lens[axis] { 0 } else { old + 1 };
            self.positions[axis] = new;
            for (pointer, motion) in pointers.iter_mut().zip(walk.motions(axis)) {
                *pointer = pointer.wrapping_offset(motion.offset(new) - motion.offset(old));
            }
            if new > 0 {
                return true;
            }
        }
        false
    }
}
