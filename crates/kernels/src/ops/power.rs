//! Powers.

#![expect(unsafe_code, reason = "a loop works on memory")]

use num_complex::Complex;

use super::define::{binary, binary_one, entry_one};
use super::library::Library;
use super::loops::{self, Entry, Status};
use crate::DType;
use crate::element::Element;
use crate::math;
use crate::program::flags::raise_invalid;

/// Repeated squaring; integers wrap.
macro_rules! integer_power {
    ($base:expr, $exponent:expr) => {{
        let (mut base, mut exponent) = ($base, $exponent);
        let mut power: T = 1;
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = power.wrapping_mul(base);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        power
    }};
}

/// Complex powers with NumPy's answers for powers of zero and small whole exponents.
macro_rules! complex_power {
    ($base:expr, $exponent:expr) => {{
        let (base, exponent): (T, T) = ($base, $exponent);
        if exponent.re == 0.0 && exponent.im == 0.0 {
            Complex::new(1.0, 0.0)
        } else if base.re == 0.0 && base.im == 0.0 {
            if exponent.re > 0.0 {
                Complex::new(0.0, 0.0)
            } else {
                raise_invalid();
                Complex::new(R::NAN, R::NAN)
            }
        } else if exponent.im == 0.0 && exponent.re.abs() < 100.0 && exponent.re.fract() == 0.0 {
            let whole = exponent.re as i64;
            let (mut square, mut left) = (base, whole.unsigned_abs());
            let mut power = Complex::new(1.0, 0.0);
            // Products with one are left out: they would make NaN of infinite parts.
            let mut started = false;
            while left > 0 {
                if left & 1 == 1 {
                    power = if started { power * square } else { square };
                    started = true;
                }
                left >>= 1;
                if left > 0 {
                    square = square * square;
                }
            }
            if whole < 0 { Complex::new(1.0, 0.0) / power } else { power }
        } else {
            R::complex_pow(base, exponent)
        }
    }};
}

binary! {
    narrow:
    /// A number to a power that is known not to be a negative integer.
    Unchecked = real math::Power {
        integers: |a, b| integer_power!(a, b);
        complexes: |a, b| complex_power!(a, b);
    }
}

/// A number to a power, in double precision.
pub struct FloatPower;

impl FloatPower {
    /// The loop for a dtype.
    pub fn entry(dtype: DType) -> Option<Entry> {
        let is_double = matches!(dtype, DType::Float64 | DType::Complex128);
        if is_double { Unchecked::entry(dtype) } else { None }
    }
}

/// A number to a power; integers may not have negative ones.
pub struct Power;

impl Power {
    /// The loop for a dtype.
    pub fn entry(dtype: DType) -> Option<Entry> {
        let checked = match dtype {
            DType::Int8 => checked_power::<i8>,
            DType::Int16 => checked_power::<i16>,
            DType::Int32 => checked_power::<i32>,
            DType::Int64 => checked_power::<i64>,
            _ => return Unchecked::entry(dtype),
        };
        Some(Entry { kernel: checked, output: dtype })
    }
}

/// The kernel for signed integers.
///
/// # Safety
///
/// As [`loops::Kernel`] says, for elements of `T`.
unsafe fn checked_power<T>(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status
where
    T: Element + PartialOrd + Default,
    Unchecked: loops::Binary<T>,
{
    // SAFETY: the caller's promise.
    let exponents = unsafe { std::slice::from_raw_parts(arguments[1].cast::<T>(), len) };
    if exponents.iter().any(|exponent| *exponent < T::default()) {
        return Status::NegativePower;
    }
    // SAFETY: the caller's promise.
    unsafe { (Entry::binary::<Unchecked, T>().kernel)(arguments, output, len) }
}
