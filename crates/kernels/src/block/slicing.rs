//! Views of a block: nothing here touches an element.

use smallvec::SmallVec;

use super::{AxisLayout, Block};
use crate::{DType, KernelError, Result};

impl Block {
    /// The view at one position of an axis, which goes.
    ///
    /// # Panics
    ///
    /// When there is no such axis or position.
    pub fn index_axis(&self, axis: usize, position: usize) -> Self {
        let mut view = self.clone();
        let layout = view.axes.remove(axis);
        assert!(position < layout.len(), "position {position} of an axis of {}", layout.len());
        view.offset += layout.offset(position);
        view
    }

    /// The view of the positions `start`, `start + step`, ... of an axis, `len` of them.
    ///
    /// # Panics
    ///
    /// When there is no such axis or one of the positions is outside it.
    pub fn slice_axis(&self, axis: usize, start: usize, step: isize, len: usize) -> Self {
        let layout = &self.axes[axis];
        let old = layout.len();
        let position = |j: usize| start as isize + step * j as isize;
        assert!(
            len == 0 || (start < old && (0..old as isize).contains(&position(len - 1))),
            "{len} positions from {start} by {step} of an axis of {old}"
        );
        let (layout, shift) = match layout {
            AxisLayout::Strided { stride, .. } => {
                let shift = if len == 0 { 0 } else { stride * start as isize };
                (AxisLayout::Strided { len, stride: stride * step }, shift)
            }
            AxisLayout::Indexed { offsets } => {
                let offsets: Vec<isize> = (0..len).map(|j| offsets[position(j) as usize]).collect();
                AxisLayout::from_offsets(&offsets)
            }
        };
        self.with_axis(axis, layout, shift)
    }

    /// The view of any positions of an axis, in the given order.
    ///
    /// # Panics
    ///
    /// When there is no such axis or one of the positions is outside it.
    pub fn take_axis(&self, axis: usize, positions: &[usize]) -> Self {
        let layout = &self.axes[axis];
        let old = layout.len();
        assert!(positions.iter().all(|&position| position < old), "a position outside the axis");
        let offsets: Vec<isize> =
            positions.iter().map(|&position| layout.offset(position)).collect();
        let (layout, shift) = AxisLayout::from_offsets(&offsets);
        self.with_axis(axis, layout, shift)
    }

    /// The view with an axis of length 1 before `axis`.
    ///
    /// # Panics
    ///
    /// When `axis` is greater than the number of axes.
    pub fn insert_axis(&self, axis: usize) -> Self {
        let mut view = self.clone();
        view.axes.insert(axis, AxisLayout::Strided { len: 1, stride: 0 });
        view
    }

    /// The view whose axis `i` is axis `order[i]` of this one.
    ///
    /// # Panics
    ///
    /// When `order` is not a permutation of the axes.
    pub fn transpose(&self, order: &[usize]) -> Self {
        let mut seen = vec![false; self.ndim()];
        for &axis in order {
            assert!(!std::mem::replace(&mut seen[axis], true), "axis {axis} twice");
        }
        assert_eq!(order.len(), self.ndim(), "an axis is missing");
        let axes = order.iter().map(|&axis| self.axes[axis].clone()).collect();
        Self { axes, ..self.clone() }
    }

    /// The view with another shape, in which axes of length 1 and leading ones that this block
    /// lacks repeat what is there.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`] when the shapes don't fit.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Self> {
        let own = self.shape();
        let added = shape.len().checked_sub(own.len());
        let fits = |added: usize| {
            own.iter().zip(&shape[added..]).all(|(&own, &len)| own == len || own == 1)
        };
        let Some(added) = added.filter(|&added| fits(added)) else {
            return Err(KernelError::Value(format!(
                "could not broadcast input array from shape {} into shape {}",
                tuple(&own),
                tuple(shape)
            )));
        };
        let mut view = Self { axes: SmallVec::with_capacity(shape.len()), ..self.clone() };
        for (axis, &len) in shape.iter().enumerate() {
            let layout = axis.checked_sub(added).map(|axis| &self.axes[axis]);
            view.axes.push(match layout {
                Some(layout) if layout.len() == len => layout.clone(),
                _ => {
                    view.offset += match layout {
                        Some(AxisLayout::Indexed { offsets }) => offsets[0],
                        _ => 0,
                    };
                    AxisLayout::Strided { len, stride: 0 }
                }
            });
        }
        Ok(view)
    }

    /// The view in which an axis becomes two, of lengths `repeat` and `len`: at `(k, j)` lies
    /// what was at `start + k * period + j * step`.
    ///
    /// # Panics
    ///
    /// When there is no such axis, it is indexed (see [`Block::is_strided`]), or one of the
    /// positions is outside it.
    pub fn pattern_axis(
        &self,
        axis: usize,
        start: usize,
        step: isize,
        len: usize,
        repeat: usize,
        period: isize,
    ) -> Self {
        let AxisLayout::Strided { len: old, stride } = self.axes[axis] else {
            panic!("a pattern along an indexed axis");
        };
        let empty = len == 0 || repeat == 0;
        let corner = |k: usize, j: usize| start as isize + k as isize * period + j as isize * step;
        let inside = |k, j| (0..old as isize).contains(&corner(k, j));
        assert!(
            empty
                || (inside(0, 0)
                    && inside(repeat - 1, 0)
                    && inside(0, len - 1)
                    && inside(repeat - 1, len - 1)),
            "a pattern that leaves an axis of {old}"
        );
        let shift = if empty { 0 } else { stride * start as isize };
        let outer = AxisLayout::Strided { len: repeat, stride: stride * period };
        let mut view = self.with_axis(axis, outer, shift);
        view.axes.insert(axis + 1, AxisLayout::Strided { len, stride: stride * step });
        view
    }

    /// The same memory read as another dtype, as `numpy.ndarray.view`: where the sizes of the
    /// items differ, the last axis shrinks or grows.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`], with NumPy's text, when there is no contiguous last axis or its
    /// bytes are not a multiple of the new size.
    pub fn view_dtype(&self, dtype: DType) -> Result<Self> {
        let (old, new) = (self.dtype.itemsize(), dtype.itemsize());
        if old == new {
            return Ok(Self { dtype, ..self.clone() });
        }
        let wrong = |text: &str| Err(KernelError::Value(text.to_owned()));
        let Some(last) = self.axes.last() else {
            return wrong(
                "Changing the dtype of a 0d array is only supported if the itemsize is unchanged",
            );
        };
        let contiguous = match last {
            AxisLayout::Strided { len, stride } => *stride == old as isize || *len == 1,
            AxisLayout::Indexed { .. } => false,
        };
        if !contiguous {
            return wrong(
                "To change to a dtype of a different size, the last axis must be contiguous",
            );
        }
        let bytes = last.len() * old;
        if new == 0 || !bytes.is_multiple_of(new) {
            return wrong(if new > old {
                "When changing to a larger dtype, its size must be a divisor of the total size in \
                 bytes of the last axis of the array."
            } else {
                "When changing to a smaller dtype, its size must be a divisor of the size of \
                 original dtype"
            });
        }
        let layout = AxisLayout::Strided { len: bytes / new, stride: new as isize };
        Ok(Self { dtype, ..self.with_axis(self.ndim() - 1, layout, 0) })
    }

    fn with_axis(&self, axis: usize, layout: AxisLayout, shift: isize) -> Self {
        let mut view = self.clone();
        view.axes[axis] = layout;
        view.offset += shift;
        view
    }
}

/// A shape as Python writes a tuple.
fn tuple(shape: &[usize]) -> String {
    match shape {
        [only] => format!("({only},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(",")),
    }
}
