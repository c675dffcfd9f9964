//! Loops of operations on elements and one number: it stays in a register of the processor, and
//! the loop reads one stream instead of two.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::loops::{Binary, Body, Kernel, Width, kernel, slice_mut};
use super::{Op, arithmetic, comparison, division, extrema};
use crate::DType;
use crate::element::Element;

/// Which arguments of a loop are one number for all elements: a bit for each.
pub type Numbers = u8;

/// An argument of the element at `index`.
///
/// # Safety
///
/// The argument at `place` must be aligned and valid for reads: of more than `index` elements, or of
/// one, if it is a number.
#[inline(always)]
pub(super) unsafe fn at<T: Copy, const NUMBERS: Numbers>(
    arguments: [*const u8; 3],
    place: usize,
    index: usize,
) -> T {
    let index = if NUMBERS >> place & 1 == 1 { 0 } else { index };
    // SAFETY: the caller's promise.
    unsafe { *arguments[place].cast::<T>().add(index) }
}

/// Writes the results. They are an argument of a function of its own so that the compiler knows that
/// nothing else overlaps them.
#[inline(always)]
pub(super) fn fill<T>(output: &mut [MaybeUninit<T>], result: impl Fn(usize) -> T) {
    for (index, output) in output.iter_mut().enumerate() {
        output.write(result(index));
    }
}

struct NumberBody<O, A, const NUMBERS: Numbers>(PhantomData<(O, A)>);

impl<O: Binary<A>, A: Element, const NUMBERS: Numbers> Body for NumberBody<O, A, NUMBERS> {
    const WIDTH: Width = O::WIDTH;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        let arguments = *arguments;
        // SAFETY: the caller's promise.
        unsafe {
            fill(slice_mut(output, len), |index| {
                let [a, b] = [0, 1].map(|place| at::<A, NUMBERS>(arguments, place, index));
                O::apply(a, b)
            });
        }
    }
}

/// The loop of a binary operation with a number at one place; only the number's first element is
/// read. `None` where there is none: the number then has to be repeated.
pub fn kernel_with_number(op: Op, dtype: DType, place: usize) -> Option<Kernel> {
    match dtype {
        DType::Int32 => common::<i32>(op, place),
        DType::Int64 => common::<i64>(op, place),
        DType::Float32 => common::<f32>(op, place).or_else(|| floats::<f32>(op, place)),
        DType::Float64 => common::<f64>(op, place).or_else(|| floats::<f64>(op, place)),
        _ => None,
    }
}

fn common<A: Element>(op: Op, place: usize) -> Option<Kernel>
where
    arithmetic::Add: Binary<A>,
    arithmetic::Subtract: Binary<A>,
    arithmetic::Multiply: Binary<A>,
    comparison::Less: Binary<A>,
    comparison::LessEqual: Binary<A>,
    comparison::Greater: Binary<A>,
    comparison::GreaterEqual: Binary<A>,
    comparison::Equal: Binary<A>,
    comparison::NotEqual: Binary<A>,
    extrema::Maximum: Binary<A>,
    extrema::Minimum: Binary<A>,
{
    match op {
        Op::Add => placed::<arithmetic::Add, A>(place),
        Op::Subtract => placed::<arithmetic::Subtract, A>(place),
        Op::Multiply => placed::<arithmetic::Multiply, A>(place),
        Op::Less => placed::<comparison::Less, A>(place),
        Op::LessEqual => placed::<comparison::LessEqual, A>(place),
        Op::Greater => placed::<comparison::Greater, A>(place),
        Op::GreaterEqual => placed::<comparison::GreaterEqual, A>(place),
        Op::Equal => placed::<comparison::Equal, A>(place),
        Op::NotEqual => placed::<comparison::NotEqual, A>(place),
        Op::Maximum => placed::<extrema::Maximum, A>(place),
        Op::Minimum => placed::<extrema::Minimum, A>(place),
        _ => None,
    }
}

fn floats<A: Element>(op: Op, place: usize) -> Option<Kernel>
where
    division::Divide: Binary<A>,
{
    match op {
        Op::Divide => placed::<division::Divide, A>(place),
        _ => None,
    }
}

fn placed<O: Binary<A>, A: Element>(place: usize) -> Option<Kernel> {
    match place {
        0 => Some(kernel::<NumberBody<O, A, 0b01>>()),
        1 => Some(kernel::<NumberBody<O, A, 0b10>>()),
        _ => None,
    }
}
