//! Sums of few elements each, for many results at once.
//!
//! The general way keeps integers for each result, which costs more than the elements where there
//! are few. Here each of the results has two floats, `sum` and `rest`: what an addition to `sum`
//! rounds off is a float too, which [`two_sum`] finds, and is added to `rest`. As long as *these*
//! additions round nothing off, the exact sum is `sum + rest`, and adding the two rounds it once:
//! an addition of IEEE 754 gives the float nearest to the exact sum of its operands. A lane where
//! something was lost, or that is not finite, is *doubtful* and goes the general way.
//!
//! Squares are a product and its error, and added up likewise, but for their lower parts, whose
//! additions round: the sum of the squares is `sum + rest` within `2 (n + 1)^2 u^2 sum`, for `n` elements and `u = 2^-53`. What follows (differences, quotients, roots) is a pair of
//! floats with a bound of its error, too. Its nearest float is known if it is that of everything
//! within the bound, which fails for one lane in millions, and then the lane is doubtful: Ziv's
//! strategy.
//!
//! Sources: Knuth, "The Art of Computer Programming" 2, 4.2.2, theorem B, for [`two_sum`]; Ogita,
//! Rump and Oishi, "Accurate sum and dot product" (2005), for the errors of such sums; Ziv, "Fast
//! evaluation of elementary mathematical functions with correctly rounded last bit" (1991).

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch would keep the loops from being vectorised"
)]
#![expect(clippy::float_cmp, reason = "what is compared is exact, or was rounded alike")]

use std::ops::Range;

use super::nearest::Nearest;
use super::terms::{Term, product};
use crate::simd::{FusedWork, fused, prefetch};

/// How many lanes are summed at once.
pub(crate) const LANES: usize = 64;

/// How many elements a lane may have, so that the bounds of the errors hold.
pub(crate) const MOST_ELEMENTS: usize = 1024;

/// Of so many rows the elements of some lanes don't fit the first-level cache.
const MANY: usize = 32;

/// How many rows ahead memory is asked for then.
const AHEAD: usize = 12;

/// Half the distance of neighbouring floats at 1.
const UNIT: f64 = f64::EPSILON / 2.0;

/// Magnitudes between which products and quotients have errors that are floats.
const NORMAL: Range<f64> = LEAST..1.0 / LEAST;

/// 2^-900.
const LEAST: f64 = f64::from_bits((1023 - 900) << 52);

/// What is computed of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// The sum.
    Sum,
    /// The sum divided by the number of elements.
    Mean,
    /// The sum of the squared distances from the mean, divided by the number of elements less a number;
    /// the product of divisor and number of elements is an integer below 2^53.
    Variance(f64),
    /// The root of that.
    StandardDeviation(f64),
    /// The root of the sum of the squares.
    Norm,
}

impl Moment {
    fn is_of_squares(self) -> bool {
        !matches!(self, Self::Sum | Self::Mean)
    }
}

/// Which elements of columns count. Rows have zeros in place of the others.
#[derive(Default)]
pub(crate) struct Selection {
    /// How many of each column do.
    pub counts: Vec<f64>,
    /// The first of them.
    begins: Vec<f64>,
    /// The bits in which others differ from it.
    differences: Vec<u64>,
}

impl Selection {
    /// Forgets everything; there are so many columns.
    pub(crate) fn begin(&mut self, columns: usize) {
        self.counts.clear();
        self.counts.resize(columns, 0.0);
        self.begins.clear();
        self.begins.resize(columns, 0.0);
        self.differences.clear();
        self.differences.resize(columns, 0);
    }

    /// Notes the next element of each column, of which `is_selected` says whether it counts.
    pub(crate) fn note<T: Term>(&mut self, row: &[T], is_selected: impl Fn(usize) -> bool) {
        let columns = self.counts.iter_mut().zip(&mut self.begins).zip(&mut self.differences);
        for (column, (((count, begin), difference), item)) in columns.zip(row).enumerate() {
            let (is_selected, value) = (is_selected(column), item.value());
            *begin = if is_selected & (*count == 0.0) { value } else { *begin };
            *difference |= if is_selected { value.to_bits() ^ begin.to_bits() } else { 0 };
            *count += f64::from(u8::from(is_selected));
        }
    }
}

/// Computes something of each lane: the columns from `first` on of up to [`MOST_ELEMENTS`] rows, as
/// many as there are results, which are up to [`LANES`]. Returns whether all lanes are decided; where
/// they are not, nothing can be said of the results.
#[inline]
pub(crate) fn moments<T: Term, R: Nearest>(
    rows: &[&[T]],
    selection: Option<&Selection>,
    first: usize,
    moment: Moment,
    results: &mut [R],
) -> bool {
    debug_assert!(rows.len() <= MOST_ELEMENTS && results.len() <= LANES);
    if moment.is_of_squares() {
        fused(Work::<T, R, LANES> { rows, selection, first, moment, results })
    } else {
        fused(Work::<T, R, 0> { rows, selection, first, moment, results })
    }
}

struct Work<'a, T, R, const SQUARES: usize> {
    rows: &'a [&'a [T]],
    selection: Option<&'a Selection>,
    first: usize,
    moment: Moment,
    results: &'a mut [R],
}

impl<T: Term, R: Nearest, const SQUARES: usize> FusedWork for Work<'_, T, R, SQUARES> {
    type Output = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let Self { rows, selection, first, moment, results } = self;
        let width = results.len();
        let mut lanes = Lanes::<SQUARES>::NOTHING;
        if width == LANES {
            let at = |row: usize| rows[row][first..].first_chunk().expect("as many columns");
            // Those of the next lanes, or of later rows where they would be too many.
            let (far, aside) = if rows.len() > MANY { (AHEAD, 0) } else { (0, LANES) };
            let ask = |asking: Range<usize>| {
                for row in asking.filter_map(|row| rows.get(row + far)) {
                    if let Some(next) = row[first + aside..].first_chunk::<LANES>() {
                        prefetch(next);
                    }
                }
            };
            ask(0..1);
            lanes.begin::<T, FMA>(at(0));
            let mut row = 1;
            while row + 4 <= rows.len() {
                ask(row..row + 4);
                lanes.add::<T, 4, FMA>([at(row), at(row + 1), at(row + 2), at(row + 3)], at(0));
                row += 4;
            }
            ask(row..rows.len());
            match rows.len() - row {
                3 => lanes.add::<T, 3, FMA>([at(row), at(row + 1), at(row + 2)], at(0)),
                2 => lanes.add::<T, 2, FMA>([at(row), at(row + 1)], at(0)),
                1 => lanes.add::<T, 1, FMA>([at(row)], at(0)),
                _ => {}
            }
        } else {
            let padded = |row: &[T]| {
                let mut padded = [T::ZERO; LANES];
                padded[..width].copy_from_slice(&row[first..first + width]);
                padded
            };
            let begin = padded(rows[0]);
            lanes.begin::<T, FMA>(&begin);
            for row in &rows[1..] {
                lanes.add::<T, 1, FMA>([&padded(row)], &begin);
            }
        }
        let mut elements = Elements { counts: [rows.len() as f64; LANES], begins: [0.0; LANES] };
        if let Some(selection) = selection {
            let columns = first..first + width;
            elements.counts[..width].copy_from_slice(&selection.counts[columns.clone()]);
            elements.begins[..width].copy_from_slice(&selection.begins[columns.clone()]);
            if SQUARES > 0 {
                let differences = &selection.differences[columns];
                lanes.squares.difference[..width].copy_from_slice(differences);
            }
        } else {
            for (begin, item) in elements.begins.iter_mut().zip(&rows[0][first..]) {
                *begin = item.value();
            }
        }
        lanes.finish::<R, FMA>(&elements, moment, results)
    }
}

/// What is known of the elements of each lane.
struct Elements {
    counts: [f64; LANES],
    /// The first ones.
    begins: [f64; LANES],
}

/// The running sums of lanes; `SQUARES` is [`LANES`] or, where no squares are summed, 0.
struct Lanes<const SQUARES: usize> {
    sums: Sums,
    squares: Squares<SQUARES>,
}

struct Sums {
    sum: [f64; LANES],
    rest: [f64; LANES],
    /// Where a bit but the sign's is not zero, `rest` was rounded.
    lost: [u64; LANES],
}

struct Squares<const LEN: usize> {
    sum: [f64; LEN],
    rest: [f64; LEN],
    /// Where a bit but the sign's is not zero, not all of the squares is in `sum`.
    inexact: [u64; LEN],
    /// The bits in which elements differ from the first one.
    difference: [u64; LEN],
}

impl<const SQUARES: usize> Lanes<SQUARES> {
    const NOTHING: Self = Self {
        sums: Sums { sum: [0.0; LANES], rest: [0.0; LANES], lost: [0; LANES] },
        squares: Squares {
            sum: [0.0; SQUARES],
            rest: [0.0; SQUARES],
            inexact: [0; SQUARES],
            difference: [0; SQUARES],
        },
    };

    /// Takes up the first element of each lane.
    #[inline(always)]
    fn begin<T: Term, const FMA: bool>(&mut self, row: &[T; LANES]) {
        for (sum, item) in self.sums.sum.iter_mut().zip(row) {
            // A sum of nothing but -0 is 0.
            *sum = item.value() + 0.0;
        }
        if SQUARES > 0 {
            for (lane, item) in row.iter().enumerate() {
                let value = item.value();
                let (product, error) = product::<FMA>(value, value);
                (self.squares.sum[lane], self.squares.rest[lane]) = (product, error);
                self.squares.inexact[lane] = error.to_bits();
            }
        }
    }

    /// Adds an element or several to each lane.
    #[inline(always)]
    fn add<T: Term, const ROWS: usize, const FMA: bool>(
        &mut self,
        rows: [&[T; LANES]; ROWS],
        begin: &[T; LANES],
    ) {
        let Self { sums, squares } = self;
        for lane in 0..LANES {
            let (mut sum, mut rest) = (sums.sum[lane], sums.rest[lane]);
            let mut lost = sums.lost[lane];
            for row in rows {
                let (next, error) = two_sum(sum, row[lane].value());
                sum = next;
                if T::LEVELS > 1 {
                    let (next, error) = two_sum(rest, error);
                    rest = next;
                    lost |= error.to_bits();
                } else {
                    // Narrow floats, whose sum has room.
                    lost |= error.to_bits();
                }
            }
            (sums.sum[lane], sums.rest[lane], sums.lost[lane]) = (sum, rest, lost);
        }
        if SQUARES == 0 {
            return;
        }
        for lane in 0..LANES {
            let (mut square, mut rest) = (squares.sum[lane], squares.rest[lane]);
            let (mut inexact, mut difference) = (squares.inexact[lane], squares.difference[lane]);
            let first = begin[lane].value().to_bits();
            for row in rows {
                let value = row[lane].value();
                let (product, error) = product::<FMA>(value, value);
                let (next, rounded) = two_sum(square, product);
                square = next;
                rest += rounded + error;
                inexact |= rounded.to_bits() | error.to_bits();
                difference |= value.to_bits() ^ first;
            }
            (squares.sum[lane], squares.rest[lane]) = (square, rest);
            (squares.inexact[lane], squares.difference[lane]) = (inexact, difference);
        }
    }

    /// Computes the results; whether all are decided.
    #[inline(always)]
    fn finish<R: Nearest, const FMA: bool>(
        &self,
        elements: &Elements,
        moment: Moment,
        results: &mut [R],
    ) -> bool {
        if let Some(results) = results.first_chunk_mut::<LANES>() {
            return self.finish_all::<R, FMA>(elements, moment, results);
        }
        let mut found = [R::ZERO; LANES];
        let is_decided = self.finish_all::<R, FMA>(elements, moment, &mut found);
        results.copy_from_slice(&found[..results.len()]);
        is_decided
    }

    #[inline(always)]
    fn finish_all<R: Nearest, const FMA: bool>(
        &self,
        elements: &Elements,
        moment: Moment,
        found: &mut [R; LANES],
    ) -> bool {
        // A `match` within the loop would keep it from being vectorised.
        match moment {
            Moment::Sum => self.each_sum(found),
            Moment::Mean => self.each::<R, FMA, 1>(found, elements, 0.0),
            _ if SQUARES == 0 => false,
            Moment::Variance(ddof) => self.each::<R, FMA, 2>(found, elements, ddof),
            Moment::StandardDeviation(ddof) => self.each::<R, FMA, 3>(found, elements, ddof),
            Moment::Norm => self.each::<R, FMA, 4>(found, elements, 0.0),
        }
    }

    /// The results of each lane, where `MOMENT` counts what can be asked for.
    #[inline(always)]
    fn each<R: Nearest, const FMA: bool, const MOMENT: usize>(
        &self,
        found: &mut [R; LANES],
        elements: &Elements,
        ddof: f64,
    ) -> bool {
        let nothing = R::of_special(f64::NAN);
        let mut doubts = 0;
        for (lane, found) in found.iter_mut().enumerate() {
            let (count, begin) = (elements.counts[lane], elements.begins[lane]);
            let divisor = count - ddof;
            let pair = match MOMENT {
                1 => self.total(lane).over::<FMA>(count),
                2 => self.distances::<FMA>(lane, count, begin).over::<FMA>(divisor * count),
                3 => {
                    let distances = self.distances::<FMA>(lane, count, begin);
                    let root = distances.over::<FMA>(divisor * count).root::<FMA>();
                    // Half the distance of two, which is often a float, or half-way between two.
                    let is_half = (count == 2.0) & (divisor == 2.0) & !self.is_constant(lane);
                    self.distance_of_two(lane, begin).half().or(root, is_half)
                }
                _ => self.squares(lane, count).root::<FMA>(),
            };
            let (nearest, is_decided) = R::nearest(pair.high, pair.low, pair.bound);
            if MOMENT == 4 {
                *found = nearest;
                doubts |= u64::from(!is_decided);
            } else {
                // Of no elements, or of as many as are taken from their number, which are equal.
                let is_squared = MOMENT != 1;
                let is_nothing = (count == 0.0)
                    | (is_squared & (divisor <= 0.0) & (is_squared && self.is_constant(lane)));
                *found = if is_nothing { nothing } else { nearest };
                doubts |= u64::from(!(is_nothing | (is_decided & (divisor > 0.0))));
            }
        }
        doubts == 0
    }

    /// The sum of each lane.
    #[inline(always)]
    fn each_sum<R: Nearest>(&self, found: &mut [R; LANES]) -> bool {
        let mut doubts = 0;
        for (lane, found) in found.iter_mut().enumerate() {
            let (nearest, is_decided) = R::of_sum(self.sums.sum[lane], self.sums.rest[lane]);
            *found = nearest;
            doubts |= u64::from(!is_decided) | self.sums.lost[lane] << 1;
        }
        doubts == 0
    }

    #[inline(always)]
    fn total(&self, lane: usize) -> Pair {
        let (high, low) = two_sum(self.sums.sum[lane], self.sums.rest[lane]);
        Pair { high, low, bound: 0.0 }.only_if(self.sums.lost[lane] << 1 == 0)
    }

    #[inline(always)]
    fn squares(&self, lane: usize, count: f64) -> Pair {
        let (high, low) = two_sum(self.squares.sum[lane], self.squares.rest[lane]);
        let bound = high * (2.0 * (count + 1.0) * (count + 1.0) * UNIT * UNIT);
        let bound = if self.squares.inexact[lane] << 1 == 0 { 0.0 } else { bound };
        // Of zeros alone, or where no product was rounded to a multiple of the least float.
        let is_zero =
            (high == 0.0) & (self.squares.difference[lane] == 0) & (self.sums.sum[lane] == 0.0);
        Pair { high, low, bound }.only_if(is_zero | is_normal(high))
    }

    /// Whether all elements have the same bits, and are finite.
    #[inline(always)]
    fn is_constant(&self, lane: usize) -> bool {
        (self.squares.difference[lane] == 0) & (self.sums.sum[lane].abs() <= f64::MAX)
    }

    /// What the first of two elements has more than the second: twice the first, less the sum.
    #[inline(always)]
    fn distance_of_two(&self, lane: usize, begin: f64) -> Pair {
        let sum = self.total(lane);
        let (high, error) = two_sum(2.0 * begin, -sum.high);
        let (low, lost) = two_sum(error, -sum.low);
        let (high, low) = two_sum(high, low);
        Pair { high, low, bound: sum.bound }.only_if((lost == 0.0) & is_normal(high))
    }

    /// The count times the sum of squares, less the square of the sum.
    #[inline(always)]
    fn distances<const FMA: bool>(&self, lane: usize, count: f64, begin: f64) -> Pair {
        let (sum, squares) = (self.total(lane), self.squares(lane, count));
        let (more, more_error) = product::<FMA>(count, squares.high);
        let (less, less_error) = product::<FMA>(sum.high, sum.high);
        let (high, error) = two_sum(more, -less);
        let more_rest = more_error + count * squares.low;
        let less_rest = less_error + 2.0 * sum.high * sum.low;
        let (high, low) = two_sum(high, error + (more_rest - less_rest));
        // That of the squares, `2 (n + 1)^2`; of the rests, whose terms are below `(n + 2) u more`
        // each, six roundings; and the square of the lower part of the sum, below `u^2 less`.
        let bound = more * (8.0 * (count + 3.0) * (count + 3.0) * UNIT * UNIT);
        let is_exact = (squares.bound == 0.0)
            & (squares.low == 0.0)
            & (sum.low == 0.0)
            & (more_error == 0.0)
            & (less_error == 0.0);
        let bound = if is_exact { 0.0 } else { bound } + sum.bound + squares.bound;
        let pair = Pair { high, low, bound }.only_if(is_normal(high) & (bound < high));
        // Of two elements it is the square of their distance, of which more is known.
        let pair = self.distance_of_two(lane, begin).squared::<FMA>().or(pair, count == 2.0);
        // Equal elements are at no distance, which only their bits tell.
        Pair { high: 0.0, low: 0.0, bound: 0.0 }.or(pair, self.is_constant(lane))
    }
}

/// A number: within `bound` of `high + low`, where `high` is the float nearest to the sum of both.
#[derive(Clone, Copy)]
struct Pair {
    high: f64,
    low: f64,
    bound: f64,
}

impl Pair {
    /// The number itself, or any.
    #[inline(always)]
    fn only_if(self, is_safe: bool) -> Self {
        Self { bound: if is_safe { self.bound } else { f64::INFINITY }, ..self }
    }

    /// This one if a condition holds, else another.
    #[inline(always)]
    fn or(self, other: Self, condition: bool) -> Self {
        Self {
            high: if condition { self.high } else { other.high },
            low: if condition { self.low } else { other.low },
            bound: if condition { self.bound } else { other.bound },
        }
    }

    /// The half of its magnitude; it must not be among the least floats.
    #[inline(always)]
    fn half(self) -> Self {
        let half = if self.high < 0.0 { -0.5 } else { 0.5 };
        Self { high: half * self.high, low: half * self.low, bound: self.bound }
    }

    /// Its square, if it has no bound.
    #[inline(always)]
    fn squared<const FMA: bool>(self) -> Self {
        let (square, error) = product::<FMA>(self.high, self.high);
        // The square of the lower part is below `u^2`, and so is what each of three steps rounds off.
        let (high, low) = two_sum(square, error + 2.0 * self.high * self.low);
        let bound = if self.low == 0.0 { 0.0 } else { square * (16.0 * UNIT * UNIT) };
        Self { high, low, bound: bound + self.bound }.only_if(is_normal(square))
    }

    /// Its quotient.
    #[inline(always)]
    fn over<const FMA: bool>(self, divisor: f64) -> Self {
        let high = self.high / divisor;
        let (back, error) = product::<FMA>(high, divisor);
        // A float without rounding, as the remainder of a division is.
        let (remainder, lost) = two_sum((self.high - back) - error, self.low);
        let low = remainder / divisor;
        // Quotients half-way between two floats are no exception, and are exact.
        let (back, error) = product::<FMA>(low, divisor);
        let is_exact = (lost == 0.0) & (back == remainder) & (error == 0.0) & (self.bound == 0.0);
        let is_exact = is_exact & ((low == 0.0) | is_normal(low));
        let bound = self.bound / divisor * (1.0 + 8.0 * UNIT) + low.abs() * (4.0 * UNIT);
        let is_safe = (self.high == 0.0) | (is_normal(self.high) & is_normal(high));
        Self { high, low, bound: if is_exact { 0.0 } else { bound } }.only_if(is_safe)
    }

    /// Its square root, if it is not negative.
    #[inline(always)]
    fn root<const FMA: bool>(self) -> Self {
        let is_zero = (self.high == 0.0) & (self.bound == 0.0);
        let high = self.high.sqrt();
        let (back, error) = product::<FMA>(high, high);
        // A float without rounding, as that of a division is.
        let remainder = (self.high - back) - error;
        let twice = if is_zero { 1.0 } else { 2.0 * high };
        let low = (remainder + self.low) / twice;
        let bound = self.bound / twice * (1.0 + f64::EPSILON * 1024.0) + low.abs() * (8.0 * UNIT);
        // So little that the derivative of the root is the same for all of it.
        let is_safe = is_normal(self.high) & (self.bound < self.high * (UNIT * 1024.0));
        Self { high, low, bound }.only_if(is_zero | is_safe)
    }
}

#[inline(always)]
fn is_normal(value: f64) -> bool {
    NORMAL.contains(&value.abs())
}

/// The sum of two floats and its rounding error, which is a float unless the sum is not finite.
#[inline(always)]
pub(super) fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let right_part = sum - left;
    let left_part = sum - right_part;
    (sum, (left - left_part) + (right - right_part))
}
