//! The order in which a reduction visits a block.

use std::sync::Arc;

use crate::{AxisLayout, Block, DType, KernelError, Labels, Result};

/// Distances in memory, in bytes, along one axis.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Position `j` lies at `j * stride`.
    Stride(isize),
    /// Position `j` lies at `offsets[j]`.
    Offsets(Arc<[isize]>),
}

impl Step {
    #[inline]
    pub(super) fn at(&self, position: usize) -> isize {
        match self {
            Self::Stride(stride) => stride * position as isize,
            Self::Offsets(offsets) => offsets[position],
        }
    }

    /// Whether elements are neighbours.
    pub(super) fn is_stride_of<T>(&self) -> bool {
        matches!(self, Self::Stride(stride) if *stride == size_of::<T>() as isize)
    }

    /// How far apart neighbours are, roughly.
    #[inline]
    pub(super) fn distance(&self) -> usize {
        match self {
            Self::Stride(stride) => stride.unsigned_abs(),
            Self::Offsets(offsets) => offsets.get(..2).map_or(0, |pair| pair[1].abs_diff(pair[0])),
        }
    }

    fn reordered(&self, order: &[usize]) -> Self {
        Self::Offsets(order.iter().map(|&position| self.at(position)).collect())
    }

    /// The step of two axes as one, where the inner one has `len` positions.
    fn joined(outer: &Self, inner: &Self, len: usize) -> Option<Self> {
        match (outer, inner) {
            (Self::Stride(outer), Self::Stride(inner)) if *outer == inner * len as isize => {
                Some(Self::Stride(*inner))
            }
            _ => None,
        }
    }
}

impl From<&AxisLayout> for Step {
    fn from(axis: &AxisLayout) -> Self {
        match axis {
            AxisLayout::Strided { stride, .. } => Self::Stride(*stride),
            AxisLayout::Indexed { offsets } => Self::Offsets(offsets.clone()),
        }
    }
}

/// One axis of the walk.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The number of positions.
    pub len: usize,
    /// Where the elements lie.
    pub item: Step,
    /// Where the mask lies; a stride of 0 where there is none.
    pub mask: Step,
    /// The distance between results, in elements; 0 along a reduced axis.
    pub out: usize,
    /// Whether the axis is reduced.
    pub is_reduced: bool,
    /// What each position adds to the flat index of an argument reduction.
    pub index: Labels,
}

/// A place in the walk: distances from the first element in each of the arrays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub item: isize,
    pub mask: isize,
    pub out: usize,
    pub index: i64,
}

impl Place {
    #[inline]
    pub(super) fn along(self, axis: &Axis, position: usize) -> Self {
        Self {
            item: self.item + axis.item.at(position),
            mask: self.mask + axis.mask.at(position),
            out: self.out + axis.out * position,
            index: self.index + axis.index.get(position),
        }
    }
}

/// The order in which a reduction visits a block.
///
/// Axes of the block are joined where the memory allows it and sorted by distance. The innermost
/// loop runs over `inner`: along a reduced axis it makes one result of a run of elements, along a
/// kept axis it adds rows, one for each position of `rows`, to a row of results.
pub(super) struct Walk {
    pub outer: Vec<Axis>,
    pub rows: Axis,
    pub inner: Axis,
    /// Where the walk starts.
    pub origin: Place,
}

/// What of a walk depends on the reduction.
pub(super) struct Indexing<'a> {
    pub labels: &'a [Labels],
    pub global_shape: &'a [usize],
}

/// Runs shorter than this are added up as columns where there is a longer kept axis.
const SHORT_RUN: usize = 32;

impl Walk {
    /// Plans the visit of all elements of `input`; `indexing` where flat indices are asked for,
    /// which then ascend along each axis.
    pub(super) fn new(
        input: &Block,
        reduced: &[bool],
        mask: Option<&Block>,
        indexing: Option<&Indexing<'_>>,
    ) -> Result<Self> {
        Self::with_short_runs(input, reduced, mask, indexing, SHORT_RUN)
    }

    /// The same; runs shorter than `short` are added up as columns where there is a longer kept
    /// axis.
    pub(super) fn with_short_runs(
        input: &Block,
        reduced: &[bool],
        mask: Option<&Block>,
        indexing: Option<&Indexing<'_>>,
        short: usize,
    ) -> Result<Self> {
        Ok(Self::planned(input, reduced, &mask_steps(input, mask)?, indexing, short))
    }

    /// Plans the visit of all elements of two blocks of one shape, of which the second one stands for
    /// the mask, in any order.
    pub(super) fn beside(input: &Block, other: &Block) -> Self {
        let steps: Vec<Step> = other.axes().iter().map(Step::from).collect();
        Self::planned(input, &vec![true; input.ndim()], &steps, None, 0)
    }

    fn planned(
        input: &Block,
        reduced: &[bool],
        masks: &[Step],
        indexing: Option<&Indexing<'_>>,
        short: usize,
    ) -> Self {
        let mut axes = Vec::with_capacity(input.ndim());
        let (mut out, mut weight) = (1, 1);
        for (place, axis) in input.axes().iter().enumerate().rev() {
            let is_reduced = reduced[place];
            let index = match indexing {
                Some(indexing) if is_reduced => {
                    let labels = indexing
                        .labels
                        .get(place)
                        .unwrap_or(&Labels::POSITIONS)
                        .scaled(weight, axis.len());
                    weight *= indexing.global_shape[place] as i64;
                    labels
                }
                _ => Labels::Strided { start: 0, step: 0 },
            };
            axes.push(Axis {
                len: axis.len(),
                item: Step::from(axis),
                mask: masks[place].clone(),
                out: if is_reduced { 0 } else { out },
                is_reduced,
                index,
            });
            if !is_reduced {
                out *= axis.len();
            }
        }
        let mut origin = Place::default();
        for axis in &mut axes {
            if axis.is_reduced {
                if indexing.is_some() {
                    sort_by_index(axis);
                } else {
                    walk_forwards(axis, &mut origin);
                }
            }
        }
        axes.retain(|axis| {
            if axis.len == 1 {
                origin = origin.along(axis, 0);
            }
            axis.len != 1
        });
        // Outermost first; the stable sort keeps the order of axes that overlap.
        axes.reverse();
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.item.distance()));
        Self::choose_loops(joined(axes), input.dtype(), origin, short)
    }

    fn choose_loops(mut axes: Vec<Axis>, dtype: DType, origin: Place, short: usize) -> Self {
        let single = Axis {
            len: 1,
            item: Step::Stride(dtype.itemsize() as isize),
            mask: Step::Stride(0),
            out: 1,
            is_reduced: false,
            index: Labels::Strided { start: 0, step: 0 },
        };
        let nearest = |axes: &[Axis], wanted: &dyn Fn(&Axis) -> bool| {
            (0..axes.len()).filter(|&axis| wanted(&axes[axis])).min_by_key(|&axis| {
                let distance = axes[axis].item.distance();
                (distance != dtype.itemsize(), distance)
            })
        };
        let mut inner = nearest(&axes, &|_| true);
        if let Some(reduced) = inner.filter(|&axis| axes[axis].is_reduced) {
            let len = axes[reduced].len;
            if len < short {
                inner = nearest(&axes, &|axis| !axis.is_reduced && axis.len > len).or(inner);
            }
        }
        let inner = inner.map_or_else(|| single.clone(), |axis| axes.remove(axis));
        let rows = if inner.is_reduced { None } else { nearest(&axes, &|axis| axis.is_reduced) };
        let rows =
            rows.map_or(Axis { is_reduced: true, out: 0, ..single }, |axis| axes.remove(axis));
        Self { outer: axes, rows, inner, origin }
    }

    /// How many positions of the inner axis are taken up together: `most`, or fewer where rows lie between
    /// neighbours, so that what one row reads is still at hand for the next.
    pub(super) fn tile(&self, most: usize) -> usize {
        /// What a first-level cache has room for, in bytes.
        const AT_HAND: usize = 1 << 15;
        /// Fewer are not worth it.
        const LEAST: usize = 64;
        let distance = self.inner.item.distance();
        if self.rows.len < 2 || self.rows.item.distance() >= distance {
            return most;
        }
        (AT_HAND / distance.max(1)).clamp(LEAST, most)
    }

    /// Calls `visit` at every place of the outer axes.
    pub(super) fn for_each(&self, visit: &mut impl FnMut(Place)) {
        descend(&self.outer, self.origin, visit);
    }
}

fn descend(axes: &[Axis], place: Place, visit: &mut impl FnMut(Place)) {
    match axes.split_first() {
        None => visit(place),
        Some((outer, inner)) => {
            for position in 0..outer.len {
                descend(inner, place.along(outer, position), visit);
            }
        }
    }
}

/// The steps of `mask`, broadcast to the axes of `input`.
fn mask_steps(input: &Block, mask: Option<&Block>) -> Result<Vec<Step>> {
    let mut steps = vec![Step::Stride(0); input.ndim()];
    let Some(mask) = mask else { return Ok(steps) };
    let fits = mask.dtype() == DType::Bool
        && mask.ndim() <= input.ndim()
        && mask
            .axes()
            .iter()
            .rev()
            .zip(input.axes().iter().rev())
            .all(|(mask, input)| mask.len() == input.len() || mask.len() == 1);
    if !fits {
        return Err(KernelError::Value(format!(
            "a mask of dtype {} and shape {:?} does not select from an array of shape {:?}",
            mask.dtype(),
            mask.shape(),
            input.shape()
        )));
    }
    for (step, axis) in steps.iter_mut().rev().zip(mask.axes().iter().rev()) {
        if axis.len() != 1 {
            *step = Step::from(axis);
        } else if let AxisLayout::Indexed { offsets } = axis {
            // One place for every position, which need not be at distance 0.
            *step = Step::Offsets(offsets.clone());
        }
    }
    for (step, axis) in steps.iter_mut().zip(input.axes()) {
        if let Step::Offsets(offsets) = step
            && offsets.len() == 1
        {
            *step = Step::Offsets(vec![offsets[0]; axis.len()].into());
        }
    }
    Ok(steps)
}

/// Walks an axis in the order of the indices, so that the first of equal elements has the lowest.
fn sort_by_index(axis: &mut Axis) {
    if axis.index.is_ascending(axis.len) {
        return;
    }
    let mut order: Vec<usize> = (0..axis.len).collect();
    order.sort_by_key(|&position| axis.index.get(position));
    axis.item = axis.item.reordered(&order);
    axis.mask = axis.mask.reordered(&order);
    axis.index = order.iter().map(|&position| axis.index.get(position)).collect();
}

/// Walks an axis in the order of memory, where the order does not matter.
fn walk_forwards(axis: &mut Axis, origin: &mut Place) {
    if let (Step::Stride(item), Step::Stride(mask)) = (&axis.item, &axis.mask)
        && *item < 0
        && axis.len > 0
    {
        let last = axis.len as isize - 1;
        origin.item += item * last;
        origin.mask += mask * last;
        (axis.item, axis.mask) = (Step::Stride(-item), Step::Stride(-mask));
    }
}

/// Joins neighbours that one loop can walk.
fn joined(axes: Vec<Axis>) -> Vec<Axis> {
    let mut result: Vec<Axis> = Vec::with_capacity(axes.len());
    for axis in axes {
        if let Some(outer) = result.last_mut()
            && let Some(both) = join(outer, &axis)
        {
            *outer = both;
        } else {
            result.push(axis);
        }
    }
    result
}

fn join(outer: &Axis, inner: &Axis) -> Option<Axis> {
    let index = match (&outer.index, &inner.index) {
        (
            Labels::Strided { start: first, step: far },
            Labels::Strided { start: second, step: near },
        ) if *far == near * inner.len as i64 => {
            Labels::Strided { start: first + second, step: *near }
        }
        _ => return None,
    };
    if outer.is_reduced != inner.is_reduced || outer.out != inner.out * inner.len {
        return None;
    }
    Some(Axis {
        len: outer.len * inner.len,
        item: Step::joined(&outer.item, &inner.item, inner.len)?,
        mask: Step::joined(&outer.mask, &inner.mask, inner.len)?,
        out: inner.out,
        is_reduced: inner.is_reduced,
        index,
    })
}
