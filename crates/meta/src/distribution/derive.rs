//! Distributions made from others: reduced, permuted, widened, viewed, broadcast.

use super::Distribution;
use crate::{AxisMap, MetaError, Result};

impl Distribution {
    /// The same pieces on other engines.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when there are not as many engines as ranks.
    pub fn with_targets(&self, targets: Vec<usize>) -> Result<Self> {
        Self::new(self.maps().to_vec(), targets)
    }

    /// The distribution of a reduction along `axes`, and the old rank of each new rank: the one
    /// with place 0 along the reduced axes. With `keepdims`, reduced axes stay with size 1.
    ///
    /// # Panics
    ///
    /// When an axis does not exist.
    pub fn reduce(&self, axes: &[usize], keepdims: bool) -> (Self, Vec<usize>) {
        assert!(axes.iter().all(|&axis| axis < self.ndim()), "an axis to reduce does not exist");
        let mut maps = Vec::with_capacity(self.ndim());
        let mut ranks = vec![0];
        for (axis, map) in self.maps().iter().enumerate() {
            let grid_size = map.grid_size();
            if !axes.contains(&axis) {
                maps.push(map.clone());
                ranks = ranks
                    .iter()
                    .flat_map(|rank| (0..grid_size).map(move |place| rank * grid_size + place))
                    .collect();
                continue;
            }
            if keepdims {
                maps.push(AxisMap::no_dist(1));
            }
            for rank in &mut ranks {
                *rank *= grid_size;
            }
        }
        (self.on_ranks(maps, &ranks), ranks)
    }

    /// The distribution with `count` new axes of size 1 in front.
    pub fn prepend_axes(&self, count: usize) -> Self {
        let mut maps = vec![AxisMap::no_dist(1); count];
        maps.extend_from_slice(self.maps());
        Self::from_parts(maps, self.targets().to_vec())
    }

    /// The distribution of the transposed array: axis `j` of the result is axis `axes[j]`. No data
    /// moves between engines, so that the engines are permuted, too.
    ///
    /// # Panics
    ///
    /// When `axes` is not a permutation of the axes.
    pub fn permute_axes(&self, axes: &[usize]) -> Self {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..self.ndim()), "{axes:?} does not permute the axes");
        let maps: Vec<AxisMap> = axes.iter().map(|&axis| self.maps()[axis].clone()).collect();
        let mut ranks = vec![0];
        for &axis in axes {
            let stride: usize = self.grid_shape()[axis + 1..].iter().product();
            let grid_size = self.grid_shape()[axis];
            ranks = ranks
                .iter()
                .flat_map(|rank| (0..grid_size).map(move |place| rank + place * stride))
                .collect();
        }
        self.on_ranks(maps, &ranks)
    }

    /// The distribution of the same memory with `new_last` elements along the last axis, as a view
    /// with another item size needs it.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when there is no axis, or as [`AxisMap::view`].
    pub fn view(&self, new_last: usize) -> Result<Self> {
        let mut maps = self.maps().to_vec();
        let Some(last) = maps.last_mut() else {
            return Err(MetaError::Invalid {
                argument: "dtype",
                message: "changing the item size of a 0-dimensional array is not supported"
                    .to_owned(),
            });
        };
        *last = last.view(new_last)?;
        Ok(Self::from_parts(maps, self.targets().to_vec()))
    }

    /// What an operand must look like for a result distributed like `self`: a distribution over
    /// the same grid and engines in which every engine holds exactly what it needs of an operand
    /// whose shape broadcasts to this one. The shape of the result is `operand_shape` with leading
    /// ones; axes that are broadcast are on every place.
    ///
    /// # Errors
    ///
    /// [`MetaError::Broadcast`] when `operand_shape` does not broadcast to this shape.
    pub fn demand(&self, operand_shape: &[usize]) -> Result<Self> {
        if operand_shape == self.shape() {
            return Ok(self.clone());
        }
        let mismatch = || crate::broadcast::mismatch(&[operand_shape, self.shape()]);
        let padding = self.ndim().checked_sub(operand_shape.len()).ok_or_else(mismatch)?;
        let mut maps = Vec::with_capacity(self.ndim());
        for (axis, map) in self.maps().iter().enumerate() {
            let size = if axis < padding { 1 } else { operand_shape[axis - padding] };
            maps.push(if size == map.size() {
                map.clone()
            } else if size != 1 {
                return Err(mismatch());
            } else if map.grid_size() == 1 {
                AxisMap::no_dist(1)
            } else {
                AxisMap::replicated(1, map.grid_size())
            });
        }
        Ok(Self::from_parts(maps, self.targets().to_vec()))
    }

    /// The product of `maps` over the engines of these ranks.
    pub(super) fn on_ranks(&self, maps: Vec<AxisMap>, ranks: &[usize]) -> Self {
        Self::from_parts(maps, ranks.iter().map(|&rank| self.targets()[rank]).collect())
    }

    /// The product of `maps` over as many engines as their grid has places.
    pub(super) fn from_parts(maps: Vec<AxisMap>, targets: Vec<usize>) -> Self {
        Self::new(maps, targets).expect("the grid of a derived distribution has the given ranks")
    }
}
