//! A choice between two values.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::loops::{Body, Entry, Kernel, Width, kernel};
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
                1 => kernel::<SelectBody<u8>>(),
                2 => kernel::<SelectBody<u16>>(),
                4 => kernel::<SelectBody<u32>>(),
                8 if dtype == DType::Complex64 => kernel::<SelectBody<[u32; 2]>>(),
                8 => kernel::<SelectBody<u64>>(),
                _ => kernel::<SelectBody<[u64; 2]>>(),
            },
        };
        Some(Entry { kernel, output: dtype })
    }
}

/// Something that is chosen without a branch, and without choosing between places in memory: both
/// values are read, or the compiler finds no vector instructions for it.
trait Choice: Copy {
    fn choose(first: bool, one: Self, other: Self) -> Self;
}

macro_rules! choice {
    ($($word:ty),*) => {
        $(
            impl Choice for $word {
                #[inline(always)]
                fn choose(first: bool, one: Self, other: Self) -> Self {
                    if first { one } else { other }
                }
            }

            impl Choice for [$word; 2] {
                #[inline(always)]
                fn choose(first: bool, one: Self, other: Self) -> Self {
                    let all = (0 as $word).wrapping_sub(first as $word);
                    [0, 1].map(|part| other[part] ^ ((one[part] ^ other[part]) & all))
                }
            }
        )*
    };
}

choice!(u8, u16, u32, u64);

struct SelectBody<T>(PhantomData<T>);

impl<T: Choice> Body for SelectBody<T> {
    const WIDTH: Width = Width::Widest;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise, for a first argument of `Bool` and others of the size and
        // alignment of `T`.
        unsafe {
            let choice = std::slice::from_raw_parts(arguments[0].cast::<Bool>(), len);
            let first = std::slice::from_raw_parts(arguments[1].cast::<T>(), len);
            let second = std::slice::from_raw_parts(arguments[2].cast::<T>(), len);
            let output = std::slice::from_raw_parts_mut(output.cast::<MaybeUninit<T>>(), len);
            choose(choice, first, second, output);
        }
    }
}

#[inline(always)]
fn choose<T: Choice>(choice: &[Bool], first: &[T], second: &[T], output: &mut [MaybeUninit<T>]) {
    for (((output, choice), &first), &second) in
        output.iter_mut().zip(choice).zip(first).zip(second)
    {
        output.write(T::choose(choice.get(), first, second));
    }
}
