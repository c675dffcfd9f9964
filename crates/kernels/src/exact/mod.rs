//! Sums of floats without rounding errors: accumulated exactly, rounded once.
//!
//! Nothing that the result depends on is rounded before the end, so neither the order of the
//! elements nor their division into blocks, threads and engines can be seen in it.
//!
//! A block of elements is split by a `window` of two or three levels, each 51 bits wide: adding
//! and subtracting a constant cuts an element at an absolute exponent, and the parts are summed as
//! integers. A block that does not fit the window shows that it doesn't, and is done again with a
//! better one, or element by element. Processors with AVX-512 sum most blocks without a window, in half
//! the time, and tell whether that was exact (`watched`). The integers of many blocks meet in `sums`, fixed-point
//! numbers as wide as they have to be, which can be added to each other and sent as bytes. At the
//! end, `number` takes one of them out, computes with it (a mean, a variance, a square root) and
//! rounds.
//!
//! Sources: Demmel and Nguyen, "Parallel reproducible summation" (2015), for the splitting at
//! absolute exponents; Neal, "Fast exact summation using small and large superaccumulators" (2015),
//! for the wide fixed-point numbers; Dekker, "A floating-point technique for extending the
//! available precision" (1971), for products without errors.

mod kernel;
mod lanes;
mod nearest;
mod number;
mod products;
mod round;
mod specials;
mod sums;
mod terms;
mod tile;
mod totals;
mod watched;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use lanes::{LANES, MOST_ELEMENTS, Moment, Selection, moments};
pub(crate) use nearest::Nearest;
pub(crate) use number::{Number, Quotient};
pub use products::Products;
pub(crate) use round::Rounded;
pub(crate) use terms::integer;
pub use terms::{Plain, Squared, Term, Terms};
pub(crate) use totals::TILE;
pub use totals::{Accumulator, MOST_ROWS, Totals};
