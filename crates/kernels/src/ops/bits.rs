//! Integers as bits, and their common divisors and multiples.

use super::define::{binary, binary_one, entry_one, unary, unary_one};
use crate::Bool;

binary! {
    wide:
    /// The bits that both have.
    BitwiseAnd {
        bools: |a, b| Bool::new(a.get() & b.get());
        integers: |a, b| a & b;
    }
    /// The bits that either has.
    BitwiseOr {
        bools: |a, b| Bool::new(a.get() | b.get());
        integers: |a, b| a | b;
    }
    /// The bits that exactly one has.
    BitwiseXor {
        bools: |a, b| Bool::new(a.get() ^ b.get());
        integers: |a, b| a ^ b;
    }
    /// The bits moved up; by the width or more (or a negative number): 0.
    LeftShift {
        signed: |a, b| if (0..T::BITS as T).contains(&b) { a << b } else { 0 };
        unsigned: |a, b| if b < T::BITS as T { a << b } else { 0 };
    }
    /// The bits moved down; by the width or more (or a negative number): all are the sign.
    RightShift {
        signed: |a, b| a >> if (0..T::BITS as T).contains(&b) { b } else { T::BITS as T - 1 };
        unsigned: |a, b| if b < T::BITS as T { a >> b } else { 0 };
    }
}

binary! {
    narrow:
    /// The greatest common divisor.
    Gcd {
        signed: |a, b| gcd(a.unsigned_abs(), b.unsigned_abs()) as T;
        unsigned: |a, b| gcd(a, b) as T;
    }
    /// The least common multiple.
    Lcm {
        signed: |a, b| lcm(a.unsigned_abs(), b.unsigned_abs()) as T;
        unsigned: |a, b| lcm(a, b) as T;
    }
}

unary! {
    wide:
    /// The other bits.
    Invert {
        bools: |x| Bool::new(!x.get());
        integers: |x| !x;
    }
    /// The number of bits of the magnitude that are set.
    BitwiseCount {
        signed -> byte: |x| x.unsigned_abs().count_ones() as u8;
        unsigned -> byte: |x| x.count_ones() as u8;
    }
}

fn gcd<U: Into<u64>>(a: U, b: U) -> u64 {
    let (mut a, mut b): (u64, u64) = (a.into(), b.into());
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b
}

fn lcm<U: Into<u64>>(a: U, b: U) -> u64 {
    let (a, b): (u64, u64) = (a.into(), b.into());
    match gcd(a, b) {
        0 => 0,
        divisor => (a / divisor).wrapping_mul(b),
    }
}
