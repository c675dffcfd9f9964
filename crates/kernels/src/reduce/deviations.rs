//! Sums of squared distances from a center: the second pass of a variance.

use half::f16;
use num_complex::Complex;

use std::marker::PhantomData;

use super::arithmetic::Sum;
use super::item::Item;
use super::monoid::{Lift, Monoid};
use crate::Bool;

/// The sum, in the real type `A`, of the squared absolute distances from a center.
pub(super) struct Deviations<A>(PhantomData<A>);

impl<A: 'static> Monoid for Deviations<A>
where
    Sum<A>: Monoid,
{
    type Leaf = <Sum<A> as Monoid>::Leaf;
    type Total = <Sum<A> as Monoid>::Total;
    type Output = <Sum<A> as Monoid>::Output;
    const NEUTRAL: Self::Leaf = <Sum<A> as Monoid>::NEUTRAL;
    const EMPTY: Self::Total = <Sum<A> as Monoid>::EMPTY;

    #[inline(always)]
    fn combine(left: Self::Leaf, right: Self::Leaf) -> Self::Leaf {
        <Sum<A> as Monoid>::combine(left, right)
    }

    #[inline(always)]
    fn absorb(total: Self::Total, leaf: Self::Leaf) -> Self::Total {
        <Sum<A> as Monoid>::absorb(total, leaf)
    }

    fn merge(left: Self::Total, right: Self::Total) -> Self::Total {
        <Sum<A> as Monoid>::merge(left, right)
    }

    fn finish(total: Self::Total) -> Self::Output {
        <Sum<A> as Monoid>::finish(total)
    }
}

/// What elements are measured from.
pub(super) trait Center: Copy {
    /// The center at the value of an element of any dtype.
    fn of(item: impl Item) -> Self;
}

impl Center for () {
    fn of(_item: impl Item) -> Self {}
}

impl Center for f64 {
    fn of(item: impl Item) -> Self {
        item.to_complex().re
    }
}

impl Center for Complex<f64> {
    fn of(item: impl Item) -> Self {
        item.to_complex()
    }
}

macro_rules! real_lifts {
    ($($output:ty: $($item:ty)*;)*) => {$($(
        impl Lift<$item> for Deviations<$output> {
            type Center = f64;

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves lossy conversions")]
            fn lift(item: $item, center: f64) -> f64 {
                let distance = item as f64 - center;
                distance * distance
            }
        }
    )*)*};
}

real_lifts! {
    f32: f32;
    f64: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
}

macro_rules! converted_lifts {
    ($($output:ty, $item:ty;)*) => {$(
        impl Lift<$item> for Deviations<$output> {
            type Center = f64;

            #[inline(always)]
            fn lift(item: $item, center: f64) -> f64 {
                let distance = item.to_f64() - center;
                distance * distance
            }
        }
    )*};
}

converted_lifts! {
    f16, f16;
    f32, f16;
    f64, f16;
}

macro_rules! complex_lifts {
    ($($output:ty, $part:ty;)*) => {$(
        impl Lift<Complex<$part>> for Deviations<$output> {
            type Center = Complex<f64>;

            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves lossy conversions")]
            fn lift(item: Complex<$part>, center: Complex<f64>) -> f64 {
                let (real, imaginary) = (item.re as f64 - center.re, item.im as f64 - center.im);
                real * real + imaginary * imaginary
            }
        }
    )*};
}

impl Lift<Bool> for Deviations<f64> {
    type Center = f64;

    #[inline(always)]
    fn lift(item: Bool, center: f64) -> f64 {
        let distance = f64::from(u8::from(item.get())) - center;
        distance * distance
    }
}

complex_lifts! {
    f32, f32;
    f64, f32;
    f64, f64;
}
