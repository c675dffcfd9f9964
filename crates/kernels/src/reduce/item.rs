//! What reductions ask of an element.

use half::f16;
use num_complex::Complex;

use crate::{Bool, Element};

/// What reductions ask of an element.
pub(crate) trait Item: Element {
    /// Whether Python calls it true.
    fn is_nonzero(self) -> bool;
}

impl Item for Bool {
    #[inline(always)]
    fn is_nonzero(self) -> bool {
        self.get()
    }
}

impl Item for f16 {
    #[inline(always)]
    fn is_nonzero(self) -> bool {
        self.to_bits() & 0x7fff != 0
    }
}

macro_rules! real_items {
    ($($real:ty)*) => {$(
        impl Item for $real {
            #[inline(always)]
            #[allow(clippy::float_cmp, reason = "exactly zero is what is asked")]
            fn is_nonzero(self) -> bool {
                self != 0 as $real
            }
        }
    )*};
}

real_items!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

macro_rules! complex_items {
    ($($real:ty)*) => {$(
        impl Item for Complex<$real> {
            #[inline(always)]
            fn is_nonzero(self) -> bool {
                self.re.is_nonzero() | self.im.is_nonzero()
            }
        }
    )*};
}

complex_items!(f32 f64);
