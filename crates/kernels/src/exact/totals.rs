//! Exact sums of any number of slots, complete or to be merged with those of other blocks.

use super::number::{Number, Quotient};
use super::sums::Sums;
use super::terms::{Term, Terms, integer};
use super::tile::Tile;

/// How many slots lie together.
pub(crate) const TILE: usize = 1024;

/// How many rows can be taken up at once.
pub const MOST_ROWS: usize = 32;

/// Exact sums while elements come in: of type `T`, each a number of slots from a slot on.
///
/// A slot of an array of complex numbers is two slots of floats.
pub struct Accumulator<T, K, const S: usize> {
    slots: usize,
    tiles: Vec<Tile<T, K, S>>,
}

impl<T: Term, K: Terms<T, S>, const S: usize> Accumulator<T, K, S> {
    /// The sums of nothing.
    pub fn new(slots: usize) -> Self {
        let tiles = (0..slots).step_by(TILE).map(|first| Tile::new(TILE.min(slots - first)));
        Self { slots, tiles: tiles.collect() }
    }

    /// Adds a run of elements of `P` parts, which belong to the slots from the first on.
    ///
    /// # Panics
    ///
    /// When there are no such slots.
    #[inline]
    pub fn deposit<const P: usize>(&mut self, first: usize, items: &[[T; P]]) {
        self.tiles[first / TILE].add_run(first % TILE, items);
    }

    /// Adds rows of one length: the elements of each belong to the slots from the first on. There
    /// may be up to [`MOST_ROWS`].
    ///
    /// # Panics
    ///
    /// When there are no such slots, or too many rows.
    pub fn deposit_rows(&mut self, first: usize, rows: &[&[T]]) {
        let mut parts = [&[] as &[T]; MOST_ROWS];
        let parts = &mut parts[..rows.len()];
        let width = rows.first().map_or(0, |row| row.len());
        let mut done = 0;
        while done < width {
            let tile = &mut self.tiles[(first + done) / TILE];
            let within = (first + done) % TILE;
            let end = width.min(done + tile.width() - within);
            for (part, row) in parts.iter_mut().zip(rows) {
                *part = &row[done..end];
            }
            tile.add_rows(within, parts);
            done = end;
        }
    }

    /// Adds an integer of up to 2^120 times a power of two to the first sum of a slot.
    pub(super) fn deposit_integer(&mut self, slot: usize, integer: i128, exponent: i32) {
        self.tiles[slot / TILE].add_integer(slot % TILE, integer, exponent);
    }

    /// Adds sums: those of each slot to the one that the function tells.
    ///
    /// # Panics
    ///
    /// When there is no such slot.
    pub fn deposit_totals(&mut self, totals: &Totals, slot: impl Fn(usize) -> usize) {
        for theirs in 0..totals.slots {
            let slot = slot(theirs);
            self.tiles[slot / TILE].add_sums(
                slot % TILE,
                &totals.sums[theirs / TILE],
                theirs % TILE,
            );
        }
    }

    /// The sums of what came in.
    pub fn into_totals(self) -> Totals {
        let sums = self.tiles.into_iter().map(Tile::into_sums).collect();
        Totals { slots: self.slots, sums }
    }
}

/// Exact sums of any number of slots.
#[derive(Clone, Debug)]
pub struct Totals {
    slots: usize,
    /// For each tile of slots the sums, one or more of each slot.
    sums: Vec<Vec<Sums>>,
}

impl Totals {
    /// The number of slots.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The number of sums of each slot.
    pub(crate) fn sums(&self) -> usize {
        self.sums.first().map_or(0, Vec::len)
    }

    /// Adds the sums of the same slots.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.slots, other.slots, "sums of as many slots");
        for (sums, others) in self.sums.iter_mut().zip(&other.sums) {
            for (sums, others) in sums.iter_mut().zip(others) {
                sums.merge(others);
            }
        }
    }

    /// The sum of a slot, rounded to the nearest float.
    ///
    /// # Panics
    ///
    /// When there is no such slot.
    pub fn sum(&self, slot: usize) -> f64 {
        match self.special(0, slot) {
            0.0 => self.number(0, slot).over([]).rounded(),
            special => special,
        }
    }

    /// Adds a float to the first sum of some slots.
    pub(crate) fn add(&mut self, value: f64, slots: impl Iterator<Item = usize>) {
        let (mantissa, exponent) = integer(value);
        for slot in slots {
            let sums = &mut self.sums[slot / TILE];
            if value.is_finite() {
                sums[0].add(slot % TILE, i128::from(mantissa), exponent);
            } else {
                sums[0].add_special(slot % TILE, value);
            }
        }
    }

    /// Prepares for [`Self::head`].
    pub(crate) fn settle(&mut self) {
        self.sums.iter_mut().flatten().for_each(Sums::settle);
    }

    /// The first bits, at least 64, of the first sum of a slot, infinities and NaN left out.
    pub(crate) fn head(&self, slot: usize) -> Quotient {
        self.sums[slot / TILE][0].head(slot % TILE)
    }

    /// One of the exact sums of a slot, infinities and NaN left out.
    pub(crate) fn number(&self, sum: usize, slot: usize) -> Number {
        let (limbs, exponent) = self.sums[slot / TILE][sum].limbs(slot % TILE);
        Number::of_limbs(limbs, exponent)
    }

    /// What the infinities and NaN of a slot add to one of its sums; 0 if there are none.
    pub(crate) fn special(&self, sum: usize, slot: usize) -> f64 {
        self.sums[slot / TILE].get(sum).map_or(0.0, |sums| sums.special(slot % TILE))
    }

    /// Whether infinities of both signs met in the first sums.
    pub(crate) fn is_invalid(&self) -> bool {
        self.sums.iter().filter_map(|sums| sums.first()).any(Sums::is_invalid)
    }

    /// The sums as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [self.slots, self.sums()] {
            bytes.extend_from_slice(&(number as u64).to_ne_bytes());
        }
        self.sums.iter().flatten().for_each(|sums| sums.write(&mut bytes));
        bytes
    }

    /// The sums that [`Self::to_bytes`] gave; `None` for other bytes.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut read = || {
            let (number, rest) = bytes.split_first_chunk()?;
            bytes = rest;
            usize::try_from(u64::from_ne_bytes(*number)).ok()
        };
        let (slots, count) = (read()?, read()?);
        let mut sums = Vec::new();
        for first in (0..slots).step_by(TILE) {
            let width = TILE.min(slots - first);
            let tile =
                (0..count).map(|_| Sums::read(&mut bytes).filter(|sums| sums.width() == width));
            sums.push(tile.collect::<Option<Vec<Sums>>>()?);
        }
        bytes.is_empty().then_some(Self { slots, sums })
    }
}
