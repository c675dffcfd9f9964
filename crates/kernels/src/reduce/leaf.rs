//! The inner loops: many elements into one leaf, or rows of elements into a row of leaves.
//!
//! They are written over independent accumulators so that the compiler vectorises them.

use crate::Bool;

use super::monoid::{Lift, Monoid};

/// How many rows [`rows`] takes up at once.
pub(super) const ROWS: usize = 4;

/// The leaf of a run of elements.
#[inline]
pub(super) fn run<M: Lift<T>, T: Copy>(items: &[T], center: M::Center) -> M::Leaf {
    // As many accumulators as fill eight vector registers.
    match size_of::<M::Leaf>() {
        0..2 => run_in_lanes::<M, T, 128>(items, center),
        2..4 => run_in_lanes::<M, T, 64>(items, center),
        4..8 => run_in_lanes::<M, T, 32>(items, center),
        _ => run_in_lanes::<M, T, 16>(items, center),
    }
}

#[inline(always)]
fn run_in_lanes<M: Lift<T>, T: Copy, const LANES: usize>(
    items: &[T],
    center: M::Center,
) -> M::Leaf {
    let (chunks, tail) = items.as_chunks::<LANES>();
    let mut leaf = M::NEUTRAL;
    if !chunks.is_empty() {
        let mut lanes = [M::NEUTRAL; LANES];
        for chunk in chunks {
            for (lane, &item) in lanes.iter_mut().zip(chunk) {
                *lane = M::combine(*lane, M::lift(item, center));
            }
        }
        leaf = fold::<M>(&mut lanes);
    }
    for &item in tail {
        leaf = M::combine(leaf, M::lift(item, center));
    }
    leaf
}

/// The leaf of a power of two of leaves, halving their number until one is left.
#[inline(always)]
fn fold<M: Monoid>(lanes: &mut [M::Leaf]) -> M::Leaf {
    let mut len = lanes.len();
    while len > 1 {
        len /= 2;
        let (left, right) = lanes.split_at_mut(len);
        for (left, &right) in left.iter_mut().zip(&right[..len]) {
            *left = M::combine(*left, right);
        }
    }
    lanes[0]
}

/// The leaf of the elements of a run that the mask selects.
#[inline]
pub(super) fn masked_run<M: Lift<T>, T: Copy>(
    items: &[T],
    mask: &[Bool],
    center: M::Center,
) -> M::Leaf {
    let mut leaf = M::NEUTRAL;
    for (&item, &selected) in items.iter().zip(mask) {
        let lifted = M::lift(item, center);
        leaf = M::combine(leaf, if selected.get() { lifted } else { M::NEUTRAL });
    }
    leaf
}

/// Adds four rows to a row of leaves.
#[inline]
pub(super) fn rows<M: Lift<T>, T: Copy>(
    leaves: &mut [M::Leaf],
    rows: [&[T]; ROWS],
    centers: &[M::Center],
) {
    let width = leaves.len();
    let [first, second, third, fourth] = rows.map(|row| &row[..width]);
    let centers = &centers[..width];
    for column in 0..width {
        let center = centers[column];
        let left = M::combine(M::lift(first[column], center), M::lift(second[column], center));
        let right = M::combine(M::lift(third[column], center), M::lift(fourth[column], center));
        leaves[column] = M::combine(leaves[column], M::combine(left, right));
    }
}

/// Adds one row to a row of leaves.
#[inline]
pub(super) fn row<M: Lift<T>, T: Copy>(leaves: &mut [M::Leaf], row: &[T], centers: &[M::Center]) {
    let width = leaves.len();
    for ((leaf, &item), &center) in leaves.iter_mut().zip(&row[..width]).zip(&centers[..width]) {
        *leaf = M::combine(*leaf, M::lift(item, center));
    }
}

/// Adds the elements of one row that the mask selects to a row of leaves.
#[inline]
pub(super) fn masked_row<M: Lift<T>, T: Copy>(
    leaves: &mut [M::Leaf],
    row: &[T],
    mask: &[Bool],
    centers: &[M::Center],
) {
    let width = leaves.len();
    let items = row[..width].iter().zip(&mask[..width]).zip(&centers[..width]);
    for (leaf, ((&item, &selected), &center)) in leaves.iter_mut().zip(items) {
        let lifted = M::lift(item, center);
        *leaf = M::combine(*leaf, if selected.get() { lifted } else { M::NEUTRAL });
    }
}
