//! The one list of dtypes.

use std::collections::HashSet;
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// The dtype of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool,
    /// `i8`.
    Int8,
    /// `i16`.
    Int16,
    /// `i32`.
    Int32,
    /// `i64`.
    Int64,
    /// `u8`.
    UInt8,
    /// `u16`.
    UInt16,
    /// `u32`.
    UInt32,
    /// `u64`.
    UInt64,
    /// IEEE 754 binary16.
    Float16,
    /// `f32`.
    Float32,
    /// `f64`.
    Float64,
    /// Two `f32`: real, imaginary.
    Complex64,
    /// Two `f64`: real, imaginary.
    Complex128,
    /// Bytes that are moved and never computed with: every other NumPy dtype.
    Opaque(#[serde(with = "opaque")] Opaque),
}

/// A dtype whose items are moved and never computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opaque {
    /// The size of an item in bytes.
    pub itemsize: usize,
    /// What the dtype is, for whoever can compute with it: an interned text, equal for equal dtypes.
    pub name: &'static str,
}

impl DType {
    /// The dtypes that the kernels compute with, in NumPy's order of type numbers.
    pub const NATIVE: [Self; 14] = [
        Self::Bool,
        Self::Int8,
        Self::UInt8,
        Self::Int16,
        Self::UInt16,
        Self::Int32,
        Self::UInt32,
        Self::Int64,
        Self::UInt64,
        Self::Float16,
        Self::Float32,
        Self::Float64,
        Self::Complex64,
        Self::Complex128,
    ];

    /// The size of an item in bytes.
    pub const fn itemsize(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 | Self::Float16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
            Self::Opaque(opaque) => opaque.itemsize,
        }
    }

    /// NumPy's name of the dtype.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
            Self::Opaque(opaque) => opaque.name,
        }
    }

    /// Whether the kernels compute with the dtype.
    pub const fn is_native(self) -> bool {
        !matches!(self, Self::Opaque(_))
    }

    /// The native dtype with NumPy's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NATIVE.into_iter().find(|dtype| dtype.name() == name)
    }

    /// A dtype of items that are moved and never computed with; equal arguments give equal dtypes.
    ///
    /// # Panics
    ///
    /// Never: nothing panics while the table of names is locked.
    pub fn opaque(itemsize: usize, name: &str) -> Self {
        Self::Opaque(Opaque { itemsize, name: Self::interned(name) })
    }

    /// The text itself, once and for ever.
    fn interned(name: &str) -> &'static str {
        static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
        let mut names = NAMES.lock().expect("nothing panics while this is locked");
        let names = names.get_or_insert_default();
        names.get(name).copied().unwrap_or_else(|| {
            // Names live for ever, so that a dtype is `Copy`; a program uses a handful.
            let interned: &'static str = Box::leak(name.into());
            names.insert(interned);
            interned
        })
    }
}

/// Opaque dtypes, written for other processes.
mod opaque {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{DType, Opaque};

    pub fn serialize<S: Serializer>(opaque: &Opaque, serializer: S) -> Result<S::Ok, S::Error> {
        (opaque.itemsize, opaque.name).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Opaque, D::Error> {
        let (itemsize, name) = <(usize, &str)>::deserialize(deserializer)?;
        Ok(Opaque { itemsize, name: DType::interned(name) })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
