//! The status register of vector arithmetic, before and after a loop.

#![expect(unsafe_code, reason = "the register is read and written by instructions of its own")]

use std::arch::asm;
use std::arch::x86_64::{__m512d, __m512i};

/// The register when nothing was met yet: no exception traps, results are rounded to the nearest, and
/// subnormal numbers are numbers like others.
static CLEAN: u32 = 0x1f80;

/// Operations without meaning, divisions by zero, overflow, underflow, and results that were rounded.
const MET: u32 = 0b11_1101;

/// Clears the register and returns what it was. The constants come back as they are: the compiler, which
/// knows nothing of the register, can't do what is computed from them any earlier.
///
/// # Safety
///
/// The processor must have AVX-512F. [`end`] must follow.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn begin(constants: [__m512d; 2]) -> ([__m512d; 2], u32) {
    let [mut first, mut second] = constants;
    let mut before = 0_u32;
    // SAFETY: four bytes are stored to a variable and loaded from another one; `end` restores the
    // register.
    unsafe {
        asm!(
            "stmxcsr [{before}]",
            "ldmxcsr [{clean}]",
            "/* {first} {second} */",
            before = in(reg) &raw mut before,
            clean = in(reg) &raw const CLEAN,
            first = inout(zmm_reg) first,
            second = inout(zmm_reg) second,
            options(nostack, preserves_flags),
        );
    }
    ([first, second], before)
}

/// Sets the register to what it was, and says whether none of what `results` were computed with was
/// rounded or went wrong. The compiler can't do any of it later.
///
/// # Safety
///
/// The processor must have AVX-512F, and `before` be from [`begin`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn end(results: __m512i, before: u32) -> bool {
    let mut after = 0_u32;
    // SAFETY: four bytes are stored to a variable and loaded from another one, which holds a state of
    // the register.
    unsafe {
        asm!(
            "/* {results} */",
            "stmxcsr [{after}]",
            "ldmxcsr [{before}]",
            after = in(reg) &raw mut after,
            before = in(reg) &raw const before,
            results = in(zmm_reg) results,
            options(nostack, preserves_flags),
        );
    }
    after & MET == 0
}
