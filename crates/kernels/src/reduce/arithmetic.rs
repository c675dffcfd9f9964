//! Sums of integers, and products.

use std::marker::PhantomData;

use half::f16;
use num_complex::Complex;

use super::monoid::{Lift, Monoid};
use crate::Bool;

/// The sum of integers of type `A`, which wrap.
pub(super) struct Sum<A>(PhantomData<A>);

/// The sum in type `A` of integers so narrow that a leaf of them fits `L`.
pub(super) struct NarrowSum<A, L>(PhantomData<(A, L)>);

/// The product in type `A`; integers wrap.
pub(super) struct Product<A>(PhantomData<A>);

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Monoid for Sum<$integer> {
            type Leaf = $integer;
            type Total = $integer;
            type Output = $integer;
            const NEUTRAL: $integer = 0;
            const EMPTY: $integer = 0;

            #[inline(always)]
            fn combine(left: $integer, right: $integer) -> $integer {
                left.wrapping_add(right)
            }

            #[inline(always)]
            fn absorb(total: $integer, leaf: $integer) -> $integer {
                total.wrapping_add(leaf)
            }

            fn merge(left: $integer, right: $integer) -> $integer {
                left.wrapping_add(right)
            }

            fn finish(total: $integer) -> $integer {
                total
            }
        }

        impl Monoid for Product<$integer> {
            type Leaf = $integer;
            type Total = $integer;
            type Output = $integer;
            const NEUTRAL: $integer = 1;
            const EMPTY: $integer = 1;

            #[inline(always)]
            fn combine(left: $integer, right: $integer) -> $integer {
                left.wrapping_mul(right)
            }

            #[inline(always)]
            fn absorb(total: $integer, leaf: $integer) -> $integer {
                total.wrapping_mul(leaf)
            }

            fn merge(left: $integer, right: $integer) -> $integer {
                left.wrapping_mul(right)
            }

            fn finish(total: $integer) -> $integer {
                total
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

/// Monoids of narrow floats that are kept in a wider type and rounded at the end.
macro_rules! widened {
    ($($monoid:ident, $output:ty, $wide:ty, $neutral:expr, $operator:tt, $total:ident => $finish:expr;)*) => {$(
        impl Monoid for $monoid<$output> {
            type Leaf = $wide;
            type Total = $wide;
            type Output = $output;
            const NEUTRAL: $wide = $neutral;
            const EMPTY: $wide = $neutral;

            #[inline(always)]
            fn combine(left: $wide, right: $wide) -> $wide {
                left $operator right
            }

            #[inline(always)]
            fn absorb(total: $wide, leaf: $wide) -> $wide {
                total $operator leaf
            }

            fn merge(left: $wide, right: $wide) -> $wide {
                left $operator right
            }

            fn finish($total: $wide) -> $output {
                $finish
            }
        }
    )*};
}

const ONE: Complex<f64> = Complex::new(1.0, 0.0);

fn narrow(value: Complex<f64>) -> Complex<f32> {
    Complex::new(value.re as f32, value.im as f32)
}

widened! {
    Product, f16, f64, 1.0, *, total => f16::from_f64(total);
    Product, f32, f64, 1.0, *, total => total as f32;
    Product, f64, f64, 1.0, *, total => total;
    Product, Complex<f32>, Complex<f64>, ONE, *, total => narrow(total);
    Product, Complex<f64>, Complex<f64>, ONE, *, total => total;
}

macro_rules! narrow_sums {
    ($($output:ty, $leaf:ty;)*) => {$(
        impl Monoid for NarrowSum<$output, $leaf> {
            type Leaf = $leaf;
            type Total = $output;
            type Output = $output;
            const NEUTRAL: $leaf = 0;
            const EMPTY: $output = 0;

            #[inline(always)]
            fn combine(left: $leaf, right: $leaf) -> $leaf {
                left + right
            }

            #[inline(always)]
            fn absorb(total: $output, leaf: $leaf) -> $output {
                total.wrapping_add(<$output>::from(leaf))
            }

            fn merge(left: $output, right: $output) -> $output {
                left.wrapping_add(right)
            }

            fn finish(total: $output) -> $output {
                total
            }
        }
    )*};
}

narrow_sums! {
    i64, u16;
    i64, i32;
    u64, u32;
}

macro_rules! lifts {
    ($($monoid:ty: $($item:ty)*;)*) => {$($(
        impl Lift<$item> for $monoid {
            #[inline(always)]
            #[allow(clippy::cast_lossless, reason = "the same line serves lossy conversions")]
            fn lift(item: $item) -> Self::Leaf {
                item as Self::Leaf
            }
        }
    )*)*};
}

lifts! {
    Sum<i8>: i8;
    Sum<i16>: i16;
    Sum<i32>: i32;
    Sum<i64>: i32 i64;
    Sum<u8>: u8;
    Sum<u16>: u16;
    Sum<u32>: u32;
    Sum<u64>: u32 u64;
    NarrowSum<i64, i32>: i8 i16;
    NarrowSum<u64, u32>: u8 u16;
    Product<i8>: i8;
    Product<i16>: i16;
    Product<i32>: i32;
    Product<i64>: i8 i16 i32 i64;
    Product<u8>: u8;
    Product<u16>: u16;
    Product<u32>: u32;
    Product<u64>: u8 u16 u32 u64;
    Product<f32>: f32;
    Product<f64>: f64;
}

macro_rules! converted_lifts {
    ($($monoid:ty, $item:ty, $name:ident => $leaf:expr;)*) => {$(
        impl Lift<$item> for $monoid {
            #[inline(always)]
            fn lift($name: $item) -> Self::Leaf {
                $leaf
            }
        }
    )*};
}

converted_lifts! {
    NarrowSum<i64, u16>, Bool, item => u16::from(item.get());
    Product<i64>, Bool, item => i64::from(item.get());
    Product<f16>, f16, item => item.to_f64();
    Product<Complex<f32>>, Complex<f32>, item => Complex::new(f64::from(item.re), f64::from(item.im));
    Product<Complex<f64>>, Complex<f64>, item => item;
}
