//! Exact sums against integers as wide as they have to be.

#![expect(clippy::float_cmp, reason = "these results are exact")]

mod blocks;
mod oracle;
mod properties;
