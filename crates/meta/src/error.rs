//! What can be wrong with a distribution, an index or a plan.

/// The result of an operation on distributions.
pub type Result<T> = std::result::Result<T, MetaError>;

/// What can be wrong with a distribution, an index or a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// An index lies outside an axis. `IndexError` in Python.
    #[error("index {index} is out of bounds for axis {axis} with size {size}")]
    IndexOutOfBounds {
        /// The index as given.
        index: i64,
        /// The axis it was meant for.
        axis: usize,
        /// The size of that axis.
        size: usize,
    },
    /// More indices than axes. `IndexError` in Python.
    #[error("too many indices for array: array is {ndim}-dimensional, but {given} were indexed")]
    TooManyIndices {
        /// The number of axes.
        ndim: usize,
        /// The number of indices given.
        given: usize,
    },
    /// A slice with step zero. `ValueError` in Python.
    #[error("slice step cannot be zero")]
    ZeroStep,
    /// An argument contradicts itself or another one. `ValueError` (`DistributionError`) in Python.
    #[error("{argument}: {message}")]
    Invalid {
        /// The argument at fault.
        argument: &'static str,
        /// What it was and what was expected.
        message: String,
    },
    /// A dimension dictionary that breaks the Distributed Array Protocol. `ValueError`
    /// (`DistributionError`) in Python.
    #[error("axis {axis}: {key:?} {message}")]
    Protocol {
        /// The axis that the dictionary describes.
        axis: usize,
        /// The key at fault.
        key: String,
        /// What its value was and what was expected.
        message: String,
    },
    /// A grid shape that does not fit the distribution. `InvalidGridShapeError` in Python.
    #[error("{0}")]
    InvalidGridShape(String),
    /// No grid shape can be chosen. `GridShapeError` in Python.
    #[error("{0}")]
    GridShape(String),
    /// Shapes that do not broadcast together. `ValueError` in Python.
    #[error("operands could not be broadcast together with shapes {shapes}")]
    Broadcast {
        /// The shapes, as NumPy prints them.
        shapes: String,
    },
}
