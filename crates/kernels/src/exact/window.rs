//! Where elements are cut.

/// The width of a level in bits.
pub(super) const WIDTH: i32 = 51;

/// The greatest number of levels.
pub(super) const MOST_LEVELS: usize = 3;

/// How far above the greatest element of the first block the window ends, so that the next blocks
/// seldom need another.
const MARGIN: i32 = 8;

/// The exponents between which elements are cut into integers.
///
/// Elements up to `2^top` are cut at the exponents `top - 51`, `top - 102` and `top - 153`: the
/// units of the levels. What is left of an element below the last unit does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    top: i32,
    levels: usize,
}

impl Window {
    /// The window for elements of at most this magnitude; `None` where elements are so large (or
    /// no numbers) that there is none.
    pub(super) fn below(magnitude: f64, levels: usize) -> Option<Self> {
        if !magnitude.is_finite() {
            return None;
        }
        let exponent = (magnitude.to_bits() >> 52) as i32 - 1022;
        // The constants are normal numbers, and the units no less than the least subnormal.
        let top = (exponent + MARGIN).min(1022).max(WIDTH * levels as i32 - 1074);
        (exponent < top).then_some(Self { top, levels })
    }

    /// The number of levels.
    pub(super) fn levels(self) -> usize {
        self.levels
    }

    /// The exponent of the unit of a level.
    pub(super) fn unit(self, level: usize) -> i32 {
        self.top - WIDTH * (level as i32 + 1)
    }

    /// The exponent of the last unit.
    pub(super) fn last_unit(self) -> i32 {
        self.unit(self.levels - 1)
    }

    /// The constant of a level: a number `x` added to it is rounded to a multiple of the unit, and
    /// the bits of the sum are those of the constant and the integer `x / unit` in two's complement.
    pub(super) fn magic(self, level: usize) -> f64 {
        // 1.5 * 2^52 units.
        let exponent = (self.unit(level) + 52 + 1023) as u64;
        f64::from_bits(exponent << 52 | 1 << 51)
    }

    /// The constants of `LEVELS` levels.
    #[inline(always)]
    pub(super) fn constants<const LEVELS: usize>(self) -> [f64; LEVELS] {
        std::array::from_fn(|level| self.magic(level))
    }
}
