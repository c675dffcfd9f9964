//! The loops: every elementwise kernel is one instantiation of a function of this file.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use half::f16;
use half::slice::HalfFloatSliceExt;
use num_complex::Complex;

use crate::element::{Element, with_element};
use crate::{DType, KernelError, Scalar};

use super::convert::Convert;

/// What a kernel found wrong with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Fine,
    /// An integer was to be raised to a negative power.
    NegativePower,
}

impl Status {
    /// What the caller is told.
    pub fn error(self) -> KernelError {
        KernelError::Value(match self {
            Self::Fine => String::new(),
            Self::NegativePower => {
                "Integers to negative integer powers are not allowed.".to_owned()
            }
        })
    }
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
        Self { kernel: kernel::<UnaryBody<O, A>>(), output: O::Output::DTYPE }
    }

    /// The loop of a binary operation on two elements of one type.
    pub fn binary<O: Binary<A>, A: Element>() -> Self {
        Self::mixed::<O, A, A>()
    }

    /// The loop of a binary operation on elements of two types.
    pub fn mixed<O: Binary<A, B>, A: Element, B: Element>() -> Self {
        Self { kernel: kernel::<BinaryBody<O, A, B>>(), output: O::Output::DTYPE }
    }
}

/// How wide the vectors are that a loop is compiled for, if the processor has them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Those that every processor has: the loop calls functions for each element.
    Narrow,
    /// 32 bytes.
    Wide,
    /// 64 bytes, worth it for the steps that most programs are made of.
    Widest,
}

/// An operation on one element.
pub trait Unary<A> {
    /// How wide the loop's vectors are.
    const WIDTH: Width = Width::Narrow;
    /// The element that it gives.
    type Output: Element;
    /// Applies it.
    fn apply(a: A) -> Self::Output;
}

/// An operation on two elements.
pub trait Binary<A, B = A> {
    /// How wide the loop's vectors are.
    const WIDTH: Width = Width::Narrow;
    /// The element that it gives.
    type Output: Element;
    /// Applies it.
    fn apply(a: A, b: B) -> Self::Output;
}

/// What a loop does, to be compiled for several instruction sets.
pub(super) trait Body {
    /// How wide its vectors are.
    const WIDTH: Width;

    /// Runs it.
    ///
    /// # Safety
    ///
    /// As [`Kernel`] says.
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize);
}

struct UnaryBody<O, A>(PhantomData<(O, A)>);

impl<O: Unary<A>, A: Element> Body for UnaryBody<O, A> {
    const WIDTH: Width = O::WIDTH;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        let (a, output) = unsafe { (slice(arguments[0], len), slice_mut(output, len)) };
        map(a, output, O::apply);
    }
}

struct BinaryBody<O, A, B>(PhantomData<(O, A, B)>);

impl<O: Binary<A, B>, A: Element, B: Element> Body for BinaryBody<O, A, B> {
    const WIDTH: Width = O::WIDTH;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        let (a, b, output) =
            unsafe { (slice(arguments[0], len), slice(arguments[1], len), slice_mut(output, len)) };
        map2(a, b, output, O::apply);
    }
}

struct ConvertBody<A, T>(PhantomData<(A, T)>);

impl<A: Element + Convert<T>, T: Element> Body for ConvertBody<A, T> {
    const WIDTH: Width = Width::Wide;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        let (a, output) = unsafe { (slice(arguments[0], len), slice_mut(output, len)) };
        map(a, output, A::convert);
    }
}

/// The kernel for the best instruction set that the processor has. All give the same bits.
pub(super) fn kernel<B: Body>() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    {
        if matches!(B::WIDTH, Width::Widest)
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
        {
            return widest::<B>;
        }
        if !matches!(B::WIDTH, Width::Narrow) && is_x86_feature_detected!("avx2") {
            return wide::<B>;
        }
    }
    narrow::<B>
}

/// # Safety
///
/// As [`Kernel`] says.
unsafe fn narrow<B: Body>(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status {
    // SAFETY: the caller's promise.
    unsafe { B::run(arguments, output, len) };
    Status::Fine
}

/// # Safety
///
/// As [`Kernel`] says; the processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn wide<B: Body>(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status {
    // SAFETY: the caller's promise.
    unsafe { B::run(arguments, output, len) };
    Status::Fine
}

/// # Safety
///
/// As [`Kernel`] says; the processor must have these parts of AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
unsafe fn widest<B: Body>(arguments: &[*const u8; 3], output: *mut u8, len: usize) -> Status {
    // SAFETY: the caller's promise.
    unsafe { B::run(arguments, output, len) };
    Status::Fine
}

/// The number of elements that conversions by way of another type take at a time.
const CHUNK: usize = 64;

/// Conversions to `float16`: to `f32` first, and from there by the hardware's own instruction.
struct ToHalfBody<A>(PhantomData<A>);

impl<A: Element + Convert<f32>> Body for ToHalfBody<A> {
    const WIDTH: Width = Width::Wide;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise; any bytes are an `f16`.
        let (a, output) = unsafe {
            (slice::<A>(arguments[0], len), std::slice::from_raw_parts_mut(output.cast(), len))
        };
        let mut singles = [0.0; CHUNK];
        for (a, output) in a.chunks(CHUNK).zip(output.chunks_mut(CHUNK)) {
            for (single, &a) in singles.iter_mut().zip(a) {
                *single = a.convert();
            }
            <[f16]>::convert_from_f32_slice(output, &singles[..a.len()]);
        }
    }
}

/// Conversions from `float16`, the same way.
struct FromHalfBody<T>(PhantomData<T>);

impl<T: Element> Body for FromHalfBody<T>
where
    f32: Convert<T>,
{
    const WIDTH: Width = Width::Wide;

    #[inline(always)]
    unsafe fn run(arguments: &[*const u8; 3], output: *mut u8, len: usize) {
        // SAFETY: the caller's promise.
        let (a, output) = unsafe { (slice::<f16>(arguments[0], len), slice_mut::<T>(output, len)) };
        let mut singles = [0.0; CHUNK];
        for (a, output) in a.chunks(CHUNK).zip(output.chunks_mut(CHUNK)) {
            a.convert_to_f32_slice(&mut singles[..a.len()]);
            map(&singles[..a.len()], output, Convert::convert);
        }
    }
}

/// The kernel that converts elements of one native dtype to another.
pub fn cast_kernel(from: DType, to: DType) -> Option<Kernel> {
    match (from, to) {
        (DType::Float16, DType::Float16) => Some(kernel::<ConvertBody<f16, f16>>()),
        // By way of `f32` these would be rounded twice.
        (DType::Float64, DType::Float16) => Some(kernel::<ConvertBody<f64, f16>>()),
        (DType::Complex128, DType::Float16) => Some(kernel::<ConvertBody<Complex<f64>, f16>>()),
        (DType::Float16, _) => with_element!(to, T => Some(kernel::<FromHalfBody<T>>()), _ => None),
        (_, DType::Float16) => with_element!(from, A => Some(kernel::<ToHalfBody<A>>()), _ => None),
        _ => with_element!(
            from,
            A => with_element!(to, T => Some(kernel::<ConvertBody<A, T>>()), _ => None),
            _ => None
        ),
    }
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
#[inline(always)]
pub(super) unsafe fn slice_mut<'a, T: Element>(
    pointer: *mut u8,
    len: usize,
) -> &'a mut [MaybeUninit<T>] {
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
