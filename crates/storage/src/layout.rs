//! Where in a file the elements of an array lie.

use serde::{Deserialize, Serialize};

/// Where in a file the elements of an array lie: one after the other, in C or Fortran order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Where the first element begins.
    pub offset: u64,
    /// The length of an element in bytes.
    pub itemsize: usize,
    /// The shape of the whole array.
    pub shape: Vec<usize>,
    /// Whether the first axis is the fastest, and not the last.
    pub fortran_order: bool,
}

impl Layout {
    /// Where the last element ends; `None` if that is more than a file can be long.
    pub fn end(&self) -> Option<u64> {
        self.data_len().and_then(|len| self.offset.checked_add(len))
    }

    /// The length of all elements in bytes; `None` if that is more than memory or a file can hold.
    pub fn data_len(&self) -> Option<u64> {
        // An axis of length 0 makes nothing of all others, whatever their lengths.
        if self.shape.contains(&0) {
            return Some(0);
        }
        let elements =
            self.shape.iter().try_fold(1_usize, |product, &len| product.checked_mul(len));
        let len = elements?.checked_mul(self.itemsize)?;
        isize::try_from(len).ok().map(|len| len as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_do_not_overflow() {
        let layout = |shape: &[usize]| Layout {
            offset: 128,
            itemsize: 8,
            shape: shape.to_vec(),
            fortran_order: false,
        };
        assert_eq!(layout(&[3, 4]).end(), Some(128 + 96));
        assert_eq!(layout(&[]).end(), Some(136));
        assert_eq!(layout(&[usize::MAX, 0]).end(), Some(128));
        assert_eq!(layout(&[usize::MAX, 2]).end(), None);
        assert_eq!(layout(&[1 << 60]).end(), None);
    }
}
