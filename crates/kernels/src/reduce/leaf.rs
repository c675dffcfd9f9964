//! The inner loops: many elements into one leaf, or rows of elements into a row of leaves.
//!
//! They are written over independent accumulators so that the compiler vectorises them.

use std::marker::PhantomData;

use crate::Bool;
use crate::simd::{Work, prefetch_after, widest};

use super::monoid::Lift;

/// How many rows [`rows`] takes up at once.
pub(super) const ROWS: usize = 4;

/// Runs shorter than this are taken up one by one.
const SHORT: usize = 8;

/// The leaf of a run of elements.
#[inline]
pub(super) fn run<M: Lift<T>, T: Copy>(items: &[T]) -> M::Leaf {
    widest(Run::<M, T> { items, terms: PhantomData })
}

struct Run<'a, M: Lift<T>, T> {
    items: &'a [T],
    terms: PhantomData<fn() -> M>,
}

impl<M: Lift<T>, T: Copy> Work for Run<'_, M, T> {
    type Output = M::Leaf;
    const WANTS_64: bool = M::WANTS_64;

    #[inline(always)]
    fn run(self) -> M::Leaf {
        // As many accumulators as fill eight registers of 32 bytes.
        match size_of::<M::Leaf>() {
            0..2 => self.in_lanes::<256>(),
            2..4 => self.in_lanes::<128>(),
            4..8 => self.in_lanes::<64>(),
            8..16 => self.in_lanes::<32>(),
            _ => self.in_lanes::<16>(),
        }
    }
}

impl<M: Lift<T>, T: Copy> Run<'_, M, T> {
    #[inline(always)]
    fn in_lanes<const LANES: usize>(self) -> M::Leaf {
        let Self { items, .. } = self;
        if items.len() < SHORT {
            return items.iter().fold(M::NEUTRAL, |leaf, &item| M::combine(leaf, M::lift(item)));
        }
        let (chunks, tail) = items.as_chunks::<LANES>();
        let mut lanes = [M::NEUTRAL; LANES];
        for chunk in chunks {
            prefetch_after(chunk);
            for (lane, &item) in lanes.iter_mut().zip(chunk) {
                *lane = M::combine(*lane, M::lift(item));
            }
        }
        // A copy, so that the lanes of the loop above may stay in registers.
        let mut lanes = lanes.map(|lane| lane);
        for (lane, &item) in lanes.iter_mut().zip(tail) {
            *lane = M::combine(*lane, M::lift(item));
        }
        fold(&mut lanes, M::combine)
    }
}

/// The combination of a power of two of values, halving their number until one is left.
#[inline(always)]
pub(super) fn fold<T: Copy>(lanes: &mut [T], combine: impl Fn(T, T) -> T) -> T {
    let mut len = lanes.len();
    while len > 1 {
        len /= 2;
        let (left, right) = lanes.split_at_mut(len);
        for (left, &right) in left.iter_mut().zip(&right[..len]) {
            *left = combine(*left, right);
        }
    }
    lanes[0]
}

/// The leaf of the elements of a run that the mask selects.
#[inline]
pub(super) fn masked_run<M: Lift<T>, T: Copy>(items: &[T], mask: &[Bool]) -> M::Leaf {
    let mut leaf = M::NEUTRAL;
    for (&item, &selected) in items.iter().zip(mask) {
        let lifted = M::lift(item);
        leaf = M::combine(leaf, if selected.get() { lifted } else { M::NEUTRAL });
    }
    leaf
}

/// Adds four rows to a row of leaves.
#[inline]
pub(super) fn rows<M: Lift<T>, T: Copy>(leaves: &mut [M::Leaf], rows: [&[T]; ROWS]) {
    widest(Fourfold::<M, T> { leaves, rows });
}

struct Fourfold<'a, M: Lift<T>, T> {
    leaves: &'a mut [M::Leaf],
    rows: [&'a [T]; ROWS],
}

impl<M: Lift<T>, T: Copy> Work for Fourfold<'_, M, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { leaves, rows } = self;
        let width = leaves.len();
        let [first, second, third, fourth] = rows.map(|row| &row[..width]);
        for column in 0..width {
            let items = [first[column], second[column], third[column], fourth[column]];
            leaves[column] = M::lift_four(leaves[column], items);
        }
    }
}

/// Adds one row to a row of leaves.
#[inline]
pub(super) fn row<M: Lift<T>, T: Copy>(leaves: &mut [M::Leaf], row: &[T]) {
    let width = leaves.len();
    for (leaf, &item) in leaves.iter_mut().zip(&row[..width]) {
        *leaf = M::combine(*leaf, M::lift(item));
    }
}

/// Adds the elements of one row that the mask selects to a row of leaves.
#[inline]
pub(super) fn masked_row<M: Lift<T>, T: Copy>(leaves: &mut [M::Leaf], row: &[T], mask: &[Bool]) {
    let width = leaves.len();
    let items = row[..width].iter().zip(&mask[..width]);
    for (leaf, (&item, &selected)) in leaves.iter_mut().zip(items) {
        let lifted = M::lift(item);
        *leaf = M::combine(*leaf, if selected.get() { lifted } else { M::NEUTRAL });
    }
}
