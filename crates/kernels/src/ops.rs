//! The one table of operations.

/// An elementwise operation, named as NumPy's ufunc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `numpy.add`.
    Add,
}
