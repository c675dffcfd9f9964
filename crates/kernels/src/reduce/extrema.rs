//! Minima and maxima.

use std::marker::PhantomData;

use super::leaf;
use super::monoid::{Lift, Monoid};
use super::order::{Direction, Ordered, Sum};
use crate::simd::{Work, prefetch_after, widest};

/// The winning element; NaN if there is one.
pub(super) struct Extremum<D, T>(PhantomData<(D, T)>);

impl<D: Direction, T: Ordered> Monoid for Extremum<D, T> {
    type Leaf = T;
    type Total = T;
    type Output = T;
    const NEUTRAL: T = if D::WORST_IS_HIGHEST { T::HIGHEST } else { T::LOWEST };
    const EMPTY: T = Self::NEUTRAL;
    const SETTLES: bool = T::SETTLES;
    const WANTS_64: bool = true;

    // The test is for any NaN challenger, which is cheaper than asking the holder too and keeps a
    // NaN just as well.
    #[inline(always)]
    fn combine(holder: T, challenger: T) -> T {
        if D::wins(challenger, holder) | challenger.is_nan() { challenger } else { holder }
    }

    #[inline(always)]
    fn absorb(total: T, leaf: T) -> T {
        Self::combine(total, leaf)
    }

    fn merge(left: T, right: T) -> T {
        Self::combine(left, right)
    }

    fn finish(total: T) -> T {
        total
    }

    fn is_settled(total: &T) -> bool {
        D::is_final(*total)
    }
}

impl<D: Direction, T: Ordered> Lift<T> for Extremum<D, T> {
    #[inline(always)]
    fn lift(item: T) -> T {
        item
    }

    fn lift_run(items: &[T]) -> T {
        if T::Sum::FINDS_NAN {
            let (winner, sum) = match size_of::<T>() {
                4 => widest(NumbersOnly::<D, T, 64> { items, direction: PhantomData }),
                _ => widest(NumbersOnly::<D, T, 32> { items, direction: PhantomData }),
            };
            if !sum.is_nan() {
                return winner;
            }
        }
        leaf::run::<Self, T>(items)
    }

    #[inline(always)]
    fn lift_four(leaf: T, items: [T; 4]) -> T {
        let [first, second, third, fourth] = items;
        if !T::Sum::FINDS_NAN {
            let four = Self::combine(Self::combine(first, second), Self::combine(third, fourth));
            return Self::combine(leaf, four);
        }
        // A NaN leaf stays, since no number wins against it; pairs are tested by one instruction.
        let four = better::<D, T>(better::<D, T>(first, second), better::<D, T>(third, fourth));
        let winner = better::<D, T>(leaf, four);
        let has_nan = (first.is_nan() | second.is_nan()) | (third.is_nan() | fourth.is_nan());
        if has_nan { T::Sum::ZERO_AND_NAN[1] } else { winner }
    }
}

/// The winner among numbers, which the processor has an instruction for, and their sum, which is
/// NaN if the winner is not to be trusted.
struct NumbersOnly<'a, D, T, const LANES: usize> {
    items: &'a [T],
    direction: PhantomData<D>,
}

impl<D: Direction, T: Ordered, const LANES: usize> Work for NumbersOnly<'_, D, T, LANES> {
    type Output = (T, T);
    const WANTS_64: bool = true;

    #[inline(always)]
    fn run(self) -> (T, T) {
        let (chunks, tail) = self.items.as_chunks::<LANES>();
        let mut winners = [Extremum::<D, T>::NEUTRAL; LANES];
        let mut sums = [T::Sum::ZERO_AND_NAN[0]; LANES];
        for chunk in chunks {
            prefetch_after(chunk);
            for ((winner, sum), &item) in winners.iter_mut().zip(&mut sums).zip(chunk) {
                *winner = better::<D, T>(*winner, item);
                *sum = T::Sum::add(*sum, item);
            }
        }
        // Copies, so that those of the loop above may stay in registers.
        let (mut winners, mut sums) = (winners.map(|winner| winner), sums.map(|sum| sum));
        for ((winner, sum), &item) in winners.iter_mut().zip(&mut sums).zip(tail) {
            *winner = better::<D, T>(*winner, item);
            *sum = T::Sum::add(*sum, item);
        }
        (leaf::fold(&mut winners, better::<D, T>), leaf::fold(&mut sums, T::Sum::add))
    }
}

/// The better of two numbers; NaN never wins.
#[inline(always)]
fn better<D: Direction, T: Ordered>(holder: T, challenger: T) -> T {
    if D::wins(challenger, holder) { challenger } else { holder }
}
