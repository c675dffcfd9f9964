//! Where elements are cut.

/// The exponents at which elements are cut that are less than `2^top`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    top: i32,
}

/// How many bits of elements and of sums go into the second of two sums: what the first addition
/// rounds off is up to half a unit, and there are up to [`ELEMENTS`] of them.
const SECOND: i32 = 51 - ELEMENTS + 1;

/// How many elements one place may have, as a power of two, for all of them to be as large as they may.
/// More will do if the signs differ; if not, it shows.
const ELEMENTS: i32 = 8;

/// How much larger the elements of later blocks may be, as a power of two.
const MARGIN: i32 = 3;

/// The constants are normal numbers, and the units no less than the least float.
const TOPS: std::ops::RangeInclusive<i32> = -971..=1013;

impl Scale {
    /// The scale for elements of at most this magnitude; `None` where there is none.
    pub(super) fn of(magnitude: f64) -> Option<Self> {
        let exponent = (magnitude.to_bits() >> 52) as i32 - 1022;
        let top = (exponent + MARGIN).clamp(*TOPS.start(), *TOPS.end());
        (exponent <= top).then_some(Self { top })
    }

    /// The exponents of the units of the first sum and of the second.
    pub(super) fn units_of_sums(self) -> [i32; 2] {
        let first = self.top + ELEMENTS - 51;
        [first, first - SECOND]
    }

    /// The exponents of the units of the first integer and of the second.
    pub(super) fn units_of_squares(self) -> [i32; 2] {
        let first = self.top - 51;
        [first, first - 52]
    }
}

/// The constant that is rounded to multiples of a unit: `1.5 * 2^52` of it.
pub(super) fn amid(unit: i32) -> f64 {
    f64::from_bits(((unit + 52 + 1023) as u64) << 52 | 1 << 51)
}

/// The first constant that is rounded so: `2^52` units.
pub(super) fn begin(unit: i32) -> f64 {
    f64::from_bits(((unit + 52 + 1023) as u64) << 52)
}
