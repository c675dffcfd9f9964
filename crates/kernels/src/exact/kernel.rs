//! The inner loops: elements are cut at the exponents of a window and summed as integers.
//!
//! The integers are the bits of floats: `t = x + c`, for the constant `c` of a level, has the bits
//! of `c` plus the integer `x / unit`. So the bits of the `t` are summed, and as many times the bits
//! of `c` taken away in the end. That `x` is less than the window's end shows in the exponent of
//! `t`, which is that of `c`; that nothing is left below the last unit shows in what is left.

use std::marker::PhantomData;

use super::terms::{Term, Terms};
use super::window::Window;
use crate::simd::{FusedWork, fused, prefetch, prefetch_after};

/// How many elements an integer has room for: each has up to 51 bits.
pub(super) const ROOM: usize = 4095;

/// The bits that say whether an element was less than the window's end.
const EXPONENT: u64 = 0xfff << 52;

/// The integers of a run: for each part of an element, stream and level.
pub(super) type Integers<const S: usize, const L: usize, const P: usize> = [[[i64; L]; S]; P];

/// Sums up to [`ROOM`] elements of `P` parts each; `None` if one of them does not fit.
#[inline]
pub(super) fn run<T: Term, K: Terms<T, S>, const S: usize, const L: usize, const P: usize>(
    items: &[[T; P]],
    windows: &[Window; S],
) -> Option<Integers<S, L, P>> {
    debug_assert!(items.len() <= ROOM);
    let magic = windows.map(Window::constants);
    fused(Run::<T, K, S, L, P> { items, magic, terms: PhantomData })
}

struct Run<'a, T, K, const S: usize, const L: usize, const P: usize> {
    items: &'a [[T; P]],
    magic: [[f64; L]; S],
    terms: PhantomData<fn() -> K>,
}

impl<T: Term, K: Terms<T, S>, const S: usize, const L: usize, const P: usize> FusedWork
    for Run<'_, T, K, S, L, P>
{
    type Output = Option<Integers<S, L, P>>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Self::Output {
        // As many sums as there are registers for, or half as many where several hold one.
        if S == 1 { self.in_lanes::<FMA, 16>() } else { self.in_lanes::<FMA, 8>() }
    }
}

impl<T: Term, K: Terms<T, S>, const S: usize, const L: usize, const P: usize>
    Run<'_, T, K, S, L, P>
{
    /// Sums in lanes, of which each takes up one part: sums of integers have no order.
    #[inline(always)]
    fn in_lanes<const FMA: bool, const LANES: usize>(self) -> Option<Integers<S, L, P>> {
        const { assert!(LANES.is_multiple_of(P)) };
        let Self { items, magic, .. } = self;
        let (chunks, tail) = items.as_flattened().as_chunks::<LANES>();
        let mut lanes = Lanes { sums: [[[0; LANES]; L]; S], range: [0; LANES], rest: [0; LANES] };
        for chunk in chunks {
            prefetch_after(chunk);
            lanes.add::<T, K, FMA>(chunk, &magic);
        }
        // A copy, so that the lanes of the loop above may stay in registers.
        let Lanes { sums, range, rest } = lanes;
        let sums = sums.map(|sums| sums.map(|lanes| lanes.map(|lane| lane)));
        let mut lanes = Lanes { sums, range: range.map(|bits| bits), rest: rest.map(|bits| bits) };
        let mut last = [T::ZERO; LANES];
        last[..tail.len()].copy_from_slice(tail);
        lanes.add::<T, K, FMA>(&last, &magic);
        if has_misfit(&lanes.range, &lanes.rest) {
            return None;
        }
        let taken = ((chunks.len() + 1) * (LANES / P)) as u64;
        Some(std::array::from_fn(|part| {
            std::array::from_fn(|stream| {
                std::array::from_fn(|level| {
                    let own = lanes.sums[stream][level].iter().skip(part).step_by(P);
                    let sum = own.fold(0, |sum: u64, &lane| sum.wrapping_add(lane));
                    sum.wrapping_sub(taken.wrapping_mul(magic[stream][level].to_bits())) as i64
                })
            })
        }))
    }
}

/// The sums of several elements at once, and what shows whether they fitted.
struct Lanes<const S: usize, const L: usize, const LANES: usize> {
    sums: [[[u64; LANES]; L]; S],
    range: [u64; LANES],
    rest: [u64; LANES],
}

impl<const S: usize, const L: usize, const LANES: usize> Lanes<S, L, LANES> {
    #[inline(always)]
    fn add<T: Term, K: Terms<T, S>, const FMA: bool>(
        &mut self,
        items: &[T; LANES],
        magic: &[[f64; L]; S],
    ) {
        for (lane, &item) in items.iter().enumerate() {
            let values = K::split::<FMA>(item);
            for stream in 0..S {
                let cut = cut(values[stream], &magic[stream]);
                for level in 0..L {
                    let sum = &mut self.sums[stream][level][lane];
                    *sum = sum.wrapping_add(cut.levels[level]);
                }
                self.range[lane] |= cut.range;
                self.rest[lane] |= cut.rest;
            }
        }
    }
}

/// One number, cut.
struct Cut<const L: usize> {
    /// The bits to be summed.
    levels: [u64; L],
    /// Where the exponent's bits are not zero, the number was too large.
    range: u64,
    /// Where a bit but the sign's is not zero, something is left.
    rest: u64,
}

#[inline(always)]
fn cut<const L: usize>(value: f64, magic: &[f64; L]) -> Cut<L> {
    let mut result = Cut { levels: [0; L], range: 0, rest: 0 };
    let mut left = value;
    for (level, &constant) in magic.iter().enumerate() {
        let shifted = left + constant;
        result.levels[level] = shifted.to_bits();
        if level == 0 {
            result.range = shifted.to_bits() ^ constant.to_bits();
        }
        let near = shifted - constant;
        if level + 1 < L {
            left -= near;
        } else {
            result.rest = left.to_bits() ^ near.to_bits();
        }
    }
    result
}

#[inline(always)]
fn has_misfit(range: &[u64], rest: &[u64]) -> bool {
    let any = |bits: &[u64]| bits.iter().fold(0, |all, &bits| all | bits);
    // Zeros may differ in sign.
    any(range) & EXPONENT != 0 || any(rest) << 1 != 0
}

/// Adds rows to a row of sums, for each stream and level: `sums` has `S * L` rows of `stride`, of
/// which the columns from `first` on take up the elements. Their new values go to the same places of
/// `new`. Returns whether all elements fitted.
#[inline]
pub(super) fn rows<T: Term, K: Terms<T, S>, const S: usize, const L: usize>(
    rows: &[&[T]],
    windows: &[Window; S],
    sums: &[u64],
    new: &mut [u64],
    stride: usize,
    first: usize,
) -> bool {
    fused(Rows::<T, K, S, L> {
        items: rows,
        magic: windows.map(Window::constants),
        sums,
        new,
        stride,
        first,
        terms: PhantomData,
    })
}

struct Rows<'a, T, K, const S: usize, const L: usize> {
    items: &'a [&'a [T]],
    magic: [[f64; L]; S],
    sums: &'a [u64],
    new: &'a mut [u64],
    stride: usize,
    first: usize,
    terms: PhantomData<fn() -> K>,
}

impl<T: Term, K: Terms<T, S>, const S: usize, const L: usize> FusedWork for Rows<'_, T, K, S, L> {
    type Output = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let Self { items: rows, magic, sums, new, stride, first, .. } = self;
        let width = rows[0].len();
        let mut checks = (0, 0);
        for start in (0..width).step_by(COLUMNS) {
            let len = COLUMNS.min(width - start);
            let place = |plane: usize| plane * stride + first + start;
            let mut local = [[[0_u64; COLUMNS]; L]; S];
            for (plane, local) in local.as_flattened_mut().iter_mut().enumerate() {
                local[..len].copy_from_slice(&sums[place(plane)..][..len]);
            }
            let (fourfold, single) = rows.as_chunks::<4>();
            for &rows in fourfold {
                block::<T, K, S, L, 4, FMA>(rows, start, len, &magic, &mut local, &mut checks);
            }
            for &row in single {
                block::<T, K, S, L, 1, FMA>([row], start, len, &magic, &mut local, &mut checks);
            }
            for (plane, local) in local.as_flattened().iter().enumerate() {
                new[place(plane)..][..len].copy_from_slice(&local[..len]);
            }
        }
        !has_misfit(&[checks.0], &[checks.1])
    }
}

/// How many columns are taken up at once.
const COLUMNS: usize = 64;

/// Adds the columns from `start` on of some rows, and asks for the memory of those after them.
#[inline(always)]
fn block<
    T: Term,
    K: Terms<T, S>,
    const S: usize,
    const L: usize,
    const R: usize,
    const FMA: bool,
>(
    rows: [&[T]; R],
    start: usize,
    len: usize,
    magic: &[[f64; L]; S],
    sums: &mut [[[u64; COLUMNS]; L]; S],
    checks: &mut (u64, u64),
) {
    if len == COLUMNS {
        let at = |row: usize, column: usize| rows[row][column..].first_chunk::<COLUMNS>();
        for next in (0..R).filter_map(|row| at(row, start + COLUMNS)) {
            prefetch(next);
        }
        let rows = std::array::from_fn(|row| at(row, start).expect("as many columns"));
        columns::<T, K, S, L, R, FMA>(rows, magic, sums, checks);
    } else {
        let mut last = [[T::ZERO; COLUMNS]; R];
        for (last, row) in last.iter_mut().zip(rows) {
            last[..len].copy_from_slice(&row[start..]);
        }
        columns::<T, K, S, L, R, FMA>(last.each_ref(), magic, sums, checks);
    }
}

/// Adds rows of a fixed width. The sums are the caller's own, so that the compiler sees that
/// nothing else lies there.
#[inline(always)]
fn columns<
    T: Term,
    K: Terms<T, S>,
    const S: usize,
    const L: usize,
    const R: usize,
    const FMA: bool,
>(
    rows: [&[T; COLUMNS]; R],
    magic: &[[f64; L]; S],
    sums: &mut [[[u64; COLUMNS]; L]; S],
    checks: &mut (u64, u64),
) {
    let (mut range, mut rest) = *checks;
    for column in 0..COLUMNS {
        let mut column_sums = [[0_u64; L]; S];
        for stream in 0..S {
            for level in 0..L {
                let constants = (R as u64).wrapping_mul(magic[stream][level].to_bits());
                column_sums[stream][level] = sums[stream][level][column].wrapping_sub(constants);
            }
        }
        for row in rows {
            let values = K::split::<FMA>(row[column]);
            for stream in 0..S {
                let cut = cut(values[stream], &magic[stream]);
                for (sum, bits) in column_sums[stream].iter_mut().zip(cut.levels) {
                    *sum = sum.wrapping_add(bits);
                }
                range |= cut.range;
                rest |= cut.rest;
            }
        }
        for stream in 0..S {
            for level in 0..L {
                sums[stream][level][column] = column_sums[stream][level];
            }
        }
    }
    *checks = (range, rest);
}

/// The greatest magnitude of each stream; NaN are passed over.
pub(super) fn magnitudes<T: Term, K: Terms<T, S>, const S: usize>(items: &[T]) -> [f64; S] {
    fused(Magnitudes::<T, K, S> { items, terms: PhantomData })
}

struct Magnitudes<'a, T, K, const S: usize> {
    items: &'a [T],
    terms: PhantomData<fn() -> K>,
}

impl<T: Term, K: Terms<T, S>, const S: usize> FusedWork for Magnitudes<'_, T, K, S> {
    type Output = [f64; S];

    #[inline(always)]
    fn run<const FMA: bool>(self) -> [f64; S] {
        const LANES: usize = 8;
        let mut most = [[0.0_f64; LANES]; S];
        let (chunks, tail) = self.items.as_chunks::<LANES>();
        let mut last = [T::ZERO; LANES];
        last[..tail.len()].copy_from_slice(tail);
        for chunk in chunks.iter().chain(std::iter::once(&last)) {
            for lane in 0..LANES {
                let values = K::split::<FMA>(chunk[lane]);
                for stream in 0..S {
                    let magnitude = values[stream].abs();
                    let most = &mut most[stream][lane];
                    *most = if magnitude > *most { magnitude } else { *most };
                }
            }
        }
        most.map(|lanes| lanes.into_iter().fold(0.0, f64::max))
    }
}
