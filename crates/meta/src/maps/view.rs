//! The map of the same memory seen with another item size.

use super::unstructured::Unstructured;
use super::{AxisMap, Homes, invalid};
use crate::progression::gcd;
use crate::{Indices, MetaError, Result};

impl AxisMap {
    /// The map of the same memory seen as `new_size` elements along this axis, as a view with
    /// another item size needs it.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when a piece would be cut inside an element.
    pub fn view(&self, new_size: usize) -> Result<Self> {
        let size = self.size();
        match self {
            _ if size == new_size => Ok(self.clone()),
            _ if size == 0 || new_size == 0 => Err(cut_inside(size, new_size)),
            Self::NoDist(_) => Ok(Self::no_dist(new_size)),
            Self::Block(map) => map.view(size, new_size).map(Self::Block),
            Self::Cyclic(map) => dealt_view(size, new_size, map.grid_size, 1),
            Self::BlockCyclic(map) => dealt_view(size, new_size, map.grid_size, map.block_size),
            Self::Unstructured(map) => map.view(new_size).map(Self::Unstructured),
        }
    }
}

/// `bound` times `new_size / size`, `None` unless that is a whole number.
pub(super) fn scale(bound: usize, size: usize, new_size: usize) -> Option<usize> {
    let scaled = bound as u128 * new_size as u128;
    scaled.is_multiple_of(size as u128).then(|| (scaled / size as u128) as usize)
}

/// The map of dealt blocks seen as `new_size` elements.
fn dealt_view(size: usize, new_size: usize, grid_size: usize, block: usize) -> Result<AxisMap> {
    match scale(block.min(size), size, new_size) {
        Some(block) => Ok(AxisMap::block_cyclic(new_size, grid_size, block)),
        None => Err(cut_inside(size, new_size)),
    }
}

/// The error for a view that would cut a piece inside an element.
pub(super) fn cut_inside(size: usize, new_size: usize) -> MetaError {
    invalid(
        "size",
        format!(
            "an axis of size {size} cannot be seen as one of size {new_size}, because its pieces \
             would not be cut between elements"
        ),
    )
}

impl Unstructured {
    /// Every `before` indices become `after` new ones.
    fn view(&self, new_size: usize) -> Result<Self> {
        let divisor = gcd(self.size as u64, new_size as u64) as usize;
        let (before, after) = (self.size / divisor, new_size / divisor);
        let seen = |piece| Some(widened(&narrowed(piece, before)?, after));
        let pieces: Option<_> = self.pieces.iter().map(seen).collect();
        match pieces {
            Some(pieces) => Ok(Self { size: new_size, pieces, homes: Homes::default() }),
            None => Err(cut_inside(self.size, new_size)),
        }
    }
}

/// Every index becomes `factor` new ones.
fn widened(piece: &Indices, factor: usize) -> Indices {
    let wide = factor as i64;
    match *piece {
        Indices::Strided { start, step: 1, len } => Indices::strided(start * wide, 1, len * factor),
        Indices::Strided { start, step, len } if step > 1 => {
            Indices::blocks(start * wide, factor, step as usize * factor, 0, len * factor)
        }
        Indices::Blocks { start, block, period, skip, len } => Indices::blocks(
            start * wide,
            block * factor,
            period * factor,
            skip * factor,
            len * factor,
        ),
        _ => Indices::from_list(
            piece.iter().flat_map(|index| index * wide..(index + 1) * wide).collect(),
        ),
    }
}

/// Every `factor` indices, which must be neighbours that begin at a multiple of it, become one.
fn narrowed(piece: &Indices, factor: usize) -> Option<Indices> {
    if factor == 1 {
        return Some(piece.clone());
    }
    let narrow = factor as i64;
    if let Indices::Strided { start, step: 1, len } = *piece {
        let is_whole = start % narrow == 0 && len.is_multiple_of(factor);
        return is_whole.then(|| Indices::strided(start / narrow, 1, len / factor));
    }
    if let Indices::Blocks { start, block, period, skip, len } = *piece
        && start % narrow == 0
        && [block, period, skip, len].iter().all(|count| count.is_multiple_of(factor))
    {
        let (block, period) = (block / factor, period / factor);
        return Some(Indices::blocks(start / narrow, block, period, skip / factor, len / factor));
    }
    let list = piece.to_vec();
    let one = |group: &[i64]| {
        let begin = group[0];
        let is_whole = begin % narrow == 0 && group.iter().copied().eq(begin..begin + narrow);
        is_whole.then_some(begin / narrow)
    };
    list.chunks(factor).map(one).collect::<Option<Vec<i64>>>().map(Indices::from_list)
}
