//! The exact sums of some slots while elements come in.

use std::marker::PhantomData;

use super::kernel::{self, Integers, ROOM};
use super::sums::Sums;
use super::terms::{Term, Terms};
use super::watched::{self, Watched};
use super::window::{MOST_LEVELS, WIDTH, Window};

/// How many elements of a run are taken up at once.
const BLOCK: usize = 2048;

/// The exact sums of some slots while elements of type `T` come in, of which `K` says what is
/// summed.
///
/// Elements come as runs, all of which belong to one slot (or their parts each to one), or as rows,
/// with an element for each of several slots.
pub(super) struct Tile<T, K, const S: usize> {
    width: usize,
    sums: Vec<Sums>,
    /// The fastest way, where there is one.
    watched: Watched,
    /// What runs were cut with last.
    of_runs: Option<[Window; S]>,
    rows: Rows<S>,
    terms: PhantomData<fn(T) -> K>,
}

/// Sums of rows that are still integers.
struct Rows<const S: usize> {
    windows: Option<[Window; S]>,
    /// For each stream and level an integer for each slot.
    integers: Vec<u64>,
    /// As much memory, for their next values.
    spare: Vec<u64>,
    /// How many rows are in the integers.
    taken: usize,
}

impl<T: Term, K: Terms<T, S>, const S: usize> Tile<T, K, S> {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            sums: vec![Sums::new(width); K::SUMS],
            watched: Watched::new(width, K::SUMS > 1),
            of_runs: None,
            rows: Rows { windows: None, integers: Vec::new(), spare: Vec::new(), taken: 0 },
            terms: PhantomData,
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Adds a run of elements of `P` parts, which belong to the slots from the first on.
    pub(super) fn add_run<const P: usize>(&mut self, first: usize, items: &[[T; P]]) {
        for items in items.chunks(watched::BLOCK / P) {
            if !self.watched.add_run(&mut self.sums, first, items) {
                self.add_run_by_window(first, items);
            }
        }
    }

    fn add_run_by_window<const P: usize>(&mut self, first: usize, items: &[[T; P]]) {
        for items in items.chunks(BLOCK) {
            if self.of_runs.is_some_and(|windows| self.try_run(first, items, &windows)) {
                continue;
            }
            let fits = |tile: &mut Self, windows: [Window; S]| {
                let fits = tile.try_run(first, items, &windows);
                if fits {
                    tile.of_runs = Some(windows);
                }
                fits
            };
            let parts = items.as_flattened();
            if !self.with_better(&[parts], fits) {
                self.add_singly(parts.iter().enumerate().map(|(at, &item)| (first + at % P, item)));
            }
        }
    }

    /// Tries windows that suit some elements until they fit.
    fn with_better(
        &mut self,
        items: &[&[T]],
        mut fits: impl FnMut(&mut Self, [Window; S]) -> bool,
    ) -> bool {
        let magnitudes = items.iter().fold([0.0; S], |most, items| {
            let these = kernel::magnitudes::<T, K, S>(items);
            std::array::from_fn(|stream| f64::max(most[stream], these[stream]))
        });
        let most = MOST_LEVELS.min(K::LEVELS + 1);
        (K::LEVELS..=most).any(|levels| {
            let windows = magnitudes.map(|magnitude| Window::below(magnitude, levels));
            let suits = windows
                .iter()
                .zip(K::LEAST_UNITS)
                .all(|(window, least)| window.is_some_and(|window| window.last_unit() >= least));
            suits && fits(self, windows.map(|window| window.expect("as just seen")))
        })
    }

    fn try_run<const P: usize>(
        &mut self,
        first: usize,
        items: &[[T; P]],
        windows: &[Window; S],
    ) -> bool {
        match windows[0].levels() {
            1 => kernel::run::<T, K, S, 1, P>(items, windows)
                .map(|integers| self.add_integers(first, windows, &integers)),
            2 => kernel::run::<T, K, S, 2, P>(items, windows)
                .map(|integers| self.add_integers(first, windows, &integers)),
            _ => kernel::run::<T, K, S, 3, P>(items, windows)
                .map(|integers| self.add_integers(first, windows, &integers)),
        }
        .is_some()
    }

    fn add_integers<const L: usize, const P: usize>(
        &mut self,
        first: usize,
        windows: &[Window; S],
        integers: &Integers<S, L, P>,
    ) {
        for (part, integers) in integers.iter().enumerate() {
            for ((&window, integers), target) in windows.iter().zip(integers).zip(K::TARGETS) {
                let sums = &mut self.sums[target];
                let slot = first + part;
                // Two levels are one integer, of less than 51 + 64 bits.
                let lowest = L - 1;
                let mut low = i128::from(integers[lowest]);
                if L > 1 {
                    low += i128::from(integers[L - 2]) << WIDTH;
                }
                sums.add(slot, low, window.unit(lowest));
                if L > 2 {
                    sums.add(slot, i128::from(integers[0]), window.unit(0));
                }
            }
        }
    }

    /// Adds rows of one length: the elements of each belong to the slots from the first on.
    pub(super) fn add_rows(&mut self, first: usize, rows: &[&[T]]) {
        for columns in self.watched.add_rows(&mut self.sums, first, rows) {
            let rows: Vec<&[T]> = rows.iter().map(|row| &row[columns.clone()]).collect();
            self.add_rows_by_window(first + columns.start, &rows);
        }
    }

    fn add_rows_by_window(&mut self, first: usize, rows: &[&[T]]) {
        debug_assert!(rows.len() <= ROOM);
        if self.rows.taken + rows.len() > ROOM {
            self.flush();
        }
        if self.rows.windows.is_some_and(|windows| self.try_rows(first, rows, &windows)) {
            return;
        }
        self.flush();
        let fits = |tile: &mut Self, windows: [Window; S]| {
            let planes = S * windows[0].levels();
            for integers in [&mut tile.rows.integers, &mut tile.rows.spare] {
                integers.clear();
                integers.resize(planes * tile.width, 0);
            }
            let fits = tile.try_rows(first, rows, &windows);
            tile.rows.windows = fits.then_some(windows);
            fits
        };
        if !self.with_better(rows, fits) {
            for row in rows {
                self.add_singly(row.iter().enumerate().map(|(at, &item)| (first + at, item)));
            }
        }
    }

    fn try_rows(&mut self, first: usize, rows: &[&[T]], windows: &[Window; S]) -> bool {
        let (width, len) = (self.width, rows[0].len());
        let Rows { integers, spare, .. } = &mut self.rows;
        let levels = windows[0].levels();
        let fits = match levels {
            1 => kernel::rows::<T, K, S, 1>(rows, windows, integers, spare, width, first),
            2 => kernel::rows::<T, K, S, 2>(rows, windows, integers, spare, width, first),
            _ => kernel::rows::<T, K, S, 3>(rows, windows, integers, spare, width, first),
        };
        if fits {
            if len == width {
                std::mem::swap(integers, spare);
            } else {
                let planes = integers.chunks_exact_mut(width).zip(spare.chunks_exact(width));
                for (integers, spare) in planes {
                    integers[first..first + len].copy_from_slice(&spare[first..first + len]);
                }
            }
            self.rows.taken += rows.len();
        }
        fits
    }

    /// Adds elements one by one.
    #[cold]
    fn add_singly(&mut self, items: impl Iterator<Item = (usize, T)>) {
        for (slot, item) in items {
            let value = item.to_f64();
            if value.is_finite() {
                for (sum, integer, exponent) in K::integers(item) {
                    self.sums[sum].add(slot, integer, exponent);
                }
            } else {
                let (first, squares) = self.sums.split_first_mut().expect("one or more sums");
                first.add_special(slot, value);
                for sums in squares {
                    sums.add_special(slot, value.abs());
                }
            }
        }
    }

    /// Moves what rows left as integers to the sums.
    fn flush(&mut self) {
        if let Some(windows) = self.rows.windows
            && self.rows.taken > 0
        {
            let mut planes = self.rows.integers.chunks_exact_mut(self.width);
            for (window, target) in windows.iter().zip(K::TARGETS) {
                for level in 0..window.levels() {
                    let plane = planes.next().expect("one for each stream and level");
                    let integers = plane.iter().map(|&integer| integer as i64);
                    self.sums[target].add_each(integers, window.unit(level));
                    plane.fill(0);
                }
            }
        }
        self.rows.taken = 0;
    }

    /// Adds an integer of up to 2^120 times a power of two to the first sum of a slot.
    pub(super) fn add_integer(&mut self, slot: usize, integer: i128, exponent: i32) {
        self.sums[0].add(slot, integer, exponent);
    }

    /// Adds the sums of a slot of others to one of these.
    pub(super) fn add_sums(&mut self, slot: usize, others: &[Sums], theirs: usize) {
        for (sums, others) in self.sums.iter_mut().zip(others) {
            sums.add_slot(slot, others, theirs);
        }
    }

    /// The sums of what came in.
    pub(super) fn into_sums(mut self) -> Vec<Sums> {
        self.watched.flush::<T>(&mut self.sums);
        self.flush();
        self.sums
    }
}
