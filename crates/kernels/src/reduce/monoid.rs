//! What a reduction accumulates: how elements are taken up, how results are merged.

use super::leaf;

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

    /// Whether its loops want the widest registers of all.
    const WANTS_64: bool = false;

    /// Whether some totals are settled early, often enough to look for them.
    const SETTLES: bool = false;

    /// Whether no further element can change the result.
    fn is_settled(_total: &Self::Total) -> bool {
        false
    }
}

/// A monoid that takes up elements of type `Item`.
pub(super) trait Lift<Item>: Monoid {
    /// The leaf of one element.
    fn lift(item: Item) -> Self::Leaf;

    /// The leaf of a run of elements.
    fn lift_run(items: &[Item]) -> Self::Leaf
    where
        Self: Sized,
        Item: Copy,
    {
        leaf::run::<Self, Item>(items)
    }

    /// A leaf with four more elements.
    #[inline(always)]
    fn lift_four(leaf: Self::Leaf, items: [Item; 4]) -> Self::Leaf {
        let [first, second, third, fourth] = items.map(Self::lift);
        let four = Self::combine(Self::combine(first, second), Self::combine(third, fourth));
        Self::combine(leaf, four)
    }
}

/// The greatest number of elements that a leaf takes up; what narrow leaves can hold rests on it.
pub(super) const LEAF: usize = 2048;

/// The lengths of the parts in which a run is taken up: short ones first where the result may be
/// settled early.
pub(super) fn parts(len: usize, settles: bool) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut part = if settles { LEAF / 16 } else { LEAF };
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = len.min(start + part);
        let range = start..end;
        start = end;
        part = LEAF.min(2 * part);
        (!range.is_empty()).then_some(range)
    })
}
