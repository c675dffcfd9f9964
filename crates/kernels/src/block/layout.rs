//! What can be said of a block's place in memory.

use std::sync::Arc;

use super::{AxisLayout, Block};

impl Block {
    /// Whether the elements lie one after another, in C order.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = self.dtype.itemsize() as isize;
        for axis in self.axes.iter().rev() {
            match axis {
                AxisLayout::Strided { len: 0, .. } => return true,
                AxisLayout::Strided { len: 1, .. } => {}
                AxisLayout::Strided { len, stride } if *stride == expected => {
                    expected *= *len as isize;
                }
                _ => return self.axes.iter().any(AxisLayout::is_empty),
            }
        }
        true
    }

    /// Whether no axis is indexed.
    pub fn is_strided(&self) -> bool {
        self.axes.iter().all(|axis| matches!(axis, AxisLayout::Strided { .. }))
    }

    /// The distance between neighbours along each axis, in bytes, if no axis is indexed.
    pub fn strides(&self) -> Option<Vec<isize>> {
        self.axes
            .iter()
            .map(|axis| match axis {
                AxisLayout::Strided { stride, .. } => Some(*stride),
                AxisLayout::Indexed { .. } => None,
            })
            .collect()
    }

    /// The lowest address of an element and the one behind the highest; equal if there is none.
    pub fn extent(&self) -> (usize, usize) {
        let (mut low, mut high) = (0, 0);
        for axis in &self.axes {
            let (least, most) = match axis {
                AxisLayout::Strided { len: 0, .. } => return (0, 0),
                AxisLayout::Strided { len, stride } => {
                    let far = stride * (*len as isize - 1);
                    (far.min(0), far.max(0))
                }
                AxisLayout::Indexed { offsets } => {
                    let (Some(least), Some(most)) = (offsets.iter().min(), offsets.iter().max())
                    else {
                        return (0, 0);
                    };
                    (*least, *most)
                }
            };
            low += least;
            high += most;
        }
        let start = self.as_ptr().addr();
        (start.wrapping_add_signed(low), start.wrapping_add_signed(high) + self.dtype.itemsize())
    }

    /// Whether the extents of the two in memory meet; `false` means that no byte is shared.
    pub fn may_overlap(&self, other: &Self) -> bool {
        // Memory that is lent may be another buffer's.
        let are_owned = self.buffer.is_owned() && other.buffer.is_owned();
        if are_owned && !Arc::ptr_eq(&self.buffer, &other.buffer) {
            return false;
        }
        let (own, other) = (self.extent(), other.extent());
        own.0.max(other.0) < own.1.min(other.1)
    }

    /// Whether both show the same elements in the same order.
    pub fn same_view(&self, other: &Self) -> bool {
        let same_axis = |own: &AxisLayout, other: &AxisLayout| match (own, other) {
            (AxisLayout::Strided { len: 0 | 1, .. }, AxisLayout::Strided { .. }) => {
                own.len() == other.len()
            }
            _ => own == other,
        };
        self.as_ptr() == other.as_ptr()
            && self.dtype.itemsize() == other.dtype.itemsize()
            && self.axes.len() == other.axes.len()
            && self.axes.iter().zip(&other.axes).all(|(own, other)| same_axis(own, other))
    }
}
