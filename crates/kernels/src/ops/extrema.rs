//! The larger and the smaller of two.

use num_complex::Complex;

use super::comparison::{Part, complex_less_equal};
use super::define::{binary, binary_one, entry_one};
use crate::Bool;

fn is_nan<R: Part>(x: Complex<R>) -> bool {
    x.re.is_nan() || x.im.is_nan()
}

// Of a positive and a negative zero, which are equal, the second is taken, as NumPy's vector
// instructions on x86-64 do.
binary! {
    wide:
    /// The larger, or NaN if one of them is.
    Maximum {
        bools: |a, b| Bool::new(a.get() | b.get());
        integers: |a, b| if a >= b { a } else { b };
        floats: |a, b| if a > b || a.is_nan() { a } else { b };
        complexes: |a, b| if complex_less_equal(b, a) || is_nan(a) { a } else { b };
    }
    /// The smaller, or NaN if one of them is.
    Minimum {
        bools: |a, b| Bool::new(a.get() & b.get());
        integers: |a, b| if a <= b { a } else { b };
        floats: |a, b| if a < b || a.is_nan() { a } else { b };
        complexes: |a, b| if complex_less_equal(a, b) || is_nan(a) { a } else { b };
    }
    /// The larger, or the one that is not NaN.
    Fmax {
        bools: |a, b| Bool::new(a.get() | b.get());
        integers: |a, b| if a >= b { a } else { b };
        floats: |a, b| if a > b || b.is_nan() { a } else { b };
        complexes: |a, b| if complex_less_equal(b, a) || is_nan(b) { a } else { b };
    }
    /// The smaller, or the one that is not NaN.
    Fmin {
        bools: |a, b| Bool::new(a.get() & b.get());
        integers: |a, b| if a <= b { a } else { b };
        floats: |a, b| if a < b || b.is_nan() { a } else { b };
        complexes: |a, b| if complex_less_equal(a, b) || is_nan(b) { a } else { b };
    }
}
