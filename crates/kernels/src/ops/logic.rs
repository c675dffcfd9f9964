//! Operations on truth values, which any number has.

use super::convert::Convert;
use super::define::{binary, binary_one, entry_one, unary, unary_one};
use crate::Bool;

#[inline(always)]
fn truth<T: Convert<Bool>>(x: T) -> bool {
    x.convert().get()
}

binary! {
    wide:
    /// Whether both are true.
    LogicalAnd {
        bools -> bool: |a, b| Bool::new(truth(a) & truth(b));
        integers -> bool: |a, b| Bool::new(truth(a) & truth(b));
        floats -> bool: |a, b| Bool::new(truth(a) & truth(b));
        complexes -> bool: |a, b| Bool::new(truth(a) & truth(b));
    }
    /// Whether one of them is true.
    LogicalOr {
        bools -> bool: |a, b| Bool::new(truth(a) | truth(b));
        integers -> bool: |a, b| Bool::new(truth(a) | truth(b));
        floats -> bool: |a, b| Bool::new(truth(a) | truth(b));
        complexes -> bool: |a, b| Bool::new(truth(a) | truth(b));
    }
    /// Whether exactly one of them is true.
    LogicalXor {
        bools -> bool: |a, b| Bool::new(truth(a) ^ truth(b));
        integers -> bool: |a, b| Bool::new(truth(a) ^ truth(b));
        floats -> bool: |a, b| Bool::new(truth(a) ^ truth(b));
        complexes -> bool: |a, b| Bool::new(truth(a) ^ truth(b));
    }
}

unary! {
    wide:
    /// Whether it is false.
    LogicalNot {
        bools -> bool: |x| Bool::new(!truth(x));
        integers -> bool: |x| Bool::new(!truth(x));
        floats -> bool: |x| Bool::new(!truth(x));
        complexes -> bool: |x| Bool::new(!truth(x));
    }
}
