//! The macros that define an operation: its formula for each set of dtypes.
//!
//! ```text
//! binary! {
//!     wide:
//!     Add {
//!         bools: |a, b| Bool::new(a.get() | b.get());
//!         integers: |a, b| a.wrapping_add(b);
//!         floats: |a, b| a + b;
//!     }
//! }
//! ```
//!
//! makes a type `Add` with an implementation of [`super::loops::Binary`] for each dtype of the
//! sets and a function `Add::entry` that finds the loop of a dtype. Inside a formula `T` is the
//! type of the elements and `R` that of their real parts. A set may be followed by
//! `-> bool` (truth values) or `-> real`; without, the result has the dtype of the elements.
//! `wide` loops are compiled for wider vectors too, `widest` ones for the widest; for `narrow` ones,
//! which call functions for each element, that would only be more code. `Exp = real math::Exp { ... }` takes the loops for
//! floats from [`crate::math`].

/// Passes each dtype of a set on to a macro: `set!(integers, macro!, arguments)`.
macro_rules! set {
    (bools, $then:ident, $arguments:tt) => { $then!(@one Bool, $crate::Bool, bool, $arguments); };
    (signed, $then:ident, $arguments:tt) => {
        $then!(@one Int8, i8, i8, $arguments);
        $then!(@one Int16, i16, i16, $arguments);
        $then!(@one Int32, i32, i32, $arguments);
        $then!(@one Int64, i64, i64, $arguments);
    };
    (unsigned, $then:ident, $arguments:tt) => {
        $then!(@one UInt8, u8, u8, $arguments);
        $then!(@one UInt16, u16, u16, $arguments);
        $then!(@one UInt32, u32, u32, $arguments);
        $then!(@one UInt64, u64, u64, $arguments);
    };
    (integers, $then:ident, $arguments:tt) => {
        $crate::ops::define::set!(signed, $then, $arguments);
        $crate::ops::define::set!(unsigned, $then, $arguments);
    };
    (halves, $then:ident, $arguments:tt) => {
        $then!(@one Float16, half::f16, half::f16, $arguments);
    };
    (doubles, $then:ident, $arguments:tt) => { $then!(@one Float64, f64, f64, $arguments); };
    (floats, $then:ident, $arguments:tt) => {
        $then!(@one Float32, f32, f32, $arguments);
        $then!(@one Float64, f64, f64, $arguments);
    };
    (complexes, $then:ident, $arguments:tt) => {
        $then!(@one Complex64, num_complex::Complex<f32>, f32, $arguments);
        $then!(@one Complex128, num_complex::Complex<f64>, f64, $arguments);
    };
    (double_complexes, $then:ident, $arguments:tt) => {
        $then!(@one Complex128, num_complex::Complex<f64>, f64, $arguments);
    };
}
pub(super) use set;

/// The type of a result.
macro_rules! result_type {
    () => {
        T
    };
    (bool) => {
        $crate::Bool
    };
    (real) => {
        R
    };
    (byte) => {
        u8
    };
    (int) => {
        i32
    };
}
pub(super) use result_type;

macro_rules! unary_one {
    (@one $dtype:ident, $type:ty, $real:ty,
     [$name:ident, $width:ident, ($($out:ident)?), |$x:pat_param| $body:expr]) => {
        const _: () = {
            #[allow(dead_code, reason = "only some formulas name the types")]
            type T = $type;
            #[allow(dead_code, reason = "only some formulas name the types")]
            type R = $real;
            impl $crate::ops::loops::Unary<T> for $name {
                const WIDTH: $crate::ops::loops::Width = $crate::ops::loops::Width::$width;
                type Output = $crate::ops::define::result_type!($($out)?);
                #[inline(always)]
                fn apply($x: T) -> Self::Output {
                    $body
                }
            }
        };
    };
}
pub(super) use unary_one;

macro_rules! binary_one {
    (@one $dtype:ident, $type:ty, $real:ty,
     [$name:ident, $width:ident, ($($out:ident)?), |$a:pat_param, $b:pat_param| $body:expr]) => {
        const _: () = {
            #[allow(dead_code, reason = "only some formulas name the types")]
            type T = $type;
            #[allow(dead_code, reason = "only some formulas name the types")]
            type R = $real;
            impl $crate::ops::loops::Binary<T> for $name {
                const WIDTH: $crate::ops::loops::Width = $crate::ops::loops::Width::$width;
                type Output = $crate::ops::define::result_type!($($out)?);
                #[inline(always)]
                fn apply($a: T, $b: T) -> Self::Output {
                    $body
                }
            }
        };
    };
}
pub(super) use binary_one;

macro_rules! entry_one {
    (@one $dtype:ident, $type:ty, $real:ty, [$wanted:ident, $make:ident, $name:ident]) => {
        if $wanted == $crate::DType::$dtype {
            return Some($crate::ops::loops::Entry::$make::<$name, $type>());
        }
    };
}
pub(super) use entry_one;

/// Defines unary operations.
macro_rules! unary {
    (widest: $($operations:tt)*) => {
        $crate::ops::define::unary!(@ Widest $($operations)*);
    };
    (wide: $($operations:tt)*) => {
        $crate::ops::define::unary!(@ Wide $($operations)*);
    };
    (narrow: $($operations:tt)*) => {
        $crate::ops::define::unary!(@ Narrow $($operations)*);
    };
    (@ $width:ident $($(#[$doc:meta])* $name:ident $(= $($kind:ident $function:path),+)? {
        $($set:ident $(-> $out:ident)?: |$x:pat_param| $body:expr;)*
    })*) => {
        $crate::ops::define::operations!(unary_one, unary, $width, $($(#[$doc])* $name $(= $($kind $function),+)? {
            $($set ($($out)?) [|$x| $body])*
        })*);
    };
}
pub(super) use unary;

/// Defines binary operations.
macro_rules! binary {
    (widest: $($operations:tt)*) => {
        $crate::ops::define::binary!(@ Widest $($operations)*);
    };
    (wide: $($operations:tt)*) => {
        $crate::ops::define::binary!(@ Wide $($operations)*);
    };
    (narrow: $($operations:tt)*) => {
        $crate::ops::define::binary!(@ Narrow $($operations)*);
    };
    (@ $width:ident $($(#[$doc:meta])* $name:ident $(= $($kind:ident $function:path),+)? {
        $($set:ident $(-> $out:ident)?: |$a:pat_param, $b:pat_param| $body:expr;)*
    })*) => {
        $crate::ops::define::operations!(binary_one, binary, $width, $($(#[$doc])* $name $(= $($kind $function),+)? {
            $($set ($($out)?) [|$a, $b| $body])*
        })*);
    };
}
pub(super) use binary;

macro_rules! operations {
    ($one:ident, $make:ident, $width:ident, $($(#[$doc:meta])* $name:ident $(= $($kind:ident $function:path),+)? {
        $($set:ident ($($out:ident)?) [$($formula:tt)*])*
    })*) => {
        $(
            $(#[$doc])*
            pub struct $name;
            $($crate::ops::define::set!($set, $one, [$name, $width, ($($out)?), $($formula)*]);)*
            impl $name {
                /// The loop for a dtype.
                pub fn entry(dtype: $crate::DType) -> Option<$crate::ops::loops::Entry> {
                    $($(if let Some(entry) = $crate::math::$kind::<$function, _>(dtype) {
                        return Some(entry);
                    })+)?
                    $($crate::ops::define::set!($set, entry_one, [dtype, $make, $name]);)*
                    None
                }
            }
        )*
    };
}
pub(super) use operations;
