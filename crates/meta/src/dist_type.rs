//! The letters that name how an axis is distributed.

use crate::{MetaError, Result};

/// How an axis is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistType {
    /// `'n'`: not distributed.
    NotDistributed,
    /// `'b'`: contiguous pieces.
    Block,
    /// `'c'`: blocks of indices dealt round robin.
    Cyclic,
    /// `'u'`: any indices anywhere.
    Unstructured,
}

impl DistType {
    /// The letter of this type, as the Distributed Array Protocol spells it.
    pub fn letter(self) -> char {
        match self {
            Self::NotDistributed => 'n',
            Self::Block => 'b',
            Self::Cyclic => 'c',
            Self::Unstructured => 'u',
        }
    }

    /// The type that `name` stands for.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when it is none of `n`, `b`, `c`, `u`.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "n" => Ok(Self::NotDistributed),
            "b" => Ok(Self::Block),
            "c" => Ok(Self::Cyclic),
            "u" => Ok(Self::Unstructured),
            _ => Err(MetaError::Invalid {
                argument: "dist",
                message: format!("{name:?} is not one of 'n', 'b', 'c', 'u'"),
            }),
        }
    }

    /// Whether more than one place may hold a part of the axis.
    pub fn is_distributed(self) -> bool {
        self != Self::NotDistributed
    }
}

/// One type per axis: `dist`, filled up with `'n'`.
///
/// # Errors
///
/// [`MetaError::Invalid`] when there are more types than axes.
pub fn normalize_dist(dist: &[DistType], ndim: usize) -> Result<Vec<DistType>> {
    if dist.len() > ndim {
        return Err(MetaError::Invalid {
            argument: "dist",
            message: format!("{} types were given for {ndim} axes", dist.len()),
        });
    }
    let mut full = dist.to_vec();
    full.resize(ndim, DistType::NotDistributed);
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_name_types() {
        for name in ["n", "b", "c", "u"] {
            assert_eq!(DistType::from_name(name).unwrap().letter().to_string(), name);
        }
        assert!(DistType::from_name("x").unwrap_err().to_string().contains("\"x\""));
    }

    #[test]
    fn short_dists_are_filled() {
        use DistType::{Block, NotDistributed};
        assert_eq!(normalize_dist(&[Block], 3).unwrap(), [Block, NotDistributed, NotDistributed]);
        assert!(normalize_dist(&[], 0).unwrap().is_empty());
        assert!(normalize_dist(&[Block, Block], 1).is_err());
    }
}
