//! Global dimension dictionaries: one per axis, for all processes at once.

use super::fields::Fields;
use super::{Dialect, RawDict, RawValue};
use crate::maps::{Block, Padding};
use crate::{AxisMap, DistType, Indices, MetaError, Result};

/// How an axis is distributed, in the form in which users write it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalDimDict {
    /// All of the axis on one process.
    NotDistributed {
        /// The global size.
        size: usize,
    },
    /// Contiguous parts.
    Block {
        /// Where each part begins, and the global size at the end.
        bounds: Vec<usize>,
        /// The width of the padding between neighbours.
        comm_padding: usize,
        /// The width of the padding at the ends.
        boundary_padding: usize,
        /// Whether the ends are neighbours.
        periodic: bool,
    },
    /// Blocks that go round robin.
    Cyclic {
        /// The global size.
        size: usize,
        /// The number of processes.
        proc_grid_size: usize,
        /// The length of a block.
        block_size: usize,
    },
    /// Any indices on any process.
    Unstructured {
        /// The global size: by default, how many indices there are.
        size: usize,
        /// The indices on each process.
        indices: Vec<Indices>,
    },
}

impl GlobalDimDict {
    /// The dictionary that `raw` holds.
    ///
    /// # Errors
    ///
    /// [`MetaError::Protocol`] that names the key at fault.
    pub fn parse(axis: usize, raw: &RawDict) -> Result<Self> {
        let fields = Fields { axis, raw, dialect: Dialect::DistArray };
        match fields.dist_type()? {
            DistType::NotDistributed => {
                Ok(Self::NotDistributed { size: fields.integer("size", 0, None)? })
            }
            DistType::Block => Ok(Self::Block {
                bounds: bounds(&fields)?,
                comm_padding: fields.integer("comm_padding", 0, Some(0))?,
                boundary_padding: fields.integer("boundary_padding", 0, Some(0))?,
                periodic: fields.flag("periodic")?,
            }),
            DistType::Cyclic => Ok(Self::Cyclic {
                size: fields.integer("size", 0, None)?,
                proc_grid_size: fields.integer("proc_grid_size", 1, None)?,
                block_size: fields.integer("block_size", 1, Some(1))?,
            }),
            DistType::Unstructured => {
                let indices = pieces(&fields)?;
                let held = indices.iter().map(Indices::len).sum();
                Ok(Self::Unstructured { size: fields.integer("size", 0, Some(held))?, indices })
            }
        }
    }

    /// The map that this dictionary describes.
    ///
    /// # Errors
    ///
    /// [`MetaError::Protocol`] when bounds descend, or when some index is on no process.
    pub fn to_map(&self, axis: usize) -> Result<AxisMap> {
        let wrong = |key: &str, error: &MetaError| MetaError::Protocol {
            axis,
            key: key.into(),
            message: error.to_string(),
        };
        match self {
            Self::NotDistributed { size } => Ok(AxisMap::no_dist(*size)),
            Self::Block { bounds, comm_padding, boundary_padding, periodic } => {
                let map = AxisMap::block_with_bounds(bounds.clone())
                    .map_err(|error| wrong("bounds", &error))?;
                let AxisMap::Block(map) = map else { return Ok(map) };
                Ok(AxisMap::Block(Block {
                    padding: Padding::Even {
                        communication: *comm_padding,
                        boundary: *boundary_padding,
                    },
                    periodic: *periodic,
                    ..map
                }))
            }
            Self::Cyclic { size, proc_grid_size, block_size } => {
                Ok(AxisMap::block_cyclic(*size, *proc_grid_size, *block_size))
            }
            Self::Unstructured { size, indices } => AxisMap::unstructured(*size, indices.clone())
                .map_err(|error| wrong("indices", &error)),
        }
    }
}

fn bounds(fields: &Fields) -> Result<Vec<usize>> {
    let expected = "at least two integers that ascend from 0 to the size of the axis";
    let bounds: Option<Vec<usize>> = fields
        .raw
        .get("bounds")
        .and_then(RawValue::integers)
        .and_then(|bounds| bounds.into_iter().map(|bound| bound.try_into().ok()).collect());
    match bounds {
        Some(bounds) if bounds.len() >= 2 && bounds[0] == 0 && bounds.is_sorted() => Ok(bounds),
        _ => fields.unexpected("bounds", expected),
    }
}

fn pieces(fields: &Fields) -> Result<Vec<Indices>> {
    let expected = "a sequence of sequences or buffers of integers, one for each process";
    let Some(RawValue::Sequence(pieces)) = fields.raw.get("indices") else {
        return fields.unexpected("indices", expected);
    };
    if pieces.is_empty() {
        return fields.unexpected("indices", expected);
    }
    let mut parsed = Vec::with_capacity(pieces.len());
    for (place, piece) in pieces.iter().enumerate() {
        let Some(indices) = piece.integers() else {
            return fields
                .wrong("indices", format!("has {} for process {place}", piece.describe()));
        };
        parsed.push(Indices::from_list(indices));
    }
    Ok(parsed)
}
