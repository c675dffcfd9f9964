//! A distribution: one map per axis, laid over a list of engines.

use std::sync::Arc;

use crate::{AxisMap, MetaError, Result};

/// How the elements of an array are laid over engines: one map per axis; rank `r` sits at the
/// `r`-th place of the process grid in C order and is the engine `targets[r]`.
///
/// Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    shape: Vec<usize>,
    grid_shape: Vec<usize>,
    maps: Vec<AxisMap>,
    targets: Vec<usize>,
}

impl Distribution {
    /// The product of `maps` over the engines `targets`.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when the number of targets is not the product of the grid sizes.
    pub fn new(maps: Vec<AxisMap>, targets: Vec<usize>) -> Result<Self> {
        let shape: Vec<usize> = maps.iter().map(AxisMap::size).collect();
        let grid_shape: Vec<usize> = maps.iter().map(AxisMap::grid_size).collect();
        let places: usize = grid_shape.iter().product();
        if places != targets.len() {
            return Err(MetaError::Invalid {
                argument: "targets",
                message: format!(
                    "{} engines were given for a process grid of {places}",
                    targets.len()
                ),
            });
        }
        Ok(Self { inner: Arc::new(Inner { shape, grid_shape, maps, targets }) })
    }

    /// The global shape.
    pub fn shape(&self) -> &[usize] {
        &self.inner.shape
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.inner.shape.len()
    }

    /// The number of elements.
    pub fn global_size(&self) -> usize {
        self.inner.shape.iter().product()
    }

    /// The shape of the process grid.
    pub fn grid_shape(&self) -> &[usize] {
        &self.inner.grid_shape
    }

    /// The map of each axis.
    pub fn maps(&self) -> &[AxisMap] {
        &self.inner.maps
    }

    /// The engine of each rank.
    pub fn targets(&self) -> &[usize] {
        &self.inner.targets
    }

    /// The number of ranks.
    pub fn ranks(&self) -> usize {
        self.inner.targets.len()
    }

    /// Whether two handles share one value; a quick test before a comparison.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}
