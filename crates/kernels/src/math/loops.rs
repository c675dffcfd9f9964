//! The loops over functions.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::mem::MaybeUninit;

use num_complex::Complex;

use super::arithmetic::{Fused, Isa, Separate};
use crate::DType;
use crate::element::Element;
use crate::ops::{Entry, Kernel, Status};
use crate::program::flags;

/// A function of `N` numbers that gives a `U`.
pub(crate) trait Function<T, const N: usize, U = T> {
    /// What the formula gives, and whether that is the value of the function. If so, the function
    /// meets no floating-point exception there; what the formula meets is forgotten.
    fn usual<I: Isa>(arguments: [T; N]) -> (U, bool);

    /// The value for other arguments.
    fn unusual(arguments: [T; N]) -> U;
}

/// The loop of a function of real numbers for a dtype.
pub(crate) fn real<F, const N: usize>(dtype: DType) -> Option<Entry>
where
    F: Function<f64, N> + Function<f32, N>,
{
    match dtype {
        DType::Float32 => Some(Entry { kernel: kernel::<f32, F, N, f32>(), output: dtype }),
        DType::Float64 => Some(Entry { kernel: kernel::<f64, F, N, f64>(), output: dtype }),
        _ => None,
    }
}

/// The loop of a function of complex numbers for a dtype.
pub(crate) fn complex<F, const N: usize>(dtype: DType) -> Option<Entry>
where
    F: Function<Complex<f64>, N> + Function<Complex<f32>, N>,
{
    let kernel = match dtype {
        DType::Complex64 => kernel::<Complex<f32>, F, N, Complex<f32>>(),
        DType::Complex128 => kernel::<Complex<f64>, F, N, Complex<f64>>(),
        _ => return None,
    };
    Some(Entry { kernel, output: dtype })
}

/// The loop of a function of complex numbers with real values for a dtype.
pub(crate) fn complex_to_real<F, const N: usize>(dtype: DType) -> Option<Entry>
where
    F: Function<Complex<f64>, N, f64> + Function<Complex<f32>, N, f32>,
{
    let kernel = match dtype {
        DType::Complex64 => kernel::<Complex<f32>, F, N, f32>(),
        DType::Complex128 => kernel::<Complex<f64>, F, N, f64>(),
        _ => return None,
    };
    Some(Entry { kernel, output: dtype.real() })
}

/// The loop for the best instruction set that the processor has.
fn kernel<T: Element, F: Function<T, N, U>, const N: usize, U: Element>() -> Kernel {
    stamps::<T, F, N, U>().next().map_or(baseline::kernel::<T, F, N, U>, |(_, kernel)| kernel)
}

/// The loops for all instruction sets that the processor has, the best one first.
pub(super) fn stamps<T: Element, F: Function<T, N, U>, const N: usize, U: Element>()
-> impl Iterator<Item = (&'static str, Kernel)> {
    #[cfg(target_arch = "x86_64")]
    let wide = {
        let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let has_avx512 = has_avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq");
        [
            has_avx512.then_some(("AVX-512", avx512::kernel::<T, F, N, U> as Kernel)),
            has_avx2.then_some(("AVX2", avx2::kernel::<T, F, N, U> as Kernel)),
        ]
    };
    #[cfg(not(target_arch = "x86_64"))]
    let wide: [Option<(&str, Kernel)>; 0] = [];
    let baseline: (&str, Kernel) = ("baseline", baseline::kernel::<T, F, N, U>);
    wide.into_iter().flatten().chain([baseline])
}

/// A module with the loops for an instruction set.
macro_rules! stamp {
    ($name:ident, $isa:ty $(, #[$feature:meta])?) => {
        mod $name {
            use super::*;

            /// # Safety
            ///
            /// As [`Kernel`] says; the processor must have the features.
            pub(super) unsafe fn kernel<T: Element, F: Function<T, N, U>, const N: usize, U: Element>(
                arguments: &[*const u8; 3],
                output: *mut u8,
                len: usize,
            ) -> Status {
                // SAFETY: the caller's promise.
                unsafe { run::<T, N, U>(arguments, output, len, chunk::<T, F, N, U>, F::unusual) }
            }

            /// # Safety
            ///
            /// The processor must have the features.
            $(#[$feature])?
            unsafe fn chunk<T: Element, F: Function<T, N, U>, const N: usize, U: Element>(
                inputs: [&[T; CHUNK]; N],
                output: &mut [MaybeUninit<U>; CHUNK],
                unusual: &mut [u32; CHUNK],
            ) -> u32 {
                formula::<T, F, $isa, N, U>(inputs, output, unusual)
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
stamp!(avx512, Fused, #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]);
#[cfg(target_arch = "x86_64")]
stamp!(avx2, Fused, #[target_feature(enable = "avx2,fma")]);
// What every processor of the architecture has.
#[cfg(target_arch = "aarch64")]
stamp!(baseline, Fused);
#[cfg(not(target_arch = "aarch64"))]
stamp!(baseline, Separate);

/// How many elements go through a formula together: as many as a mask has bits.
const CHUNK: usize = u64::BITS as usize;

/// How many are between two looks at the flags: as many as the evaluator usually has in a block.
const GROUP: usize = 4 * CHUNK;

/// Applies a formula to a chunk, sets all bits of the flags of elements with unusual arguments and
/// none of the others', and gives the union of the flags.
///
/// The flags are as short as the shortest numbers, so that a register has as many of both.
type Chunk<T, const N: usize, U> = unsafe fn(
    inputs: [&[T; CHUNK]; N],
    output: &mut [MaybeUninit<U>; CHUNK],
    unusual: &mut [u32; CHUNK],
) -> u32;

#[inline(always)]
fn formula<T: Element, F: Function<T, N, U>, I: Isa, const N: usize, U: Element>(
    inputs: [&[T; CHUNK]; N],
    output: &mut [MaybeUninit<U>; CHUNK],
    unusual: &mut [u32; CHUNK],
) -> u32 {
    let mut found = 0;
    for (index, (output, unusual)) in output.iter_mut().zip(unusual).enumerate() {
        let (value, is_usual) = F::usual::<I>(inputs.map(|input| input[index]));
        output.write(value);
        *unusual = if is_usual { 0 } else { !0 };
        found |= *unusual;
    }
    found
}

/// The flags that are set, as bits.
#[cold]
fn mask(flags: &[u32; CHUNK]) -> u64 {
    flags.iter().enumerate().fold(0, |mask, (index, &flag)| mask | u64::from(flag & 1) << index)
}

/// # Safety
///
/// As [`Kernel`] says; the processor must have the features that `chunk` needs.
unsafe fn run<T: Element, const N: usize, U: Element>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
    chunk: Chunk<T, N, U>,
    unusual: fn([T; N]) -> U,
) -> Status {
    // SAFETY: the caller's promise.
    let (inputs, output) = unsafe {
        (
            std::array::from_fn::<&[T], N, _>(|index| {
                std::slice::from_raw_parts(arguments[index].cast(), len)
            }),
            std::slice::from_raw_parts_mut(output.cast::<MaybeUninit<U>>(), len),
        )
    };
    let mut flags = [0; CHUNK];
    for start in (0..len).step_by(GROUP) {
        let end = len.min(start + GROUP);
        let mut masks = [0; GROUP / CHUNK];
        let met = flags::take();
        for (mask, start) in masks.iter_mut().zip((start..end).step_by(CHUNK)) {
            // SAFETY: the caller's promise.
            *mask = unsafe { apply(&inputs, output, &mut flags, start, chunk) };
        }
        flags::take();
        flags::restore(met);
        for (mut mask, start) in masks.into_iter().zip((start..end).step_by(CHUNK)) {
            while mask != 0 {
                let index = start + mask.trailing_zeros() as usize;
                output[index].write(unusual(inputs.map(|input| input[index])));
                mask &= mask - 1;
            }
        }
    }
    Status::Fine
}

/// Applies a formula to the chunk from `start` on, which may be shorter than others; gives a mask of
/// the elements with unusual arguments.
///
/// # Safety
///
/// The processor must have the features that `chunk` needs.
#[inline(always)]
unsafe fn apply<T: Element, const N: usize, U: Element>(
    inputs: &[&[T]; N],
    output: &mut [MaybeUninit<U>],
    flags: &mut [u32; CHUNK],
    start: usize,
    chunk: Chunk<T, N, U>,
) -> u64 {
    let output = &mut output[start..];
    if let Some(output) = output.first_chunk_mut() {
        let inputs = inputs.map(|input| input[start..].first_chunk().unwrap());
        // SAFETY: the caller's promise.
        let found = unsafe { chunk(inputs, output, flags) };
        return if found == 0 { 0 } else { mask(flags) };
    }
    let filled = inputs.map(|input| {
        let input = &input[start..];
        // With the last element, so that nothing unusual comes in.
        let mut filled = [input[input.len() - 1]; CHUNK];
        filled[..input.len()].copy_from_slice(input);
        filled
    });
    let mut values = [MaybeUninit::uninit(); CHUNK];
    // SAFETY: the caller's promise.
    unsafe { chunk(filled.each_ref(), &mut values, flags) };
    output.copy_from_slice(&values[..output.len()]);
    mask(flags) & ((1 << output.len()) - 1)
}
