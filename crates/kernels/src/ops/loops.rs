//! The loops: every elementwise kernel is one instantiation of a function of this file.

use std::mem::MaybeUninit;

use crate::element::{Element, with_element};
use crate::{DType, Scalar};

use super::convert::Convert;

/// What a kernel found wrong with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Fine,
    /// An integer was to be raised to a negative power.
    NegativePower,
}

/// A loop over `len` elements of contiguous, aligned arguments and a contiguous, aligned result
/// that overlaps none of them.
pub type Kernel = unsafe fn(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status;

/// A loop of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The loop.
    pub kernel: Kernel,
    /// The dtype of its result.
    pub output: DType,
}

impl Entry {
    /// The loop of a unary operation.
    pub fn unary<O: Unary<A>, A: Element>() -> Self {
        Self { kernel: unary::<O, A>, output: O::Output::DTYPE }
    }

    /// The loop of a binary operation on two elements of one type.
    pub fn binary<O: Binary<A>, A: Element>() -> Self {
        Self::mixed::<O, A, A>()
    }

    /// The loop of a binary operation on elements of two types.
    pub fn mixed<O: Binary<A, B>, A: Element, B: Element>() -> Self {
        Self { kernel: binary::<O, A, B>, output: O::Output::DTYPE }
    }
}

/// An operation on one element.
pub trait Unary<A> {
    /// The element that it gives.
    type Output: Element;
    /// Applies it.
    fn apply(a: A) -> Self::Output;
}

/// An operation on two elements.
pub trait Binary<A, B = A> {
    /// The element that it gives.
    type Output: Element;
    /// Applies it.
    fn apply(a: A, b: B) -> Self::Output;
}

/// The kernel of a unary operation.
///
/// # Safety
///
/// As [`Kernel`] says, for elements of `A` and `O::Output`.
pub unsafe fn unary<O: Unary<A>, A: Element>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
) -> Status {
    // SAFETY: the caller's promise.
    let (a, output) = unsafe { (slice(arguments[0], len), slice_mut(output, len)) };
    map(a, output, O::apply);
    Status::Fine
}

/// The kernel of a binary operation.
///
/// # Safety
///
/// As [`Kernel`] says, for elements of `A`, `B` and `O::Output`.
pub unsafe fn binary<O: Binary<A, B>, A: Element, B: Element>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
) -> Status {
    // SAFETY: the caller's promise.
    let (a, b, output) =
        unsafe { (slice(arguments[0], len), slice(arguments[1], len), slice_mut(output, len)) };
    map2(a, b, output, O::apply);
    Status::Fine
}

/// The kernel of a conversion.
///
/// # Safety
///
/// As [`Kernel`] says, for elements of `A` and `T`.
unsafe fn conversion<A: Element + Convert<T>, T: Element>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
) -> Status {
    // SAFETY: the caller's promise.
    let (a, output) = unsafe { (slice(arguments[0], len), slice_mut(output, len)) };
    map(a, output, A::convert);
    Status::Fine
}

/// The kernel that converts elements of one native dtype to another.
pub fn cast_kernel(from: DType, to: DType) -> Option<Kernel> {
    with_element!(from, A => with_element!(to, T => Some(conversion::<A, T>), _ => None), _ => None)
}

/// Converts one value.
pub fn cast_scalar(value: Scalar, to: DType) -> Option<Scalar> {
    let kernel = cast_kernel(value.dtype(), to)?;
    let (source, mut result) = (Aligned(value.padded()), Aligned([0; 16]));
    let arguments = [source.0.as_ptr(), std::ptr::null(), std::ptr::null()];
    // SAFETY: one element of at most 16 bytes each, aligned to 16.
    unsafe { kernel(&arguments, result.0.as_mut_ptr(), 1) };
    Some(Scalar::from_bytes(to, &result.0))
}

#[repr(align(16))]
struct Aligned([u8; 16]);

/// # Safety
///
/// `pointer` must be aligned and valid for reads of `len` elements that nobody writes meanwhile.
unsafe fn slice<'a, T: Element>(pointer: *const u8, len: usize) -> &'a [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer.cast(), len) }
}

/// # Safety
///
/// `pointer` must be aligned and valid for writes of `len` elements that nobody else uses meanwhile.
unsafe fn slice_mut<'a, T: Element>(pointer: *mut u8, len: usize) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(pointer.cast(), len) }
}

// The slices are arguments of a function of their own so that the compiler knows that they don't
// overlap; otherwise it checks before each loop and keeps a scalar copy of it.

#[inline(always)]
fn map<A: Element, T>(a: &[A], output: &mut [MaybeUninit<T>], apply: impl Fn(A) -> T) {
    for (output, &a) in output.iter_mut().zip(a) {
        output.write(apply(a));
    }
}

#[inline(always)]
fn map2<A: Element, B: Element, T>(
    a: &[A],
    b: &[B],
    output: &mut [MaybeUninit<T>],
    apply: impl Fn(A, B) -> T,
) {
    for ((output, &a), &b) in output.iter_mut().zip(a).zip(b) {
        output.write(apply(a, b));
    }
}
