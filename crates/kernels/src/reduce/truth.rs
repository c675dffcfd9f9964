//! Whether any, all or how many elements are true.

use super::item::Item;
use super::monoid::{Lift, Monoid};
use crate::Bool;

/// Whether any element is true.
pub(super) struct AnyTrue;

/// Whether all elements are true.
pub(super) struct AllTrue;

/// How many elements are true.
pub(super) struct CountTrue;

macro_rules! truths {
    ($($monoid:ty, $neutral:literal, $operator:tt;)*) => {$(
        impl Monoid for $monoid {
            type Leaf = u8;
            type Total = u8;
            type Output = Bool;
            const NEUTRAL: u8 = $neutral;
            const EMPTY: u8 = $neutral;

            #[inline(always)]
            fn combine(left: u8, right: u8) -> u8 {
                left $operator right
            }

            #[inline(always)]
            fn absorb(total: u8, leaf: u8) -> u8 {
                total $operator leaf
            }

            fn merge(left: u8, right: u8) -> u8 {
                left $operator right
            }

            fn finish(total: u8) -> Bool {
                Bool::new(total != 0)
            }

            const SETTLES: bool = true;

            fn is_settled(total: &u8) -> bool {
                *total != $neutral
            }
        }

        impl<T: Item> Lift<T> for $monoid {
            #[inline(always)]
            fn lift(item: T) -> u8 {
                u8::from(item.is_nonzero())
            }
        }
    )*};
}

truths! {
    AnyTrue, 0, |;
    AllTrue, 1, &;
}

impl Monoid for CountTrue {
    type Leaf = u16;
    type Total = i64;
    type Output = i64;
    const NEUTRAL: u16 = 0;
    const EMPTY: i64 = 0;

    #[inline(always)]
    fn combine(left: u16, right: u16) -> u16 {
        left + right
    }

    #[inline(always)]
    fn absorb(total: i64, leaf: u16) -> i64 {
        total + i64::from(leaf)
    }

    fn merge(left: i64, right: i64) -> i64 {
        left + right
    }

    fn finish(total: i64) -> i64 {
        total
    }
}

impl<T: Item> Lift<T> for CountTrue {
    #[inline(always)]
    fn lift(item: T) -> u16 {
        u16::from(item.is_nonzero())
    }
}
