//! Loops fused by hand, on threads, that write to memory which the caller keeps: what no evaluator of
//! expressions can be much faster than. `benchmarks/peers/floor.py` calls them through ctypes.
//!
//! Arithmetic is rounded after each operation, as NumPy's is; only sums are added in another order.

#![expect(unsafe_code, reason = "functions are called from Python, on NumPy's memory")]

use std::thread;

mod loops;
mod stamps;

/// Arrays are cut for the threads at multiples of so many elements: a page of memory.
const ALIGNMENT: usize = 512;

/// `2*a + 3*b - a*b*c + 1`.
///
/// # Safety
///
/// `a`, `b`, `c` and `out` point to `length` numbers each; nobody else uses `out` meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_chain(
    a: *const f64,
    b: *const f64,
    c: *const f64,
    out: *mut f64,
    length: usize,
    threads: usize,
) {
    // SAFETY: the caller keeps the contract of this function, which is that of `input` and `output`.
    let (a, b, c, out) =
        unsafe { (input(a, length), input(b, length), input(c, length), output(out, length)) };
    let step = share(length, threads);
    thread::scope(|scope| {
        let inputs = a.chunks(step).zip(b.chunks(step)).zip(c.chunks(step));
        for (((a, b), c), out) in inputs.zip(out.chunks_mut(step)) {
            scope.spawn(move || stamps::chain(a, b, c, out));
        }
    });
}

/// `sqrt(a*a + b*b)`.
///
/// # Safety
///
/// `a`, `b` and `out` point to `length` numbers each; nobody else uses `out` meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_length(
    a: *const f64,
    b: *const f64,
    out: *mut f64,
    length: usize,
    threads: usize,
) {
    // SAFETY: the caller keeps the contract of this function, which is that of `input` and `output`.
    let (a, b, out) = unsafe { (input(a, length), input(b, length), output(out, length)) };
    let step = share(length, threads);
    thread::scope(|scope| {
        for ((a, b), out) in a.chunks(step).zip(b.chunks(step)).zip(out.chunks_mut(step)) {
            scope.spawn(move || stamps::length(a, b, out));
        }
    });
}

/// A copy of `a`.
///
/// # Safety
///
/// `a` and `out` point to `length` numbers each; nobody else uses `out` meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_copy(a: *const f64, out: *mut f64, length: usize, threads: usize) {
    // SAFETY: the caller keeps the contract of this function, which is that of `input` and `output`.
    let (a, out) = unsafe { (input(a, length), output(out, length)) };
    let step = share(length, threads);
    thread::scope(|scope| {
        for (a, out) in a.chunks(step).zip(out.chunks_mut(step)) {
            scope.spawn(move || out.copy_from_slice(a));
        }
    });
}

/// `((a - b)**2).sum()`.
///
/// # Safety
///
/// `a` and `b` point to `length` numbers each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_squared_distance(
    a: *const f64,
    b: *const f64,
    length: usize,
    threads: usize,
) -> f64 {
    // SAFETY: the caller keeps the contract of this function, which is that of `input`.
    let (a, b) = unsafe { (input(a, length), input(b, length)) };
    let step = share(length, threads);
    thread::scope(|scope| {
        let parts: Vec<_> = (a.chunks(step).zip(b.chunks(step)))
            .map(|(a, b)| scope.spawn(move || stamps::squared_distance(a, b)))
            .collect();
        parts.into_iter().map(|part| part.join().unwrap_or(f64::NAN)).sum()
    })
}

/// `a.sum()`, added up plainly.
///
/// # Safety
///
/// `a` points to `length` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_sum(a: *const f64, length: usize, threads: usize) -> f64 {
    // SAFETY: the caller keeps the contract of this function, which is that of `input`.
    let a = unsafe { input(a, length) };
    let step = share(length, threads);
    thread::scope(|scope| {
        let parts: Vec<_> = a.chunks(step).map(|a| scope.spawn(move || stamps::sum(a))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or(f64::NAN)).sum()
    })
}

/// Returns how many elements a thread gets.
fn share(length: usize, threads: usize) -> usize {
    length.div_ceil(threads.max(1)).next_multiple_of(ALIGNMENT).max(ALIGNMENT)
}

/// # Safety
///
/// The pointer is of `length` numbers, which nobody changes while the result is used.
unsafe fn input<'a>(pointer: *const f64, length: usize) -> &'a [f64] {
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// # Safety
///
/// The pointer is of `length` numbers, which nobody else uses while the result is used.
unsafe fn output<'a>(pointer: *mut f64, length: usize) -> &'a mut [f64] {
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts_mut(pointer, length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 3 * ALIGNMENT + 5;

    fn numbers(seed: usize) -> Vec<f64> {
        (0..LENGTH).map(|j| ((j * 7 + seed * 13) % 101) as f64 * 0.125).collect()
    }

    #[test]
    fn elements_are_those_of_the_plain_formulas() {
        let (a, b, c) = (numbers(1), numbers(2), numbers(3));
        for threads in [1, 2, 3, 9] {
            let mut out = vec![0.0; LENGTH];
            let (pa, pb, pc, po) = (a.as_ptr(), b.as_ptr(), c.as_ptr(), out.as_mut_ptr());
            // SAFETY: all are of that length, and `out` is used here only.
            unsafe { floor_chain(pa, pb, pc, po, LENGTH, threads) };
            for j in 0..LENGTH {
                let expected = 2.0 * a[j] + 3.0 * b[j] - a[j] * b[j] * c[j] + 1.0;
                assert_eq!(out[j].to_bits(), expected.to_bits());
            }
            // SAFETY: as above.
            unsafe { floor_length(pa, pb, out.as_mut_ptr(), LENGTH, threads) };
            for j in 0..LENGTH {
                assert_eq!(out[j].to_bits(), (a[j] * a[j] + b[j] * b[j]).sqrt().to_bits());
            }
            // SAFETY: as above.
            unsafe { floor_copy(pa, out.as_mut_ptr(), LENGTH, threads) };
            assert_eq!(out, a);
        }
    }

    #[test]
    fn sums_are_exact_on_numbers_that_need_few_bits() {
        let (a, b) = (numbers(1), numbers(2));
        let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum();
        for threads in [1, 2, 3, 9] {
            // SAFETY: both are of that length.
            let (total, distance) = unsafe {
                (
                    floor_sum(a.as_ptr(), LENGTH, threads),
                    floor_squared_distance(a.as_ptr(), b.as_ptr(), LENGTH, threads),
                )
            };
            assert_eq!(total.to_bits(), a.iter().sum::<f64>().to_bits());
            assert_eq!(distance.to_bits(), squares.to_bits());
        }
    }
}
