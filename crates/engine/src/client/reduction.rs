//! Reductions along axes.

use distarray_kernels::program::Reducing;
use distarray_kernels::reduce::Ending;
use distarray_kernels::{DType, FloatFlags, Op, Reduction, Scalar};
use distarray_meta::AxisMap;

use super::Array;
use super::elementwise::{Elementwise, Operand};
use super::evaluation::{Evaluation, Prepared};
use super::layout::{Policy, align, check_sessions, stretch};
use crate::command::Subject;
use crate::error::{Result, SessionError};
use crate::{Command, Reply, command};

/// Results of fewer elements are made faster from what is stored than on the way, where there are more
/// than [`MANY`].
const FEW: usize = 32;

/// So many running sums fit a second-level cache.
const MANY: usize = 1 << 12;

/// A reduction of an array along axes.
#[derive(Clone, Copy)]
pub struct Reduce<'a> {
    /// What is computed.
    pub reduction: Reduction,
    /// Which axes are reduced: one entry for each.
    pub reduced: &'a [bool],
    /// Whether reduced axes stay, with one element each.
    pub keepdims: bool,
    /// The dtype of the result, which is computed in; NumPy's default, if there is none.
    pub dtype: Option<DType>,
    /// Which elements count; broadcasts to the array.
    pub mask: Option<&'a Array>,
    /// What goes into the result at the end.
    pub ending: Ending,
}

impl<'a> Reduce<'a> {
    /// A reduction of every element of the axes marked in `reduced`.
    pub fn new(reduction: Reduction, reduced: &'a [bool]) -> Self {
        Self {
            reduction,
            reduced,
            keepdims: false,
            dtype: None,
            mask: None,
            ending: Ending::default(),
        }
    }

    /// Reduces an array; says which floating-point exceptions NumPy would meet. The result lies on
    /// the lowest ranks along the reduced axes.
    ///
    /// # Errors
    ///
    /// [`SessionError::Kernel`] when the dtype has no such reduction, [`SessionError::Value`] when
    /// there is nothing to reduce and no identity.
    pub fn run(&self, source: &Array, policy: &Policy<'_>) -> Result<(Array, FloatFlags)> {
        let accumulator = self.reduction.accumulator(source.dtype(), self.dtype)?;
        self.check_empty(source)?;
        if self.is_share(source, accumulator) {
            return self.share(source, policy);
        }
        check_sessions(&[Some(source), self.mask].into_iter().flatten().collect::<Vec<_>>())?;
        // Elements that lie on several engines at once would count as often.
        let single;
        let source = if source.distribution().maps().iter().all(AxisMap::is_one_to_one) {
            source
        } else {
            let layout = stretch(source.distribution(), source.shape())?;
            single = source.redistribute(layout)?;
            &single
        };
        let distribution = source.distribution();
        let aligned = |mask| align(mask, distribution, "reduction", policy);
        let mask = self.mask.map(aligned).transpose()?;
        let axes: Vec<usize> = (0..source.ndim()).filter(|&axis| self.reduced[axis]).collect();
        let (result_distribution, _) = distribution.reduce(&axes, self.keepdims);
        let result = Array::named(source.session(), result_distribution.clone(), accumulator);
        let prepared = if mask.is_none() { self.on_the_way(source, accumulator)? } else { None };
        let mut names = Vec::new();
        let subject = match &prepared {
            None => Subject::Array(source.id()?),
            Some((prepared, value)) => {
                let (new, outputs) = prepared.destinations();
                names = new;
                let inputs = prepared.sources(distribution);
                Subject::Computed {
                    program: prepared.program.clone(),
                    inputs: inputs.iter().map(|input| input.array).collect(),
                    outputs,
                    value: *value,
                }
            }
        };
        let replies = source.execute(
            Command::Reduce(command::Reduce {
                reduction: self.reduction,
                subject,
                distribution: distribution.clone(),
                mask: mask.as_ref().map(Array::id).transpose()?,
                reduced: self.reduced.to_vec(),
                dtype: accumulator,
                ending: self.ending,
                result: result.id()?,
                result_distribution,
            }),
            source.weight(),
        )?;
        let (mut flags, mut met) = (FloatFlags::default(), Vec::new());
        for reply in replies {
            match reply {
                Reply::Done { flags: of_result } => flags = flags.union(of_result),
                Reply::Evaluated { flags: of_steps } => met.extend(of_steps),
                Reply::Item(_) | Reply::Value(_) => {}
            }
        }
        if let Some((prepared, _)) = prepared {
            prepared.stored(&names);
            flags = flags.union(prepared.report(&met));
        }
        Ok((result, flags))
    }

    /// Whether the result is which share of truth values are true.
    fn is_share(&self, source: &Array, dtype: DType) -> bool {
        self.reduction == Reduction::Mean
            && source.dtype() == DType::Bool
            && dtype == DType::Float64
            && self.mask.is_none()
            && self.count(source) > 0
    }

    /// The mean of truth values: they are counted, and there is nothing to round before the division.
    fn share(&self, source: &Array, policy: &Policy<'_>) -> Result<(Array, FloatFlags)> {
        let counting = Self { reduction: Reduction::CountNonzero, dtype: None, ..*self };
        let (count, _) = counting.run(source, policy)?;
        let all = Scalar::from(self.count(source) as f64);
        Elementwise::new(Op::Divide, &[Operand::from(&count), Operand::Scalar(all)]).run(policy)
    }

    /// The program that computes `source`, if that can be done on the way, and which of its outputs
    /// is reduced.
    fn on_the_way(&self, source: &Array, dtype: DType) -> Result<Option<(Prepared, usize)>> {
        let is_ordered = self.reduction.is_ordered(dtype);
        if !source.is_pending() || self.reduction.is_position() || is_ordered {
            return Ok(None);
        }
        // Many results of few elements each would keep more than the elements, which are stored instead.
        let count = self.count(source);
        let elements: usize = source.shape().iter().product();
        if count < FEW && elements > MANY * count && !source.is_outside() {
            return Ok(None);
        }
        let layout = source.distribution();
        let mut evaluation = Evaluation::new(source.session(), layout);
        let converted = match source.dtype() {
            values if Reducing::takes(self.reduction, values, dtype) => values,
            _ if Reducing::takes(self.reduction, dtype, dtype) => dtype,
            _ => return Ok(None),
        };
        let value = evaluation.value_of(source.node(), converted)?;
        let prepared = evaluation.prepare();
        let is_elsewhere = prepared.sources(layout).iter().any(|input| input.elsewhere.is_some());
        Ok((!is_elsewhere).then_some((prepared, value)))
    }

    /// How many elements of `source` go into each element of the result, masks aside.
    pub fn count(&self, source: &Array) -> usize {
        source
            .shape()
            .iter()
            .zip(self.reduced)
            .filter(|(_, reduced)| **reduced)
            .map(|(len, _)| len)
            .product()
    }

    fn check_empty(&self, source: &Array) -> Result<()> {
        let results: usize = source
            .shape()
            .iter()
            .zip(self.reduced)
            .filter(|(_, reduced)| !**reduced)
            .map(|(len, _)| len)
            .product();
        if self.count(source) > 0 || results == 0 {
            return Ok(());
        }
        match self.reduction {
            Reduction::Min | Reduction::Max => Err(SessionError::Value(format!(
                "zero-size array to reduction operation {} which has no identity",
                if self.reduction == Reduction::Min { "minimum" } else { "maximum" }
            ))),
            Reduction::ArgMin | Reduction::ArgMax => Err(SessionError::Value(format!(
                "attempt to get {} of an empty sequence",
                if self.reduction == Reduction::ArgMin { "argmin" } else { "argmax" }
            ))),
            _ => Ok(()),
        }
    }
}

/// The sum of the products of the elements of two arrays of one shape and dtype, of floats or complex
/// numbers, exact and rounded once: an array without axes. With `is_conjugated` the elements of the
/// first array are conjugated. The second array is brought to where the first one is.
///
/// # Errors
///
/// [`SessionError::Kernel`] when the dtype has no such products, [`SessionError::Value`] for
/// different shapes, [`SessionError::CommunicationForbidden`].
pub fn dot(left: &Array, right: &Array, is_conjugated: bool, policy: &Policy<'_>) -> Result<Array> {
    check_sessions(&[left, right])?;
    if left.shape() != right.shape() || left.dtype() != right.dtype() {
        return Err(SessionError::Value(format!(
            "no products of {} {:?} and {} {:?}, element by element",
            left.dtype(),
            left.shape(),
            right.dtype(),
            right.shape()
        )));
    }
    let dtype = Reduction::Sum.accumulator(left.dtype(), None)?;
    // Elements that lie on several engines at once would count as often.
    let single;
    let left = if left.distribution().maps().iter().all(AxisMap::is_one_to_one) {
        left
    } else {
        single = left.redistribute(stretch(left.distribution(), left.shape())?)?;
        &single
    };
    let distribution = left.distribution();
    let right = align(right, distribution, "dot product", policy)?;
    let axes: Vec<usize> = (0..left.ndim()).collect();
    let (result_distribution, _) = distribution.reduce(&axes, false);
    let result = Array::named(left.session(), result_distribution.clone(), dtype);
    left.execute(
        Command::Reduce(command::Reduce {
            reduction: Reduction::Sum,
            subject: Subject::Products { left: left.id()?, right: right.id()?, is_conjugated },
            distribution: distribution.clone(),
            mask: None,
            reduced: vec![true; left.ndim()],
            dtype,
            ending: Ending::default(),
            result: result.id()?,
            result_distribution,
        }),
        left.weight(),
    )?;
    Ok(result)
}
