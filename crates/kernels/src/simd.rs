//! Loops compiled for the vector registers that this processor has.
//!
//! The compiler vectorises for what every processor of an architecture has. Work that is handed to
//! [`widest`] is compiled again for the wider registers that many have, and the best version is
//! chosen when it runs.

#![expect(
    unsafe_code,
    reason = "functions are compiled for instructions that the processor may lack"
)]

/// Work whose loops gain from wide vector registers.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Whether registers of 64 bytes are better than those of 32: they are where they have
    /// instructions that the others lack, and make no difference where memory is the limit.
    const WANTS_64: bool = false;

    /// Does it. Must be `#[inline(always)]`, and so must all that its loops call, so that it
    /// becomes a part of the function that may use the registers.
    fn run(self) -> Self::Output;
}

/// Does the work with the widest vector registers that are worth it.
#[inline]
pub(crate) fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if W::WANTS_64
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
        {
            // SAFETY: the processor has the features.
            return unsafe { with_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the feature.
            return unsafe { with_avx2(work) };
        }
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
fn with_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

/// Work whose loops gain from wide vector registers and from an instruction that multiplies and
/// adds.
pub(crate) trait FusedWork {
    /// What comes of it.
    type Output;

    /// Does it; `FMA` says whether [`f64::mul_add`] is one instruction. As [`Work::run`].
    fn run<const FMA: bool>(self) -> Self::Output;
}

/// Does the work with the widest vector registers and with fused instructions, if there are.
#[inline]
pub(crate) fn fused<W: FusedWork>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("fma")
        {
            // SAFETY: the processor has the features.
            return unsafe { with_avx512_and_fma(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features.
            return unsafe { with_avx2_and_fma(work) };
        }
        work.run::<false>()
    }
    #[cfg(not(target_arch = "x86_64"))]
    work.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma")]
fn with_avx512_and_fma<W: FusedWork>(work: W) -> W::Output {
    work.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2_and_fma<W: FusedWork>(work: W) -> W::Output {
    work.run::<true>()
}

/// Asks for the memory that a loop over `chunk` and what follows it will soon read. The processor
/// does so itself, but not so far ahead.
#[inline(always)]
pub(crate) fn prefetch_after<T>(chunk: &[T]) {
    const AHEAD: usize = 8 << 10;
    prefetch_lines(chunk.as_ptr().cast::<i8>().wrapping_add(AHEAD), size_of_val(chunk));
}

/// Asks for memory that will soon be read.
#[inline(always)]
pub(crate) fn prefetch<T>(chunk: &[T]) {
    prefetch_lines(chunk.as_ptr().cast(), size_of_val(chunk));
}

/// Asks for memory that lies so many bytes after what is read, and will soon be read.
#[inline(always)]
pub(crate) fn prefetch_at<T>(chunk: &[T], distance: isize) {
    prefetch_lines(chunk.as_ptr().cast::<i8>().wrapping_offset(distance), size_of_val(chunk));
}

/// Asks for the cache line with a byte that will soon be read or written.
#[inline(always)]
pub(crate) fn prefetch_line(place: *const u8) {
    prefetch_lines(place.cast(), 1);
}

#[inline(always)]
fn prefetch_lines(start: *const i8, len: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        const LINE: usize = 64;
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for line in (0..len).step_by(LINE) {
            // SAFETY: a hint, which is ignored where there is no memory.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, len);
}
