//! Circular and hyperbolic functions and their inverses.

use super::define::{binary, entry_one, unary, unary_one};
use super::library::Library;
use crate::math;

unary! {
    narrow:
    /// The sine.
    Sin = real math::Sin {
        complexes: |x| R::complex_sin(x);
    }
    /// The cosine.
    Cos = real math::Cos {
        complexes: |x| R::complex_cos(x);
    }
    /// The tangent.
    Tan = real math::Tan {
        complexes: |x| R::complex_tan(x);
    }
    /// The inverse of the sine.
    Arcsin = real math::Arcsin {
        complexes: |x| R::complex_asin(x);
    }
    /// The inverse of the cosine.
    Arccos = real math::Arccos {
        complexes: |x| R::complex_acos(x);
    }
    /// The inverse of the tangent.
    Arctan = real math::Arctan {
        complexes: |x| R::complex_atan(x);
    }
    /// The hyperbolic sine.
    Sinh = real math::Sinh {
        complexes: |x| R::complex_sinh(x);
    }
    /// The hyperbolic cosine.
    Cosh = real math::Cosh {
        complexes: |x| R::complex_cosh(x);
    }
    /// The hyperbolic tangent.
    Tanh = real math::Tanh {
        complexes: |x| R::complex_tanh(x);
    }
    /// The inverse of the hyperbolic sine.
    Arcsinh = real math::Arcsinh {
        complexes: |x| R::complex_asinh(x);
    }
    /// The inverse of the hyperbolic cosine.
    Arccosh = real math::Arccosh {
        complexes: |x| R::complex_acosh(x);
    }
    /// The inverse of the hyperbolic tangent.
    Arctanh = real math::Arctanh {
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
    Arctan2 = real math::Arctan2 {
    }
}
