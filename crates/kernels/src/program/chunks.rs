//! The chunks in which a shape is gone through, in C order.

use crate::Region;

/// The chunks of a shape: rows along one axis, whole along those after it.
pub struct Chunks<'a> {
    shape: &'a [usize],
    /// The axis along which chunks are cut.
    axis: usize,
    /// How many positions along it a chunk has at most.
    rows: usize,
    /// How many chunks there are along it.
    along: usize,
    /// How many chunks there are.
    pub count: usize,
    /// The number of positions in the largest.
    pub most: usize,
}

impl<'a> Chunks<'a> {
    /// Chunks of about `size` positions at most.
    pub fn new(shape: &'a [usize], size: usize) -> Self {
        let mut axis = shape.len().saturating_sub(1);
        let mut inner = 1;
        while axis > 0 && inner * shape[axis] <= size {
            inner *= shape[axis];
            axis -= 1;
        }
        let len = shape.get(axis).copied().unwrap_or(1);
        let rows = (size / inner.max(1)).clamp(1, len.max(1));
        let along = len.div_ceil(rows);
        let outer: usize = shape[..axis].iter().product();
        Self { shape, axis, rows, along, count: outer * along, most: rows * inner }
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Region {
        let mut ranges: Vec<(usize, usize)> = self.shape.iter().map(|&len| (0, len)).collect();
        let mut rest = index / self.along;
        for axis in (0..self.axis).rev() {
            ranges[axis] = (rest % self.shape[axis], 1);
            rest /= self.shape[axis];
        }
        if let Some(range) = ranges.get_mut(self.axis) {
            let start = index % self.along * self.rows;
            *range = (start, self.rows.min(self.shape[self.axis] - start));
        }
        Region::new(ranges)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Chunks;

    proptest! {
        #[test]
        fn every_position_is_in_one_chunk_and_chunks_are_in_order(
            shape in prop::collection::vec(1_usize..6, 0..4),
            size in 1_usize..40,
        ) {
            let chunks = Chunks::new(&shape, size);
            let mut met = Vec::new();
            for index in 0..chunks.count {
                let chunk = chunks.get(index);
                prop_assert!(chunk.size() <= chunks.most && chunks.most <= size.max(1));
                let mut positions = vec![0_usize];
                for (axis, &(start, len)) in chunk.ranges().iter().enumerate() {
                    positions = positions
                        .iter()
                        .flat_map(|flat| (start..start + len).map(move |at| (*flat, at)))
                        .map(|(flat, at)| flat * shape[axis] + at)
                        .collect();
                }
                met.extend(positions);
            }
            prop_assert_eq!(met, (0..shape.iter().product()).collect::<Vec<usize>>());
        }
    }
}
