//! The inner loops: elements are cut at the exponents of a window and summed as integers.
//!
//! The integers are the bits of floats: `t = x + c`, for the constant `c` of a level, has the bits
//! of `c` plus the integer `x / unit`. So the bits of the `t` are summed, and as many times the bits
//! of `c` taken away in the end. That `x` is less than the window's end shows in the exponent of
//! `t`, which is that of `c`; that nothing is left below the last unit shows in what is left.

use std::marker::PhantomData;

use super::terms::{Term, Terms};
use super::window::Window;
use crate::simd::{FusedWork, fused};

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

    // One sum for each part, stream and level, which the compiler takes apart into lanes: sums of
    // integers have no order.
    #[inline(always)]
    fn run<const FMA: bool>(self) -> Self::Output {
        let Self { items, magic, .. } = self;
        let mut sums = [[[0_u64; L]; S]; P];
        let mut range = [[0_u64; S]; P];
        let mut rest = [[0_u64; S]; P];
        for item in items {
            for part in 0..P {
                let values = K::split::<FMA>(item[part]);
                for stream in 0..S {
                    let mut left = values[stream];
                    for level in 0..L {
                        let constant = magic[stream][level];
                        let shifted = left + constant;
                        let sum = &mut sums[part][stream][level];
                        *sum = sum.wrapping_add(shifted.to_bits());
                        if level == 0 {
                            range[part][stream] |= shifted.to_bits() ^ constant.to_bits();
                        }
                        let near = shifted - constant;
                        if level + 1 < L {
                            left -= near;
                        } else {
                            rest[part][stream] |= left.to_bits() ^ near.to_bits();
                        }
                    }
                }
            }
        }
        if has_misfit(range.as_flattened(), rest.as_flattened()) {
            return None;
        }
        Some(sums.map(|sums| {
            std::array::from_fn(|stream| {
                std::array::from_fn(|level| {
                    let constants =
                        (items.len() as u64).wrapping_mul(magic[stream][level].to_bits());
                    sums[stream][level].wrapping_sub(constants) as i64
                })
            })
        }))
    }
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
pub(super) fn rows<T: Term, K: Terms<T, S>, const S: usize, const L: usize, const R: usize>(
    rows: [&[T]; R],
    windows: &[Window; S],
    sums: &[u64],
    new: &mut [u64],
    stride: usize,
    first: usize,
) -> bool {
    fused(Rows::<T, K, S, L, R> {
        items: rows,
        magic: windows.map(Window::constants),
        sums,
        new,
        stride,
        first,
        terms: PhantomData,
    })
}

struct Rows<'a, T, K, const S: usize, const L: usize, const R: usize> {
    items: [&'a [T]; R],
    magic: [[f64; L]; S],
    sums: &'a [u64],
    new: &'a mut [u64],
    stride: usize,
    first: usize,
    terms: PhantomData<fn() -> K>,
}

impl<T: Term, K: Terms<T, S>, const S: usize, const L: usize, const R: usize> FusedWork
    for Rows<'_, T, K, S, L, R>
{
    type Output = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let Self { items: rows, magic, sums, new, stride, first, .. } = self;
        let width = rows[0].len();
        let mut checks = ([0_u64; S], [0_u64; S]);
        for start in (0..width).step_by(COLUMNS) {
            let len = COLUMNS.min(width - start);
            let place = |plane: usize| plane * stride + first + start;
            let mut local = [[[0_u64; COLUMNS]; L]; S];
            for (plane, local) in local.as_flattened_mut().iter_mut().enumerate() {
                local[..len].copy_from_slice(&sums[place(plane)..][..len]);
            }
            if len == COLUMNS {
                let block = rows.map(|row| row[start..].first_chunk().expect("as many columns"));
                columns::<T, K, S, L, R, FMA>(block, &magic, &mut local, &mut checks);
            } else {
                let mut last = [[T::ZERO; COLUMNS]; R];
                for (last, row) in last.iter_mut().zip(rows) {
                    last[..len].copy_from_slice(&row[start..]);
                }
                columns::<T, K, S, L, R, FMA>(last.each_ref(), &magic, &mut local, &mut checks);
            }
            for (plane, local) in local.as_flattened().iter().enumerate() {
                new[place(plane)..][..len].copy_from_slice(&local[..len]);
            }
        }
        !has_misfit(&checks.0, &checks.1)
    }
}

/// How many columns are taken up at once.
const COLUMNS: usize = 64;

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
    checks: &mut ([u64; S], [u64; S]),
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
                let mut left = values[stream];
                for level in 0..L {
                    let constant = magic[stream][level];
                    let shifted = left + constant;
                    let sum = &mut column_sums[stream][level];
                    *sum = sum.wrapping_add(shifted.to_bits());
                    if level == 0 {
                        range[stream] |= shifted.to_bits() ^ constant.to_bits();
                    }
                    let near = shifted - constant;
                    if level + 1 < L {
                        left -= near;
                    } else {
                        rest[stream] |= left.to_bits() ^ near.to_bits();
                    }
                }
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
