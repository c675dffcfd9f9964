//! Maps of an axis from dimension dictionaries, and back.

use super::consistency::owned_bounds;
use super::{Dialect, DimDict, DimPart, check_axis};
use crate::maps::{Block, Padding};
use crate::{AxisMap, Distribution, Indices, MetaError, Result};

impl AxisMap {
    /// The map of the axis that `dim_dicts`, one per place, describe. Contiguous ranges that
    /// overlap do so by their communication padding; the map then has each index where it is owned.
    ///
    /// # Errors
    ///
    /// [`MetaError::Protocol`] when the dictionaries contradict each other, or when some index is on
    /// no place.
    pub fn from_dim_dicts(axis: usize, dim_dicts: &[DimDict]) -> Result<Self> {
        check_axis(axis, dim_dicts, Dialect::DistArray)?;
        let first = &dim_dicts[0];
        let (size, grid_size) = (first.size, first.proc_grid_size);
        match first.part {
            DimPart::NotDistributed => Ok(Self::no_dist(size)),
            DimPart::Block { .. } => block(axis, dim_dicts),
            DimPart::Cyclic { block_size, .. } => {
                Ok(Self::block_cyclic(size, grid_size, block_size))
            }
            DimPart::Unstructured { .. } => {
                let pieces: Vec<Indices> = dim_dicts.iter().map(DimDict::indices).collect();
                Self::unstructured(size, pieces).map_err(|error| MetaError::Protocol {
                    axis,
                    key: "indices".into(),
                    message: error.to_string(),
                })
            }
        }
    }

    /// The dictionary of the place `place` along this axis.
    ///
    /// # Panics
    ///
    /// When there is no such place.
    pub fn dim_dict(&self, place: usize) -> DimDict {
        let part = match self {
            Self::NoDist(_) => DimPart::NotDistributed,
            Self::Block(map) => DimPart::Block {
                start: map.bounds[place],
                stop: map.bounds[place + 1],
                padding: map.padding.widths(place, self.grid_size()),
                periodic: map.periodic,
            },
            Self::Cyclic(_) => DimPart::Cyclic { start: place, block_size: 1 },
            Self::BlockCyclic(map) => {
                DimPart::Cyclic { start: place * map.block_size, block_size: map.block_size }
            }
            Self::Unstructured(map) => {
                DimPart::Unstructured { indices: map.pieces[place].clone(), one_to_one: false }
            }
        };
        DimDict { size: self.size(), proc_grid_size: self.grid_size(), proc_grid_rank: place, part }
    }

    /// The dictionaries of all places along this axis.
    pub fn dim_dicts(&self) -> Vec<DimDict> {
        (0..self.grid_size()).map(|place| self.dim_dict(place)).collect()
    }
}

impl Distribution {
    /// The dictionaries of the axes on one rank.
    pub fn dim_data(&self, rank: usize) -> Vec<DimDict> {
        let places = self.coordinates(rank);
        self.maps().iter().zip(places).map(|(map, place)| map.dim_dict(place)).collect()
    }
}

fn block(axis: usize, dim_dicts: &[DimDict]) -> Result<AxisMap> {
    let blocks: Vec<_> = dim_dicts.iter().filter_map(DimDict::as_block).collect();
    let widths = blocks.iter().map(|block| block.padding).collect();
    Ok(AxisMap::Block(Block {
        bounds: owned_bounds(axis, &blocks)?.into(),
        padding: Padding::from_widths(widths),
        periodic: blocks[0].periodic,
    }))
}
