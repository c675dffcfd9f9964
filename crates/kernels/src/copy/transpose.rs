//! Transposing small squares of items in vector registers.

#![expect(unsafe_code, reason = "elements are copied where they lie")]

/// An item that squares are made of.
pub trait Square: Copy {
    /// The number of items in a row of a square.
    const SIDE: usize;

    /// Copies a square: `source` is the distance between its rows, whose items lie one after
    /// another, `dest` that between the rows of the transposed square.
    ///
    /// # Safety
    ///
    /// The items must be valid for reads at the source and writes at the destination.
    unsafe fn transpose(from: *const u8, source: isize, to: *mut u8, dest: isize);
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use super::Square;
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm_setzero_si128, _mm_storeu_si128, _mm_unpackhi_epi8,
        _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi8,
        _mm_unpacklo_epi16, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
    };

    macro_rules! square {
        ($($type:ty: $side:literal, $low:ident, $high:ident;)*) => {
            $(impl Square for $type {
                const SIDE: usize = $side;

                #[inline]
                unsafe fn transpose(from: *const u8, source: isize, to: *mut u8, dest: isize) {
                    // SAFETY: every x86-64 processor has SSE2; the caller's promise.
                    unsafe {
                        let mut rows: [__m128i; $side] = std::array::from_fn(|row| {
                            _mm_loadu_si128(from.wrapping_offset(row as isize * source).cast())
                        });
                        // Each round deals the items of the first and the second half of the rows
                        // out in turn, as a perfect shuffle does; enough of them transpose.
                        for _ in 0..usize::ilog2($side) {
                            let mut dealt = [_mm_setzero_si128(); $side];
                            for row in 0..$side / 2 {
                                let (first, second) = (rows[row], rows[row + $side / 2]);
                                dealt[2 * row] = $low(first, second);
                                dealt[2 * row + 1] = $high(first, second);
                            }
                            rows = dealt;
                        }
                        for (row, items) in rows.into_iter().enumerate() {
                            let place = to.wrapping_offset(row as isize * dest);
                            _mm_storeu_si128(place.cast(), items);
                        }
                    }
                }
            })*
        };
    }

    square! {
        u8: 16, _mm_unpacklo_epi8, _mm_unpackhi_epi8;
        u16: 8, _mm_unpacklo_epi16, _mm_unpackhi_epi16;
        u32: 4, _mm_unpacklo_epi32, _mm_unpackhi_epi32;
        u64: 2, _mm_unpacklo_epi64, _mm_unpackhi_epi64;
    }
}

/// Squares of one item.
macro_rules! single {
    ($($type:ty),*) => {
        $(impl Square for $type {
            const SIDE: usize = 1;

            #[inline]
            unsafe fn transpose(from: *const u8, _source: isize, to: *mut u8, _dest: isize) {
                // SAFETY: the caller's promise.
                unsafe { to.cast::<Self>().write_unaligned(from.cast::<Self>().read_unaligned()) }
            }
        })*
    };
}

single!(u128);
#[cfg(not(target_arch = "x86_64"))]
single!(u8, u16, u32, u64);
