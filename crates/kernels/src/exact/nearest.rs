//! The float nearest to a number of which a little is unknown.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch would keep the loops from being vectorised"
)]
#![expect(clippy::float_cmp, reason = "what is compared is exact, or was rounded alike")]

use half::f16;

use super::lanes::two_sum;
use super::round::Rounded;
use crate::ops::nearest_half;

/// A float that numbers are rounded to.
pub(crate) trait Nearest: Rounded {
    /// The nearest to a number within `bound` of `high + low`, where `high` is the `f64` nearest to
    /// the sum of both; and whether that is certain, and finite.
    fn nearest(high: f64, low: f64, bound: f64) -> (Self, bool);

    /// The nearest to the sum of two floats, and whether that is certain, and finite.
    #[inline(always)]
    fn of_sum(left: f64, right: f64) -> (Self, bool) {
        let (high, low) = two_sum(left, right);
        Self::nearest(high, low, 0.0)
    }
}

impl Nearest for f64 {
    // Rounding keeps order. So what the number lies between decides, where both become the same: the
    // additions of the bound may round, but to no less than the next float beyond it.
    #[inline(always)]
    fn nearest(high: f64, low: f64, bound: f64) -> (Self, bool) {
        let bound = bound * (1.0 + 4.0 * f64::EPSILON) + 2.0 * f64::EPSILON * bound_of(low, bound);
        let (least, most) = (high + (low - bound), high + (low + bound));
        (most, (least == most) & (most.abs() <= f64::MAX))
    }

    #[inline(always)]
    fn of_sum(left: f64, right: f64) -> (Self, bool) {
        let sum = left + right;
        (sum, sum.abs() <= f64::MAX)
    }
}

/// What rounding the sum of the two can come to; nothing, where there is nothing to be added.
#[inline(always)]
fn bound_of(low: f64, bound: f64) -> f64 {
    if bound == 0.0 { 0.0 } else { low.abs() }
}

/// The floats between which a number lies, twice as far away as the last bit of `high`, unless it is
/// just that.
#[inline(always)]
fn limits(high: f64, low: f64, bound: f64) -> [f64; 2] {
    let is_exact = (low == 0.0) & (bound == 0.0);
    let slack = if is_exact { 0.0 } else { high.abs() * (2.0 * f64::EPSILON) + 2.0 * bound };
    [high - slack, high + slack]
}

impl Nearest for f32 {
    #[inline(always)]
    fn nearest(high: f64, low: f64, bound: f64) -> (Self, bool) {
        let [least, most] = limits(high, low, bound).map(|limit| limit as f32);
        (most, (least == most) & (most.abs() <= f32::MAX))
    }
}

impl Nearest for f16 {
    #[inline(always)]
    fn nearest(high: f64, low: f64, bound: f64) -> (Self, bool) {
        let [least, most] = limits(high, low, bound).map(nearest_half);
        (most, (least == most) & most.is_finite())
    }
}
