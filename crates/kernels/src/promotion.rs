//! How dtypes combine and convert: `numpy.promote_types` and `numpy.can_cast`.

use std::fmt;

use crate::{DType, KernelError, Result};

/// The families of dtypes, in the order in which `same_kind` casting may move up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `uint8` to `uint64`.
    Unsigned,
    /// `int8` to `int64`.
    Signed,
    /// `float16` to `float64`.
    Float,
    /// `complex64` and `complex128`.
    Complex,
    /// Every other dtype.
    Opaque,
}

/// NumPy's rules of casting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Casting {
    /// The same dtype only.
    No,
    /// The same dtype up to byte order, which native dtypes do not have.
    Equiv,
    /// Conversions that keep values.
    Safe,
    /// Safe ones, and those within a kind.
    SameKind,
    /// Any.
    Unsafe,
}

impl Casting {
    /// NumPy's name of the rule.
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Equiv => "equiv",
            Self::Safe => "safe",
            Self::SameKind => "same_kind",
            Self::Unsafe => "unsafe",
        }
    }

    /// The rule with NumPy's name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::No, Self::Equiv, Self::Safe, Self::SameKind, Self::Unsafe]
            .into_iter()
            .find(|casting| casting.name() == name)
    }
}

impl fmt::Display for Casting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl DType {
    /// The family that the dtype belongs to.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::UInt8 | Self::UInt16 | Self::UInt32 | Self::UInt64 => Kind::Unsigned,
            Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64 => Kind::Signed,
            Self::Float16 | Self::Float32 | Self::Float64 => Kind::Float,
            Self::Complex64 | Self::Complex128 => Kind::Complex,
            Self::Opaque(_) => Kind::Opaque,
        }
    }

    /// The dtype of a complex number's parts; any other dtype itself.
    pub const fn real(self) -> Self {
        match self {
            Self::Complex64 => Self::Float32,
            Self::Complex128 => Self::Float64,
            other => other,
        }
    }

    /// The smallest dtype to which both convert safely, as `numpy.promote_types`.
    ///
    /// # Errors
    ///
    /// [`KernelError::Type`] for an opaque dtype and another.
    pub fn promote(self, other: Self) -> Result<Self> {
        if self == other {
            return Ok(self);
        }
        let (low, high) = if self.kind() <= other.kind() { (self, other) } else { (other, self) };
        let larger = if low.itemsize() > high.itemsize() { low } else { high };
        Ok(match (low.kind(), high.kind()) {
            (_, Kind::Opaque) => {
                return Err(KernelError::Type(format!(
                    "The DTypes of {self} and {other} do not have a common DType."
                )));
            }
            (Kind::Bool, _) => high,
            (Kind::Unsigned, Kind::Signed) if low.itemsize() >= high.itemsize() => {
                match low.itemsize() {
                    1 => Self::Int16,
                    2 => Self::Int32,
                    4 => Self::Int64,
                    _ => Self::Float64,
                }
            }
            (Kind::Unsigned | Kind::Signed, Kind::Float) => {
                let float = low.least_float();
                if float.itemsize() > high.itemsize() { float } else { high }
            }
            (Kind::Unsigned | Kind::Signed | Kind::Float, Kind::Complex) => {
                if low.least_float() == Self::Float64 { Self::Complex128 } else { high }
            }
            _ => larger,
        })
    }

    /// The smallest floating dtype that holds every value of a real dtype (as NumPy counts:
    /// 64-bit integers go to `float64`).
    const fn least_float(self) -> Self {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 | Self::Float16 => Self::Float16,
            Self::Int16 | Self::UInt16 | Self::Float32 => Self::Float32,
            _ => Self::Float64,
        }
    }

    /// Whether `casting` lets this dtype become `to`, as `numpy.can_cast`.
    pub fn can_cast(self, to: Self, casting: Casting) -> bool {
        match casting {
            Casting::No | Casting::Equiv => self == to,
            Casting::Safe => self.promote(to) == Ok(to),
            Casting::SameKind => {
                self == to
                    || (self.is_native()
                        && to.is_native()
                        && (self.kind() <= to.kind() || self.can_cast(to, Casting::Safe)))
            }
            Casting::Unsafe => self == to || (self.is_native() && to.is_native()),
        }
    }
}
