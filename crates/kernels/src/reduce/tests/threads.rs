//! Reductions of blocks on several threads: the bits of one thread.

use super::*;
use crate::{Bool, DType, FloatFlags};

const REDUCTIONS: [Reduction; 7] = [
    Reduction::Sum,
    Reduction::Prod,
    Reduction::Max,
    Reduction::ArgMin,
    Reduction::CountNonzero,
    Reduction::Mean,
    Reduction::Variance,
];

/// Numbers of which none is the least or the greatest twice.
fn numbers(shape: &[usize]) -> Block {
    let size: usize = shape.iter().product();
    let numbers: Vec<f64> = (0..size).map(|j| (j as f64 * 0.7).sin() + 1.0).collect();
    Block::from_slice(&numbers, shape).unwrap()
}

#[test]
fn threads_change_no_bit() {
    let bytes = |(block, flags): (Block, FloatFlags)| (block.to_bytes().unwrap(), flags);
    // Miri takes a thousand times as long.
    let (some, many, counts, step): (usize, usize, &[usize], usize) =
        if cfg!(miri) { (5, 40, &[2], 3) } else { (30, 400, &[1, 2, 5], 1) };
    let block = numbers(&[some, 3, 20]);
    for (block, mask_shape) in [
        (block.clone(), [some, 1, 20]),
        (block.transpose(&[2, 0, 1]), [20, some, 3]),
        (block.slice_axis(0, some - 1, -1, some), [1, 3, 20]),
        (numbers(&[2, 2, many]), [2, 1, many]),
        (numbers(&[many, 2, 2]), [many, 2, 1]),
    ] {
        let shape = block.shape();
        let chosen: Vec<Bool> =
            (0..mask_shape.iter().product()).map(|j| (j % 7 != 3).into()).collect();
        let chosen = Block::from_slice(&chosen, &mask_shape).unwrap();
        // As if the block lay in an array that is larger.
        let labels = [5, 0, 2].map(|start| Labels::Strided { start, step: 2 });
        let global_shape: Vec<usize> = shape.iter().map(|len| 2 * len + 5).collect();
        for which in (1..8_u8).step_by(step) {
            let reduced: Vec<bool> = (0..3).map(|axis| which >> axis & 1 == 1).collect();
            for reduction in REDUCTIONS {
                for mask in [None, Some(&chosen)] {
                    if mask.is_some() && reduction.is_position() {
                        continue;
                    }
                    let dtype = reduction.accumulator(DType::Float64, None).unwrap();
                    let reduction = BlockReduction {
                        reduction,
                        block: &block,
                        reduced: &reduced,
                        mask,
                        dtype,
                        labels: &labels,
                        global_shape: &global_shape,
                    };
                    let ending = Ending::default();
                    let kind = reduction.reduction;
                    let expected = finish(kind, reduction.own_partial().unwrap(), ending).unwrap();
                    let expected = bytes(expected);
                    for &threads in counts {
                        let found = bytes(reduction.result(threads, ending).unwrap());
                        assert!(found == expected, "{kind:?} {reduced:?} {threads}");
                        let partial = reduction.partial(threads).unwrap();
                        let found = bytes(finish(kind, partial, ending).unwrap());
                        assert!(found == expected, "{kind:?} {reduced:?} {threads}");
                    }
                }
            }
        }
    }
}

#[test]
fn parts_are_joined_along_the_axis_that_is_cut() {
    let block = numbers(&[60, 50]);
    let transposed = block.transpose(&[1, 0]);
    for (block, reduced) in [(&block, [false, true]), (&transposed, [true, false])] {
        let shape = block.shape();
        let labels = [Labels::POSITIONS, Labels::POSITIONS];
        let reduction = BlockReduction {
            reduction: Reduction::Sum,
            block,
            reduced: &reduced,
            mask: None,
            dtype: DType::Float64,
            labels: &labels,
            global_shape: &shape,
        };
        assert_eq!(reduction.split(2, |_| true).map(|(_, parts)| parts), Some(2));
        let (result, _) = reduction.result(2, Ending::default()).unwrap();
        assert_eq!(result.to_bytes(), reduce(Reduction::Sum, block, &reduced).to_bytes());
    }
}
