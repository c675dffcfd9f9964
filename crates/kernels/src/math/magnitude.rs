//! Magnitudes of complex numbers, compared with a number. Roots grow with what they are of, so that
//! squares are compared, with the last one whose root passes: the answers are those for the rounded
//! magnitudes.

#![expect(unsafe_code, reason = "a loop works on memory")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::arithmetic::{Fused, Isa, Separate};
use super::roots::Hypot;
use crate::ops::{Binary, Greater, GreaterEqual, Kernel, Less, LessEqual, Status};
use crate::program::flags;
use crate::simd::{self, FusedWork};
use crate::{Bool, DType, Op};

/// The loop that compares the magnitudes of complex numbers of a dtype, its first argument, with a
/// number, of which it reads one element.
pub(crate) fn magnitude_kernel(dtype: DType, comparison: Op) -> Option<Kernel> {
    match (dtype, comparison) {
        (DType::Complex128, Op::Less) => Some(compare::<Less, false>),
        (DType::Complex128, Op::LessEqual) => Some(compare::<LessEqual, true>),
        (DType::Complex128, Op::Greater) => Some(compare::<Greater, true>),
        (DType::Complex128, Op::GreaterEqual) => Some(compare::<GreaterEqual, false>),
        _ => None,
    }
}

/// The number that stands for a root where squares are compared: the largest one whose root is no
/// larger, if that `PASSES`, else the smallest one whose root is no smaller.
fn square<const PASSES: bool>(root: f64) -> f64 {
    if root.is_nan() || root == f64::INFINITY {
        return root;
    }
    if root < 0.0 {
        return -1.0;
    }
    let mut square = (root * root).min(f64::MAX);
    if PASSES {
        while square.sqrt() > root {
            square = square.next_down();
        }
        while square.next_up().sqrt() <= root {
            square = square.next_up();
        }
    } else {
        while square.sqrt() < root {
            square = square.next_up();
        }
        while square.next_down().sqrt() >= root {
            square = square.next_down();
        }
    }
    square
}

/// # Safety
///
/// As [`Kernel`] says, for complex numbers and one number.
#[expect(clippy::cast_ptr_alignment, reason = "arguments of a loop are aligned")]
unsafe fn compare<O: Binary<f64, Output = Bool>, const PASSES: bool>(
    arguments: &[*const u8; 3],
    output: *mut u8,
    len: usize,
) -> Status {
    // SAFETY: the caller's promise; two doubles are as a complex number.
    let (points, root, output) = unsafe {
        (
            std::slice::from_raw_parts(arguments[0].cast::<[f64; 2]>(), len),
            *arguments[1].cast::<f64>(),
            std::slice::from_raw_parts_mut(output.cast::<MaybeUninit<Bool>>(), len),
        )
    };
    let met = flags::take();
    let square = square::<PASSES>(root);
    let work = Squares::<O> { points, square, output: &mut *output, operation: PhantomData };
    let are_usual = simd::fused(work);
    // What was met on the way means nothing: usual magnitudes meet no exceptions.
    flags::take();
    flags::restore(met);
    if !are_usual {
        for (output, &point) in output.iter_mut().zip(points) {
            if !Hypot::square::<Separate>(point).1 {
                output.write(O::apply(point[0].hypot(point[1]), root));
            }
        }
    }
    Status::Fine
}

struct Squares<'a, O> {
    points: &'a [[f64; 2]],
    square: f64,
    output: &'a mut [MaybeUninit<Bool>],
    operation: PhantomData<O>,
}

impl<O: Binary<f64, Output = Bool>> FusedWork for Squares<'_, O> {
    /// Whether all points have usual magnitudes.
    type Output = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        if FMA { self.compare::<Fused>() } else { self.compare::<Separate>() }
    }
}

impl<O: Binary<f64, Output = Bool>> Squares<'_, O> {
    #[inline(always)]
    fn compare<I: Isa>(self) -> bool {
        let mut are_usual = true;
        for (output, &point) in self.output.iter_mut().zip(self.points) {
            let (square, is_usual) = Hypot::square::<I>(point);
            output.write(O::apply(square, self.square));
            are_usual &= is_usual;
        }
        are_usual
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{magnitude_kernel, square};
    use crate::{Bool, DType, Op};

    const COMPARISONS: [Op; 4] = [Op::Less, Op::LessEqual, Op::Greater, Op::GreaterEqual];

    /// What the loops of the two operations give, one after the other.
    fn one_by_one(points: &[[f64; 2]], root: f64, comparison: Op) -> Vec<Bool> {
        let mut magnitudes = vec![0.0; points.len()];
        let mut found = vec![Bool::new(false); points.len()];
        let absolute = Op::Absolute.entry(DType::Complex128).unwrap().kernel;
        let compare = comparison.entry(DType::Float64).unwrap().kernel;
        let roots = vec![root; points.len()];
        let null = std::ptr::null();
        // SAFETY: all have as many elements.
        unsafe {
            let source = [points.as_ptr().cast(), null, null];
            absolute(&source, magnitudes.as_mut_ptr().cast(), points.len());
            let source = [magnitudes.as_ptr().cast(), roots.as_ptr().cast(), null];
            compare(&source, found.as_mut_ptr().cast(), points.len());
        }
        found
    }

    fn at_once(points: &[[f64; 2]], root: f64, comparison: Op) -> Vec<Bool> {
        let kernel = magnitude_kernel(DType::Complex128, comparison).unwrap();
        let mut found = vec![Bool::new(false); points.len()];
        let source = [points.as_ptr().cast(), (&raw const root).cast(), std::ptr::null()];
        // SAFETY: as many points as results, and one number.
        unsafe { kernel(&source, found.as_mut_ptr().cast(), points.len()) };
        found
    }

    /// A number of any size, or a special one.
    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => -3.0..3.0,
            1 => any::<f64>(),
            1 => prop::sample::select(vec![
                0.0, -0.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 1e-160, f64::MAX,
            ]),
        ]
    }

    proptest! {
        #[test]
        #[cfg_attr(miri, ignore = "Miri makes the standard library inexact")]
        fn answers_are_those_for_rounded_magnitudes(
            points in prop::collection::vec([number(), number()], 1..100),
            root in number(),
            near in 0_usize..100,
        ) {
            // One of the points lies as near to the border as can be.
            let border = points[near % points.len()];
            for root in [root, border[0].hypot(border[1])] {
                for comparison in COMPARISONS {
                    prop_assert_eq!(
                        at_once(&points, root, comparison),
                        one_by_one(&points, root, comparison),
                        "{:?} {}", comparison, root
                    );
                }
            }
        }

        #[test]
        fn squares_stand_for_roots(root in 0.0..1e154_f64) {
            let (last, first) = (square::<true>(root), square::<false>(root));
            prop_assert!(last.sqrt() <= root && last.next_up().sqrt() > root);
            prop_assert!(first.sqrt() >= root && (first == 0.0 || first.next_down().sqrt() < root));
        }
    }
}
