//! NumPy's order of elements, and what it means to win in it.

use half::f16;
use num_complex::Complex;

use super::item::Item;
use crate::Bool;

/// An unsigned integer.
pub(crate) trait Mark: Copy + 'static {
    /// The greatest number that it holds.
    const MOST: usize;

    /// The integer of a number up to [`Self::MOST`].
    fn new(number: usize) -> Self;

    /// The number.
    fn get(self) -> usize;
}

macro_rules! marks {
    ($($integer:ty)*) => {$(
        impl Mark for $integer {
            const MOST: usize = if size_of::<$integer>() > 4 { 1 << 32 } else { <$integer>::MAX as usize };

            #[inline(always)]
            fn new(number: usize) -> Self {
                number as $integer
            }

            #[inline(always)]
            fn get(self) -> usize {
                self as usize
            }
        }
    )*};
}

marks!(u8 u16 u32 u64);

/// How NaN is found by adding.
pub(crate) trait Sum<T>: 'static {
    /// Whether it is.
    const FINDS_NAN: bool;
    /// Zero, and what stands for NaN once it is found.
    const ZERO_AND_NAN: [T; 2];

    /// The sum.
    fn add(left: T, right: T) -> T;
}

/// NaN is found by adding.
pub(crate) struct FindsNan;

/// There is no NaN, or adding is not the way to find it.
pub(crate) struct FindsNothing;

macro_rules! finds_nan {
    ($($float:ty)*) => {$(
        impl Sum<$float> for FindsNan {
            const FINDS_NAN: bool = true;
            const ZERO_AND_NAN: [$float; 2] = [0.0, <$float>::NAN];

            #[inline(always)]
            fn add(left: $float, right: $float) -> $float {
                left + right
            }
        }
    )*};
}

finds_nan!(f32 f64);

impl<T: Ordered> Sum<T> for FindsNothing {
    const FINDS_NAN: bool = false;
    const ZERO_AND_NAN: [T; 2] = [T::LOWEST; 2];

    #[inline(always)]
    fn add(left: T, _right: T) -> T {
        left
    }
}

/// NumPy's order of the elements of a dtype: NaN comes before everything, in minima and in maxima.
pub(crate) trait Ordered: Item {
    /// An unsigned integer as wide, to count in next to elements.
    type Mark: Mark;

    /// Whether extrema are often final, so that it pays to look whether they are.
    const SETTLES: bool = false;

    /// What it takes to find NaN by adding: a sum with NaN in it is NaN, and few others are.
    type Sum: Sum<Self>;

    /// Not above any element.
    const LOWEST: Self;
    /// Not below any element.
    const HIGHEST: Self;

    /// Whether the element is less; false where either is NaN. Complex numbers are compared by
    /// their real parts, then by their imaginary parts.
    fn is_less(self, other: Self) -> bool;

    /// Whether the element, or a part of it, is NaN.
    fn is_nan(self) -> bool;

    /// Whether nothing can come before the element in a minimum.
    fn is_lowest(self) -> bool {
        self.is_nan()
    }

    /// Whether nothing can come before the element in a maximum.
    fn is_highest(self) -> bool {
        self.is_nan()
    }
}

macro_rules! ordered_integers {
    ($($integer:ty, $mark:ty;)*) => {$(
        impl Ordered for $integer {
            type Mark = $mark;
            type Sum = FindsNothing;

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

            fn is_lowest(self) -> bool {
                self == Self::LOWEST
            }

            fn is_highest(self) -> bool {
                self == Self::HIGHEST
            }
        }
    )*};
}

ordered_integers! {
    i8, u8;
    i16, u16;
    i32, u32;
    i64, u64;
    u8, u8;
    u16, u16;
    u32, u32;
    u64, u64;
}

impl Ordered for Bool {
    type Mark = u8;
    type Sum = FindsNothing;
    const SETTLES: bool = true;

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

    fn is_lowest(self) -> bool {
        !self.get()
    }

    fn is_highest(self) -> bool {
        self.get()
    }
}

macro_rules! ordered_floats {
    ($($float:ty, $mark:ty, $sum:ty;)*) => {$(
        impl Ordered for $float {
            type Mark = $mark;
            type Sum = $sum;

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

ordered_floats! {
    f16, u16, FindsNothing;
    f32, u32, FindsNan;
    f64, u64, FindsNan;
}

macro_rules! ordered_complex {
    ($($float:ty, $mark:ty;)*) => {$(
        impl Ordered for Complex<$float> {
            type Mark = $mark;
            type Sum = FindsNothing;

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

ordered_complex! {
    f32, u64;
    f64, u64;
}

/// Which of two elements wins.
pub(crate) trait Direction: 'static {
    /// Whether it is the highest element that loses against every other.
    const WORST_IS_HIGHEST: bool;

    /// Whether the challenger wins; false where either is NaN.
    fn wins<T: Ordered>(challenger: T, holder: T) -> bool;

    /// Whether the challenger beats the holder; NaN beats all but NaN.
    #[inline(always)]
    fn is_better<T: Ordered>(challenger: T, holder: T) -> bool {
        Self::wins(challenger, holder) | (challenger.is_nan() & !holder.is_nan())
    }

    /// Whether nothing beats the element.
    fn is_final<T: Ordered>(holder: T) -> bool;
}

/// The least element wins.
pub(crate) struct Least;

impl Direction for Least {
    const WORST_IS_HIGHEST: bool = true;

    #[inline(always)]
    fn wins<T: Ordered>(challenger: T, holder: T) -> bool {
        challenger.is_less(holder)
    }

    fn is_final<T: Ordered>(holder: T) -> bool {
        holder.is_lowest()
    }
}

/// The greatest element wins.
pub(crate) struct Greatest;

impl Direction for Greatest {
    const WORST_IS_HIGHEST: bool = false;

    #[inline(always)]
    fn wins<T: Ordered>(challenger: T, holder: T) -> bool {
        holder.is_less(challenger)
    }

    fn is_final<T: Ordered>(holder: T) -> bool {
        holder.is_highest()
    }
}
