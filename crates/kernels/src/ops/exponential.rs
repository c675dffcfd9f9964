//! Roots, exponentials and logarithms.

use num_complex::Complex;

use super::define::{binary, binary_one, entry_one, unary, unary_one};
use super::library::Library;
use crate::math;

unary! {
    wide:
    /// The square root.
    Sqrt {
        floats: |x| x.sqrt();
        complexes: |x| R::complex_sqrt(x);
    }
}

unary! {
    narrow:
    /// The cube root.
    Cbrt = real math::Cbrt {
    }
    /// e to a power.
    Exp = real math::Exp, complex math::ComplexExp {}
    /// 2 to a power.
    Exp2 = real math::Exp2 {
        complexes: |x| {
            let scale = std::f64::consts::LN_2 as R;
            R::complex_exp(Complex::new(x.re * scale, x.im * scale))
        };
    }
    /// `exp(x) - 1`, exact for small numbers too.
    Expm1 = real math::Expm1 {
        complexes: |x| {
            let half = (x.im / 2.0).sin();
            let real = x.re.exp_m1() * x.im.cos() - 2.0 * half * half;
            Complex::new(real, x.re.exp() * x.im.sin())
        };
    }
    /// The natural logarithm.
    Log = real math::Log {
        complexes: |x| R::complex_log(x);
    }
    /// The logarithm to base 2.
    Log2 = real math::Log2 {
        complexes: |x| {
            let log = R::complex_log(x);
            let scale = std::f64::consts::LOG2_E as R;
            Complex::new(log.re * scale, log.im * scale)
        };
    }
    /// The logarithm to base 10.
    Log10 = real math::Log10 {
        complexes: |x| {
            let log = R::complex_log(x);
            let scale = std::f64::consts::LOG10_E as R;
            Complex::new(log.re * scale, log.im * scale)
        };
    }
    /// `log(1 + x)`, exact for small numbers too.
    Log1p = real math::Log1p {
        complexes: |x| {
            let magnitude = (x.re + 1.0).hypot(x.im);
            Complex::new(magnitude.ln(), x.im.atan2(x.re + 1.0))
        };
    }
}

unary! {
    narrow:
    /// The error function.
    Erf = real math::Erf {}
}

binary! {
    narrow:
    /// The logarithm of the sum of two exponentials.
    Logaddexp {
        floats: |a, b| {
            if a == b {
                return a + std::f64::consts::LN_2 as T;
            }
            let difference = a - b;
            if difference > 0.0 {
                a + (-difference).exp().ln_1p()
            } else if difference <= 0.0 {
                b + difference.exp().ln_1p()
            } else {
                difference
            }
        };
    }
    /// The logarithm to base 2 of the sum of two powers of 2.
    Logaddexp2 {
        floats: |a, b| {
            if a == b {
                return a + 1.0;
            }
            let scale = std::f64::consts::LOG2_E as T;
            let difference = a - b;
            if difference > 0.0 {
                a + scale * (-difference).exp2().ln_1p()
            } else if difference <= 0.0 {
                b + scale * difference.exp2().ln_1p()
            } else {
                difference
            }
        };
    }
    /// The length of the hypotenuse.
    Hypot = real math::Hypot {
    }
}
