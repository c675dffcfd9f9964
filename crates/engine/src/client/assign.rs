//! Assignment of arrays to (views of) arrays.

use distarray_kernels::Block;
use distarray_meta::broadcast_shapes;

use super::Array;
use super::evaluation::Evaluation;
use super::layout::{Policy, align, check_sessions, copy_between, copy_local, read_elsewhere};
use crate::command::Destination;
use crate::error::{Result, SessionError};

impl Array {
    /// Sets the elements to those of `value`, of any layout; broadcasts and casts. The two may share
    /// memory.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when `value` does not broadcast to this shape.
    pub fn assign(&self, value: &Self, policy: &Policy<'_>) -> Result<()> {
        check_sessions(&[self, value])?;
        let fitted = value.fitted(self.shape())?;
        let value = fitted.as_ref().unwrap_or(value);
        if value.shape() == self.shape() {
            if !value.distribution().same_layout(self.distribution()) {
                let moved = distarray_meta::plan::moved(value.distribution(), self.distribution());
                policy.permit("assignment", moved * value.dtype().itemsize() as u64)?;
            }
            let lies_well = value.node().lies_as(self.distribution())
                || read_elsewhere(value, self.distribution()).is_some();
            if value.is_pending() && lies_well {
                return self.compute(value);
            }
            return copy_between(value, value.distribution(), self, self.distribution());
        }
        let aligned = align(value, self.distribution(), "assignment", policy)?;
        copy_local(&aligned, self)
    }

    /// Sets the elements to those of the client's `host`; broadcasts and casts.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when `host` does not broadcast to this shape.
    pub fn assign_host(&self, host: &Block) -> Result<()> {
        let mut host = host.clone();
        while host.ndim() > self.ndim() && host.axes()[0].len() == 1 {
            host = host.index_axis(0, 0);
        }
        check_broadcast(&host.shape(), self.shape())?;
        self.write_host(&host.broadcast_to(self.shape())?)
    }

    /// Computes the elements of `value` straight into this array.
    fn compute(&self, value: &Self) -> Result<()> {
        let place = Destination::Existing(self.written()?);
        let mut evaluation = Evaluation::new(self.session(), self.distribution());
        evaluation.copy(value.node(), self.dtype())?;
        evaluation.run_into(place, Some(self.node()))?;
        Ok(())
    }

    /// Without the leading axes of one element that assignment ignores, if there are any: another
    /// handle of this array would have it stored.
    fn fitted(&self, shape: &[usize]) -> Result<Option<Self>> {
        let extra = self.ndim().saturating_sub(shape.len());
        check_broadcast(
            if self.shape()[..extra].iter().all(|&len| len == 1) {
                &self.shape()[extra..]
            } else {
                self.shape()
            },
            shape,
        )?;
        let mut fitted = None;
        for _ in 0..extra {
            fitted = Some(fitted.as_ref().unwrap_or(self).first()?);
        }
        Ok(fitted)
    }

    /// The first item along the first axis.
    fn first(&self) -> Result<Self> {
        use distarray_meta::{AxisSlice, IndexItem};
        let mut index = vec![IndexItem::Integer(0)];
        index.extend(self.shape()[1..].iter().map(|&len| IndexItem::Slice(AxisSlice::full(len))));
        self.slice(&index)
    }
}

/// `value` must broadcast to `shape`.
fn check_broadcast(value: &[usize], shape: &[usize]) -> Result<()> {
    if broadcast_shapes(&[value, shape]).is_ok_and(|common| common == shape) {
        return Ok(());
    }
    Err(SessionError::Value(format!(
        "could not broadcast input array from shape {} into shape {}",
        shape_text(value),
        shape_text(shape)
    )))
}

/// A shape as NumPy prints it in messages.
pub(super) fn shape_text(shape: &[usize]) -> String {
    let lens: Vec<String> = shape.iter().map(ToString::to_string).collect();
    match lens.as_slice() {
        [len] => format!("({len},)"),
        lens => format!("({})", lens.join(",")),
    }
}
