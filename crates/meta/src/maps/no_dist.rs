//! The map of an axis that is not distributed.

/// The map of an axis that is not distributed: one place holds all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDist {
    /// The size of the axis.
    pub size: usize,
}
