//! Rounding to whole numbers; integers are whole already.

use num_complex::Complex;

use super::define::{entry_one, unary, unary_one};
use crate::Bool;

unary! {
    wide:
    /// The nearest whole number, of two the even one.
    Rint {
        floats: |x| x.round_ties_even();
        complexes: |x| Complex::new(x.re.round_ties_even(), x.im.round_ties_even());
    }
    /// The largest whole number that is not larger.
    Floor {
        bools: |x| Bool::new(x.get());
        integers: |x| x;
        floats: |x| x.floor();
    }
    /// The smallest whole number that is not smaller.
    Ceil {
        bools: |x| Bool::new(x.get());
        integers: |x| x;
        floats: |x| x.ceil();
    }
    /// The nearest whole number towards zero.
    Trunc {
        bools: |x| Bool::new(x.get());
        integers: |x| x;
        floats: |x| x.trunc();
    }
    /// What `trunc` takes away, the first result of `numpy.modf`.
    ModfFraction {
        floats: |x| {
            let fraction = if x.is_infinite() { 0.0 } else { x - x.trunc() };
            fraction.copysign(x)
        };
    }
    /// What `trunc` leaves, the second result of `numpy.modf`.
    ModfWhole {
        floats: |x| x.trunc();
    }
}
