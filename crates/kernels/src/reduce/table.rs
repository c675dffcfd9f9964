//! Which monoid a reduction is, by dtype: the one place where reductions meet types.

use half::f16;
use num_complex::Complex;

use crate::{Block, DType, Reduction, Result};

use super::accumulate::Task;
use super::arithmetic::{NarrowSum, Product, Sum};
use super::extrema::Extremum;
use super::monoid::Monoid;
use super::order::{Greatest, Least};
use super::truth::{AllTrue, AnyTrue, CountTrue};
use crate::Bool;
use crate::element::with_element;

/// Something to be done with a monoid.
pub(super) trait Visitor {
    /// What comes of it.
    type Result;

    /// Does it.
    fn visit<M: Monoid>(self) -> Self::Result;
}

/// Visits the monoid whose totals the partial results of a reduction in `dtype` hold; there is
/// none for positions, and for dtypes that the reduction does not give.
pub(super) fn visit_monoid<V: Visitor>(
    reduction: Reduction,
    dtype: DType,
    visitor: V,
) -> Option<V::Result> {
    use DType as D;
    use Reduction as R;
    Some(match (reduction, dtype) {
        (R::Sum | R::Any, D::Bool) => visitor.visit::<AnyTrue>(),
        (R::Prod | R::All, D::Bool) => visitor.visit::<AllTrue>(),
        (R::CountNonzero, D::Int64) => visitor.visit::<CountTrue>(),
        (R::Sum, D::Int8) => visitor.visit::<Sum<i8>>(),
        (R::Sum, D::Int16) => visitor.visit::<Sum<i16>>(),
        (R::Sum, D::Int32) => visitor.visit::<Sum<i32>>(),
        (R::Sum, D::Int64) => visitor.visit::<Sum<i64>>(),
        (R::Sum, D::UInt8) => visitor.visit::<Sum<u8>>(),
        (R::Sum, D::UInt16) => visitor.visit::<Sum<u16>>(),
        (R::Sum, D::UInt32) => visitor.visit::<Sum<u32>>(),
        (R::Sum, D::UInt64) => visitor.visit::<Sum<u64>>(),
        (R::Prod, D::Int8) => visitor.visit::<Product<i8>>(),
        (R::Prod, D::Int16) => visitor.visit::<Product<i16>>(),
        (R::Prod, D::Int32) => visitor.visit::<Product<i32>>(),
        (R::Prod, D::Int64) => visitor.visit::<Product<i64>>(),
        (R::Prod, D::UInt8) => visitor.visit::<Product<u8>>(),
        (R::Prod, D::UInt16) => visitor.visit::<Product<u16>>(),
        (R::Prod, D::UInt32) => visitor.visit::<Product<u32>>(),
        (R::Prod, D::UInt64) => visitor.visit::<Product<u64>>(),
        (R::Prod, D::Float16) => visitor.visit::<Product<f16>>(),
        (R::Prod, D::Float32) => visitor.visit::<Product<f32>>(),
        (R::Prod, D::Float64) => visitor.visit::<Product<f64>>(),
        (R::Prod, D::Complex64) => visitor.visit::<Product<Complex<f32>>>(),
        (R::Prod, D::Complex128) => visitor.visit::<Product<Complex<f64>>>(),
        (R::Min, dtype) => {
            with_element!(dtype, T => visitor.visit::<Extremum<Least, T>>(), _ => return None)
        }
        (R::Max, dtype) => {
            with_element!(dtype, T => visitor.visit::<Extremum<Greatest, T>>(), _ => return None)
        }
        _ => return None,
    })
}

impl Task<'_> {
    /// The totals of the reduction in `dtype`, where there is a loop that takes the input's
    /// elements as they are.
    pub(super) fn totals(&self, reduction: Reduction, dtype: DType) -> Option<Result<Block>> {
        let input = self.input.dtype();
        match reduction {
            Reduction::Sum if dtype == DType::Bool => self.totals(Reduction::Any, dtype),
            Reduction::Prod if dtype == DType::Bool => self.totals(Reduction::All, dtype),
            Reduction::Sum => self.sum(dtype),
            Reduction::Prod => self.product(dtype),
            Reduction::Min if dtype == input => {
                with_element!(input, T => Some(self.accumulate::<Extremum<Least, T>, T>()), _ => None)
            }
            Reduction::Max if dtype == input => {
                with_element!(input, T => Some(self.accumulate::<Extremum<Greatest, T>, T>()), _ => None)
            }
            Reduction::Any => {
                with_element!(input, T => Some(self.accumulate::<AnyTrue, T>()), _ => None)
            }
            Reduction::All => {
                with_element!(input, T => Some(self.accumulate::<AllTrue, T>()), _ => None)
            }
            Reduction::CountNonzero => {
                with_element!(input, T => Some(self.accumulate::<CountTrue, T>()), _ => None)
            }
            _ => None,
        }
    }

    fn sum(&self, dtype: DType) -> Option<Result<Block>> {
        use DType as D;
        Some(match (dtype, self.input.dtype()) {
            (D::Int8, D::Int8) => self.accumulate::<Sum<i8>, i8>(),
            (D::Int16, D::Int16) => self.accumulate::<Sum<i16>, i16>(),
            (D::Int32, D::Int32) => self.accumulate::<Sum<i32>, i32>(),
            (D::Int64, D::Bool) => self.accumulate::<NarrowSum<i64, u16>, Bool>(),
            (D::Int64, D::Int8) => self.accumulate::<NarrowSum<i64, i32>, i8>(),
            (D::Int64, D::Int16) => self.accumulate::<NarrowSum<i64, i32>, i16>(),
            (D::Int64, D::Int32) => self.accumulate::<Sum<i64>, i32>(),
            (D::Int64, D::Int64) => self.accumulate::<Sum<i64>, i64>(),
            (D::UInt8, D::UInt8) => self.accumulate::<Sum<u8>, u8>(),
            (D::UInt16, D::UInt16) => self.accumulate::<Sum<u16>, u16>(),
            (D::UInt32, D::UInt32) => self.accumulate::<Sum<u32>, u32>(),
            (D::UInt64, D::UInt8) => self.accumulate::<NarrowSum<u64, u32>, u8>(),
            (D::UInt64, D::UInt16) => self.accumulate::<NarrowSum<u64, u32>, u16>(),
            (D::UInt64, D::UInt32) => self.accumulate::<Sum<u64>, u32>(),
            (D::UInt64, D::UInt64) => self.accumulate::<Sum<u64>, u64>(),
            _ => return None,
        })
    }

    fn product(&self, dtype: DType) -> Option<Result<Block>> {
        use DType as D;
        Some(match (dtype, self.input.dtype()) {
            (D::Int8, D::Int8) => self.accumulate::<Product<i8>, i8>(),
            (D::Int16, D::Int16) => self.accumulate::<Product<i16>, i16>(),
            (D::Int32, D::Int32) => self.accumulate::<Product<i32>, i32>(),
            (D::Int64, D::Bool) => self.accumulate::<Product<i64>, Bool>(),
            (D::Int64, D::Int8) => self.accumulate::<Product<i64>, i8>(),
            (D::Int64, D::Int16) => self.accumulate::<Product<i64>, i16>(),
            (D::Int64, D::Int32) => self.accumulate::<Product<i64>, i32>(),
            (D::Int64, D::Int64) => self.accumulate::<Product<i64>, i64>(),
            (D::UInt8, D::UInt8) => self.accumulate::<Product<u8>, u8>(),
            (D::UInt16, D::UInt16) => self.accumulate::<Product<u16>, u16>(),
            (D::UInt32, D::UInt32) => self.accumulate::<Product<u32>, u32>(),
            (D::UInt64, D::UInt8) => self.accumulate::<Product<u64>, u8>(),
            (D::UInt64, D::UInt16) => self.accumulate::<Product<u64>, u16>(),
            (D::UInt64, D::UInt32) => self.accumulate::<Product<u64>, u32>(),
            (D::UInt64, D::UInt64) => self.accumulate::<Product<u64>, u64>(),
            (D::Float16, D::Float16) => self.accumulate::<Product<f16>, f16>(),
            (D::Float32, D::Float32) => self.accumulate::<Product<f32>, f32>(),
            (D::Float64, D::Float64) => self.accumulate::<Product<f64>, f64>(),
            (D::Complex64, D::Complex64) => {
                self.accumulate::<Product<Complex<f32>>, Complex<f32>>()
            }
            (D::Complex128, D::Complex128) => {
                self.accumulate::<Product<Complex<f64>>, Complex<f64>>()
            }
            _ => return None,
        })
    }
}
