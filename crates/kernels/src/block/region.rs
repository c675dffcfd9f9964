//! Rectangular regions of a shape.

use super::Block;
use crate::Labels;

/// A rectangular region of a shape: a range of positions along each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    ranges: Vec<(usize, usize)>,
}

impl Region {
    /// The region of these ranges, each the first position along an axis and their number.
    pub fn new(ranges: Vec<(usize, usize)>) -> Self {
        Self { ranges }
    }

    /// The regions that have one of the ranges of each axis, in C order.
    ///
    /// # Examples
    ///
    /// ```
    /// use distarray_kernels::Region;
    ///
    /// let parts = Region::grid([&[(0, 2), (2, 1)][..], &[(0, 5)]]);
    /// assert_eq!(parts, [Region::new(vec![(0, 2), (0, 5)]), Region::new(vec![(2, 1), (0, 5)])]);
    /// ```
    pub fn grid<'a>(axes: impl IntoIterator<Item = &'a [(usize, usize)]>) -> Vec<Self> {
        let mut parts = vec![Vec::new()];
        for ranges in axes {
            let longer = |part: &Vec<(usize, usize)>| {
                ranges.iter().map(|range| [part.as_slice(), &[*range]].concat()).collect::<Vec<_>>()
            };
            parts = parts.iter().flat_map(longer).collect();
        }
        parts.into_iter().map(Self::new).collect()
    }

    /// The first position along each axis, and their number.
    pub fn ranges(&self) -> &[(usize, usize)] {
        &self.ranges
    }

    /// The number of positions along each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.ranges.iter().map(|&(_, len)| len).collect()
    }

    /// The number of positions.
    pub fn size(&self) -> usize {
        self.ranges.iter().map(|&(_, len)| len).product()
    }

    /// Whether the region lies within another one.
    pub fn is_within(&self, other: &Self) -> bool {
        self.ranges
            .iter()
            .zip(&other.ranges)
            .all(|(own, whole)| whole.0 <= own.0 && own.0 + own.1 <= whole.0 + whole.1)
    }

    /// The region of a block that broadcasts to the shape.
    ///
    /// # Panics
    ///
    /// When the block does not broadcast to the shape.
    pub fn of(&self, block: &Block) -> Block {
        let missing = self.ranges.len() - block.ndim();
        let mut part = block.clone();
        for (axis, &(start, len)) in self.ranges[missing..].iter().enumerate() {
            if block.axes()[axis].len() > 1 {
                part = part.slice_axis(axis, start, 1, len);
            }
        }
        part
    }

    /// The region of the labels of a shape, axis by axis.
    ///
    /// # Panics
    ///
    /// When a list of labels is too short.
    pub fn labels(&self, labels: &[Labels]) -> Vec<Labels> {
        let parts = labels.iter().zip(&self.ranges);
        parts.map(|(labels, &(start, len))| labels.part(start, len)).collect()
    }
}
