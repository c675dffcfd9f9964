//! What is computed at each step.

use std::marker::PhantomData;

use half::f16;
use num_complex::Complex;

use super::Grouping;
use crate::ops::nearest_half;
use crate::reduce::order::{Direction, Ordered};
use crate::{Bool, Element};

/// What is computed at each step.
pub(super) trait Recurrence: Send + Sync + 'static {
    /// An element, and a result.
    type Item: Element;
    /// What is kept from step to step.
    type State: Element;
    /// What changes nothing that it is combined with, on either side; not used at all where
    /// elements may not be grouped.
    const IDENTITY: Self::State;
    /// How elements may be grouped.
    const GROUPING: Grouping;

    /// The state of one element.
    fn lift(item: Self::Item) -> Self::State;

    /// The state after what `first` and then `second` stand for.
    fn combine(first: Self::State, second: Self::State) -> Self::State;

    /// The result.
    fn finish(state: Self::State) -> Self::Item;
}

/// The running sum.
pub(super) struct Sum<T>(PhantomData<T>);

/// The running product.
pub(super) struct Product<T>(PhantomData<T>);

/// The best element so far.
pub(super) struct Best<D, T>(PhantomData<(D, T)>);

macro_rules! integers {
    ($($recurrence:ident, $method:ident, $identity:literal: $($integer:ty)*;)*) => {$($(
        impl Recurrence for $recurrence<$integer> {
            type Item = $integer;
            type State = $integer;
            const IDENTITY: $integer = $identity;
            const GROUPING: Grouping = Grouping::Any;

            #[inline(always)]
            fn lift(item: $integer) -> $integer {
                item
            }

            #[inline(always)]
            fn combine(first: $integer, second: $integer) -> $integer {
                first.$method(second)
            }

            #[inline(always)]
            fn finish(state: $integer) -> $integer {
                state
            }
        }
    )*)*};
}

integers! {
    Sum, wrapping_add, 0: i8 i16 i32 i64 u8 u16 u32 u64;
    Product, wrapping_mul, 1: i8 i16 i32 i64 u8 u16 u32 u64;
}

// Nothing but -0.0 leaves -0.0 as it is when it is added.
macro_rules! inexact_sums {
    ($($item:ty, $state:ty, $identity:expr, $lifted:ident => $lift:expr, $total:ident => $finish:expr;)*) => {$(
        impl Recurrence for Sum<$item> {
            type Item = $item;
            type State = $state;
            const IDENTITY: $state = $identity;
            const GROUPING: Grouping = Grouping::Stretches;

            #[inline(always)]
            fn lift($lifted: $item) -> $state {
                $lift
            }

            #[inline(always)]
            fn combine(first: $state, second: $state) -> $state {
                first + second
            }

            #[inline(always)]
            fn finish($total: $state) -> $item {
                $finish
            }
        }
    )*};
}

inexact_sums! {
    f16, f64, -0.0, item => f64::from(item.to_f32()), total => nearest_half(total);
    f32, f64, -0.0, item => f64::from(item), total => total as f32;
    f64, f64, -0.0, item => item, total => total;
    Complex<f32>, Complex<f64>, Complex::new(-0.0, -0.0),
        item => Complex::new(f64::from(item.re), f64::from(item.im)),
        total => Complex::new(total.re as f32, total.im as f32);
    Complex<f64>, Complex<f64>, Complex::new(-0.0, -0.0), item => item, total => total;
}

macro_rules! inexact_products {
    ($($item:ty, $identity:expr, ($first:ident, $second:ident) => $product:expr;)*) => {$(
        impl Recurrence for Product<$item> {
            type Item = $item;
            type State = $item;
            const IDENTITY: $item = $identity;
            const GROUPING: Grouping = Grouping::None;

            #[inline(always)]
            fn lift(item: $item) -> $item {
                item
            }

            #[inline(always)]
            fn combine($first: $item, $second: $item) -> $item {
                $product
            }

            #[inline(always)]
            fn finish(state: $item) -> $item {
                state
            }
        }
    )*};
}

inexact_products! {
    f16, f16::ONE, (first, second) => f16::from_f32(first.to_f32() * second.to_f32());
    f32, 1.0, (first, second) => first * second;
    f64, 1.0, (first, second) => first * second;
    Complex<f32>, Complex::new(1.0, 0.0), (first, second) => first * second;
    Complex<f64>, Complex::new(1.0, 0.0), (first, second) => first * second;
}

impl<D: Direction + Send + Sync, T: Ordered> Recurrence for Best<D, T> {
    type Item = T;
    type State = T;
    const IDENTITY: T = if D::WORST_IS_HIGHEST { T::HIGHEST } else { T::LOWEST };
    const GROUPING: Grouping = Grouping::Any;

    #[inline(always)]
    fn lift(item: T) -> T {
        item
    }

    // The first NaN stays, and so does the first of equals.
    #[inline(always)]
    fn combine(first: T, second: T) -> T {
        let stays = first.is_nan() | !(D::wins(second, first) | second.is_nan());
        if stays { first } else { second }
    }

    #[inline(always)]
    fn finish(state: T) -> T {
        state
    }
}

macro_rules! truths {
    ($($recurrence:ident, $identity:literal, $operator:tt;)*) => {$(
        impl Recurrence for $recurrence<Bool> {
            type Item = Bool;
            type State = Bool;
            const IDENTITY: Bool = Bool::new($identity);
            const GROUPING: Grouping = Grouping::Any;

            // A byte that is not zero is true, and a result is 0 or 1.
            #[inline(always)]
            fn lift(item: Bool) -> Bool {
                Bool::new(item.get())
            }

            #[inline(always)]
            fn combine(first: Bool, second: Bool) -> Bool {
                Bool::new(first.get() $operator second.get())
            }

            #[inline(always)]
            fn finish(state: Bool) -> Bool {
                state
            }
        }
    )*};
}

truths! {
    Sum, false, |;
    Product, true, &;
}
