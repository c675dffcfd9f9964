//! Comparisons. Complex numbers are ordered by their real parts, then by their imaginary ones.

use num_complex::Complex;

use super::define::{binary, binary_one, entry_one};
use crate::Bool;

/// The reals that complex numbers are made of.
pub(super) trait Part: Copy + PartialOrd {
    fn is_nan(self) -> bool;
}

impl Part for f32 {
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

impl Part for f64 {
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

/// Whether `a < b` by the real parts, as NumPy decides it: no if an imaginary part is NaN.
fn real_less<R: Part>(a: Complex<R>, b: Complex<R>) -> bool {
    a.re < b.re && !a.im.is_nan() && !b.im.is_nan()
}

pub(super) fn complex_less<R: Part>(a: Complex<R>, b: Complex<R>) -> bool {
    real_less(a, b) || (a.re == b.re && a.im < b.im)
}

pub(super) fn complex_less_equal<R: Part>(a: Complex<R>, b: Complex<R>) -> bool {
    real_less(a, b) || (a.re == b.re && a.im <= b.im)
}

binary! {
    widest:
    /// Whether `a < b`.
    Less {
        bools -> bool: |a, b| Bool::new(!a.get() & b.get());
        integers -> bool: |a, b| Bool::new(a < b);
        floats -> bool: |a, b| Bool::new(a < b);
        complexes -> bool: |a, b| Bool::new(complex_less(a, b));
    }
    /// Whether `a <= b`.
    LessEqual {
        bools -> bool: |a, b| Bool::new(!a.get() | b.get());
        integers -> bool: |a, b| Bool::new(a <= b);
        floats -> bool: |a, b| Bool::new(a <= b);
        complexes -> bool: |a, b| Bool::new(complex_less_equal(a, b));
    }
    /// Whether `a > b`.
    Greater {
        bools -> bool: |a, b| Bool::new(a.get() & !b.get());
        integers -> bool: |a, b| Bool::new(a > b);
        floats -> bool: |a, b| Bool::new(a > b);
        complexes -> bool: |a, b| Bool::new(complex_less(b, a));
    }
    /// Whether `a >= b`.
    GreaterEqual {
        bools -> bool: |a, b| Bool::new(a.get() | !b.get());
        integers -> bool: |a, b| Bool::new(a >= b);
        floats -> bool: |a, b| Bool::new(a >= b);
        complexes -> bool: |a, b| Bool::new(complex_less_equal(b, a));
    }
    /// Whether `a == b`.
    Equal {
        bools -> bool: |a, b| Bool::new(a.get() == b.get());
        integers -> bool: |a, b| Bool::new(a == b);
        floats -> bool: |a, b| Bool::new(a == b);
        complexes -> bool: |a, b| Bool::new(a.re == b.re && a.im == b.im);
    }
    /// Whether `a != b`.
    NotEqual {
        bools -> bool: |a, b| Bool::new(a.get() != b.get());
        integers -> bool: |a, b| Bool::new(a != b);
        floats -> bool: |a, b| Bool::new(a != b);
        complexes -> bool: |a, b| Bool::new(a.re != b.re || a.im != b.im);
    }
}
