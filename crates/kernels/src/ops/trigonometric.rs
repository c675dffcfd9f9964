//! Circular and hyperbolic functions and their inverses.

use super::define::{binary, binary_one, entry_one, unary, unary_one};
use super::library::Library;

unary! {
    narrow:
    /// The sine.
    Sin {
        floats: |x| x.sin();
        complexes: |x| R::complex_sin(x);
    }
    /// The cosine.
    Cos {
        floats: |x| x.cos();
        complexes: |x| R::complex_cos(x);
    }
    /// The tangent.
    Tan {
        floats: |x| x.tan();
        complexes: |x| R::complex_tan(x);
    }
    /// The inverse of the sine.
    Arcsin {
        floats: |x| x.asin();
        complexes: |x| R::complex_asin(x);
    }
    /// The inverse of the cosine.
    Arccos {
        floats: |x| x.acos();
        complexes: |x| R::complex_acos(x);
    }
    /// The inverse of the tangent.
    Arctan {
        floats: |x| x.atan();
        complexes: |x| R::complex_atan(x);
    }
    /// The hyperbolic sine.
    Sinh {
        floats: |x| x.sinh();
        complexes: |x| R::complex_sinh(x);
    }
    /// The hyperbolic cosine.
    Cosh {
        floats: |x| x.cosh();
        complexes: |x| R::complex_cosh(x);
    }
    /// The hyperbolic tangent.
    Tanh {
        floats: |x| x.tanh();
        complexes: |x| R::complex_tanh(x);
    }
    /// The inverse of the hyperbolic sine.
    Arcsinh {
        floats: |x| x.inverse_sinh();
        complexes: |x| R::complex_asinh(x);
    }
    /// The inverse of the hyperbolic cosine.
    Arccosh {
        floats: |x| x.inverse_cosh();
        complexes: |x| R::complex_acosh(x);
    }
    /// The inverse of the hyperbolic tangent.
    Arctanh {
        floats: |x| x.inverse_tanh();
        complexes: |x| R::complex_atanh(x);
    }
    /// Degrees as radians.
    Deg2rad {
        floats: |x| x * (std::f64::consts::PI as T / 180.0);
    }
    /// Radians as degrees.
    Rad2deg {
        floats: |x| x * (180.0 / std::f64::consts::PI as T);
    }
}

binary! {
    narrow:
    /// The angle of a point, its second coordinate first.
    Arctan2 {
        floats: |a, b| a.atan2(b);
    }
}
