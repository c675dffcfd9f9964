//! Random numbers, written to memory: where the module is `unsafe`.

#![expect(unsafe_code, reason = "numbers are stored where they belong")]

use half::f16;

use super::source::{COUNT, Indices, Source};
use super::threefry::Words;
use super::variate::Variate;
use crate::{AxisLayout, Block, DType, Labels};

/// Fills a block that has elements and a dtype that the variate gives.
pub(super) fn fill(dest: &Block, variate: Variate, key: Words, labels: &[Labels], weights: &[i64]) {
    let dtype = dest.dtype();
    let mut writer =
        Writer { source: Source::new(variate, key, dtype), dtype, indices: Vec::new() };
    let mut axes =
        vec![Axis { layout: AxisLayout::Strided { len: 1, stride: 0 }, labels: Labels::POSITIONS }];
    for (layout, (labels, &weight)) in dest.axes().iter().zip(labels.iter().zip(weights)) {
        let next = Axis { layout: layout.clone(), labels: labels.scaled(weight, layout.len()) };
        match axes.last_mut().and_then(|outer| outer.joined(&next)) {
            Some(both) => *axes.last_mut().expect("there is one") = both,
            None => axes.push(next),
        }
    }
    let (inner, outer) = axes.split_last().expect("there is one");
    each_row(outer, 0, 0, &mut |index, offset| {
        writer.row(inner, index, dest.as_ptr().wrapping_offset(offset));
    });
}

/// One axis of the walk: where its elements lie, and what its positions add to their indices.
struct Axis {
    layout: AxisLayout,
    labels: Labels,
}

impl Axis {
    /// The two axes as one, if one loop can walk them.
    fn joined(&self, inner: &Self) -> Option<Self> {
        let len = inner.layout.len();
        // An axis of one position only moves the other.
        let is_single = |axis: &Self| axis.layout.len() == 1 && axis.layout.offset(0) == 0;
        let moved = |axis: &Self, by: &Self| Self {
            layout: axis.layout.clone(),
            labels: axis.labels.shifted(by.labels.get(0), axis.layout.len()),
        };
        if is_single(self) {
            return Some(moved(inner, self));
        }
        if is_single(inner) {
            return Some(moved(self, inner));
        }
        match (&self.layout, &self.labels, &inner.layout, &inner.labels) {
            (
                AxisLayout::Strided { len: outer_len, stride: far },
                Labels::Strided { start: first, step: outer_step },
                AxisLayout::Strided { stride, .. },
                Labels::Strided { start: second, step },
            ) if *far == stride * len as isize && *outer_step == step * len as i64 => Some(Self {
                layout: AxisLayout::Strided { len: outer_len * len, stride: *stride },
                labels: Labels::Strided { start: first + second, step: *step },
            }),
            _ => None,
        }
    }
}

/// Calls `visit` with the index and the byte offset of every row.
fn each_row(axes: &[Axis], index: i64, offset: isize, visit: &mut impl FnMut(i64, isize)) {
    match axes.split_first() {
        None => visit(index, offset),
        Some((outer, inner)) => {
            for position in 0..outer.layout.len() {
                let index = index + outer.labels.get(position);
                each_row(inner, index, offset + outer.layout.offset(position), visit);
            }
        }
    }
}

struct Writer {
    source: Source,
    dtype: DType,
    indices: Vec<u64>,
}

impl Writer {
    /// Writes the elements along the innermost axis.
    fn row(&mut self, axis: &Axis, index: i64, start: *mut u8) {
        let len = axis.layout.len();
        let is_run = match &axis.labels {
            Labels::Strided { step, .. } => *step == 1,
            Labels::List(_) => false,
        };
        for first in (0..len).step_by(COUNT) {
            let count = COUNT.min(len - first);
            let indices = if is_run {
                Indices::From((index + axis.labels.get(first)) as u64)
            } else {
                let indices =
                    (first..first + count).map(|each| (index + axis.labels.get(each)) as u64);
                self.indices.clear();
                self.indices.extend(indices);
                Indices::Each(&self.indices)
            };
            let numbers = self.source.numbers(indices, count);
            // SAFETY: the places are those of elements of the block, which has that dtype.
            unsafe { put(numbers, self.dtype, &axis.layout, first, start) };
        }
    }
}

/// Writes numbers, as a dtype, to the positions of an axis from `first` on.
///
/// # Safety
///
/// These positions from `start` must be valid for writes of items of that dtype.
pub(super) unsafe fn put(
    numbers: &[u64],
    dtype: DType,
    axis: &AxisLayout,
    first: usize,
    start: *mut u8,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match dtype {
            DType::Float64 | DType::Int64 | DType::UInt64 => {
                write(numbers, axis, first, start, |bits| bits);
            }
            DType::Float32 => {
                write(numbers, axis, first, start, |bits| f64::from_bits(bits) as f32);
            }
            DType::Float16 => {
                write(numbers, axis, first, start, |bits| f16::from_f64(f64::from_bits(bits)));
            }
            DType::Int32 | DType::UInt32 => write(numbers, axis, first, start, |bits| bits as u32),
            DType::Int16 | DType::UInt16 => write(numbers, axis, first, start, |bits| bits as u16),
            _ => write(numbers, axis, first, start, |bits| bits as u8),
        }
    }
}

/// # Safety
///
/// As [`put`], for items like a `T`.
#[inline(always)]
unsafe fn write<T>(
    numbers: &[u64],
    axis: &AxisLayout,
    first: usize,
    start: *mut u8,
    convert: impl Fn(u64) -> T,
) {
    match axis {
        AxisLayout::Strided { stride, .. } if *stride == size_of::<T>() as isize => {
            let start = start.cast::<T>().wrapping_add(first);
            for (position, &number) in numbers.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { start.wrapping_add(position).write_unaligned(convert(number)) };
            }
        }
        _ => {
            for (position, &number) in numbers.iter().enumerate() {
                let place = start.wrapping_offset(axis.offset(first + position)).cast::<T>();
                // SAFETY: as above.
                unsafe { place.write_unaligned(convert(number)) };
            }
        }
    }
}
