//! Minima and maxima.

use std::marker::PhantomData;

use half::f16;
use num_complex::Complex;

use super::item::Item;
use super::monoid::{Lift, Monoid};
use crate::Bool;

/// NumPy's order of the elements of a dtype: NaN comes before everything, in minima and in maxima.
pub(super) trait Ordered: Item {
    /// Not above any element.
    const LOWEST: Self;
    /// Not below any element.
    const HIGHEST: Self;

    /// Whether the element is less; false where either is NaN. Complex numbers are compared by
    /// their real parts, then by their imaginary parts.
    fn is_less(self, other: Self) -> bool;

    /// Whether the element, or a part of it, is NaN.
    fn is_nan(self) -> bool;
}

macro_rules! ordered_integers {
    ($($integer:ty)*) => {$(
        impl Ordered for $integer {
            const LOWEST: Self = <$integer>::MIN;
            const HIGHEST: Self = <$integer>::MAX;

            #[inline(always)]
            fn is_less(self, other: Self) -> bool {
                self < other
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
        }
    )*};
}

ordered_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl Ordered for Bool {
    const LOWEST: Self = Self::new(false);
    const HIGHEST: Self = Self::new(true);

    #[inline(always)]
    fn is_less(self, other: Self) -> bool {
        !self.get() & other.get()
    }

    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }
}

macro_rules! ordered_floats {
    ($($float:ty)*) => {$(
        impl Ordered for $float {
            const LOWEST: Self = <$float>::NEG_INFINITY;
            const HIGHEST: Self = <$float>::INFINITY;

            #[inline(always)]
            fn is_less(self, other: Self) -> bool {
                self < other
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }
        }
    )*};
}

ordered_floats!(f16 f32 f64);

macro_rules! ordered_complex {
    ($($float:ty)*) => {$(
        impl Ordered for Complex<$float> {
            const LOWEST: Self = Complex::new(<$float>::NEG_INFINITY, <$float>::NEG_INFINITY);
            const HIGHEST: Self = Complex::new(<$float>::INFINITY, <$float>::INFINITY);

            #[inline(always)]
            #[allow(clippy::float_cmp, reason = "imaginary parts decide where real parts are equal")]
            fn is_less(self, other: Self) -> bool {
                (self.re < other.re || (self.re == other.re && self.im < other.im))
                    && !Ordered::is_nan(self)
                    && !Ordered::is_nan(other)
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                self.re.is_nan() || self.im.is_nan()
            }
        }
    )*};
}

ordered_complex!(f32 f64);

/// Which of two elements wins.
pub(super) trait Direction: 'static {
    /// The element that loses against every other.
    fn worst<T: Ordered>() -> T {
        if Self::WORST_IS_HIGHEST { T::HIGHEST } else { T::LOWEST }
    }

    /// Whether it is the highest element that loses.
    const WORST_IS_HIGHEST: bool;

    /// Whether the challenger beats the holder; NaN beats all but NaN.
    fn is_better<T: Ordered>(challenger: T, holder: T) -> bool;
}

/// The least element wins.
pub(super) struct Least;

impl Direction for Least {
    const WORST_IS_HIGHEST: bool = true;

    #[inline(always)]
    fn is_better<T: Ordered>(challenger: T, holder: T) -> bool {
        challenger.is_less(holder) | (challenger.is_nan() & !holder.is_nan())
    }
}

/// The greatest element wins.
pub(super) struct Greatest;

impl Direction for Greatest {
    const WORST_IS_HIGHEST: bool = false;

    #[inline(always)]
    fn is_better<T: Ordered>(challenger: T, holder: T) -> bool {
        holder.is_less(challenger) | (challenger.is_nan() & !holder.is_nan())
    }
}

/// The winning element; NaN if there is one.
pub(super) struct Extremum<D, T>(PhantomData<(D, T)>);

macro_rules! extremum {
    ($direction:ty, $neutral:ident, $challenger:ident, $holder:ident => $beats:expr) => {
        impl<T: Ordered> Monoid for Extremum<$direction, T> {
            type Leaf = T;
            type Total = T;
            type Output = T;
            const NEUTRAL: T = T::$neutral;
            const EMPTY: T = T::$neutral;

            // The test is for any NaN challenger, which is cheaper than asking the holder too and
            // keeps a NaN just as well.
            #[inline(always)]
            fn combine($holder: T, $challenger: T) -> T {
                if $beats | $challenger.is_nan() { $challenger } else { $holder }
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
        }

        impl<T: Ordered> Lift<T> for Extremum<$direction, T> {
            type Center = ();

            #[inline(always)]
            fn lift(item: T, (): ()) -> T {
                item
            }
        }
    };
}

extremum!(Least, HIGHEST, challenger, holder => challenger.is_less(holder));
extremum!(Greatest, LOWEST, challenger, holder => holder.is_less(challenger));
