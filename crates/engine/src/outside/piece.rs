//! A piece whose elements are outside: which they are, and a view of it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use distarray_kernels::{Block, DType, KernelError, Region};
use distarray_meta::{Distribution, Indices, LocalIndex, Selection};

use super::Outside;
use super::cuts::Grid;
use crate::error::EngineError;

/// What is known of an array outside as a whole.
#[derive(Clone)]
pub struct Outer {
    /// What reads or writes the elements.
    pub outside: Arc<dyn Outside>,
    /// The dtype of the elements.
    pub dtype: DType,
    /// The lengths of what is best read at once, along each axis.
    pub unit: Arc<[usize]>,
    /// About how many bytes are in memory at once, of what is read in parts. All engines say the same.
    pub part_bytes: usize,
    /// Whether the elements are to be written, and can't be read.
    pub is_sink: bool,
}

impl Outer {
    /// Whether pieces of a layout are to be gone through in parts.
    fn is_large(&self, distribution: &Distribution) -> bool {
        self.is_sink || is_large(distribution, self.dtype, self.part_bytes)
    }
}

/// One engine's piece of an array outside, or of a view of one.
#[derive(Clone)]
pub struct OutsidePiece {
    outer: Outer,
    /// What each axis of the piece is.
    axes: Vec<Axis>,
    /// Which indices the piece has, along each axis of the array outside.
    indices: Vec<Indices>,
    /// Whether the whole array is large: all engines say the same.
    is_large: bool,
    /// The elements, when they have been read.
    read: Arc<OnceLock<Block>>,
}

/// An axis of a piece.
#[derive(Clone, Copy, Debug)]
enum Axis {
    /// That axis of the array outside.
    Of(usize),
    /// A new one, of this length (0 or 1).
    New(usize),
}

impl fmt::Debug for OutsidePiece {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutsidePiece")
            .field("dtype", &self.outer.dtype)
            .field("axes", &self.axes)
            .field("indices", &self.indices)
            .finish_non_exhaustive()
    }
}

impl OutsidePiece {
    /// The piece of a rank of an array of this layout.
    pub fn new(outer: Outer, distribution: &Distribution, rank: usize) -> Self {
        let ndim = distribution.ndim();
        Self {
            axes: (0..ndim).map(Axis::Of).collect(),
            indices: (0..ndim).map(|axis| distribution.piece(rank, axis)).collect(),
            is_large: outer.is_large(distribution),
            outer,
            read: Arc::default(),
        }
    }

    /// The array as a whole.
    pub fn outer(&self) -> &Outer {
        &self.outer
    }

    /// Whether the elements are to be gone through in parts.
    pub fn is_large(&self) -> bool {
        self.is_large
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.outer.dtype
    }

    /// The shape.
    pub fn shape(&self) -> Vec<usize> {
        (0..self.axes.len()).map(|axis| self.len(axis)).collect()
    }

    fn len(&self, axis: usize) -> usize {
        match self.axes[axis] {
            Axis::Of(of) => self.indices[of].len(),
            Axis::New(len) => len,
        }
    }

    /// Where parts are best cut along the axis that is the `from_last`-th, counted from the last one.
    pub fn grid(&self, from_last: usize) -> Option<Grid> {
        let axis = self.axes.len().checked_sub(from_last + 1)?;
        match self.axes[axis] {
            Axis::Of(of) if self.len(axis) > 1 => {
                Some(Grid::of(&self.indices[of], self.outer.unit[of]))
            }
            _ => None,
        }
    }

    /// The length of what is best read at once, along the axis that is the `from_last`-th, counted from
    /// the last one: the same on all engines.
    pub fn unit(&self, from_last: usize) -> Option<usize> {
        let axis = self.axes.len().checked_sub(from_last + 1)?;
        match self.axes[axis] {
            Axis::Of(of) => Some(self.outer.unit[of]),
            Axis::New(_) => None,
        }
    }

    /// All elements, which are read now unless they have been.
    ///
    /// # Errors
    ///
    /// [`EngineError::Outside`]; [`EngineError::Kernel`] when memory is short.
    pub fn block(&self) -> Result<Block, EngineError> {
        if let Some(block) = self.read.get() {
            return Ok(block.clone());
        }
        let ranges = self.shape().into_iter().map(|len| (0, len)).collect();
        let block = self.fetch(&Region::new(ranges))?;
        Ok(self.read.get_or_init(|| block).clone())
    }

    /// The elements of the part of the piece that broadcasts to a region of some shape.
    ///
    /// # Errors
    ///
    /// As [`OutsidePiece::block`].
    pub fn part(&self, region: &Region) -> Result<Block, EngineError> {
        if let Some(block) = self.read.get() {
            return Ok(region.of(block));
        }
        let missing = region.ranges().len() - self.axes.len();
        let ranges = region.ranges()[missing..].iter().enumerate();
        let ranges = ranges.map(|(axis, &range)| match self.len(axis) {
            1 => (0, 1),
            _ => range,
        });
        self.fetch(&Region::new(ranges.collect()))
    }

    /// Takes the elements of a region there.
    ///
    /// # Errors
    ///
    /// [`EngineError::Outside`].
    pub fn write(&self, region: &Region, block: &Block) -> Result<(), EngineError> {
        self.outer.outside.transfer(&self.within(region), block).map_err(EngineError::Outside)
    }

    /// Takes all elements there, part by part.
    ///
    /// # Errors
    ///
    /// [`EngineError::Outside`]; [`EngineError::Kernel`] when memory is short.
    pub fn write_all(&self, regions: &[Region], block: &Block) -> Result<(), EngineError> {
        for region in regions {
            self.outer.outside.check().map_err(EngineError::Outside)?;
            self.write(region, &region.of(block).copied()?)?;
        }
        Ok(())
    }

    /// The indices of a region, along each axis of the array outside.
    fn within(&self, region: &Region) -> Vec<Indices> {
        let mut indices = self.indices.clone();
        for (axis, &(start, len)) in self.axes.iter().zip(region.ranges()) {
            if let Axis::Of(of) = *axis {
                indices[of] = strided(&indices[of], start, 1, len);
            }
        }
        indices
    }

    fn fetch(&self, region: &Region) -> Result<Block, EngineError> {
        if self.outer.is_sink {
            return Err(KernelError::Value("the elements can only be written".to_owned()).into());
        }
        let indices = self.within(region);
        let lens: Vec<usize> = indices.iter().map(Indices::len).collect();
        let block = Block::uninitialised(self.outer.dtype, &lens)?;
        if region.size() == 0 {
            return Ok(Block::uninitialised(self.outer.dtype, &region.shape())?.frozen());
        }
        self.outer.outside.transfer(&indices, &block).map_err(EngineError::Outside)?;
        Ok(self.arranged(block).frozen())
    }

    /// A block with the axes of the array outside, with those of the piece.
    fn arranged(&self, mut block: Block) -> Block {
        let mut order: Vec<usize> = self
            .axes
            .iter()
            .filter_map(|axis| match *axis {
                Axis::Of(of) => Some(of),
                Axis::New(_) => None,
            })
            .collect();
        for gone in (0..self.indices.len()).rev().filter(|axis| !order.contains(axis)) {
            block = block.index_axis(gone, 0);
        }
        let kept: Vec<usize> =
            (0..self.indices.len()).filter(|axis| order.contains(axis)).collect();
        for axis in &mut order {
            *axis = kept.iter().position(|kept| kept == axis).unwrap_or_default();
        }
        block = block.transpose(&order);
        for (place, axis) in self.axes.iter().enumerate() {
            if let Axis::New(_) = axis {
                block = block.insert_axis(place);
            }
        }
        block
    }

    /// The piece of a slice, which has this layout.
    pub fn sliced(&self, index: &[LocalIndex], distribution: &Distribution) -> Self {
        let mut view = self.view(distribution);
        let mut axis = 0;
        for item in index {
            match item {
                LocalIndex::At(position) => {
                    if let Axis::Of(of) = view.axes.remove(axis) {
                        view.indices[of] = strided(&view.indices[of], *position, 1, 1);
                    }
                    continue;
                }
                LocalIndex::Select(selection) => match &mut view.axes[axis] {
                    Axis::Of(of) => view.indices[*of] = selected(&view.indices[*of], selection),
                    Axis::New(len) => *len = selection_len(selection),
                },
                LocalIndex::NewAxis => view.axes.insert(axis, Axis::New(1)),
            }
            axis += 1;
        }
        view
    }

    /// The piece with its axes in another order, of an array of this layout.
    pub fn transposed(&self, order: &[usize], distribution: &Distribution) -> Self {
        let mut view = self.view(distribution);
        view.axes = order.iter().map(|&axis| self.axes[axis]).collect();
        view
    }

    fn view(&self, distribution: &Distribution) -> Self {
        let is_large = self.outer.is_large(distribution);
        Self { is_large, read: Arc::default(), ..self.clone() }
    }
}

/// Whether pieces of a layout have more than a part of so many bytes.
pub fn is_large(distribution: &Distribution, dtype: DType, part_bytes: usize) -> bool {
    let elements = distribution.global_size() / distribution.ranks().max(1);
    elements.saturating_mul(dtype.itemsize()) > part_bytes
}

/// Every `step`-th index from a position on.
fn strided(indices: &Indices, start: usize, step: isize, len: usize) -> Indices {
    if start == 0 && step == 1 && len == indices.len() {
        return indices.clone();
    }
    if let Some((first, stride, _)) = indices.as_strided() {
        let start = first + stride * start as i64;
        return Indices::strided(start, if len > 1 { stride * step as i64 } else { 1 }, len);
    }
    let place = |item: usize| (start as isize + step * item as isize) as usize;
    Indices::from_list((0..len).map(|item| indices.get(place(item))).collect())
}

fn selected(indices: &Indices, selection: &Selection) -> Indices {
    match selection {
        Selection::Strided { start, step, len } => strided(indices, *start, *step, *len),
        Selection::List(places) => {
            Indices::from_list(places.iter().map(|&place| indices.get(place)).collect())
        }
    }
}

fn selection_len(selection: &Selection) -> usize {
    match selection {
        Selection::Strided { len, .. } => *len,
        Selection::List(places) => places.len(),
    }
}
