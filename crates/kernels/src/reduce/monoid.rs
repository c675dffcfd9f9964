//! What a reduction accumulates: how elements are taken up, how results are merged.

/// An accumulation in three stages, so that the inner loops stay simple and the whole accurate.
///
/// Elements are lifted into a *leaf*, the plain type that the inner loops work on. A leaf takes up
/// a bounded number of elements ([`LEAF`]); leaves are absorbed into a *total*, which may carry
/// more (the rounding error of a sum), and totals of different blocks are merged.
pub(super) trait Monoid: 'static {
    /// What the inner loops accumulate in.
    type Leaf: Copy;
    /// What leaves are absorbed into, without padding bytes.
    type Total: Copy + 'static;
    /// The element of the result.
    type Output: Copy + 'static;

    /// The leaf of no elements.
    const NEUTRAL: Self::Leaf;
    /// The total of no elements.
    const EMPTY: Self::Total;

    /// The leaf of the elements of two.
    fn combine(left: Self::Leaf, right: Self::Leaf) -> Self::Leaf;

    /// The total with the elements of a leaf.
    fn absorb(total: Self::Total, leaf: Self::Leaf) -> Self::Total;

    /// The total of the elements of two.
    fn merge(left: Self::Total, right: Self::Total) -> Self::Total;

    /// The result.
    fn finish(total: Self::Total) -> Self::Output;

    /// Whether no further element can change the result.
    fn is_settled(_total: &Self::Total) -> bool {
        false
    }
}

/// A monoid that takes up elements of type `Item`.
pub(super) trait Lift<Item>: Monoid {
    /// What elements are measured from; `()` where they are taken as they are.
    type Center: Copy;

    /// The leaf of one element.
    fn lift(item: Item, center: Self::Center) -> Self::Leaf;
}

/// The greatest number of elements that a leaf takes up; what narrow leaves can hold rests on it.
pub(super) const LEAF: usize = 1024;
