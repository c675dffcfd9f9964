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

    /// What the formula gives for a chunk, and whether some of that is not the value of the function.
    ///
    /// A formula of a hundred steps, most of which wait for the one before, had better be carried out
    /// part by part, each for all of the chunk (with [`columns`]): while steps wait, processors look for
    /// work on the next elements, but not a hundred steps ahead.
    #[inline(always)]
    fn chunk<I: Isa>(inputs: [&[T; CHUNK]; N], output: &mut [MaybeUninit<U>; CHUNK]) -> bool
    where
        T: Copy,
    {
        write(output, |index| Self::usual::<I>(inputs.map(|input| input[index])))
    }
}

/// Writes the values for a chunk; tells whether there are unusual arguments.
#[inline(always)]
pub(crate) fn write<U>(
    output: &mut [MaybeUninit<U>; CHUNK],
    formula: impl Fn(usize) -> (U, bool),
) -> bool {
    let mut found = false;
    for (index, output) in output.iter_mut().enumerate() {
        let (value, is_usual) = formula(index);
        output.write(value);
        found |= !is_usual;
    }
    found
}

/// What a part of a formula gives for the elements of a chunk: an array for each number.
#[inline(always)]
pub(crate) fn columns<T: Default + Copy, const M: usize>(
    part: impl Fn(usize) -> [T; M],
) -> [[T; CHUNK]; M] {
    let mut columns = [[T::default(); CHUNK]; M];
    for index in 0..CHUNK {
        let values = part(index);
        for (column, value) in columns.iter_mut().zip(values) {
            column[index] = value;
        }
    }
    columns
}

/// What a part of a formula gave for one element.
#[inline(always)]
pub(crate) fn row<T: Copy, const M: usize>(columns: &[[T; CHUNK]; M], index: usize) -> [T; M] {
    columns.each_ref().map(|column| column[index])
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
                unsafe {
                    let formula = Formula { values: values::<T, F, N, U>, mask: mask::<T, F, N, U> };
                    run::<T, N, U>(arguments, output, len, formula, F::unusual)
                }
            }

            /// # Safety
            ///
            /// The processor must have the features.
            $(#[$feature])?
            unsafe fn values<T: Element, F: Function<T, N, U>, const N: usize, U: Element>(
                inputs: [&[[T; CHUNK]]; N],
                output: &mut [[MaybeUninit<U>; CHUNK]],
            ) -> bool {
                usual::<T, F, $isa, N, U>(inputs, output)
            }

            /// # Safety
            ///
            /// The processor must have the features.
            #[cold]
            $(#[$feature])?
            unsafe fn mask<T: Element, F: Function<T, N, U>, const N: usize, U: Element>(
                inputs: [&[T; CHUNK]; N],
            ) -> u64 {
                unusual::<T, F, $isa, N, U>(inputs)
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
pub(crate) const CHUNK: usize = u64::BITS as usize;

/// How many are between two looks at the flags: as many as the evaluator usually has in a block.
const GROUP: usize = 4 * CHUNK;

/// A formula, for chunks.
#[derive(Clone, Copy)]
struct Formula<T, const N: usize, U> {
    values: Values<T, N, U>,
    mask: Mask<T, N>,
}

/// Computes the values, and tells whether there are unusual arguments.
type Values<T, const N: usize, U> =
    unsafe fn(inputs: [&[[T; CHUNK]]; N], output: &mut [[MaybeUninit<U>; CHUNK]]) -> bool;

/// Tells which arguments are unusual, as bits. (Apart from the values: few chunks have any, and
/// noting them takes up to a tenth of the time.)
type Mask<T, const N: usize> = unsafe fn(inputs: [&[T; CHUNK]; N]) -> u64;

#[inline(always)]
fn usual<T: Element, F: Function<T, N, U>, I: Isa, const N: usize, U: Element>(
    inputs: [&[[T; CHUNK]]; N],
    output: &mut [[MaybeUninit<U>; CHUNK]],
) -> bool {
    let mut found = false;
    for (index, output) in output.iter_mut().enumerate() {
        found |= F::chunk::<I>(inputs.map(|input| &input[index]), output);
    }
    found
}

#[inline(always)]
fn unusual<T: Element, F: Function<T, N, U>, I: Isa, const N: usize, U: Element>(
    inputs: [&[T; CHUNK]; N],
) -> u64 {
    // As short as the shortest numbers, so that a register has as many of both.
    let mut flags = [0_u32; CHUNK];
    for (index, flag) in flags.iter_mut().enumerate() {
        let (_, is_usual) = F::usual::<I>(inputs.map(|input| input[index]));
        *flag = u32::from(!is_usual);
    }
    flags.iter().enumerate().fold(0, |mask, (index, &flag)| mask | u64::from(flag) << index)
}

/// # Safety
///
/// As [`Kernel`] says; the processor must have the features that the formula needs.
unsafe fn run<T: Element, const N: usize, U: Element>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
    formula: Formula<T, N, U>,
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
    for start in (0..len).step_by(GROUP) {
        let end = len.min(start + GROUP);
        let inputs = inputs.map(|input| &input[start..end]);
        let output = &mut output[start..end];
        let met = flags::take();
        // SAFETY: the caller's promise.
        let found = unsafe { apply(inputs, output, formula.values) };
        // SAFETY: the caller's promise.
        let masks = if found { unsafe { masks(inputs, formula.mask) } } else { [0; GROUP / CHUNK] };
        flags::take();
        flags::restore(met);
        if !found {
            continue;
        }
        for (mut mask, start) in masks.into_iter().zip((0..GROUP).step_by(CHUNK)) {
            while mask != 0 {
                let index = start + mask.trailing_zeros() as usize;
                output[index].write(unusual(inputs.map(|input| input[index])));
                mask &= mask - 1;
            }
        }
    }
    Status::Fine
}

/// Applies a formula to a group; tells whether there are unusual arguments.
///
/// # Safety
///
/// The processor must have the features that the formula needs.
#[inline(always)]
unsafe fn apply<T: Element, const N: usize, U: Element>(
    inputs: [&[T]; N],
    output: &mut [MaybeUninit<U>],
    values: Values<T, N, U>,
) -> bool {
    let (chunks, rest) = output.as_chunks_mut();
    // SAFETY: the caller's promise.
    let mut found = unsafe { values(inputs.map(|input| input.as_chunks().0), chunks) };
    if !rest.is_empty() {
        let mut filled_output = [[MaybeUninit::uninit(); CHUNK]];
        // SAFETY: the caller's promise.
        found |= unsafe {
            values(filled(inputs).each_ref().map(|input| &input[..]), &mut filled_output)
        };
        rest.copy_from_slice(&filled_output[0][..rest.len()]);
    }
    found
}

/// The last chunk of each, which is shorter, filled up with its last element, so that nothing
/// unusual comes in.
fn filled<T: Element, const N: usize>(inputs: [&[T]; N]) -> [[[T; CHUNK]; 1]; N] {
    inputs.map(|input| {
        let rest = input.as_chunks::<CHUNK>().1;
        let mut filled = [rest[rest.len() - 1]; CHUNK];
        filled[..rest.len()].copy_from_slice(rest);
        [filled]
    })
}

/// Masks of the elements of a group with unusual arguments.
///
/// # Safety
///
/// The processor must have the features that the formula needs.
#[cold]
unsafe fn masks<T: Element, const N: usize>(
    inputs: [&[T]; N],
    mask: Mask<T, N>,
) -> [u64; GROUP / CHUNK] {
    let whole = inputs.map(|input| input.as_chunks().0);
    let (count, rest) = (inputs[0].len() / CHUNK, inputs[0].len() % CHUNK);
    let mut masks = [0; GROUP / CHUNK];
    for (index, found) in masks[..count].iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *found = unsafe { mask(whole.map(|chunks| &chunks[index])) };
    }
    if rest > 0 {
        let filled = filled(inputs);
        // SAFETY: the caller's promise.
        let found = unsafe { mask(filled.each_ref().map(|[chunk]| chunk)) };
        masks[count] = found & ((1 << rest) - 1);
    }
    masks
}
