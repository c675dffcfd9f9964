//! Each loop compiled for several instruction sets; the widest that the processor has is called.

use crate::loops;

/// Makes a function that calls the loop of its name, compiled for the best instruction set.
macro_rules! stamped {
    ($name:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        pub fn $name($($argument: $type),*) -> $result {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) -> $result {
                    loops::$name($($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512vl,avx512dq")]
                fn avx512($($argument: $type),*) -> $result {
                    loops::$name($($argument),*)
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                {
                    // SAFETY: the processor has these instructions.
                    return unsafe { avx512($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has these instructions.
                    return unsafe { avx2($($argument),*) };
                }
            }
            loops::$name($($argument),*)
        }
    };
}

stamped!(chain(a: &[f64], b: &[f64], c: &[f64], out: &mut [f64]) -> ());
stamped!(length(a: &[f64], b: &[f64], out: &mut [f64]) -> ());
stamped!(squared_distance(a: &[f64], b: &[f64]) -> f64);
stamped!(sum(a: &[f64]) -> f64);
