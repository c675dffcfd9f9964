//! Exact sums of products: dot products.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch would keep the loop from being vectorised"
)]

use super::terms::{Plain, Term, integer, product};
use super::totals::{Accumulator, Totals};
use crate::simd::{FusedWork, fused, prefetch_after};

/// How many products are computed before they are summed.
const BLOCK: usize = 1024;

/// How many of them memory is asked for at once.
const CHUNK: usize = 64;

/// Products below this magnitude may have a rounding error that no float holds.
const LEAST: f64 = f64::from_bits((1023 - 960) << 52);

/// The exact sums of products while factors come in, for each of a number of slots.
///
/// # Examples
///
/// ```
/// use distarray_kernels::exact::Products;
///
/// let mut dot = Products::new(1);
/// dot.deposit(0, &[1e200, 3.0, 1e200], &[1e200, 0.5, -1e200], false);
/// assert_eq!(dot.into_totals().sum(0), 1.5);
/// ```
pub struct Products {
    sums: Accumulator<f64, Plain, 1>,
    /// The rounding errors: apart, as they are so much smaller that they need other windows.
    errors: Accumulator<f64, Plain, 1>,
}

impl Products {
    /// The sums of nothing.
    pub fn new(slots: usize) -> Self {
        Self { sums: Accumulator::new(slots), errors: Accumulator::new(slots) }
    }

    /// Adds the products of neighbours to a slot, or takes them away.
    ///
    /// # Panics
    ///
    /// When there are not as many of one as of the other, and when there is no such slot.
    pub fn deposit<T: Term>(&mut self, slot: usize, left: &[T], right: &[T], is_negative: bool) {
        assert_eq!(left.len(), right.len(), "as many factors");
        let sign = if is_negative { -1.0 } else { 1.0 };
        for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
            let mut products = [0.0; BLOCK];
            let mut errors = [0.0; BLOCK];
            let (products, errors) = (&mut products[..left.len()], &mut errors[..left.len()]);
            let factors = Factors { left, right, sign, products, errors };
            if fused(factors) {
                self.sums.deposit(slot, products.as_chunks::<1>().0);
                if T::LEVELS > 1 {
                    self.errors.deposit(slot, errors.as_chunks::<1>().0);
                }
            } else {
                self.deposit_singly(slot, left, right, sign);
            }
        }
    }

    #[cold]
    fn deposit_singly<T: Term>(&mut self, slot: usize, left: &[T], right: &[T], sign: f64) {
        for (left, right) in left.iter().zip(right) {
            let (left, right) = (sign * left.to_f64(), right.to_f64());
            if left.is_finite() && right.is_finite() {
                let ((left, scale), (right, other)) = (integer(left), integer(right));
                let product = i128::from(left) * i128::from(right);
                self.sums.deposit_integer(slot, product, scale + other);
            } else {
                self.sums.deposit(slot, &[[left * right]]);
            }
        }
    }

    /// The sums of what came in.
    pub fn into_totals(self) -> Totals {
        let mut totals = self.sums.into_totals();
        totals.merge(&self.errors.into_totals());
        totals
    }
}

struct Factors<'a, T> {
    left: &'a [T],
    right: &'a [T],
    sign: f64,
    products: &'a mut [f64],
    errors: &'a mut [f64],
}

impl<T: Term> FusedWork for Factors<'_, T> {
    /// Whether products and errors are exact.
    type Output = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let Self { left, right, sign, products, errors } = self;
        let mut doubts = 0_u64;
        let factors = left.chunks(CHUNK).zip(right.chunks(CHUNK));
        let results = products.chunks_mut(CHUNK).zip(errors.chunks_mut(CHUNK));
        for ((left, right), (products, errors)) in factors.zip(results) {
            if let (Some(left), Some(right)) =
                (left.first_chunk::<CHUNK>(), right.first_chunk::<CHUNK>())
            {
                prefetch_after(left);
                prefetch_after(right);
            }
            let factors = left.iter().zip(right);
            for (((left, right), to), error_to) in factors.zip(products).zip(errors) {
                let (left, right) = (sign * left.value(), right.value());
                let (rounded, error) = product::<FMA>(left, right);
                let is_zero = (left == 0.0) | (right == 0.0);
                let is_normal = (rounded.abs() >= LEAST) & (error.abs() <= f64::MAX);
                doubts |= u64::from(!(is_zero | is_normal));
                (*to, *error_to) = (rounded, error);
            }
        }
        doubts == 0
    }
}
