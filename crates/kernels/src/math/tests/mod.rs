//! Every function on every instruction set that the processor has.

#![expect(unsafe_code, reason = "a loop works on memory")]

mod accuracy;
mod complex;
mod double_double;
mod laws;
mod single;
mod special;

use super::loops::{Function, stamps};
use crate::element::Element;
use crate::ops::Kernel;

/// The values of a function by one of its loops.
fn evaluate<T: Element + Default, const N: usize>(kernel: Kernel, inputs: &[&[T]; N]) -> Vec<T> {
    evaluate_to(kernel, inputs)
}

/// The values of a function by one of its loops, of another type than the arguments.
fn evaluate_to<T: Element, const N: usize, U: Element + Default>(
    kernel: Kernel,
    inputs: &[&[T]; N],
) -> Vec<U> {
    let len = inputs[0].len();
    let mut values = vec![U::default(); len];
    let mut arguments = [std::ptr::null(); 3];
    for (argument, input) in arguments.iter_mut().zip(inputs) {
        assert_eq!(input.len(), len);
        *argument = input.as_ptr().cast();
    }
    // SAFETY: aligned slices of `len` elements each, which don't overlap.
    unsafe { kernel(&arguments, values.as_mut_ptr().cast(), len) };
    values
}

/// The loops of a function, with the names of their instruction sets.
fn loops<T: Element, F: Function<T, N, U>, const N: usize, U: Element>()
-> Vec<(&'static str, Kernel)> {
    stamps::<T, F, N, U>().collect()
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    /// Splitmix64.
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Uniform on [low, high).
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let unit = (self.bits() >> 11) as f64 * 2.0_f64.powi(-53);
        low + (high - low) * unit
    }

    /// Of either sign, with an exponent from a range.
    fn scaled(&mut self, low: i32, high: i32) -> f64 {
        let exponent = low + (self.bits() % (high - low) as u64) as i32;
        let mantissa = self.uniform(1.0, 2.0);
        let half = 2.0_f64.powi(exponent / 2);
        let value = mantissa * half * 2.0_f64.powi(exponent - exponent / 2);
        if self.bits() & 1 == 1 { -value } else { value }
    }
}
