//! Elementary functions, as loops that vector units run.
//!
//! Each function has a formula without branches for its usual arguments, so that the compiler makes
//! vector instructions of the loop over it; its other arguments (too large, too small, infinite,
//! NaN, outside the domain) go to the C library one by one, which also reports their
//! floating-point exceptions. An element's value depends on the element alone: the loop works on
//! whole chunks, the last one filled up, and every chunk goes through the same instructions.
//! Instruction sets that multiply and add with one rounding all give the same bits.
//!
//! Coefficients are those of the polynomials with the least relative error of the function, found
//! by Remez' algorithm in 60 digits and rounded to `f64`; those in `single`, in 40 digits, rounded to
//! `f32` one after the other, each with the least error that the rounded ones before it allow.

#![expect(
    clippy::needless_bitwise_bool,
    clippy::manual_range_contains,
    reason = "lazy operators are branches, and so are ranges, which may keep a loop from being vectorised"
)]
#![expect(clippy::float_cmp, reason = "whole numbers, squares and zeros are told exactly")]

mod arithmetic;
mod circular;
mod complex;
mod error_function;
mod exponential;
mod hyperbolic;
mod inverse_circular;
mod inverse_hyperbolic;
mod logarithm;
mod loops;
mod magnitude;
mod power;
mod roots;
mod single;
#[cfg(test)]
mod tests;

pub(crate) use self::complex::{ComplexAbsolute, ComplexDivide, ComplexExp};
pub(crate) use circular::{Cos, Sin, Tan};
pub(crate) use error_function::Erf;
pub(crate) use exponential::{Exp, Exp2, Expm1};
pub(crate) use hyperbolic::{Cosh, Sinh, Tanh};
pub(crate) use inverse_circular::{Arccos, Arcsin, Arctan, Arctan2};
pub(crate) use inverse_hyperbolic::{Arccosh, Arcsinh, Arctanh};
pub(crate) use logarithm::{Log, Log1p, Log2, Log10};
pub(crate) use loops::{complex, complex_to_real, real};
pub(crate) use magnitude::magnitude_kernel;
pub(crate) use power::Power;
pub(crate) use roots::{Cbrt, Hypot};
