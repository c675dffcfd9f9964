//! Running sums, products and extrema along an axis.

use distarray_kernels::{Accumulation, DType, Scan};
use distarray_meta::{AxisMap, Distribution, Indices, plan};

use super::Array;
use super::layout::{Policy, stretch};
use crate::error::Result;
use crate::{Command, command};

/// An accumulation of an array along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Accumulate {
    /// What is computed.
    pub accumulation: Accumulation,
    /// Along which axis.
    pub axis: usize,
    /// The dtype that is computed in, and that of the result.
    pub dtype: DType,
}

impl Accumulate {
    /// Accumulates an array. The result has the array's layout.
    ///
    /// Where engines hold indices along the axis that are no neighbours, the array is brought to
    /// blocks first, and the result back.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Kernel`] when there is no such accumulation,
    /// [`crate::SessionError::CommunicationForbidden`].
    ///
    /// # Panics
    ///
    /// When there is no such axis.
    pub fn run(&self, source: &Array, policy: &Policy<'_>) -> Result<Array> {
        let len = source.shape()[self.axis];
        let scan = Scan::new(self.accumulation, self.dtype, self.axis, len)?;
        let layout = stretch(source.distribution(), source.shape())?;
        let blocks = self.in_blocks(&layout)?;
        let there = plan::moved(source.distribution(), &blocks) * item_bytes(source.dtype());
        let back = plan::moved(&blocks, &layout) * item_bytes(self.dtype);
        let read = if scan.reads_elements() {
            self.elements_read(&blocks) * item_bytes(source.dtype())
        } else {
            0
        };
        policy.permit("accumulation", there + read + back)?;
        let moved;
        let source = if source.distribution().same_layout(&blocks) {
            source
        } else {
            moved = source.redistribute(blocks.clone())?;
            &moved
        };
        let result = Array::named(source.session(), blocks.clone(), self.dtype);
        source.execute(
            Command::Accumulate(command::Accumulate {
                scan,
                axis: self.axis,
                source: source.id()?,
                source_dtype: source.dtype(),
                distribution: blocks.clone(),
                result: result.id()?,
            }),
            source.weight().max(result.weight()),
        )?;
        if layout.same_layout(&blocks) { Ok(result) } else { result.redistribute(layout) }
    }

    /// The layout, or one in which engines hold neighbours along the axis.
    fn in_blocks(&self, layout: &Distribution) -> Result<Distribution> {
        let map = &layout.maps()[self.axis];
        if (0..map.grid_size()).all(|place| is_run(&map.piece(place))) {
            return Ok(layout.clone());
        }
        let mut maps = layout.maps().to_vec();
        maps[self.axis] = AxisMap::block(map.size(), map.grid_size());
        let places = maps.iter().map(AxisMap::grid_size).product();
        Ok(Distribution::new(maps, layout.targets()[..places].to_vec())?)
    }

    /// How many elements engines read of others, when each reads all that come before its own.
    fn elements_read(&self, blocks: &Distribution) -> u64 {
        let map = &blocks.maps()[self.axis];
        let len = map.size().max(1) as u64;
        let before: u64 = (0..map.grid_size())
            .map(|place| map.piece(place))
            .filter(|piece| !piece.is_empty())
            .map(|piece| piece.get(0) as u64)
            .sum();
        blocks.global_size() as u64 / len * before
    }
}

/// A copy of all elements along one axis, in C order, cut into blocks. Rows that are whole on one
/// engine stay there.
///
/// # Errors
///
/// [`crate::SessionError::CommunicationForbidden`].
pub fn flattened(source: &Array, policy: &Policy<'_>) -> Result<Array> {
    let distribution = source.distribution();
    let ranks = distribution.ranks();
    let row: usize = source.shape().iter().skip(1).product();
    let whole_rows = distribution
        .maps()
        .iter()
        .enumerate()
        .all(|(axis, map)| (axis == 0 && map.dist() == 'b') || is_whole(map));
    let map = match distribution.maps().first() {
        Some(map) if whole_rows && map.dist() == 'b' => {
            let ends = (0..ranks).scan(0, |end, place| {
                *end += map.piece_len(place) * row;
                Some(*end)
            });
            AxisMap::block_with_bounds(std::iter::once(0).chain(ends).collect())?
        }
        _ => {
            if ranks > 1 {
                policy.permit("accumulation", source.size() as u64 * item_bytes(source.dtype()))?;
            }
            AxisMap::block(source.size(), ranks)
        }
    };
    let targets = distribution.targets()[..map.grid_size()].to_vec();
    source.redistribute(Distribution::new(vec![map], targets)?)
}

/// Whether one place holds all indices in ascending order.
fn is_whole(map: &AxisMap) -> bool {
    map.grid_size() == 1 && is_run(&map.piece(0))
}

fn item_bytes(dtype: DType) -> u64 {
    dtype.itemsize() as u64
}

/// Whether indices are neighbours in ascending order.
fn is_run(piece: &Indices) -> bool {
    piece.len() <= 1 || matches!(piece, Indices::Strided { step: 1, .. })
}
