//! The functions in single precision, whose vectors have twice as many numbers.
//!
//! The ways are those of the functions in double precision, whose modules tell of them; the
//! polynomials are shorter. Where a formula needs more digits than a float has, it keeps what a
//! rounding loses, or takes the step in double precision.

mod arithmetic;
mod circular;
mod exponential;
mod hyperbolic;
mod inverse_circular;
mod inverse_hyperbolic;
mod logarithm;
mod power;
mod roots;
