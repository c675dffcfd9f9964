//! The map of an axis cut into contiguous pieces.

use std::sync::Arc;

/// The map of an axis cut into contiguous pieces, in ascending order, of any lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `bounds[p]..bounds[p + 1]` is the piece of place `p`; starts with 0, ends with the size,
    /// never descends, and has one entry more than there are places.
    pub bounds: Arc<[usize]>,
    /// The width of the padding between neighbours, exported in dimension dictionaries only.
    pub communication_padding: usize,
    /// The width of the padding at both ends, exported in dimension dictionaries only.
    pub boundary_padding: usize,
    /// Whether the ends are neighbours.
    pub periodic: bool,
}
