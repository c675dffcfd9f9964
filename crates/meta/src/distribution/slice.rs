//! The distribution of a slice.

use super::Distribution;
use crate::slice::{AxisSlice, IndexItem, LocalIndex, SlicedDistribution};
use crate::{AxisMap, MetaError, Result};

/// What one item of an index expression does: the places of its axis that stay, and what each of
/// them does to its piece.
struct Part {
    grid_size: usize,
    places: Vec<usize>,
    local: Vec<LocalIndex>,
}

impl Distribution {
    /// The distribution of a slice, and what each engine selects of its piece. Nothing moves;
    /// engines that hold nothing of the slice are dropped, but one always stays. Axes that are not
    /// indexed are taken whole.
    ///
    /// # Errors
    ///
    /// [`MetaError::TooManyIndices`], [`MetaError::IndexOutOfBounds`].
    pub fn slice(&self, items: &[IndexItem]) -> Result<SlicedDistribution> {
        let given = items.iter().filter(|item| **item != IndexItem::NewAxis).count();
        if given > self.ndim() {
            return Err(MetaError::TooManyIndices { ndim: self.ndim(), given });
        }
        let missing = self.shape()[given..].iter();
        let rest = missing.map(|&size| IndexItem::Slice(AxisSlice::full(size)));
        let mut maps = Vec::with_capacity(items.len());
        let mut parts = Vec::with_capacity(items.len());
        let mut axis = 0;
        for item in items.iter().copied().chain(rest) {
            if item == IndexItem::NewAxis {
                maps.push(AxisMap::no_dist(1));
                parts.push(Part {
                    grid_size: 1,
                    places: vec![0],
                    local: vec![LocalIndex::NewAxis],
                });
                continue;
            }
            let map = &self.maps()[axis];
            let (places, local) = match item {
                IndexItem::Integer(index) => {
                    let (place, position) =
                        map.owner(index).map_err(|error| at_axis(error, axis))?;
                    (vec![place], vec![LocalIndex::At(position)])
                }
                IndexItem::Slice(slice) => {
                    check_slice(&slice, axis, map.size())?;
                    let sliced = map.slice(&slice);
                    maps.push(sliced.map);
                    let selections = sliced.selections.into_iter();
                    (sliced.places, selections.map(LocalIndex::Select).collect())
                }
                IndexItem::NewAxis => unreachable!("handled above"),
            };
            parts.push(Part { grid_size: map.grid_size(), places, local });
            axis += 1;
        }
        let (source_ranks, local) = product(&parts);
        Ok(SlicedDistribution {
            distribution: self.on_ranks(maps, &source_ranks),
            source_ranks,
            local,
        })
    }
}

/// For every combination of the places of the parts, in C order: the rank that it had, and what
/// it does.
fn product(parts: &[Part]) -> (Vec<usize>, Vec<Vec<LocalIndex>>) {
    let ranks: usize = parts.iter().map(|part| part.places.len()).product();
    let mut source_ranks = Vec::with_capacity(ranks);
    let mut local = Vec::with_capacity(ranks);
    for new_rank in 0..ranks {
        let mut stride = ranks;
        let mut source_rank = 0;
        let mut doing = Vec::with_capacity(parts.len());
        for part in parts {
            stride /= part.places.len();
            let place = new_rank / stride % part.places.len();
            source_rank = source_rank * part.grid_size + part.places[place];
            doing.push(part.local[place].clone());
        }
        source_ranks.push(source_rank);
        local.push(doing);
    }
    (source_ranks, local)
}

/// Slices are clipped when they are made; this catches one that was made for another axis.
fn check_slice(slice: &AxisSlice, axis: usize, size: usize) -> Result<()> {
    if slice.len > 0 {
        let (low, high) = slice.hull();
        let index = if low < 0 { low } else { high };
        if index < 0 || index >= size as i64 {
            return Err(MetaError::IndexOutOfBounds { index, axis, size });
        }
    }
    Ok(())
}

/// A map knows no axis; this names it.
fn at_axis(error: MetaError, axis: usize) -> MetaError {
    match error {
        MetaError::IndexOutOfBounds { index, size, .. } => {
            MetaError::IndexOutOfBounds { index, axis, size }
        }
        other => other,
    }
}
