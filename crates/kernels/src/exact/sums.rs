//! Fixed-point numbers, one for each of several slots, as wide as they have to be.

use super::number::Quotient;
use super::specials::Specials;

/// The width of a limb in bits. The 15 bits above it are for what is not carried yet.
pub(super) const LIMB: i32 = 48;

const MASK: i64 = (1 << LIMB) - 1;

/// The exponent of the lowest bit of the limb with index 0: below the square of the least float.
pub(super) const ORIGIN: i32 = -45 * LIMB;

/// How many additions there is room for before carries have to go on.
const ROOM: u32 = 1 << 12;

/// The exact sums of `width` slots.
///
/// A sum is a number of limbs; `planes` holds the lowest limb of every slot, then the next one of
/// every slot. Infinities and NaN are noted beside them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    width: usize,
    /// The index of the lowest limb.
    low: i32,
    planes: Vec<i64>,
    /// How many additions were made since carries went on.
    additions: u32,
    specials: Option<Box<[Specials]>>,
}

impl Sums {
    pub(super) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    fn height(&self) -> i32 {
        (self.planes.len() / self.width) as i32
    }

    /// Makes room for the limbs from `low` up to, but not including, `high`.
    fn cover(&mut self, low: i32, high: i32) {
        if self.planes.is_empty() {
            self.low = low;
        }
        if low < self.low {
            let more = (self.low - low) as usize * self.width;
            self.planes.splice(0..0, std::iter::repeat_n(0, more));
            self.low = low;
        }
        if high > self.low + self.height() {
            self.planes.resize((high - self.low) as usize * self.width, 0);
        }
    }

    /// Notes an addition to each slot.
    fn note(&mut self, additions: u32) {
        self.additions += additions;
        if self.additions >= ROOM {
            self.carry();
        }
    }

    /// Adds an integer of up to 2^120 times a power of two to one slot.
    pub(super) fn add(&mut self, slot: usize, value: i128, exponent: i32) {
        if value == 0 {
            return;
        }
        let (limb, shift) = place(exponent);
        self.cover(limb, limb + 4);
        let mut at = (limb - self.low) as usize * self.width + slot;
        let below = LIMB - shift;
        self.planes[at] += ((value & ((1 << below) - 1)) << shift) as i64;
        let mut rest = value >> below;
        for _ in 0..2 {
            at += self.width;
            self.planes[at] += rest as i64 & MASK;
            rest >>= LIMB;
        }
        self.planes[at + self.width] += rest as i64;
        self.note(1);
    }

    /// Adds an integer for each slot, times a power of two.
    pub(super) fn add_each(&mut self, values: impl ExactSizeIterator<Item = i64>, exponent: i32) {
        debug_assert_eq!(values.len(), self.width);
        let (limb, shift) = place(exponent);
        self.cover(limb, limb + 3);
        let start = (limb - self.low) as usize * self.width;
        let (first, rest) = self.planes[start..].split_at_mut(self.width);
        let (second, third) = rest.split_at_mut(self.width);
        let below = LIMB - shift;
        let limbs = first.iter_mut().zip(second).zip(third);
        for (((first, second), third), value) in limbs.zip(values) {
            *first += (value << shift) & MASK;
            let rest = value >> below;
            *second += rest & MASK;
            *third += rest >> LIMB;
        }
        self.note(1);
    }

    /// Adds an infinity or NaN to one slot.
    pub(super) fn add_special(&mut self, slot: usize, value: f64) {
        self.specials_mut()[slot].add(Specials::of(value));
    }

    fn specials_mut(&mut self) -> &mut [Specials] {
        let width = self.width;
        self.specials.get_or_insert_with(|| vec![Specials::default(); width].into())
    }

    /// Adds the sum of a slot of others to one of these.
    pub(super) fn add_slot(&mut self, slot: usize, other: &Self, theirs: usize) {
        let (limbs, exponent) = other.limbs(theirs);
        for (place, limb) in limbs.enumerate() {
            self.add(slot, i128::from(limb), exponent + place as i32 * LIMB);
        }
        if let Some(specials) = &other.specials {
            self.specials_mut()[slot].add(specials[theirs]);
        }
    }

    /// Whether infinities of both signs met.
    pub(super) fn is_invalid(&self) -> bool {
        self.specials.iter().flatten().any(|specials| specials.is_invalid())
    }

    /// Adds the sums of other slots.
    pub(super) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.width, other.width);
        if !other.planes.is_empty() {
            self.cover(other.low, other.low + other.height());
            let start = (other.low - self.low) as usize * self.width;
            for (limb, &other) in self.planes[start..].iter_mut().zip(&other.planes) {
                *limb += other;
            }
            self.note(other.additions + 1);
        }
        if let Some(others) = &other.specials {
            for (specials, &others) in self.specials_mut().iter_mut().zip(others) {
                specials.add(others);
            }
        }
    }

    /// Carries what limbs hold above their width on to the next.
    fn carry(&mut self) {
        let (width, height) = (self.width, self.height() as usize);
        let highest = &self.planes[(height - 1) * width..];
        if highest.iter().any(|limb| limb.unsigned_abs() > MASK as u64) {
            self.planes.resize((height + 1) * width, 0);
        }
        let height = self.planes.len() / width;
        for plane in 1..height {
            let (lower, upper) = self.planes[(plane - 1) * width..].split_at_mut(width);
            for (lower, upper) in lower.iter_mut().zip(upper) {
                *upper += *lower >> LIMB;
                *lower &= MASK;
            }
        }
        self.additions = 1;
    }

    /// The sum of the infinities and NaN of one slot; 0 if there is none.
    pub(super) fn special(&self, slot: usize) -> f64 {
        self.specials.as_ref().map_or(0.0, |specials| specials[slot].sum())
    }

    /// The limbs of one slot, the lowest first, and the exponent of the lowest bit.
    pub(super) fn limbs(&self, slot: usize) -> (impl Iterator<Item = i64> + Clone, i32) {
        let limbs = self.planes.iter().skip(slot).step_by(self.width.max(1)).copied();
        (limbs, ORIGIN + self.low * LIMB)
    }

    /// The first bits of the sum of one slot. At least 64 of them are right, after [`Self::settle`].
    pub(super) fn head(&self, slot: usize) -> Quotient {
        const ENOUGH: i128 = 1 << 78;
        let Some(mut at) = (self.planes.len() + slot).checked_sub(self.width) else {
            return Quotient::of(false, 0, 0, false);
        };
        let mut head = i128::from(self.planes[at]);
        let mut below = self.height() - 1;
        while below > 0 && -ENOUGH < head && head < ENOUGH {
            below -= 1;
            at -= self.width;
            head = head << LIMB | i128::from(self.planes[at]);
        }
        let rest = (0..below).any(|plane| self.planes[plane as usize * self.width + slot] != 0);
        // What is left is positive: it takes from the magnitude of a negative number.
        let magnitude = head.unsigned_abs() - u128::from(head < 0 && rest);
        Quotient::of(head < 0, magnitude, ORIGIN + (self.low + below) * LIMB, rest)
    }

    /// Carries all that is to be carried: all limbs but the highest are positive then.
    pub(super) fn settle(&mut self) {
        if !self.planes.is_empty() {
            self.carry();
        }
    }

    /// Writes the sums as bytes.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let mut write = |number: i64| bytes.extend_from_slice(&number.to_ne_bytes());
        write(self.width as i64);
        write(i64::from(self.low));
        write(i64::from(self.additions));
        write(self.planes.len() as i64);
        write(i64::from(self.specials.is_some()));
        self.planes.iter().for_each(|&limb| write(limb));
        self.specials.iter().flatten().flat_map(|specials| specials.to_numbers()).for_each(write);
    }

    /// Reads what [`Self::write`] wrote from the start of `bytes`; `None` if it did not.
    pub(super) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut read = || {
            let (number, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(i64::from_ne_bytes(*number))
        };
        let width = usize::try_from(read()?).ok()?;
        let low = i32::try_from(read()?).ok()?;
        let additions = u32::try_from(read()?).ok().filter(|&additions| additions <= ROOM)?;
        let len = usize::try_from(read()?).ok()?;
        let has_specials = read()? == 1;
        if len.checked_rem(width).unwrap_or(len) != 0 {
            return None;
        }
        let planes = (0..len).map(|_| read()).collect::<Option<Vec<i64>>>()?;
        let specials = if has_specials {
            let specials = (0..width).map(|_| Specials::of_numbers([read()?, read()?]));
            Some(specials.collect::<Option<Box<[Specials]>>>()?)
        } else {
            None
        };
        Some(Self { width, low, planes, additions, specials })
    }
}

/// The limb with the bit of an exponent, and where in it the bit is.
fn place(exponent: i32) -> (i32, i32) {
    let position = exponent - ORIGIN;
    (position.div_euclid(LIMB), position.rem_euclid(LIMB))
}
