//! Random numbers as an input of programs: made tile by tile, where they are needed.

#![expect(unsafe_code, reason = "numbers are written to registers")]

use serde::{Deserialize, Serialize};

use super::source::{COUNT, Indices, Source};
use super::store::put;
use super::threefry::Words;
use super::variate::Variate;
use super::weights;
use crate::{AxisLayout, DType, Labels};

/// An array of random numbers that need not be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draw {
    /// What is drawn.
    pub variate: Variate,
    /// The key of the generator.
    pub key: Words,
    /// The dtype of the numbers.
    pub dtype: DType,
    /// What a position along each axis adds to the index of an element.
    pub(crate) weights: Vec<i64>,
}

impl Draw {
    /// Numbers for an array of this global shape.
    pub fn new(variate: Variate, key: Words, dtype: DType, global_shape: &[usize]) -> Self {
        Self { variate, key, dtype, weights: weights(global_shape) }
    }
}

/// The indices along one axis of a rectangle: what each position adds to those of the elements.
pub(crate) struct Along<'a> {
    /// The index of each position, from 0 on.
    pub labels: &'a Labels,
    /// The first position of the rectangle.
    pub first: usize,
    /// The number of positions.
    pub len: usize,
}

impl Along<'_> {
    fn get(&self, position: usize) -> i64 {
        self.labels.get(self.first + position)
    }

    /// The distance between neighbours, if it is the same for all.
    fn step(&self) -> Option<i64> {
        match self.labels {
            Labels::Strided { step, .. } => Some(*step),
            Labels::List(_) => None,
        }
    }
}

/// Makes the numbers of rectangles of an array.
pub(crate) struct Tiles {
    source: Source,
    dtype: DType,
    indices: Vec<u64>,
}

impl Tiles {
    /// Numbers as `draw` says.
    pub(crate) fn new(draw: &Draw) -> Self {
        let source = Source::new(draw.variate, draw.key, draw.dtype);
        Self { source, dtype: draw.dtype, indices: Vec::new() }
    }

    /// Writes the numbers of a rectangle one after another. The index of an element is `base` and
    /// what its row and its column add.
    ///
    /// # Safety
    ///
    /// `place` must be valid for writes of as many items of the dtype.
    pub(crate) unsafe fn fill(
        &mut self,
        base: i64,
        rows: &Along<'_>,
        columns: &Along<'_>,
        place: *mut u8,
    ) {
        let total = rows.len * columns.len;
        let index = |row: usize, column: usize| (base + rows.get(row) + columns.get(column)) as u64;
        let unbroken =
            columns.step() == Some(1) && (rows.len == 1 || rows.step() == Some(columns.len as i64));
        for start in (0..total).step_by(COUNT) {
            let count = COUNT.min(total - start);
            let position = |item: usize| (item / columns.len, item % columns.len);
            let indices = if unbroken {
                Indices::From(index(0, 0) + start as u64)
            } else {
                let each = (start..start + count).map(position);
                self.indices.clear();
                self.indices.extend(each.map(|(row, column)| index(row, column)));
                Indices::Each(&self.indices)
            };
            let numbers = self.source.numbers(indices, count);
            let stride = self.dtype.itemsize() as isize;
            let axis = AxisLayout::Strided { len: total, stride };
            // SAFETY: the caller's promise.
            unsafe { put(numbers, self.dtype, &axis, start, place) };
        }
    }
}
