//! The map of an axis whose indices may be anywhere.

use std::sync::Arc;

use crate::Indices;

/// The map of an axis whose indices may be on any place, in any order, and on several places at
/// once: a *replicated* axis is one whose every piece is the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstructured {
    /// The size of the axis.
    pub size: usize,
    /// What each place holds, in local order.
    pub pieces: Arc<[Indices]>,
}
