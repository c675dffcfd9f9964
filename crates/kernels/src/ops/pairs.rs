//! Superinstructions: loops that do two operations, the second one to the result of the first.
//!
//! Each operation rounds as it does alone, so the bits are those of two loops; what lies between
//! the two stays in a register of the processor.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;

use num_complex::Complex;

use super::Op;
use super::arithmetic::{Add, Multiply, Subtract};
use super::loops::{Binary, Body, Kernel, Width, kernel, slice_mut};
use super::scalars::{Numbers, at, fill};
use crate::DType;
use crate::element::Element;

/// How the second operation of a pair takes the result of the first, `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `t op c`.
    First,
    /// `c op t`.
    Second,
    /// `t op t`.
    Both,
}

/// Two operations on elements of one dtype: the first takes two arguments, the second its result
/// and perhaps a third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The dtype of arguments and results.
    pub dtype: DType,
    /// The operation that is done first.
    pub first: Op,
    /// The operation that is done to its result.
    pub second: Op,
    /// How.
    pub shape: Shape,
    /// Which arguments are numbers.
    pub numbers: [bool; 3],
}

impl Pair {
    /// The same pair in the form that there are loops for, if sums and products are the same either
    /// way round; and whether the first two arguments change places.
    pub fn normal(mut self) -> (Self, bool) {
        if self.shape == Shape::Second && matches!(self.second, Op::Add | Op::Multiply) {
            self.shape = Shape::First;
        }
        let swaps = self.numbers[0] && matches!(self.first, Op::Add | Op::Multiply);
        if swaps {
            self.numbers.swap(0, 1);
        }
        (self, swaps)
    }

    /// The loop for a pair in its normal form. Its arguments are those of the first operation, then
    /// the other one of the second; of a number, only the first element is read.
    pub fn kernel(&self) -> Option<Kernel> {
        match self.dtype {
            DType::Float32 => self.of::<f32>(),
            DType::Float64 => self.of::<f64>(),
            DType::Complex64 => self.of_complex::<Complex<f32>>(),
            DType::Complex128 => self.of_complex::<Complex<f64>>(),
            _ => None,
        }
    }

    fn of<A: Element>(&self) -> Option<Kernel>
    where
        Add: Binary<A, Output = A>,
        Subtract: Binary<A, Output = A>,
        Multiply: Binary<A, Output = A>,
    {
        match (self.first, self.numbers[0], self.numbers[1]) {
            (Op::Add, false, false) => self.after::<Add, A, 0b00, 0b100>(),
            (Op::Add, false, true) => self.after::<Add, A, 0b10, 0b110>(),
            (Op::Subtract, false, false) => self.after::<Subtract, A, 0b00, 0b100>(),
            (Op::Subtract, true, false) => self.after::<Subtract, A, 0b01, 0b101>(),
            (Op::Subtract, false, true) => self.after::<Subtract, A, 0b10, 0b110>(),
            (Op::Multiply, false, false) => self.after::<Multiply, A, 0b00, 0b100>(),
            (Op::Multiply, false, true) => self.after::<Multiply, A, 0b10, 0b110>(),
            _ => None,
        }
    }

    /// Of complex numbers, products that are added to or subtracted from.
    fn of_complex<A: Element>(&self) -> Option<Kernel>
    where
        Add: Binary<A, Output = A>,
        Subtract: Binary<A, Output = A>,
        Multiply: Binary<A, Output = A>,
    {
        let with_number = self.numbers[2];
        match (self.first, self.numbers[0] || self.numbers[1], self.second, self.shape) {
            (Op::Multiply, false, Op::Add, Shape::First) => {
                Some(either::<Multiply, Add, A, 0, 0b000, 0b100>(with_number))
            }
            (Op::Multiply, false, Op::Subtract, Shape::First) => {
                Some(either::<Multiply, Subtract, A, 0, 0b000, 0b100>(with_number))
            }
            _ => None,
        }
    }

    /// The loop with a first operation: `NUMBERS` are those among its arguments, `MORE` are those and
    /// the third.
    fn after<F, A: Element, const NUMBERS: Numbers, const MORE: Numbers>(&self) -> Option<Kernel>
    where
        F: Binary<A, Output = A>,
        Add: Binary<A, Output = A>,
        Subtract: Binary<A, Output = A>,
        Multiply: Binary<A, Output = A>,
    {
        const FIRST: u8 = 0;
        const SECOND: u8 = 1;
        const BOTH: u8 = 2;
        let with_number = self.numbers[2];
        Some(match (self.second, self.shape) {
            (Op::Add, Shape::First) => either::<F, Add, A, FIRST, NUMBERS, MORE>(with_number),
            (Op::Subtract, Shape::First) => {
                either::<F, Subtract, A, FIRST, NUMBERS, MORE>(with_number)
            }
            (Op::Subtract, Shape::Second) => {
                either::<F, Subtract, A, SECOND, NUMBERS, MORE>(with_number)
            }
            (Op::Multiply, Shape::First) => {
                either::<F, Multiply, A, FIRST, NUMBERS, MORE>(with_number)
            }
            (Op::Multiply, Shape::Both) => kernel::<PairBody<F, Multiply, A, BOTH, NUMBERS>>(),
            _ => return None,
        })
    }
}

fn either<F, S, A: Element, const SHAPE: u8, const NUMBERS: Numbers, const MORE: Numbers>(
    with_number: bool,
) -> Kernel
where
    F: Binary<A, Output = A>,
    S: Binary<A, Output = A>,
{
    if with_number {
        kernel::<PairBody<F, S, A, SHAPE, MORE>>()
    } else {
        kernel::<PairBody<F, S, A, SHAPE, NUMBERS>>()
    }
}

struct PairBody<F, S, A, const SHAPE: u8, const NUMBERS: Numbers>(PhantomData<(F, S, A)>);

impl<F, S, A: Element, const SHAPE: u8, const NUMBERS: Numbers> Body
    for PairBody<F, S, A, SHAPE, NUMBERS>
where
    F: Binary<A, Output = A>,
    S: Binary<A, Output = A>,
{
    const WIDTH: Width = F::WIDTH;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        let arguments = *arguments;
        // SAFETY: the caller's promise; without a third argument, none is read.
        unsafe {
            fill(slice_mut(output, len), |index| {
                let [a, b] = [0, 1].map(|place| at::<A, NUMBERS>(arguments, place, index));
                let value = F::apply(a, b);
                match SHAPE {
                    0 => S::apply(value, at::<A, NUMBERS>(arguments, 2, index)),
                    1 => S::apply(at::<A, NUMBERS>(arguments, 2, index), value),
                    _ => S::apply(value, value),
                }
            });
        }
    }
}
