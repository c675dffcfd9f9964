//! Means and variances, composed of reductions and elementwise operations.

use distarray_kernels::{DType, Kind, Loop, Op, Reduction, Scalar};

use super::Array;
use super::elementwise::{Elementwise, Operand};
use super::layout::Policy;
use super::reduction::Reduce;
use crate::error::Result;

impl Reduce<'_> {
    /// The arithmetic mean: the sum divided by the number of elements; NaN where there are none.
    ///
    /// # Errors
    ///
    /// As [`Reduce::run`].
    pub fn mean(&self, source: &Array, policy: &Policy<'_>) -> Result<Array> {
        let computed = self.dtype.unwrap_or(match source.dtype() {
            DType::Float16 => DType::Float32,
            dtype if is_inexact(dtype) => dtype,
            _ => DType::Float64,
        });
        let total = Reduce { reduction: Reduction::Sum, dtype: Some(computed), ..*self }
            .run(source, policy)?;
        let mean = self.divided(&total, source, 0.0, policy)?;
        match source.dtype() {
            DType::Float16 if self.dtype.is_none() => mean.astype(DType::Float16, &Policy::ALLOW),
            _ => Ok(mean),
        }
    }

    /// The variance: the sum of squared deviations from the mean, divided by the number of elements
    /// less `ddof`. Computed in two passes, so that large means cost no accuracy.
    ///
    /// # Errors
    ///
    /// As [`Reduce::run`].
    pub fn variance(&self, source: &Array, ddof: f64, policy: &Policy<'_>) -> Result<Array> {
        let computed = self.dtype.unwrap_or(match source.dtype() {
            DType::Float16 => DType::Float32,
            dtype if is_inexact(dtype) => dtype,
            _ => DType::Float64,
        });
        let center =
            Reduce { keepdims: true, dtype: Some(computed), ..*self }.mean(source, policy)?;
        let squares = Reduce {
            reduction: Reduction::SquaredDeviations,
            dtype: Some(computed),
            center: Some(&center),
            ..*self
        }
        .run(source, policy)?;
        let variance = self.divided(&squares, source, ddof, policy)?;
        match source.dtype() {
            DType::Float16 if self.dtype.is_none() => {
                variance.astype(DType::Float16, &Policy::ALLOW)
            }
            _ => Ok(variance),
        }
    }

    /// `total` divided by the number of elements that went into each of its elements, less `ddof`,
    /// but never by less than zero.
    fn divided(
        &self,
        total: &Array,
        source: &Array,
        ddof: f64,
        policy: &Policy<'_>,
    ) -> Result<Array> {
        let Some(mask) = self.mask else {
            let count = (self.count(source) as f64 - ddof).max(0.0);
            let operands = [total.into(), Operand::Scalar(Scalar::from(count))];
            return quotient(total, &operands, policy);
        };
        let ones = Array::create(
            source.session(),
            source.distribution().clone(),
            DType::Bool,
            crate::Initial::Item([1].into()),
        )?;
        let counts = Reduce {
            reduction: Reduction::Sum,
            dtype: Some(DType::Float64),
            mask: Some(mask),
            center: None,
            ..*self
        }
        .run(&ones, policy)?;
        let less = [(&counts).into(), Operand::Scalar(Scalar::from(ddof))];
        let (counts, _) = Elementwise::new(Op::Subtract, &less).run(policy)?;
        let positive = [(&counts).into(), Operand::Scalar(Scalar::from(0.0))];
        let (counts, _) = Elementwise::new(Op::Maximum, &positive).run(policy)?;
        quotient(total, &[total.into(), (&counts).into()], policy)
    }
}

/// The quotient in the dtype of `total`, whatever that of the divisor.
fn quotient(total: &Array, operands: &[Operand], policy: &Policy<'_>) -> Result<Array> {
    let dtype = total.dtype();
    // Where the user asks for integers, the quotient is a float that is cut off.
    let computed = if is_inexact(dtype) { dtype } else { DType::Float64 };
    let division = Elementwise {
        looped: Some(Loop { inputs: vec![computed, computed], output: computed }),
        dtype: Some(dtype),
        ..Elementwise::new(Op::Divide, operands)
    };
    Ok(division.run(policy)?.0)
}

fn is_inexact(dtype: DType) -> bool {
    matches!(dtype.kind(), Kind::Float | Kind::Complex)
}
