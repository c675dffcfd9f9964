//! The floating-point exceptions that arithmetic leaves behind.

#![expect(unsafe_code, reason = "the floating-point environment is the C library's")]

use serde::{Deserialize, Serialize};

/// Which floating-point exceptions an evaluation met; NumPy warns of them as `numpy.errstate` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
pub struct FloatFlags {
    /// Division by zero, of integers too.
    pub divide: bool,
    /// A result too large for its dtype.
    pub overflow: bool,
    /// A result too small for its dtype.
    pub underflow: bool,
    /// No meaningful result, as of `0 / 0`.
    pub invalid: bool,
}

impl FloatFlags {
    /// Whether there was none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The exceptions of both.
    pub fn union(self, other: Self) -> Self {
        Self {
            divide: self.divide | other.divide,
            overflow: self.overflow | other.overflow,
            underflow: self.underflow | other.underflow,
            invalid: self.invalid | other.invalid,
        }
    }
}

/// Exceptions, as the processor's status register has them.
pub type Bits = u32;

impl FloatFlags {
    fn from_bits(found: Bits) -> Self {
        Self {
            divide: found & environment::DIVIDE != 0,
            overflow: found & environment::OVERFLOW != 0,
            underflow: found & environment::UNDERFLOW != 0,
            invalid: found & environment::INVALID != 0,
        }
    }
}

/// The status register that all arithmetic in vector registers uses: Rust's own, and that of the C
/// library's functions for `float` and `double`.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod environment {
    use super::Bits;

    pub const INVALID: Bits = 1;
    pub const DIVIDE: Bits = 4;
    pub const OVERFLOW: Bits = 8;
    pub const UNDERFLOW: Bits = 16;

    fn load() -> u32 {
        let mut register = 0_u32;
        // SAFETY: stores four bytes into the variable.
        unsafe {
            std::arch::asm!(
                "stmxcsr [{}]", in(reg) &raw mut register, options(nostack, preserves_flags),
            );
        }
        register
    }

    fn store(register: u32) {
        // SAFETY: only bits that record exceptions differ from what was loaded.
        unsafe {
            std::arch::asm!(
                "ldmxcsr [{}]", in(reg) &raw const register,
                options(nostack, preserves_flags, readonly),
            );
        }
    }

    pub fn test(bits: Bits) -> Bits {
        load() & bits
    }

    pub fn clear(bits: Bits) {
        store(load() & !bits);
    }

    pub fn raise(bits: Bits) {
        store(load() | bits);
    }
}

#[cfg(all(not(target_arch = "x86_64"), not(miri)))]
mod environment {
    use super::Bits;

    pub const INVALID: Bits = 1;
    pub const DIVIDE: Bits = 2;
    pub const OVERFLOW: Bits = 4;
    pub const UNDERFLOW: Bits = 8;

    unsafe extern "C" {
        safe fn fetestexcept(exceptions: i32) -> i32;
        safe fn feclearexcept(exceptions: i32) -> i32;
        safe fn feraiseexcept(exceptions: i32) -> i32;
    }

    pub fn test(bits: Bits) -> Bits {
        fetestexcept(bits as i32) as Bits
    }

    pub fn clear(bits: Bits) {
        feclearexcept(bits as i32);
    }

    pub fn raise(bits: Bits) {
        feraiseexcept(bits as i32);
    }
}

/// Miri has no floating-point environment.
#[cfg(miri)]
mod environment {
    use super::Bits;

    pub const INVALID: Bits = 1;
    pub const DIVIDE: Bits = 2;
    pub const OVERFLOW: Bits = 4;
    pub const UNDERFLOW: Bits = 8;

    pub fn test(_: Bits) -> Bits {
        0
    }

    pub fn clear(_: Bits) {}

    pub fn raise(_: Bits) {}
}

const ALL: Bits =
    environment::INVALID | environment::DIVIDE | environment::OVERFLOW | environment::UNDERFLOW;

/// Forgets what this thread has met so far, and tells what it was.
#[inline]
pub fn take() -> Bits {
    let found = environment::test(ALL);
    // Reading is much cheaper than clearing.
    if found != 0 {
        environment::clear(ALL);
    }
    found
}

/// Adds to what this thread has met, which may be nothing.
#[inline]
pub fn restore(found: Bits) {
    if found != 0 {
        environment::raise(found);
    }
}

/// Records a division of integers by zero.
#[cold]
#[inline(never)]
pub fn raise_divide() {
    environment::raise(environment::DIVIDE);
}

/// Records an overflow that the hardware does not see.
#[cold]
#[inline(never)]
pub fn raise_overflow() {
    environment::raise(environment::OVERFLOW);
}

/// Records an invalid operation that the hardware does not see.
#[cold]
#[inline(never)]
pub fn raise_invalid() {
    environment::raise(environment::INVALID);
}

/// The exceptions that the steps of a program met.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// One for each step that met any.
    steps: Vec<(usize, Bits)>,
}

impl Record {
    /// Adds what a step met.
    pub fn add(&mut self, step: usize, found: Bits) {
        match self.steps.iter_mut().find(|(known, _)| *known == step) {
            Some((_, bits)) => *bits |= found,
            None => self.steps.push((step, found)),
        }
    }

    /// Whether no step met any.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds another record.
    pub fn merge(&mut self, other: &Self) {
        for &(step, found) in &other.steps {
            self.add(step, found);
        }
    }

    /// The steps in order, with what each met.
    pub fn finish(mut self) -> Vec<(usize, FloatFlags)> {
        self.steps.sort_unstable();
        self.steps.into_iter().map(|(step, bits)| (step, FloatFlags::from_bits(bits))).collect()
    }
}
