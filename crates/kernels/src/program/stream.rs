//! Memory that is read and written once, from one end to the other.

#![expect(unsafe_code, reason = "memory is written past the caches")]

use std::sync::OnceLock;

use super::{Input, Program};
use crate::walk::Walk;

/// What is known of the way from and to memory.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Whether the inputs come from afar, so that each tile had better be asked for while the one
    /// before it is worked on: the processor's own guesses begin anew with each tile.
    pub is_far: bool,
    /// Whether the results are too much for the caches to keep: written past them, they don't have
    /// to be read first.
    pub streams: bool,
}

/// What more than this many bytes are read from does not lie near the processor.
const FAR: usize = 1 << 20;

impl Traffic {
    /// The traffic of a program over a walk, which may be a part of one over `whole` elements.
    pub fn new(program: &Program, walk: &Walk<'_>, whole: usize) -> Self {
        let elements: usize = walk.lens.iter().product();
        let inputs = program.inputs.iter().map(|input| match input {
            Input::Block(dtype) => dtype.itemsize(),
            Input::Label(_) | Input::Random(_) => 0,
        });
        let all = inputs.sum::<usize>() + written(program);
        Self {
            is_far: elements.max(whole).saturating_mul(all) > FAR,
            streams: is_worth(program, elements),
        }
    }
}

/// How many bytes a program writes for each element.
fn written(program: &Program) -> usize {
    program.outputs.iter().map(|output| output.dtype.itemsize()).sum()
}

/// Whether the results for so many elements are not in a cache any more when someone wants them.
pub fn is_worth(program: &Program, elements: usize) -> bool {
    elements.saturating_mul(written(program)) > too_much()
}

/// So many bytes are kept: by measurement a tenth of the last cache, as inputs and other threads want
/// it, too.
fn too_much() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| last_cache().unwrap_or(64 << 20) / 10)
}

/// The size of the last cache.
fn last_cache() -> Option<usize> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").ok()?;
    text.trim().strip_suffix('K')?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// Asks for memory that will soon be read, `bytes` of it. A hint: there need be none.
#[inline(always)]
pub fn prefetch(first: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..bytes).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which is ignored where there is no memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (first, bytes);
}

/// The size of a cache line.
pub const LINE: usize = 64;

/// Copies bytes past the caches. Other threads see them after [`settle`].
///
/// # Safety
///
/// `source` must be valid for reads and `dest` for writes of `bytes` bytes, and the two must not
/// overlap.
#[inline(always)]
pub unsafe fn store(source: *const u8, dest: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise; the lines lie within the bytes.
    unsafe {
        let head = dest.align_offset(LINE).min(bytes);
        let lines = (bytes - head) / LINE;
        std::ptr::copy_nonoverlapping(source, dest, head);
        store_lines(source.add(head), dest.add(head), lines);
        let done = head + lines * LINE;
        std::ptr::copy_nonoverlapping(source.add(done), dest.add(done), bytes - done);
    }
}

/// # Safety
///
/// `source` must be valid for reads and `dest` for writes of `lines` cache lines, and `dest` be
/// aligned to one.
#[inline(always)]
#[cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    expect(clippy::cast_ptr_alignment, reason = "loads need none, and stores have it")
)]
unsafe fn store_lines(source: *const u8, dest: *mut u8, lines: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for item in 0..lines * (LINE / 16) {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        // SAFETY: the caller's promise; every processor of this architecture has the instructions.
        unsafe {
            let value = _mm_loadu_si128(source.cast::<__m128i>().add(item));
            _mm_stream_si128(dest.cast::<__m128i>().add(item), value);
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    // SAFETY: the caller's promise.
    unsafe {
        std::ptr::copy_nonoverlapping(source, dest, lines * LINE);
    }
}

/// Makes what [`store`] has written known to other threads, before anything that is written later.
pub fn settle() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every processor of this architecture has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Argument, Block, Casting, DType, Op, Source};

    #[test]
    fn every_byte_is_stored() {
        let source: Vec<u8> = (0..1000).map(|j| (j % 251) as u8).collect();
        for start in [0, 1, 63, 64, 65] {
            for len in [0, 1, 63, 64, 65, 128, 700] {
                let mut dest = vec![0; 1000];
                // SAFETY: both have so many bytes.
                unsafe { store(source.as_ptr().add(7), dest.as_mut_ptr().add(start), len) };
                settle();
                assert_eq!(dest[start..start + len], source[7..7 + len]);
                assert!(dest[..start].iter().chain(&dest[start + len..]).all(|&byte| byte == 0));
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes too long")]
    fn large_results_are_those_of_small_ones() {
        let size = too_much() / 8 + 1001;
        let numbers: Vec<f64> = (0..size).map(|j| j as f64).collect();
        let input = Block::from_slice(&numbers, &[size]).unwrap();
        let looped =
            Op::Negative.resolve(&[Argument::Typed(DType::Float64)], None, Casting::Safe).unwrap();
        let source = [Source::Block(DType::Float64)];
        let program =
            Program::single(Op::Negative, &looped, &source, DType::Float64, false).unwrap();
        let whole = Block::zeroed(DType::Float64, &[size + 3]).unwrap();
        let output = whole.slice_axis(0, 3, 1, size);
        for threads in [1, 3] {
            crate::copy::fill(&whole, &0.5.into()).unwrap();
            let outputs = [output.clone()];
            program
                .evaluate_with(threads, &[size], std::slice::from_ref(&input), &[], &outputs)
                .unwrap();
            let found = whole.to_vec::<f64>().unwrap();
            assert_eq!(found[..3], [0.5; 3]);
            assert!(
                found[3..]
                    .iter()
                    .zip(&numbers)
                    .all(|(found, number)| found.to_bits() == (-number).to_bits())
            );
        }
    }
}
