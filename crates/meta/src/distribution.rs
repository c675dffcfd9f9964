//! A distribution: one map per axis, laid over a list of engines.

mod derive;
mod serial;
mod slice;

use std::sync::Arc;

use crate::{AxisMap, Indices, MetaError, Result};

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

    /// The place of a rank along one axis of the process grid.
    pub(crate) fn place(&self, rank: usize, axis: usize) -> usize {
        let stride: usize = self.inner.grid_shape[axis + 1..].iter().product();
        rank / stride % self.inner.grid_shape[axis]
    }

    /// The place of a rank along every axis of the process grid.
    pub fn coordinates(&self, rank: usize) -> Vec<usize> {
        (0..self.ndim()).map(|axis| self.place(rank, axis)).collect()
    }

    /// The rank at a place of the process grid.
    pub fn rank_at(&self, coordinates: &[usize]) -> usize {
        let sizes = self.inner.grid_shape.iter();
        sizes.zip(coordinates).fold(0, |rank, (size, place)| rank * size + place)
    }

    /// The rank of an engine, `None` when it holds no piece.
    pub fn rank_of_target(&self, target: usize) -> Option<usize> {
        self.inner.targets.iter().position(|&engine| engine == target)
    }

    /// The shape of a rank's piece.
    pub fn local_shape(&self, rank: usize) -> Vec<usize> {
        self.local_lens(rank).collect()
    }

    /// The length of a rank's piece along each axis.
    pub fn local_lens(&self, rank: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        (0..self.ndim()).map(move |axis| self.inner.maps[axis].piece_len(self.place(rank, axis)))
    }

    /// The number of elements of a rank's piece.
    pub fn local_size(&self, rank: usize) -> usize {
        self.local_lens(rank).product()
    }

    /// The shape of every rank's piece.
    pub fn local_shapes(&self) -> Vec<Vec<usize>> {
        (0..self.ranks()).map(|rank| self.local_shape(rank)).collect()
    }

    /// The global indices of a rank's piece along one axis.
    pub fn piece(&self, rank: usize, axis: usize) -> Indices {
        self.inner.maps[axis].piece(self.place(rank, axis))
    }

    /// The ranks that hold an element, in ascending order.
    ///
    /// # Errors
    ///
    /// [`MetaError::IndexOutOfBounds`]; [`MetaError::TooManyIndices`] unless there is one index
    /// for each axis.
    pub fn owning_ranks(&self, index: &[i64]) -> Result<Vec<usize>> {
        self.check_index(index)?;
        let mut ranks = vec![0];
        for (map, &index) in self.maps().iter().zip(index) {
            let places = map.owners(index)?;
            let grid_size = map.grid_size();
            ranks = ranks
                .iter()
                .flat_map(|rank| places.iter().map(move |place| rank * grid_size + place))
                .collect();
        }
        Ok(ranks)
    }

    /// The first rank that holds an element, and the element's position in its piece.
    ///
    /// # Errors
    ///
    /// As [`Distribution::owning_ranks`].
    pub fn owner(&self, index: &[i64]) -> Result<(usize, Vec<usize>)> {
        self.check_index(index)?;
        let mut rank = 0;
        let mut local = Vec::with_capacity(index.len());
        for (map, &index) in self.maps().iter().zip(index) {
            let (place, position) = map.owner(index)?;
            rank = rank * map.grid_size() + place;
            local.push(position);
        }
        Ok((rank, local))
    }

    fn check_index(&self, index: &[i64]) -> Result<()> {
        if index.len() != self.ndim() {
            return Err(MetaError::TooManyIndices { ndim: self.ndim(), given: index.len() });
        }
        for (axis, (&index, &size)) in index.iter().zip(self.shape()).enumerate() {
            if index < 0 || index >= size as i64 {
                return Err(MetaError::IndexOutOfBounds { index, axis, size });
            }
        }
        Ok(())
    }

    /// Whether arrays of these distributions can be operated on together without moving data, by
    /// the rules of the documentation: the same engines, shape and grid, and compatible maps.
    pub fn is_compatible(&self, other: &Self) -> bool {
        self.same(other)
            || (self.targets() == other.targets()
                && self.shape() == other.shape()
                && self.grid_shape() == other.grid_shape()
                && self.maps().iter().zip(other.maps()).all(|(a, b)| a.is_compatible(b)))
    }

    /// Whether every engine holds the same elements in the same order under both distributions, so
    /// that no data would move.
    pub fn same_layout(&self, other: &Self) -> bool {
        self.same(other) || (self.targets() == other.targets() && self.same_pieces(other))
    }

    /// Whether every rank holds the same elements in the same order under both distributions.
    pub(crate) fn same_pieces(&self, other: &Self) -> bool {
        self.shape() == other.shape()
            && self.grid_shape() == other.grid_shape()
            && self.maps().iter().zip(other.maps()).all(|(a, b)| a.same_pieces(b))
    }

    /// Whether [`Distribution::owning_ranks`] can be computed without looking at lists of indices:
    /// no axis is unstructured.
    pub fn has_precise_index(&self) -> bool {
        self.maps().iter().all(|map| map.dist() != 'u')
    }
}
