//! The state of an accumulation between two places of an axis.

use super::lanes::Lanes;
use super::recurrence::{Best, Product, Recurrence, Sum};
use super::{Accumulation, Scan};
use crate::element::with_element;
use crate::reduce::order::{Greatest, Least};
use crate::{Block, DType, KernelError, Result};

/// How many elements are accumulated at a time, where the axis is not the first.
const SLAB: usize = 1 << 16;

/// What an accumulation has come to at one place along the axis: one state for each place across
/// the axis.
pub struct Carry(Box<dyn State>);

impl std::fmt::Debug for Carry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Carry").finish_non_exhaustive()
    }
}

/// The states of any recurrence.
trait State: Send + Sync {
    fn take(&mut self, source: &Block, dest: Option<&Block>, start: usize) -> Result<()>;
    fn totals(self: Box<Self>, source: &Block, start: usize, count: usize) -> Result<Block>;
    fn pass(&mut self, totals: &Block, start: usize, stop: usize) -> Result<()>;
}

impl<R: Recurrence> State for Lanes<R> {
    fn take(&mut self, source: &Block, dest: Option<&Block>, start: usize) -> Result<()> {
        self.take(source, dest, start)
    }

    fn totals(self: Box<Self>, source: &Block, start: usize, count: usize) -> Result<Block> {
        (*self).totals(source, start, count)
    }

    fn pass(&mut self, totals: &Block, start: usize, stop: usize) -> Result<()> {
        self.pass(totals, start, stop)
    }
}

impl Carry {
    /// Takes up the elements of `source`, whose first along the axis has index `start`, and writes
    /// the results to `dest`, if there is one: a contiguous block of the same shape and of the
    /// accumulation's dtype that shares no memory with the source.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`] when `dest` is no such block, [`KernelError::Type`] when the elements
    /// cannot be cast, [`KernelError::Memory`].
    pub fn take(&mut self, source: &Block, dest: Option<&Block>, start: usize) -> Result<()> {
        self.0.take(source, dest, start)
    }

    /// Takes up the [totals](Scan::totals) of a part of the axis, from `start`, where a head ends,
    /// to `stop`.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when they are those of another accumulation.
    pub fn pass(&mut self, totals: &Block, start: usize, stop: usize) -> Result<()> {
        self.0.pass(totals, start, stop)
    }
}

impl Scan {
    /// The carry into the first index of the axis, for blocks of this shape but for their length
    /// along the axis.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] when there is no such accumulation.
    pub fn begin(&self, shape: &[usize]) -> Result<Carry> {
        fn carry<R: Recurrence>(scan: &Scan, shape: &[usize]) -> Carry {
            Carry(Box::new(Lanes::<R>::new(scan, shape)))
        }
        macro_rules! carry_of {
            ($T:ident => $recurrence:ty) => {
                with_element!(
                    self.dtype,
                    $T => carry::<$recurrence>(self, shape),
                    opaque => {
                        return Err(KernelError::Type(format!("{} is no number", opaque.name)));
                    }
                )
            };
        }
        Ok(match self.accumulation {
            Accumulation::Sum | Accumulation::Any => carry_of!(T => Sum<T>),
            Accumulation::Prod | Accumulation::All => carry_of!(T => Product<T>),
            Accumulation::Min => carry_of!(T => Best<Least, T>),
            Accumulation::Max => carry_of!(T => Best<Greatest, T>),
        })
    }

    /// Accumulates a block that is the whole array along the axis, into `dest`, as [`Carry::take`]
    /// asks for.
    ///
    /// # Errors
    ///
    /// As [`Carry::take`].
    pub fn run(&self, source: &Block, dest: &Block) -> Result<()> {
        let shape = source.shape();
        if self.axis == 0 || source.size() <= SLAB {
            return self.begin(&shape)?.take(source, Some(dest), 0);
        }
        // A part of the strands at a time: the state of all of them may be as large as the block.
        let rows = shape[0];
        let step = (SLAB / (source.size() / rows)).max(1);
        for first in (0..rows).step_by(step) {
            let count = step.min(rows - first);
            let part = |block: &Block| block.slice_axis(0, first, 1, count);
            let source = part(source);
            self.begin(&source.shape())?.take(&source, Some(&part(dest)), 0)?;
        }
        Ok(())
    }

    /// What stands for the elements of `source`, the first of which has an index, `start`, at which
    /// a [head ends](Scan::head_end), wherever only the carry behind them is asked for.
    ///
    /// # Errors
    ///
    /// As [`Carry::take`].
    pub fn totals(&self, source: &Block, start: usize) -> Result<Block> {
        let shape = source.shape();
        let count = self.total_count(start, start + shape[self.axis]);
        self.begin(&shape)?.0.totals(source, start, count)
    }

    /// The dtype of [totals](Scan::totals).
    pub fn total_dtype(&self) -> DType {
        match (self.accumulation, self.dtype) {
            (Accumulation::Sum, DType::Float16 | DType::Float32) => DType::Float64,
            (Accumulation::Sum, DType::Complex64) => DType::Complex128,
            (_, dtype) => dtype,
        }
    }
}
