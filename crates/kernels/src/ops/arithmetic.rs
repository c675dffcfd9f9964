//! Sums, differences, products, signs and parts.

use num_complex::Complex;

use super::convert::Convert;
use super::define::{binary, binary_one, entry_one, unary, unary_one};
use crate::Bool;
use crate::math;
use crate::program::flags::raise_invalid;

binary! {
    widest:
    /// The sum; of booleans: or.
    Add {
        bools: |a, b| Bool::new(a.get() | b.get());
        integers: |a, b| a.wrapping_add(b);
        floats: |a, b| a + b;
        complexes: |a, b| a + b;
    }
    /// The difference.
    Subtract {
        integers: |a, b| a.wrapping_sub(b);
        floats: |a, b| a - b;
        complexes: |a, b| a - b;
    }
    /// The product; of booleans: and.
    Multiply {
        bools: |a, b| Bool::new(a.get() & b.get());
        integers: |a, b| a.wrapping_mul(b);
        floats: |a, b| a * b;
        complexes: |a, b| a * b;
    }
}

/// The sign of a complex number: the number divided by its magnitude.
macro_rules! complex_sign {
    ($x:expr) => {{
        let x = $x;
        let magnitude = x.re.hypot(x.im);
        if magnitude.is_nan() {
            Complex::new(magnitude, magnitude)
        } else if magnitude.is_infinite() {
            let (real, imaginary) = (x.re.is_infinite(), x.im.is_infinite());
            if real && imaginary {
                Complex::new(R::NAN, R::NAN)
            } else if real {
                Complex::new(R::copysign(1.0, x.re), 0.0)
            } else {
                Complex::new(0.0, R::copysign(1.0, x.im))
            }
        } else if magnitude == 0.0 {
            Complex::new(0.0, 0.0)
        } else {
            Complex::new(x.re / magnitude, x.im / magnitude)
        }
    }};
}

/// One by a complex number, without overflow on the way.
macro_rules! complex_reciprocal {
    ($x:expr) => {{
        let x = $x;
        if x.im.abs() <= x.re.abs() {
            let ratio = x.im / x.re;
            let divisor = x.re + x.im * ratio;
            Complex::new(1.0 / divisor, -ratio / divisor)
        } else {
            let ratio = x.re / x.im;
            let divisor = x.re * ratio + x.im;
            Complex::new(ratio / divisor, -1.0 / divisor)
        }
    }};
}

unary! {
    wide:
    /// The number with the other sign.
    Negative {
        integers: |x| x.wrapping_neg();
        floats: |x| -x;
        complexes: |x| -x;
    }
    /// The number itself.
    Positive {
        integers: |x| x;
        floats: |x| x;
        complexes: |x| x;
    }
    /// The magnitude; the least integer stays what it is.
    Absolute = complex_to_real math::ComplexAbsolute {
        bools: |x| Bool::new(x.get());
        signed: |x| x.wrapping_abs();
        unsigned: |x| x;
        floats: |x| x.abs();
    }
    /// The magnitude as a float.
    Fabs {
        floats: |x| x.abs();
    }
    /// -1, 0 or 1; of a complex number: its direction.
    Sign {
        signed: |x| x.signum();
        unsigned: |x| T::from(x > 0);
        floats: |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else if x == 0.0 { 0.0 } else { x };
        complexes: |x| complex_sign!(x);
    }
    /// The number times itself.
    Square {
        integers: |x| x.wrapping_mul(x);
        floats: |x| x * x;
        complexes: |x| Complex::new(x.re * x.re - x.im * x.im, x.re * x.im + x.im * x.re);
    }
    /// One by the number; integers go by way of doubles, as NumPy's do.
    Reciprocal {
        integers: |x| {
            if x == 0 {
                raise_invalid();
            }
            (1.0 / x as f64).convert()
        };
        floats: |x| 1.0 / x;
        complexes: |x| complex_reciprocal!(x);
    }
    /// The complex conjugate.
    Conjugate {
        integers: |x| x;
        floats: |x| x;
        complexes: |x| Complex::new(x.re, -x.im);
    }
    /// The real part.
    Real {
        bools: |x| Bool::new(x.get());
        integers: |x| x;
        floats: |x| x;
        complexes -> real: |x| x.re;
    }
    /// The imaginary part.
    Imag {
        bools: |_| Bool::new(false);
        integers: |_| 0;
        floats: |_| 0.0;
        complexes -> real: |x| x.im;
    }
}
