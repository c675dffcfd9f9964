//! The infinities and NaN among what is summed.

/// Which infinities and NaN were added, whatever their order: floats that are added one after another
/// meet an invalid operation where infinities of both signs come before a NaN, and none where it comes
/// first; and of several NaN they keep the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Specials {
    infinities: u8,
    /// The bits of the greatest NaN, as an integer; 0 if there was none.
    nan: u64,
}

impl Specials {
    const POSITIVE: u8 = 1;
    const NEGATIVE: u8 = 2;
    const BOTH: u8 = Self::POSITIVE | Self::NEGATIVE;
    /// The bit of a NaN that says that it is quiet.
    const QUIET: u64 = 1 << 51;

    /// That of an infinity or NaN.
    pub(super) fn of(value: f64) -> Self {
        match value {
            f64::INFINITY => Self { infinities: Self::POSITIVE, nan: 0 },
            f64::NEG_INFINITY => Self { infinities: Self::NEGATIVE, nan: 0 },
            _ => Self { infinities: 0, nan: value.to_bits() | Self::QUIET },
        }
    }

    /// Adds others.
    pub(super) fn add(&mut self, others: Self) {
        self.infinities |= others.infinities;
        self.nan = self.nan.max(others.nan);
    }

    /// Their sum; 0 if there are none.
    pub(super) fn sum(self) -> f64 {
        match self.infinities {
            _ if self.nan != 0 => f64::from_bits(self.nan),
            0 => 0.0,
            Self::POSITIVE => f64::INFINITY,
            Self::NEGATIVE => f64::NEG_INFINITY,
            _ => f64::NAN,
        }
    }

    /// Whether there are infinities of both signs, the sum of which is an invalid operation.
    pub(super) fn is_invalid(self) -> bool {
        self.infinities == Self::BOTH
    }

    /// Numbers for them.
    pub(super) fn to_numbers(self) -> [i64; 2] {
        [i64::from(self.infinities), self.nan as i64]
    }

    /// Those of numbers; `None` if there are none of these.
    pub(super) fn of_numbers([infinities, nan]: [i64; 2]) -> Option<Self> {
        let infinities = u8::try_from(infinities).ok().filter(|&bits| bits <= Self::BOTH)?;
        let nan = nan as u64;
        (nan == 0 || f64::from_bits(nan).is_nan()).then_some(Self { infinities, nan })
    }
}
