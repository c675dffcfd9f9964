//! Reductions of elements as they come, rather than of a block.

use std::any::Any;

use half::f16;
use num_complex::Complex;
use smallvec::SmallVec;

use super::arithmetic::{NarrowSum, Product, Sum};
use super::extrema::Extremum;
use super::floats::{Exactly, Float, is_complex};
use super::item::Item;
use super::memory;
use super::monoid::{LEAF, Lift, Monoid};
use super::order::{Greatest, Least};
use super::partial::Partial;
use super::results::{Counts, Exact};
use super::truth::{AllTrue, AnyTrue, CountTrue};
use crate::element::with_element;
use crate::exact::{Accumulator, MOST_ROWS, Plain, Squared, Terms};
use crate::{Bool, DType, Element, Reduction, Result};

/// A reduction that takes up elements of type `T` as they come, in any order and any pieces.
///
/// It keeps the running totals of a number of results: of one, of a row of them, or of as many as
/// the reduced array has. Totals of several, of other threads or engines, are merged as
/// [`Partial`]s.
///
/// # Examples
///
/// ```
/// use distarray_kernels::reduce::{Ending, finish, running};
/// use distarray_kernels::{DType, Reduction};
///
/// let mut sum = running::<f64>(Reduction::Sum, DType::Float64, 1).unwrap();
/// sum.deposit(0, &[1e300, 1.0]);
/// sum.deposit(0, &[-1e300, 0.5]);
/// let partial = sum.into_partial(&[1])?;
/// let (result, flags) = finish(Reduction::Sum, partial, Ending::default())?;
/// assert_eq!(result.to_vec::<f64>()?, [1.5]);
/// assert!(flags.is_empty());
/// # Ok::<(), distarray_kernels::KernelError>(())
/// ```
pub trait Running<T>: Send {
    /// Takes up elements that all belong to one result.
    ///
    /// # Panics
    ///
    /// When there is no such result.
    fn deposit(&mut self, result: usize, items: &[T]);

    /// Takes up rows of one length: an element of each for each of the results from `first` on.
    ///
    /// # Panics
    ///
    /// When there are no such results.
    fn deposit_rows(&mut self, first: usize, rows: &[&[T]]);

    /// The totals, for results of a shape.
    ///
    /// # Errors
    ///
    /// [`crate::KernelError::Memory`].
    ///
    /// # Panics
    ///
    /// When there are not as many results.
    fn into_partial(self: Box<Self>, shape: &[usize]) -> Result<Partial>;
}

/// Begins a reduction of elements of type `T` that gives `dtype` (as [`Reduction::accumulator`] has
/// it); `None` where the elements have to be converted to `dtype` first, and for positions.
pub fn running<T: Element>(
    reduction: Reduction,
    dtype: DType,
    results: usize,
) -> Option<Box<dyn Running<T>>> {
    let start = Start { reduction, dtype, results };
    let running: Box<dyn Any> = match Exactly::of(reduction, dtype) {
        Some(exactly) => start.exact(T::DTYPE, exactly)?,
        None => start.monoid(T::DTYPE)?,
    };
    // What was made for the dtype takes the type behind it.
    running.downcast::<Box<dyn Running<T>>>().ok().map(|running| *running)
}

struct Start {
    reduction: Reduction,
    dtype: DType,
    results: usize,
}

impl Start {
    fn exact(&self, input: DType, exactly: Exactly) -> Option<Box<dyn Any>> {
        use DType as D;
        let fits = exactly == Exactly::Squares
            || input == self.dtype
            || matches!(
                (input, self.dtype),
                (D::Float16, D::Float32 | D::Float64)
                    | (D::Float32, D::Float64)
                    | (D::Complex64, D::Complex128)
            );
        if !fits {
            return None;
        }
        Some(match (exactly, input) {
            (Exactly::Elements, D::Float16) => self.floats::<f16, Plain, 1>(),
            (Exactly::Elements, D::Float32) => self.floats::<f32, Plain, 1>(),
            (Exactly::Elements, D::Float64) => self.floats::<f64, Plain, 1>(),
            (Exactly::Elements, D::Complex64) => self.floats::<Complex<f32>, Plain, 1>(),
            (Exactly::Elements, D::Complex128) => self.floats::<Complex<f64>, Plain, 1>(),
            (Exactly::Squares, D::Float16) => self.floats::<f16, Squared, 2>(),
            (Exactly::Squares, D::Float32) => self.floats::<f32, Squared, 2>(),
            (Exactly::Squares, D::Float64) => self.floats::<f64, Squared, 3>(),
            (Exactly::Squares, D::Complex64) => self.floats::<Complex<f32>, Squared, 2>(),
            (Exactly::Squares, D::Complex128) => self.floats::<Complex<f64>, Squared, 3>(),
            _ => return None,
        })
    }

    fn floats<E: Float, K: Terms<E::Part, S>, const S: usize>(&self) -> Box<dyn Any> {
        let running: Box<dyn Running<E>> = Box::new(Floats::<E, K, S> {
            reduction: self.reduction,
            dtype: self.dtype,
            sums: Accumulator::new(self.results * E::PARTS),
            counts: vec![0; self.results],
        });
        Box::new(running)
    }

    fn monoid(&self, input: DType) -> Option<Box<dyn Any>> {
        use DType as D;
        use Reduction as R;
        Some(match (self.reduction, self.dtype, input) {
            (R::Any, ..) | (R::Sum, D::Bool, D::Bool) => {
                with_element!(input, T => self.totals::<AnyTrue, T>(), _ => return None)
            }
            (R::All, ..) | (R::Prod, D::Bool, D::Bool) => {
                with_element!(input, T => self.totals::<AllTrue, T>(), _ => return None)
            }
            (R::CountNonzero, ..) => {
                with_element!(input, T => self.totals::<CountTrue, T>(), _ => return None)
            }
            (R::Min, dtype, input) if dtype == input => {
                with_element!(input, T => self.totals::<Extremum<Least, T>, T>(), _ => return None)
            }
            (R::Max, dtype, input) if dtype == input => {
                with_element!(
                    input, T => self.totals::<Extremum<Greatest, T>, T>(), _ => return None
                )
            }
            (R::Sum, D::Int64, D::Bool) => self.totals::<NarrowSum<i64, u16>, Bool>(),
            (R::Sum, D::Int64, D::Int8) => self.totals::<NarrowSum<i64, i32>, i8>(),
            (R::Sum, D::Int64, D::Int16) => self.totals::<NarrowSum<i64, i32>, i16>(),
            (R::Sum, D::Int64, D::Int32) => self.totals::<Sum<i64>, i32>(),
            (R::Sum, D::Int64, D::Int64) => self.totals::<Sum<i64>, i64>(),
            (R::Sum, D::UInt64, D::UInt8) => self.totals::<NarrowSum<u64, u32>, u8>(),
            (R::Sum, D::UInt64, D::UInt16) => self.totals::<NarrowSum<u64, u32>, u16>(),
            (R::Sum, D::UInt64, D::UInt32) => self.totals::<Sum<u64>, u32>(),
            (R::Sum, D::UInt64, D::UInt64) => self.totals::<Sum<u64>, u64>(),
            (R::Prod, D::Int64, D::Int64) => self.totals::<Product<i64>, i64>(),
            (R::Prod, D::UInt64, D::UInt64) => self.totals::<Product<u64>, u64>(),
            (R::Prod, D::Float32, D::Float32) => self.totals::<Product<f32>, f32>(),
            (R::Prod, D::Float64, D::Float64) => self.totals::<Product<f64>, f64>(),
            _ => return None,
        })
    }

    fn totals<M: Lift<T, Total: Send>, T: Item>(&self) -> Box<dyn Any> {
        let running: Box<dyn Running<T>> = Box::new(Totals::<M> {
            reduction: self.reduction,
            dtype: self.dtype,
            running: vec![M::EMPTY; self.results],
        });
        Box::new(running)
    }
}

/// Running exact sums.
struct Floats<E: Float, K, const S: usize> {
    reduction: Reduction,
    dtype: DType,
    sums: Accumulator<E::Part, K, S>,
    counts: Vec<u64>,
}

impl<E: Float, K: Terms<E::Part, S>, const S: usize> Running<E> for Floats<E, K, S> {
    fn deposit(&mut self, result: usize, items: &[E]) {
        self.counts[result] += items.len() as u64;
        E::deposit(&mut self.sums, result, items);
    }

    fn deposit_rows(&mut self, first: usize, rows: &[&[E]]) {
        for rows in rows.chunks(MOST_ROWS) {
            for count in &mut self.counts[first..first + rows[0].len()] {
                *count += rows.len() as u64;
            }
            let parts: SmallVec<[&[E::Part]; MOST_ROWS]> =
                rows.iter().map(|row| E::parts(row)).collect();
            self.sums.deposit_rows(first * E::PARTS, &parts);
        }
    }

    fn into_partial(self: Box<Self>, shape: &[usize]) -> Result<Partial> {
        assert_eq!(shape.iter().product::<usize>(), self.counts.len(), "as many results");
        let parts = if is_complex(E::DTYPE) { 2 } else { 1 };
        let counts = Counts::Each(self.counts);
        let exact = Some(Exact { totals: self.sums.into_totals(), parts, counts });
        Ok(Partial {
            reduction: self.reduction,
            dtype: self.dtype,
            shape: shape.to_vec(),
            blocks: Vec::new(),
            exact,
        })
    }
}

/// Running totals of a monoid.
struct Totals<M: Monoid> {
    reduction: Reduction,
    dtype: DType,
    running: Vec<M::Total>,
}

impl<M: Lift<T, Total: Send>, T: Item> Running<T> for Totals<M> {
    fn deposit(&mut self, result: usize, items: &[T]) {
        let total = &mut self.running[result];
        for items in items.chunks(LEAF) {
            *total = M::absorb(*total, M::lift_run(items));
        }
    }

    fn deposit_rows(&mut self, first: usize, rows: &[&[T]]) {
        for row in rows {
            let totals = &mut self.running[first..first + row.len()];
            for (total, &item) in totals.iter_mut().zip(*row) {
                *total = M::absorb(*total, M::lift(item));
            }
        }
    }

    fn into_partial(self: Box<Self>, shape: &[usize]) -> Result<Partial> {
        assert_eq!(shape.iter().product::<usize>(), self.running.len(), "as many results");
        let mut block = memory::filled(shape, memory::total_dtype::<M::Total>(), M::EMPTY)?;
        memory::items_mut(&mut block).copy_from_slice(&self.running);
        Ok(Partial {
            reduction: self.reduction,
            dtype: self.dtype,
            shape: shape.to_vec(),
            blocks: vec![block],
            exact: None,
        })
    }
}
