//! Sums, differences, products and quotients.

use super::define::{binary, binary_one, entry_one};
use crate::Bool;

binary! {
    /// The sum; of booleans: or.
    Add {
        bools: |a, b| Bool::new(a.get() | b.get());
        integers: |a, b| a.wrapping_add(b);
        floats: |a, b| a + b;
        complexes: |a, b| a + b;
    }
    /// The difference.
    Subtract {
        integers: |a, b| a.wrapping_sub(b);
        floats: |a, b| a - b;
        complexes: |a, b| a - b;
    }
    /// The product; of booleans: and.
    Multiply {
        bools: |a, b| Bool::new(a.get() & b.get());
        integers: |a, b| a.wrapping_mul(b);
        floats: |a, b| a * b;
        complexes: |a, b| a * b;
    }
}
