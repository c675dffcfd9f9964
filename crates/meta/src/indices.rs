//! The global indices that one piece of an axis holds, in local order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The global indices that one piece of an axis holds, in local order, in the most compact form.
///
/// The constructors normalise: what is strided becomes [`Indices::Strided`], an empty piece starts
/// at 0, and a piece of at most one index has step 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Indices {
    /// `start, start + step, ...`: `len` of them; `step` is never 0 and may be negative.
    Strided {
        /// The first index.
        start: i64,
        /// The distance between neighbours.
        step: i64,
        /// How many there are.
        len: usize,
    },
    /// Blocks of `block` consecutive indices, `period` apart, without the first `skip` indices of
    /// the first block; `len` indices in all, so that the last block may be short.
    Blocks {
        /// The first index of the first block, whether skipped or not.
        start: i64,
        /// The length of a block.
        block: usize,
        /// The distance between the starts of neighbouring blocks; more than `block`.
        period: usize,
        /// How many indices of the first block are missing; less than `block`.
        skip: usize,
        /// How many indices there are.
        len: usize,
    },
    /// Any indices, in any order.
    List(#[serde(with = "crate::lists")] Arc<[i64]>),
}

impl Indices {
    /// No indices.
    pub const EMPTY: Self = Self::Strided { start: 0, step: 1, len: 0 };

    /// `start, start + step, ...`: `len` of them.
    ///
    /// # Panics
    ///
    /// In debug builds, when `step` is 0.
    pub fn strided(start: i64, step: i64, len: usize) -> Self {
        debug_assert!(step != 0, "a step is never 0");
        match len {
            0 => Self::EMPTY,
            1 => Self::Strided { start, step: 1, len },
            _ => Self::Strided { start, step, len },
        }
    }

    /// Blocks of `block` consecutive indices, `period` apart, the first block beginning at
    /// `start`, without the first `skip` indices; `len` indices in all.
    ///
    /// # Panics
    ///
    /// In debug builds, when blocks are empty or overlap.
    pub fn blocks(start: i64, block: usize, period: usize, skip: usize, len: usize) -> Self {
        debug_assert!(block > 0 && period >= block, "blocks are not empty and do not overlap");
        let start = start + (skip / block * period) as i64;
        let skip = skip % block;
        if len + skip <= block || period == block {
            Self::strided(start + skip as i64, 1, len)
        } else if block == 1 {
            Self::strided(start, period as i64, len)
        } else if len == 2 {
            // The last index of one block and the first of the next.
            Self::strided(start + skip as i64, (period - skip) as i64, len)
        } else {
            Self::Blocks { start, block, period, skip, len }
        }
    }

    /// Any indices, in the order given.
    pub fn from_list(list: Vec<i64>) -> Self {
        let step = match *list {
            [] => return Self::EMPTY,
            [only] => return Self::strided(only, 1, 1),
            [first, second, ..] => second.wrapping_sub(first),
        };
        if step != 0 && list.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
            return Self::strided(list[0], step, list.len());
        }
        Self::List(list.into())
    }

    /// How many indices there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Strided { len, .. } | Self::Blocks { len, .. } => *len,
            Self::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The global index at a local position.
    ///
    /// # Panics
    ///
    /// When the position is not below the length (of a list; in debug builds, of any form).
    pub fn get(&self, local: usize) -> i64 {
        debug_assert!(local < self.len(), "position {local} of {} indices", self.len());
        match self {
            Self::Strided { start, step, .. } => start + step * local as i64,
            Self::Blocks { start, block, period, skip, .. } => {
                let place = local + skip;
                start + (place / block * period + place % block) as i64
            }
            Self::List(list) => list[local],
        }
    }

    /// The local position of a global index, `None` when it is not here. Lists are searched from
    /// their beginning, the other forms answer at once.
    pub fn position(&self, global: i64) -> Option<usize> {
        match self {
            Self::Strided { start, step, len } => {
                let distance = global.checked_sub(*start)?;
                let (turns, rest) = (distance / step, distance % step);
                (rest == 0 && turns >= 0 && (turns as usize) < *len).then_some(turns as usize)
            }
            Self::Blocks { start, block, period, skip, len } => {
                let distance = usize::try_from(global.checked_sub(*start)?).ok()?;
                let (turns, rest) = (distance / period, distance % period);
                if rest >= *block {
                    return None;
                }
                (turns * block + rest).checked_sub(*skip).filter(|local| local < len)
            }
            Self::List(list) => list.iter().position(|&index| index == global),
        }
    }

    /// The global indices, in local order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        (0..self.len()).map(|local| self.get(local))
    }

    /// The global indices, in local order.
    pub fn to_vec(&self) -> Vec<i64> {
        match self {
            Self::List(list) => list.to_vec(),
            _ => self.iter().collect(),
        }
    }

    /// Whether each index is larger than the one before it.
    pub fn is_ascending(&self) -> bool {
        match self {
            Self::Strided { step, len, .. } => *step > 0 || *len < 2,
            Self::Blocks { .. } => true,
            Self::List(list) => list.is_sorted_by(|before, after| before < after),
        }
    }

    /// `(start, step, len)` when the indices are equally spaced.
    pub fn as_strided(&self) -> Option<(i64, i64, usize)> {
        match *self {
            Self::Strided { start, step, len } => Some((start, step, len)),
            _ => None,
        }
    }

    /// Whether two pieces hold the same indices in the same order.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Strided { .. }, Self::Strided { .. }) => self == other,
            _ => self == other || (self.len() == other.len() && self.iter().eq(other.iter())),
        }
    }

    /// Whether these are the indices `0..size` in ascending order.
    pub fn is_whole(&self, size: usize) -> bool {
        match *self {
            Self::Strided { start, step, len } => {
                len == size && (len == 0 || (start == 0 && step == 1))
            }
            _ => false,
        }
    }

    /// The smallest and the largest index, `None` when there are none.
    pub fn hull(&self) -> Option<(i64, i64)> {
        match self {
            Self::List(list) => Some((*list.iter().min()?, *list.iter().max()?)),
            _ if self.is_empty() => None,
            _ => {
                let (first, last) = (self.get(0), self.get(self.len() - 1));
                Some((first.min(last), first.max(last)))
            }
        }
    }
}
