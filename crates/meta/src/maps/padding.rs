//! The padding of contiguous pieces, which dimension dictionaries export.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How wide the padding of contiguous pieces is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Padding {
    /// One width everywhere between neighbours, and one at the ends of the axis.
    Even {
        /// The width between neighbours.
        communication: usize,
        /// The width at the ends.
        boundary: usize,
    },
    /// The widths to the left and to the right of each piece.
    Each(Arc<[[usize; 2]]>),
}

impl Padding {
    /// No padding.
    pub const NONE: Self = Self::Even { communication: 0, boundary: 0 };

    /// The padding whose widths to the left and to the right of each piece are these.
    pub fn from_widths(widths: Vec<[usize; 2]>) -> Self {
        let (Some(first), Some(last)) = (widths.first(), widths.last()) else { return Self::NONE };
        let communication = if widths.len() > 1 { first[1] } else { 0 };
        let even = Self::Even { communication, boundary: first[0].max(last[1]) };
        let is_even =
            widths.iter().enumerate().all(|(place, own)| *own == even.widths(place, widths.len()));
        if is_even { even } else { Self::Each(widths.into()) }
    }

    /// The widths to the left and to the right of the piece of one of `places` places.
    ///
    /// # Panics
    ///
    /// When the widths of each piece are given, and there is no such piece.
    pub fn widths(&self, place: usize, places: usize) -> [usize; 2] {
        match self {
            Self::Even { communication, boundary } => {
                let width = |is_end| if is_end { *boundary } else { *communication };
                [width(place == 0), width(place + 1 == places)]
            }
            Self::Each(widths) => widths[place],
        }
    }

    /// Every width changed by `scale`, `None` when it gives none.
    pub(super) fn scaled(&self, scale: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        Some(match self {
            Self::Even { communication, boundary } => {
                Self::Even { communication: scale(*communication)?, boundary: scale(*boundary)? }
            }
            Self::Each(widths) => Self::Each(
                widths
                    .iter()
                    .map(|[left, right]| Some([scale(*left)?, scale(*right)?]))
                    .collect::<Option<_>>()?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_widths_are_recognised() {
        let even = |communication, boundary| Padding::Even { communication, boundary };
        assert_eq!(Padding::from_widths(vec![[2, 1], [1, 1], [1, 2]]), even(1, 2));
        assert_eq!(Padding::from_widths(vec![[2, 2]]), even(0, 2));
        assert_eq!(Padding::from_widths(Vec::new()), Padding::NONE);
        for uneven in [vec![[2, 1], [1, 3]], vec![[0, 1]], vec![[0, 1], [1, 2], [2, 0]]] {
            let padding = Padding::from_widths(uneven.clone());
            let widths = (0..uneven.len()).map(|place| padding.widths(place, uneven.len()));
            assert_eq!(widths.collect::<Vec<_>>(), uneven);
            assert_eq!(
                padding.scaled(|width| width.checked_mul(2)).map(|twice| twice.widths(0, 1)),
                Some(uneven[0].map(|width| 2 * width))
            );
        }
    }
}
