//! The global index of each position along one axis of a block.

use std::sync::Arc;

/// The global index of each position along one axis of a block.
///
/// Kernels know no distribution: where a result depends on where in the whole array an element
/// lies (argument reductions, random numbers, grids of indices), its labels say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// `start + step * j`.
    Strided {
        /// The label of position 0.
        start: i64,
        /// The distance between neighbours.
        step: i64,
    },
    /// Any labels.
    List(Arc<[i64]>),
}

impl Labels {
    /// Each position is its own label: the block is the whole array.
    pub const POSITIONS: Self = Self::Strided { start: 0, step: 1 };

    /// The global index of a position.
    ///
    /// # Panics
    ///
    /// When a list of labels is shorter.
    pub fn get(&self, position: usize) -> i64 {
        match self {
            Self::Strided { start, step } => start + step * position as i64,
            Self::List(list) => list[position],
        }
    }

    /// The labels of `len` positions from `start` on.
    ///
    /// # Panics
    ///
    /// When a list of labels is shorter.
    pub fn part(&self, start: usize, len: usize) -> Self {
        match self {
            Self::Strided { step, .. } => Self::Strided { start: self.get(start), step: *step },
            Self::List(list) => Self::List(list[start..start + len].into()),
        }
    }

    /// Writes the labels of the positions from `start` on.
    ///
    /// # Panics
    ///
    /// When a list of labels is shorter.
    pub(crate) fn write(&self, start: usize, to: &mut [i64]) {
        match self {
            Self::Strided { step, .. } => {
                let mut label = self.get(start);
                for item in to {
                    *item = label;
                    label = label.wrapping_add(*step);
                }
            }
            Self::List(list) => to.copy_from_slice(&list[start..start + to.len()]),
        }
    }

    /// The labels of `len` positions, each multiplied by `factor`.
    pub(crate) fn scaled(&self, factor: i64, len: usize) -> Self {
        match self {
            Self::Strided { start, step } => {
                Self::Strided { start: start * factor, step: step * factor }
            }
            Self::List(list) => list[..len].iter().map(|label| label * factor).collect(),
        }
    }

    /// The labels of `len` positions, each increased by `offset`.
    pub(crate) fn shifted(&self, offset: i64, len: usize) -> Self {
        match self {
            Self::Strided { start, step } => Self::Strided { start: start + offset, step: *step },
            Self::List(list) => list[..len].iter().map(|label| label + offset).collect(),
        }
    }

    /// Whether the first `len` labels ascend.
    pub fn is_ascending(&self, len: usize) -> bool {
        match self {
            Self::Strided { step, .. } => *step > 0 || len < 2,
            Self::List(list) => list[..len].is_sorted_by(|left, right| left < right),
        }
    }
}

impl FromIterator<i64> for Labels {
    fn from_iter<I: IntoIterator<Item = i64>>(labels: I) -> Self {
        Self::List(labels.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strided_labels_count_from_their_start() {
        let labels = Labels::Strided { start: 7, step: -2 };
        assert_eq!([labels.get(0), labels.get(1), labels.get(4)], [7, 5, -1]);
        let mut written = [0; 3];
        labels.write(2, &mut written);
        assert_eq!(written, [3, 1, -1]);
        assert!(labels.is_ascending(1));
        assert!(!labels.is_ascending(2));
        assert!(Labels::POSITIONS.is_ascending(10));
    }

    #[test]
    fn listed_labels_are_looked_up() {
        let labels = Labels::List(Arc::new([4, 9, 2]));
        assert_eq!([labels.get(0), labels.get(1), labels.get(2)], [4, 9, 2]);
        let mut written = [0; 2];
        labels.write(1, &mut written);
        assert_eq!(written, [9, 2]);
        assert!(labels.is_ascending(2));
        assert!(!labels.is_ascending(3));
    }
}
