//! The Distributed Array Protocol: dimension dictionaries as values.
//!
//! A dictionary comes in as a [`RawDict`], with any keys and values. Parsing it checks everything
//! that can be said of one dictionary by itself and gives a [`DimDict`]; [`check_axis`] then checks
//! the dictionaries of all places of an axis against each other, and an [`AxisMap`] is made of
//! them. Nothing past parsing meets a malformed dictionary.
//!
//! [`AxisMap`]: crate::AxisMap

mod axis;
mod consistency;
mod dim_dict;
mod fields;
mod global;
mod raw;

pub use consistency::{check_axis, per_axis};
pub use dim_dict::{DimDict, DimPart, dealt};
pub use fields::Dialect;
pub use global::GlobalDimDict;
pub use raw::{RawDict, RawValue};
