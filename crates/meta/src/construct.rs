//! Distributions from what users have at hand: a shape, or dimension dictionaries.

use crate::dist_type::normalize_dist;
use crate::grid::{make_grid_shape, normalize_grid_shape};
use crate::protocol::{Dialect, DimDict, GlobalDimDict, per_axis};
use crate::{AxisMap, DistType, Distribution, Indices, MetaError, Result};

impl AxisMap {
    /// An even map of the given type; an unstructured one holds what a block one would.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when there are no places, or several on an axis that is not
    /// distributed.
    pub fn from_sizes(size: usize, dist_type: DistType, grid_size: usize) -> Result<Self> {
        if grid_size == 0 || (grid_size > 1 && !dist_type.is_distributed()) {
            let letter = dist_type.letter();
            return Err(MetaError::Invalid {
                argument: "grid_size",
                message: format!("{grid_size} places for an axis of type '{letter}'"),
            });
        }
        match dist_type {
            DistType::NotDistributed => Ok(Self::no_dist(size)),
            DistType::Block => Ok(Self::block(size, grid_size)),
            DistType::Cyclic => Ok(Self::cyclic(size, grid_size)),
            DistType::Unstructured => {
                let blocks = Self::block(size, grid_size);
                let pieces: Vec<Indices> = (0..grid_size).map(|p| blocks.piece(p)).collect();
                Self::unstructured(size, pieces)
            }
        }
    }
}

impl Distribution {
    /// The distribution of an array of `shape`, axis by axis as `dist` says (`'n'` where it says
    /// nothing), over a grid of `grid_shape`, or one chosen to fit. The engines are the first of
    /// `targets`; of a distribution in blocks alone, only as many as get elements.
    ///
    /// # Errors
    ///
    /// As [`make_grid_shape`] and [`normalize_grid_shape`]; [`MetaError::Invalid`] when a target is
    /// given twice.
    pub fn from_shape(
        shape: &[usize],
        dist: &[DistType],
        grid_shape: Option<&[usize]>,
        targets: &[usize],
    ) -> Result<Self> {
        let dist = normalize_dist(dist, shape.len())?;
        let mut grid_shape = match grid_shape {
            Some(grid_shape) => normalize_grid_shape(grid_shape, &dist, targets.len())?,
            None => choose_grid_shape(shape, &dist, targets.len())?,
        };
        if dist.iter().all(|kind| matches!(kind, DistType::Block | DistType::NotDistributed)) {
            for (places, &size) in grid_shape.iter_mut().zip(shape) {
                *places = used_places(size, *places);
            }
        }
        let maps = shape
            .iter()
            .zip(dist)
            .zip(grid_shape)
            .map(|((&size, dist_type), places)| AxisMap::from_sizes(size, dist_type, places))
            .collect::<Result<_>>()?;
        Self::from_maps(maps, targets)
    }

    /// The product of `maps` over the first of the engines `targets`, in ascending order.
    ///
    /// # Errors
    ///
    /// [`MetaError::InvalidGridShape`] when there are too few engines; [`MetaError::Invalid`] when
    /// one is given twice.
    pub fn from_maps(maps: Vec<AxisMap>, targets: &[usize]) -> Result<Self> {
        let grid_shape: Vec<usize> = maps.iter().map(AxisMap::grid_size).collect();
        let places = grid_shape.iter().try_fold(1usize, |all, &places| all.checked_mul(places));
        let Some(places) = places.filter(|&places| places <= targets.len()) else {
            return Err(MetaError::InvalidGridShape(format!(
                "grid_shape: {grid_shape:?} needs more than the {} processes there are",
                targets.len()
            )));
        };
        let mut targets = targets.to_vec();
        targets.sort_unstable();
        if let Some([twice, _]) = targets.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(MetaError::Invalid {
                argument: "targets",
                message: format!("engine {twice} is given twice"),
            });
        }
        targets.truncate(places);
        Self::new(maps, targets)
    }

    /// The distribution that the dictionaries of all ranks describe, over the first of `targets`.
    ///
    /// # Errors
    ///
    /// As [`per_axis`], [`AxisMap::from_dim_dicts`] and [`Distribution::from_maps`].
    pub fn from_dim_data_per_rank(
        dim_data_per_rank: &[Vec<DimDict>],
        targets: &[usize],
    ) -> Result<Self> {
        let maps = per_axis(dim_data_per_rank, Dialect::DistArray)?
            .iter()
            .enumerate()
            .map(|(axis, dim_dicts)| AxisMap::from_dim_dicts(axis, dim_dicts))
            .collect::<Result<_>>()?;
        Self::from_maps(maps, targets)
    }

    /// The distribution that one global dictionary per axis describes, over the first of
    /// `targets`.
    ///
    /// # Errors
    ///
    /// As [`GlobalDimDict::to_map`] and [`Distribution::from_maps`].
    pub fn from_global_dim_data(
        global_dim_data: &[GlobalDimDict],
        targets: &[usize],
    ) -> Result<Self> {
        let maps = global_dim_data
            .iter()
            .enumerate()
            .map(|(axis, dim_dict)| dim_dict.to_map(axis))
            .collect::<Result<_>>()?;
        Self::from_maps(maps, targets)
    }
}

/// The grid for all of the engines or, where no such grid fits the shape, for as many of them as
/// possible.
fn choose_grid_shape(shape: &[usize], dist: &[DistType], ranks: usize) -> Result<Vec<usize>> {
    let all = make_grid_shape(shape, dist, ranks);
    if all.is_ok() {
        return all;
    }
    (1..ranks).rev().find_map(|fewer| make_grid_shape(shape, dist, fewer).ok()).map_or(all, Ok)
}

/// How many of `places` get elements when `size` elements are cut into equal blocks.
fn used_places(size: usize, places: usize) -> usize {
    let block = size.div_ceil(places);
    if block == 0 { 1 } else { size.div_ceil(block) }
}
