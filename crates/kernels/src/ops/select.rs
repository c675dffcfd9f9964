//! A choice between two values.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::mem::MaybeUninit;

use super::loops::{Entry, Kernel, Status};
use crate::{Bool, DType};

/// The second argument where the first is true, the third elsewhere.
pub struct Select;

impl Select {
    /// The loop for a dtype of the values; the first argument is boolean.
    pub fn entry(dtype: DType) -> Option<Entry> {
        // What the bytes mean does not matter, only how many there are.
        let kernel: Kernel = match dtype {
            DType::Opaque(_) => return None,
            _ => match dtype.itemsize() {
                1 => select::<u8>,
                2 => select::<u16>,
                4 => select::<u32>,
                8 if dtype == DType::Complex64 => select::<[u32; 2]>,
                8 => select::<u64>,
                _ => select::<[u64; 2]>,
            },
        };
        Some(Entry { kernel, output: dtype })
    }
}

/// # Safety
///
/// As [`Kernel`] says, for a first argument of `Bool` and others of the size and alignment of `T`.
unsafe fn select<T: Copy>(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status {
    // SAFETY: the caller's promise, for all four.
    unsafe {
        let choice = std::slice::from_raw_parts(arguments[0].cast::<Bool>(), len);
        let first = std::slice::from_raw_parts(arguments[1].cast::<T>(), len);
        let second = std::slice::from_raw_parts(arguments[2].cast::<T>(), len);
        let output = std::slice::from_raw_parts_mut(output.cast::<MaybeUninit<T>>(), len);
        choose(choice, first, second, output);
    }
    Status::Fine
}

fn choose<T: Copy>(choice: &[Bool], first: &[T], second: &[T], output: &mut [MaybeUninit<T>]) {
    for (((output, choice), first), second) in output.iter_mut().zip(choice).zip(first).zip(second)
    {
        output.write(if choice.get() { *first } else { *second });
    }
}
