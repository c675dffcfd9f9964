//! Reductions against brute force over strided, indexed, masked and split blocks.

use std::sync::Arc;

use super::*;
use crate::{AxisLayout, Block, Labels};

/// A contiguous block of floats.
fn floats(shape: &[usize], values: &[f64]) -> Block {
    let mut block = memory::filled(shape, DType::Float64, 0.0_f64).unwrap();
    memory::items_mut(&mut block).copy_from_slice(values);
    block
}

fn reduce(reduction: Reduction, block: &Block, reduced: &[bool]) -> Block {
    let dtype = reduction.accumulator(block.dtype(), None).unwrap();
    let labels = vec![Labels::POSITIONS; block.ndim()];
    let shape = block.shape();
    finish(
        reduction,
        partial(reduction, block, reduced, None, None, dtype, &labels, &shape).unwrap(),
    )
    .unwrap()
}

#[test]
fn every_axis_is_reduced() {
    let values: Vec<f64> = (0..3 * 50 * 70).map(|i| f64::from(i * 37 % 1001)).collect();
    let block = floats(&[3, 50, 70], &values);
    for mask in 0..8_u32 {
        let reduced: Vec<bool> = (0..3).map(|axis| mask >> axis & 1 == 1).collect();
        let mut sums = std::collections::BTreeMap::<Vec<usize>, (f64, f64, f64, i64)>::new();
        for i in 0..3 {
            for j in 0..50 {
                for k in 0..70 {
                    let mut index = vec![i, j, k];
                    let mut flat = 0;
                    for (axis, len) in [3, 50, 70].into_iter().enumerate() {
                        if reduced[axis] {
                            flat = flat * len + index[axis] as i64;
                            index[axis] = 0;
                        }
                    }
                    let value = values[(i * 50 + j) * 70 + k];
                    let entry = sums.entry(index).or_insert((0.0, f64::MAX, f64::MIN, 0));
                    entry.0 += value;
                    entry.1 = entry.1.min(value);
                    if value > entry.2 {
                        (entry.2, entry.3) = (value, flat);
                    }
                }
            }
        }
        let sum = reduce(Reduction::Sum, &block, &reduced);
        let expected: Vec<f64> = sums.values().map(|entry| entry.0).collect();
        assert_eq!(memory::items::<f64>(&sum), expected, "{reduced:?}");
        let min = reduce(Reduction::Min, &block, &reduced);
        let expected: Vec<f64> = sums.values().map(|entry| entry.1).collect();
        assert_eq!(memory::items::<f64>(&min), expected, "{reduced:?}");
        let argmax = reduce(Reduction::ArgMax, &block, &reduced);
        let expected: Vec<i64> = sums.values().map(|entry| entry.3).collect();
        assert_eq!(memory::items::<i64>(&argmax), expected, "{reduced:?}");
    }
}

#[test]
fn indexed_axes_are_gathered() {
    let block = floats(&[6], &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    let offsets: Arc<[isize]> = Arc::new([40, 0, 16]);
    // SAFETY: the offsets are those of elements.
    let view = unsafe {
        Block::from_parts(
            block.buffer().clone(),
            0,
            DType::Float64,
            vec![AxisLayout::Indexed { offsets }],
        )
    };
    assert_eq!(memory::items::<f64>(&reduce(Reduction::Sum, &view, &[true])), [37.0]);
    assert_eq!(memory::items::<i64>(&reduce(Reduction::ArgMin, &view, &[true])), [1]);
    assert_eq!(memory::items::<f64>(&reduce(Reduction::Max, &view, &[false])), [32.0, 1.0, 4.0]);
}
