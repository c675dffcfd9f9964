//! Circular and hyperbolic functions and their inverses.

use super::define::{binary, entry_one, unary, unary_one};
use super::library::Library;
use crate::math;

unary! {
    narrow:
    /// The sine.
    Sin = math::Sin {
        complexes: |x| R::complex_sin(x);
    }
    /// The cosine.
    Cos = math::Cos {
        complexes: |x| R::complex_cos(x);
    }
    /// The tangent.
    Tan = math::Tan {
        complexes: |x| R::complex_tan(x);
    }
    /// The inverse of the sine.
    Arcsin = math::Arcsin {
        complexes: |x| R::complex_asin(x);
    }
    /// The inverse of the cosine.
    Arccos = math::Arccos {
        complexes: |x| R::complex_acos(x);
    }
    /// The inverse of the tangent.
    Arctan = math::Arctan {
        complexes: |x| R::complex_atan(x);
    }
    /// The hyperbolic sine.
    Sinh = math::Sinh {
        complexes: |x| R::complex_sinh(x);
    }
    /// The hyperbolic cosine.
    Cosh = math::Cosh {
        complexes: |x| R::complex_cosh(x);
    }
    /// The hyperbolic tangent.
    Tanh = math::Tanh {
        complexes: |x| R::complex_tanh(x);
    }
    /// The inverse of the hyperbolic sine.
    Arcsinh = math::Arcsinh {
        complexes: |x| R::complex_asinh(x);
    }
    /// The inverse of the hyperbolic cosine.
    Arccosh = math::Arccosh {
        complexes: |x| R::complex_acosh(x);
    }
    /// The inverse of the hyperbolic tangent.
    Arctanh = math::Arctanh {
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
    Arctan2 = math::Arctan2 {
    }
}
