//! The floating-point exceptions that arithmetic leaves behind.

/// Which floating-point exceptions an evaluation met; NumPy warns of them as `numpy.errstate` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

#[cfg(target_arch = "x86_64")]
mod bits {
    pub const INVALID: i32 = 1;
    pub const DIVIDE: i32 = 4;
    pub const OVERFLOW: i32 = 8;
    pub const UNDERFLOW: i32 = 16;
}

#[cfg(not(target_arch = "x86_64"))]
mod bits {
    pub const INVALID: i32 = 1;
    pub const DIVIDE: i32 = 2;
    pub const OVERFLOW: i32 = 4;
    pub const UNDERFLOW: i32 = 8;
}

const ALL: i32 = bits::INVALID | bits::DIVIDE | bits::OVERFLOW | bits::UNDERFLOW;

// Miri has no floating-point environment.
#[cfg(not(miri))]
mod environment {
    unsafe extern "C" {
        pub safe fn fetestexcept(exceptions: i32) -> i32;
        pub safe fn feclearexcept(exceptions: i32) -> i32;
        pub safe fn feraiseexcept(exceptions: i32) -> i32;
    }
}

#[cfg(miri)]
mod environment {
    pub fn fetestexcept(_: i32) -> i32 {
        0
    }
    pub fn feclearexcept(_: i32) -> i32 {
        0
    }
    pub fn feraiseexcept(_: i32) -> i32 {
        0
    }
}

/// Forgets what this thread has met so far.
pub fn clear() {
    // Reading is much cheaper than clearing.
    if environment::fetestexcept(ALL) != 0 {
        environment::feclearexcept(ALL);
    }
}

/// What this thread has met since [`clear`].
pub fn read() -> FloatFlags {
    let found = environment::fetestexcept(ALL);
    FloatFlags {
        divide: found & bits::DIVIDE != 0,
        overflow: found & bits::OVERFLOW != 0,
        underflow: found & bits::UNDERFLOW != 0,
        invalid: found & bits::INVALID != 0,
    }
}

/// Records a division of integers by zero.
#[cold]
#[inline(never)]
pub fn raise_divide() {
    environment::feraiseexcept(bits::DIVIDE);
}

/// Records an overflow that the hardware does not see.
#[cold]
#[inline(never)]
pub fn raise_overflow() {
    environment::feraiseexcept(bits::OVERFLOW);
}

/// Records an invalid operation that the hardware does not see.
#[cold]
#[inline(never)]
pub fn raise_invalid() {
    environment::feraiseexcept(bits::INVALID);
}

/// What has been met so far, for [`restore`].
pub fn save() -> i32 {
    environment::fetestexcept(ALL)
}

/// Forgets what was met since [`save`].
pub fn restore(saved: i32) {
    if environment::fetestexcept(ALL) != saved {
        environment::feclearexcept(ALL);
        environment::feraiseexcept(saved);
    }
}
