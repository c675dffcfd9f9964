//! Reading the keys of a raw dictionary, with errors that name the axis and the key.

use super::{RawDict, RawValue};
use crate::{DistType, MetaError, Result};

/// How strictly a dictionary is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// As the Distributed Array Protocol says.
    Protocol,
    /// As our own constructors take it: there is a type `'n'`, a grid has one place unless it says
    /// more, cyclic axes know where they start, and indices need not be a buffer.
    DistArray,
}

/// The keys of the dictionary of one axis.
pub(super) struct Fields<'a> {
    pub axis: usize,
    pub raw: &'a RawDict,
    pub dialect: Dialect,
}

impl Fields<'_> {
    /// The error that says what is wrong with the value of `key`.
    pub fn wrong<T>(&self, key: &str, message: impl Into<String>) -> Result<T> {
        Err(MetaError::Protocol { axis: self.axis, key: key.into(), message: message.into() })
    }

    /// The error that says what the value of `key` is and what it should be.
    pub fn unexpected<T>(&self, key: &str, expected: &str) -> Result<T> {
        match self.raw.get(key) {
            Some(value) => self.wrong(key, format!("is {}; expected {expected}", value.describe())),
            None => self.wrong(key, format!("is missing; expected {expected}")),
        }
    }

    /// An integer that is at least `least`; `default` when the key is missing and there is one.
    pub fn integer(&self, key: &str, least: usize, default: Option<usize>) -> Result<usize> {
        match (self.raw.get(key), default) {
            (None, Some(default)) => Ok(default),
            (Some(RawValue::Integer(integer)), _)
                if usize::try_from(*integer).is_ok_and(|integer| integer >= least) =>
            {
                Ok(*integer as usize)
            }
            _ => self.unexpected(key, &format!("an integer that is at least {least}")),
        }
    }

    /// The default of a key that only our own dialect lets be missing.
    pub fn lenient<T>(&self, default: T) -> Option<T> {
        (self.dialect == Dialect::DistArray).then_some(default)
    }

    /// `True` or `False`; `False` when the key is missing.
    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.raw.get(key) {
            None => Ok(false),
            Some(RawValue::Boolean(flag)) => Ok(*flag),
            Some(_) => self.unexpected(key, "True or False"),
        }
    }

    /// The distribution type.
    pub fn dist_type(&self) -> Result<DistType> {
        let expected = match self.dialect {
            Dialect::Protocol => "one of 'b', 'c', 'u'",
            Dialect::DistArray => "one of 'n', 'b', 'c', 'u'",
        };
        if let Some(RawValue::Text(name)) = self.raw.get("dist_type")
            && let Ok(dist_type) = DistType::from_name(name)
            && (dist_type.is_distributed() || self.dialect == Dialect::DistArray)
        {
            return Ok(dist_type);
        }
        self.unexpected("dist_type", expected)
    }

    /// Global indices, in local order.
    pub fn indices(&self, key: &str) -> Result<Vec<i64>> {
        match (self.raw.get(key), self.dialect) {
            (Some(RawValue::Buffer(indices)), _) => Ok(indices.to_vec()),
            (Some(value), Dialect::DistArray) if value.integers().is_some() => {
                Ok(value.integers().unwrap_or_default())
            }
            (_, Dialect::Protocol) => self.unexpected(key, "a one-dimensional buffer of integers"),
            (_, Dialect::DistArray) => self.unexpected(key, "a sequence or buffer of integers"),
        }
    }
}
