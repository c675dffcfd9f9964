//! Exact sums of the products of two blocks, element by element.

#![expect(unsafe_code, reason = "elements are read where they lie")]

use half::f16;
use num_complex::Complex;

use super::floats::{Exactly, Float, is_complex};
use super::item::Item;
use super::memory::Memory;
use super::partial::{Partial, no_loop};
use super::results::{Counts, Exact};
use super::walk::{Place, Walk};
use crate::exact::Products;
use crate::{Block, DType, KernelError, Reduction, Result};

/// How many products are taken up at once.
const RUN: usize = 2048;

/// The sum of the products of the elements of two blocks of one shape and dtype, of floats or complex
/// numbers: a partial result of [`Reduction::Sum`] over all axes. With `is_conjugated` the elements
/// of the first block are conjugated.
///
/// # Examples
///
/// ```
/// use distarray_kernels::reduce::{Ending, dot, finish};
/// use distarray_kernels::{Block, Reduction};
///
/// let left = Block::from_slice(&[1e200, 3.0, 1e200], &[3])?;
/// let right = Block::from_slice(&[1e200, 0.5, -1e200], &[3])?;
/// let (result, _) = finish(Reduction::Sum, dot(&left, &right, false)?, Ending::default())?;
/// assert_eq!(result.to_vec::<f64>()?, [1.5]);
/// # Ok::<(), distarray_kernels::KernelError>(())
/// ```
///
/// # Errors
///
/// [`KernelError::Value`] for blocks of different shapes or dtypes; [`KernelError::Type`] for other
/// dtypes.
pub fn dot(left: &Block, right: &Block, is_conjugated: bool) -> Result<Partial> {
    let dtype = left.dtype();
    if left.shape() != right.shape() || dtype != right.dtype() {
        return Err(KernelError::Value(format!(
            "a dot product of {dtype} {:?} and {} {:?}",
            left.shape(),
            right.dtype(),
            right.shape()
        )));
    }
    if Exactly::of(Reduction::Sum, dtype).is_none() {
        return Err(no_loop(Reduction::Sum, dtype));
    }
    let mut products = Products::new(if is_complex(dtype) { 2 } else { 1 });
    if left.size() > 0 {
        let walk = Walk::beside(left, right);
        match dtype {
            DType::Float16 => each::<f16>(left, right, &walk, |left, right| {
                products.deposit(0, left, right, false);
            }),
            DType::Float32 => each::<f32>(left, right, &walk, |left, right| {
                products.deposit(0, left, right, false);
            }),
            DType::Float64 => each::<f64>(left, right, &walk, |left, right| {
                products.deposit(0, left, right, false);
            }),
            DType::Complex64 => each::<Complex<f32>>(left, right, &walk, |left, right| {
                let (left, right) = (split(left), split(right));
                deposit_complex(&mut products, &left, &right, is_conjugated);
            }),
            _ => each::<Complex<f64>>(left, right, &walk, |left, right| {
                let (left, right) = (split(left), split(right));
                deposit_complex(&mut products, &left, &right, is_conjugated);
            }),
        }
    }
    let totals = products.into_totals();
    let parts = totals.slots();
    Ok(Partial {
        reduction: Reduction::Sum,
        dtype,
        shape: vec![1; left.ndim()],
        blocks: Vec::new(),
        exact: Some(Exact { totals, parts, counts: Counts::Every(0) }),
    })
}

/// Hands over neighbouring elements of both blocks.
fn each<T: Item>(left: &Block, right: &Block, walk: &Walk, mut take: impl FnMut(&[T], &[T])) {
    let (left, right) = (Memory::<T>::of(left), Memory::<T>::of(right));
    let (mut left_scratch, mut right_scratch) = (Vec::new(), Vec::new());
    let axis = &walk.inner;
    walk.for_each(&mut |place: Place| {
        for first in (0..axis.len).step_by(RUN) {
            let len = RUN.min(axis.len - first);
            // SAFETY: the walk stays within both blocks.
            let (left, right) = unsafe {
                (
                    left.slice(place.item, &axis.item, first, len, &mut left_scratch),
                    right.slice(place.mask, &axis.mask, first, len, &mut right_scratch),
                )
            };
            take(left, right);
        }
    });
}

/// The real and the imaginary parts.
fn split<E: Float>(items: &[E]) -> [Vec<E::Part>; 2] {
    let pairs = E::parts(items).as_chunks::<2>().0;
    [pairs.iter().map(|pair| pair[0]).collect(), pairs.iter().map(|pair| pair[1]).collect()]
}

fn deposit_complex<T: crate::exact::Term>(
    products: &mut Products,
    [left, left_imaginary]: &[Vec<T>; 2],
    [right, right_imaginary]: &[Vec<T>; 2],
    is_conjugated: bool,
) {
    products.deposit(0, left, right, false);
    products.deposit(0, left_imaginary, right_imaginary, !is_conjugated);
    products.deposit(1, left, right_imaginary, false);
    products.deposit(1, left_imaginary, right, is_conjugated);
}

#[cfg(test)]
mod tests {
    use super::dot;
    use crate::reduce::{Ending, finish, merge};
    use crate::{Block, DType, Reduction};
    use num_complex::Complex;

    fn finished(partial: super::Partial) -> Block {
        finish(Reduction::Sum, partial, Ending::default()).unwrap().0
    }

    #[test]
    fn products_of_any_layout_and_dtype() {
        let (len, width) = (70, 50);
        let whole = |at: usize| ((at * 37 + 11) % 23) as f64 - 11.0;
        let values: Vec<f64> = (0..len * width).map(whole).collect();
        let left = Block::from_slice(&values, &[len, width]).unwrap();
        let right = Block::from_slice(&values, &[width, len]).unwrap().transpose(&[1, 0]);
        let expected: f64 =
            (0..len * width).map(|at| whole(at) * whole(at % width * len + at / width)).sum();
        for dtype in [DType::Float16, DType::Float32, DType::Float64, DType::Complex64] {
            let cast = |block: &Block| {
                let result = Block::uninitialised(dtype, &block.shape()).unwrap();
                crate::copy::copy(block, &result).unwrap();
                result
            };
            let (left, right) = (cast(&left), cast(&right.transpose(&[1, 0])).transpose(&[1, 0]));
            let mut all = dot(&left.slice_axis(0, 0, 1, 30), &right.slice_axis(0, 0, 1, 30), false);
            let rest = dot(&left.slice_axis(0, 30, 1, 40), &right.slice_axis(0, 30, 1, 40), false);
            merge(Reduction::Sum, all.as_mut().unwrap(), &rest.unwrap()).unwrap();
            let found = finished(all.unwrap());
            assert_eq!((found.dtype(), found.shape()), (dtype, vec![1, 1]));
            let wide = Block::uninitialised(DType::Complex128, &[1, 1]).unwrap();
            crate::copy::copy(&found, &wide).unwrap();
            assert_eq!(wide.to_vec::<Complex<f64>>().unwrap(), [Complex::new(expected, 0.0)]);
        }
    }

    #[test]
    fn complex_products_and_conjugates() {
        let left = Block::from_slice(&[Complex::new(1.0, 2.0), Complex::new(0.5, -1.0)], &[2]);
        let right = Block::from_slice(&[Complex::new(3.0, -1.0), Complex::new(2.0, 4.0)], &[2]);
        let (left, right) = (left.unwrap(), right.unwrap());
        let of = |is_conjugated| {
            finished(dot(&left, &right, is_conjugated).unwrap()).to_vec::<Complex<f64>>().unwrap()
        };
        assert_eq!(of(false), [Complex::new(5.0 + 5.0, 5.0)]);
        assert_eq!(of(true), [Complex::new(1.0 - 3.0, -7.0 + 4.0)]);
    }

    #[test]
    fn what_has_no_dot_product() {
        let floats = |len: usize| Block::from_slice(&vec![1.0; len], &[len]).unwrap();
        let integers = Block::from_slice(&[1_i64, 2], &[2]).unwrap();
        assert!(dot(&floats(2), &floats(3), false).is_err());
        assert!(dot(&floats(2), &integers, false).is_err());
        assert!(dot(&integers, &integers, false).is_err());
        let nothing = finished(dot(&floats(0), &floats(0), false).unwrap());
        assert_eq!(nothing.to_vec::<f64>().unwrap(), [0.0]);
    }
}
