//! Numbers that count: booleans added to them, without being converted in memory.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;

use super::arithmetic::Add;
use super::convert::Convert;
use super::loops::{Binary, Body, Kernel, Width, kernel, slice_mut};
use super::scalars::{at, fill};
use crate::element::Element;
use crate::{Bool, DType};

/// The loop that adds booleans, its second argument, to numbers of a dtype.
pub fn counting_kernel(dtype: DType) -> Option<Kernel> {
    match dtype {
        DType::Int32 => Some(kernel::<CountBody<i32>>()),
        DType::Int64 => Some(kernel::<CountBody<i64>>()),
        DType::Float32 => Some(kernel::<CountBody<f32>>()),
        DType::Float64 => Some(kernel::<CountBody<f64>>()),
        _ => None,
    }
}

struct CountBody<T>(PhantomData<T>);

impl<T: Element> Body for CountBody<T>
where
    Bool: Convert<T>,
    Add: Binary<T, Output = T>,
{
    const WIDTH: Width = Width::Widest;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        let arguments = *arguments;
        // SAFETY: the caller's promise, for numbers and booleans.
        unsafe {
            fill(slice_mut(output, len), |index| {
                let (number, more) =
                    (at::<T, 0>(arguments, 0, index), at::<Bool, 0>(arguments, 1, index));
                Add::apply(number, more.convert())
            });
        }
    }
}
