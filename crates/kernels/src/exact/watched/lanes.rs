//! What is kept of eight elements at a time.

#![expect(unsafe_code, reason = "instructions that the processor may lack")]

use std::arch::x86_64::_mm256_cvtph_ps;
use std::arch::x86_64::{
    __m512d, __m512i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _MM_FROUND_TO_NEG_INF,
    _mm_loadu_si128, _mm256_loadu_ps, _mm512_add_epi64, _mm512_add_pd, _mm512_add_round_pd,
    _mm512_castpd_si512, _mm512_cvtps_pd, _mm512_loadu_pd, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_or_si512, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_sub_epi64, _mm512_sub_pd, _mm512_ternarylogic_epi64, _mm512_xor_si512,
};

use super::PLANES;
use crate::exact::terms::Term;

/// The constants that elements are cut with, in all places.
pub(super) type Constants = [__m512d; 2];

/// Running sums of eight places.
///
/// A sum may lose nothing unless the status register tells so, or [`Self::misfit`].
///
/// # Safety
///
/// All functions ask for AVX-512F and F16C, and those of [`Squares`] for AVX-512IFMA.
pub(super) trait Lanes: Copy {
    /// How many integers are kept for each place.
    const COUNT: usize;

    /// The sums of nothing.
    unsafe fn begin(constants: &Constants) -> Self;

    /// Adds an element to each.
    unsafe fn add(&mut self, items: __m512d, constants: &Constants);

    /// The sums as integers, after `count` elements each.
    unsafe fn planes(&self, constants: &Constants, count: usize) -> [__m512i; PLANES];

    /// A value in which bits of the exponent are set where something did not fit.
    unsafe fn misfit(&self, constants: &Constants) -> __m512i;
}

/// Eight elements.
///
/// # Safety
///
/// The processor must have AVX-512F and F16C, and there must be eight elements.
#[inline]
#[target_feature(enable = "avx512f,f16c")]
pub(super) unsafe fn load<T: Term>(from: *const T) -> __m512d {
    // SAFETY: the caller's promise; loads need no alignment.
    unsafe {
        match size_of::<T>() {
            8 => _mm512_loadu_pd(from.cast()),
            4 => _mm512_cvtps_pd(_mm256_loadu_ps(from.cast())),
            _ => _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128(from.cast()))),
        }
    }
}

/// The addition that rounds without telling.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_quietly(left: __m512d, right: __m512d) -> __m512d {
    _mm512_add_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(left, right)
}

/// `seen | (left ^ right)`.
#[inline]
#[target_feature(enable = "avx512f")]
fn or_difference(seen: __m512i, left: __m512d, right: __m512d) -> __m512i {
    const TABLE: i32 = 0b1111_0110;
    _mm512_ternarylogic_epi64::<TABLE>(seen, _mm512_castpd_si512(left), _mm512_castpd_si512(right))
}

/// Sums of elements, at one or two levels.
///
/// An element is added to the first sum. What that addition rounds off is a float, too, and is added to
/// the second sum, where nothing may be rounded off any more.
#[derive(Clone, Copy)]
pub(super) struct Sums<const LEVELS: usize>([__m512d; LEVELS]);

impl<const LEVELS: usize> Lanes for Sums<LEVELS> {
    const COUNT: usize = LEVELS;

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn begin(constants: &Constants) -> Self {
        Self(std::array::from_fn(|level| constants[level]))
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn add(&mut self, items: __m512d, _: &Constants) {
        let mut left = items;
        for sum in &mut self.0[..LEVELS - 1] {
            let next = add_quietly(*sum, left);
            // Dekker's: were these two not exact, they would tell.
            left = _mm512_sub_pd(left, _mm512_sub_pd(next, *sum));
            *sum = next;
        }
        let last = &mut self.0[LEVELS - 1];
        *last = _mm512_add_pd(*last, left);
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn planes(&self, constants: &Constants, _: usize) -> [__m512i; PLANES] {
        let mut planes = [_mm512_setzero_si512(); PLANES];
        for ((plane, &sum), &constant) in planes.iter_mut().zip(&self.0).zip(constants) {
            *plane = _mm512_sub_epi64(_mm512_castpd_si512(sum), _mm512_castpd_si512(constant));
        }
        planes
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn misfit(&self, constants: &Constants) -> __m512i {
        let mut misfit = _mm512_setzero_si512();
        for (&sum, &constant) in self.0.iter().zip(constants) {
            misfit = or_difference(misfit, sum, constant);
        }
        misfit
    }
}

/// Sums of elements and of their squares, at one or two levels.
///
/// An element and a constant are added; the lower 52 bits of their sum, rounded downwards, are an integer
/// that is positive, and so are those of what is left and another constant. The sums of the integers and
/// of their products tell those of the elements and of their squares.
#[derive(Clone, Copy)]
pub(super) struct Squares<const LEVELS: usize> {
    first: __m512i,
    second: __m512i,
    /// The lower and higher bits of the products of first ones, of first and second, and of second ones.
    products: [[__m512i; 2]; 3],
    range: __m512i,
}

/// Adds the product of two integers to a sum of lower and one of higher bits.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_product(sums: &mut [__m512i; 2], left: __m512d, right: __m512d) {
    let (left, right) = (_mm512_castpd_si512(left), _mm512_castpd_si512(right));
    sums[0] = _mm512_madd52lo_epu64(sums[0], left, right);
    sums[1] = _mm512_madd52hi_epu64(sums[1], left, right);
}

impl<const LEVELS: usize> Lanes for Squares<LEVELS> {
    const COUNT: usize = if LEVELS == 1 { 3 } else { 8 };

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn begin(_: &Constants) -> Self {
        let zero = _mm512_setzero_si512();
        Self { first: zero, second: zero, products: [[zero; 2]; 3], range: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    unsafe fn add(&mut self, items: __m512d, constants: &Constants) {
        let [high, low] = *constants;
        if LEVELS == 1 {
            let shifted = _mm512_add_pd(items, high);
            self.first = _mm512_add_epi64(self.first, _mm512_castpd_si512(shifted));
            self.range = or_difference(self.range, shifted, high);
            add_product(&mut self.products[0], shifted, shifted);
            return;
        }
        let shifted =
            _mm512_add_round_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(items, high);
        let left = _mm512_sub_pd(items, _mm512_sub_pd(shifted, high));
        let rest = _mm512_add_pd(left, low);
        self.first = _mm512_add_epi64(self.first, _mm512_castpd_si512(shifted));
        self.second = _mm512_add_epi64(self.second, _mm512_castpd_si512(rest));
        self.range = or_difference(self.range, shifted, high);
        add_product(&mut self.products[0], shifted, shifted);
        add_product(&mut self.products[1], shifted, rest);
        add_product(&mut self.products[2], rest, rest);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn planes(&self, constants: &Constants, count: usize) -> [__m512i; PLANES] {
        use std::arch::x86_64::_mm512_mullo_epi64;
        let count = _mm512_set1_epi64(count as i64);
        let without = |sum: __m512i, constant: __m512d| {
            _mm512_sub_epi64(sum, _mm512_mullo_epi64(count, _mm512_castpd_si512(constant)))
        };
        let [[squares, upper_squares], mixed, rests] = self.products;
        let first = without(self.first, constants[0]);
        let zero = _mm512_setzero_si512();
        if LEVELS == 1 {
            return [first, squares, upper_squares, zero, zero, zero, zero, zero];
        }
        let second = without(self.second, constants[1]);
        [first, squares, upper_squares, second, mixed[0], mixed[1], rests[0], rests[1]]
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn misfit(&self, _: &Constants) -> __m512i {
        self.range
    }
}

/// All the bits of some values.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn mixed(planes: &[__m512i], misfit: __m512i) -> __m512i {
    planes.iter().fold(misfit, |mixed, &plane| _mm512_xor_si512(mixed, plane))
}

/// The sums of eight places of two.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn added(left: __m512i, right: __m512i) -> __m512i {
    _mm512_add_epi64(left, right)
}

/// The bits of either.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn joined(left: __m512i, right: __m512i) -> __m512i {
    _mm512_or_si512(left, right)
}
