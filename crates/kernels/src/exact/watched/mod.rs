//! Sums of which the processor says whether they are exact.
//!
//! Arithmetic leaves a note in a status register if it rounds. So nothing needs be looked at while
//! elements are summed: if the note is not there in the end, all was exact. An element is added to a sum
//! that is larger than any of them, by an addition that is told to leave no note (an option that
//! instructions of AVX-512 have), two subtractions find what it rounded off, and that is added to
//! another sum. Should an element be too large or too small for that, or no number, one of the other
//! operations leaves its note, and the block is done again with a window.
//!
//! Squares take integers of 52 bits and their products, which AVX-512IFMA sums without rounding.
//!
//! Sources: Dekker, "A floating-point technique for extending the available precision" (1971), for what
//! an addition rounds off; Intel, "64 and IA-32 Architectures Software Developer's Manual" 1, 10.2.3
//! (MXCSR) and 15.6.4 (suppressed exceptions).

mod scale;

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod kernel;
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[path = "elsewhere.rs"]
mod kernel;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod lanes;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod register;

use std::ops::Range;

use kernel::{Columns, Kernel};
use scale::Scale;
use smallvec::SmallVec;

use super::kernel::{ROOM, magnitudes};
use super::sums::Sums;
use super::terms::{Plain, Term};

/// How many elements of a run are taken up at once.
pub(super) const BLOCK: usize = 8192;

/// The most integers that are kept for each slot.
const PLANES: usize = 8;

/// How many elements are taken up at once, each in a place of its own.
const PLACES: usize = 8;

/// The integers of a run, for each of the places, and how many elements went into each place.
type Places = ([[u64; PLACES]; PLANES], usize);

/// How many sums, or integers that are squared, elements of a type ask for: one if it has room for their
/// bits and for elements of other magnitudes.
const fn levels<T: Term>(has_squares: bool) -> usize {
    match size_of::<T>() {
        8 => 2,
        4 if !has_squares => 2,
        _ => 1,
    }
}

/// Shorter runs are not worth it.
const SHORT: usize = 128;

/// After so many failures in a row, the next try is made two to the power of so many blocks later.
const MOST_MISSES: u32 = 6;

/// The sums of some slots, as far as they are not in [`Sums`] yet.
pub(super) struct Watched {
    width: usize,
    has_squares: bool,
    of_runs: Guess,
    of_rows: Guess,
    /// Up to [`PLANES`] integers for each slot, each for all slots; nothing before there are rows.
    planes: Vec<u64>,
    /// How many elements went into the integers of each slot.
    counts: Vec<u64>,
    /// No more than so many.
    taken: usize,
}

/// What suited the last blocks.
#[derive(Default)]
struct Guess {
    scale: Option<Scale>,
    misses: u32,
    /// How many blocks are left to others.
    wait: u32,
}

impl Guess {
    /// Whether it is worth trying.
    fn is_ready(&mut self) -> bool {
        self.wait = self.wait.saturating_sub(1);
        self.wait == 0
    }

    fn note(&mut self, scale: Option<Scale>) {
        self.scale = scale;
        self.misses = if scale.is_some() { 0 } else { MOST_MISSES.min(self.misses + 1) };
        self.wait = if scale.is_some() { 0 } else { 1 << self.misses };
    }
}

impl Watched {
    pub(super) fn new(width: usize, has_squares: bool) -> Self {
        Self {
            width,
            has_squares,
            of_runs: Guess::default(),
            of_rows: Guess::default(),
            planes: Vec::new(),
            counts: Vec::new(),
            taken: 0,
        }
    }

    /// Adds a run of up to [`BLOCK`] elements of `P` parts, which belong to the slots from the first on,
    /// to `sums`; whether that was possible.
    pub(super) fn add_run<T: Term, const P: usize>(
        &mut self,
        sums: &mut [Sums],
        first: usize,
        items: &[[T; P]],
    ) -> bool {
        let items = items.as_flattened();
        if items.len() < SHORT
            || !Kernel::is_supported(self.has_squares)
            || !self.of_runs.is_ready()
        {
            return false;
        }
        for is_guess in [true, false] {
            let known = if is_guess { self.of_runs.scale } else { scale_of(&[items]) };
            let Some(scale) = known else { continue };
            let found = self.kernel(scale).and_then(|kernel| kernel.run(items));
            if let Some((places, count)) = found {
                for part in 0..P {
                    let mut planes = [0; PLANES];
                    for (index, (plane, places)) in planes.iter_mut().zip(&places).enumerate() {
                        let own = places.iter().skip(part).step_by(P);
                        *plane = own.map(|&bits| self.wide(bits, index)).sum();
                    }
                    let count = (count * PLACES / P) as i128;
                    self.settle::<T>(sums, first + part, scale, &planes, count);
                }
                self.of_runs.note(Some(scale));
                return true;
            }
        }
        self.of_runs.note(None);
        false
    }

    /// Adds rows of one length: the elements of each belong to the slots from the first on. Gives the
    /// columns that are left to be added by others.
    pub(super) fn add_rows<T: Term>(
        &mut self,
        sums: &mut [Sums],
        first: usize,
        rows: &[&[T]],
    ) -> SmallVec<[Range<usize>; 1]> {
        let width = rows.first().map_or(0, |row| row.len());
        let all = || std::iter::once(0..width).collect();
        if !Kernel::is_supported(self.has_squares) || !self.of_rows.is_ready() {
            return all();
        }
        if self.taken + rows.len() > ROOM {
            self.flush::<T>(sums);
        }
        let scale = self.of_rows.scale.or_else(|| scale_of(rows));
        let Some((scale, kernel)) = scale.and_then(|scale| Some((scale, self.kernel(scale)?)))
        else {
            self.of_rows.note(None);
            return all();
        };
        self.of_rows.scale = Some(scale);
        if self.planes.is_empty() {
            let planes = if self.has_squares { PLANES } else { 2 };
            self.planes.resize(planes * self.width, 0);
            self.counts.resize(self.width, 0);
        }
        self.taken += rows.len();
        let mut left: SmallVec<[Range<usize>; 1]> = SmallVec::new();
        let mut start = 0;
        while start < width {
            let mut columns = Columns {
                rows,
                start,
                planes: &mut self.planes,
                stride: self.width,
                first: first + start,
            };
            let (count, is_exact) = kernel.columns(&mut columns);
            if is_exact {
                let counts = &mut self.counts[first + start..][..count];
                for count in counts {
                    *count += rows.len() as u64;
                }
            } else if let Some(last) = left.last_mut().filter(|last| last.end == start) {
                last.end += count;
            } else {
                left.push(start..start + count);
            }
            start += count;
        }
        if left.is_empty() {
            self.of_rows.note(Some(scale));
        } else {
            self.flush::<T>(sums);
            self.of_rows.note(None);
        }
        left
    }

    /// Moves what rows left as integers to the sums.
    pub(super) fn flush<T: Term>(&mut self, sums: &mut [Sums]) {
        if let Some(scale) = self.of_rows.scale
            && self.taken > 0
        {
            for slot in 0..self.width {
                if self.counts[slot] > 0 {
                    let mut planes = [0; PLANES];
                    let own = self.planes.iter().skip(slot).step_by(self.width);
                    for (index, (plane, &bits)) in planes.iter_mut().zip(own).enumerate() {
                        *plane = self.wide(bits, index);
                    }
                    let count = i128::from(self.counts[slot]);
                    self.settle::<T>(sums, slot, scale, &planes, count);
                }
            }
            self.planes.fill(0);
            self.counts.fill(0);
        }
        self.taken = 0;
    }

    fn kernel(&self, scale: Scale) -> Option<Kernel> {
        let constants = if self.has_squares {
            let [first, second] = scale.units_of_squares();
            [scale::amid(first), scale::begin(second)]
        } else {
            scale.units_of_sums().map(scale::amid)
        };
        Kernel::new(constants, self.has_squares)
    }

    /// An integer of the plane with an index: sums of elements have signs, but for the lower parts of
    /// those that are squared.
    fn wide(&self, bits: u64, plane: usize) -> i128 {
        if self.has_squares && plane > 0 { i128::from(bits) } else { i128::from(bits as i64) }
    }

    /// Adds the integers of `count` elements to the sums of a slot.
    fn settle<T: Term>(
        &self,
        sums: &mut [Sums],
        slot: usize,
        scale: Scale,
        planes: &[i128; PLANES],
        count: i128,
    ) {
        let is_single = levels::<T>(self.has_squares) == 1;
        if !self.has_squares {
            let [high, low] = scale.units_of_sums();
            if is_single {
                sums[0].add(slot, planes[0], high);
            } else {
                sums[0].add(slot, (planes[0] << (high - low)) + planes[1], low);
            }
            return;
        }
        // An element is `x = (a - 2^51) U + b u` with two integers, of which the planes have the sums of
        // `a - 2^51`, `a a`, `b`, `a b` and `b b`.
        let [high, low] = scale.units_of_squares();
        let [first, squares, upper_squares, second, mixed, upper_mixed, rests, upper_rests] =
            *planes;
        sums[0].add(slot, first, high);
        let squares = squares + (upper_squares << 52) - (first << 52) - (count << 102);
        sums[1].add(slot, squares, 2 * high);
        if !is_single {
            sums[0].add(slot, second, low);
            let mixed = mixed + (upper_mixed << 52) - (second << 51);
            sums[1].add(slot, mixed, high + low + 1);
            sums[1].add(slot, rests + (upper_rests << 52), 2 * low);
        }
    }
}

/// The scale that suits some elements.
fn scale_of<T: Term>(items: &[&[T]]) -> Option<Scale> {
    let most = |most: f64, items: &&[T]| most.max(magnitudes::<T, Plain, 1>(items)[0]);
    Scale::of(items.iter().fold(0.0, most))
}
