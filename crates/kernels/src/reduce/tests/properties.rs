//! Small blocks of every kind.

use proptest::prelude::*;

use super::oracle::Question;
use super::*;

/// How a block lies in memory.
#[derive(Clone, Copy, Debug)]
enum Memory {
    Contiguous,
    Transposed,
    EverySecond,
    Backwards,
    Listed,
    Repeated,
}

fn memory() -> impl Strategy<Value = Memory> {
    prop::sample::select(vec![
        Memory::Contiguous,
        Memory::Transposed,
        Memory::EverySecond,
        Memory::Backwards,
        Memory::Listed,
        Memory::Repeated,
    ])
}

/// A block whose elements are taken from `values`, over and over.
fn block(dtype: DType, shape: &[usize], memory: Memory, values: &[i64]) -> Block {
    let make = |shape: &[usize]| {
        let len = shape.iter().product();
        let cycle: Vec<i64> = values.iter().copied().cycle().take(len).collect();
        cast(&Block::from_slice(&cycle, shape).unwrap(), dtype)
    };
    let each_axis = |block: Block, step: &dyn Fn(Block, usize, usize) -> Block| {
        shape.iter().enumerate().fold(block, |block, (axis, &len)| step(block, axis, len))
    };
    match memory {
        Memory::Contiguous => make(shape),
        Memory::Transposed => {
            let reversed: Vec<usize> = shape.iter().rev().copied().collect();
            make(&reversed).transpose(&(0..shape.len()).rev().collect::<Vec<_>>())
        }
        Memory::EverySecond => {
            let wide: Vec<usize> = shape.iter().map(|len| 2 * len + 1).collect();
            each_axis(make(&wide), &|block, axis, len| block.slice_axis(axis, 1, 2, len))
        }
        Memory::Backwards => each_axis(make(shape), &|block, axis, len| {
            block.slice_axis(axis, len.saturating_sub(1), -1, len)
        }),
        Memory::Listed => each_axis(make(shape), &|block, axis, len| {
            let positions: Vec<usize> = (0..len).map(|place| (place * 5 + 2) % len).collect();
            block.take_axis(axis, &positions)
        }),
        Memory::Repeated => {
            let narrow: Vec<usize> = shape
                .iter()
                .enumerate()
                .map(|(axis, &len)| if axis % 2 == 0 { len.min(1) } else { len })
                .collect();
            if shape.contains(&0) {
                make(shape)
            } else {
                make(&narrow).broadcast_to(shape).unwrap()
            }
        }
    }
}

fn labels(len: usize, kind: u8) -> (Labels, usize) {
    let last = len.saturating_sub(1) as i64;
    match kind % 4 {
        0 => (Labels::POSITIONS, len),
        1 => (Labels::Strided { start: 3, step: 2 }, 2 * len + 3),
        2 => (Labels::Strided { start: 2 * last + 1, step: -2 }, 2 * len + 1),
        _ => {
            let labels = (0..len as i64)
                .map(|place| (place * 7 + 3) % (7 * len as i64 + 1))
                .collect::<Vec<_>>();
            (Labels::List(labels.into()), 7 * len + 4)
        }
    }
}

proptest! {
    #[test]
    fn reductions_are_what_their_definitions_say(
        reduction in prop::sample::select(Reduction::ALL.to_vec()),
        dtype in prop::sample::select(DType::NATIVE.to_vec()),
        (shape, reduced, kinds) in prop::collection::vec((0_usize..6, any::<bool>(), any::<u8>()), 0..4)
            .prop_map(|axes| {
                let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
                let reduced: Vec<bool> = axes.iter().map(|axis| axis.1).collect();
                let kinds: Vec<u8> = axes.iter().map(|axis| axis.2).collect();
                (shape, reduced, kinds)
            }),
        memory in memory(),
        values in prop::collection::vec(0_i64..4, 1..20),
        masked: bool,
        nans: bool,
        pieces in 1_usize..4,
    ) {
        let is_empty = shape.iter().zip(&reduced).any(|(&len, &reduced)| reduced && len == 0);
        prop_assume!(!(reduction.needs_elements() && is_empty));
        let input = block(dtype, &shape, memory, &values);
        if nans && !is_empty && input.size() > 0 && !matches!(reduction, Reduction::Prod) {
            // Conversion makes no NaN of integers.
            let nan = crate::Scalar::from(f64::NAN);
            if let (true, Ok(nan)) = (matches!(dtype, DType::Float16 | DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128), nan.cast(dtype)) {
                let index: Vec<usize> = shape.iter().map(|len| len / 2).collect();
                input.write(&index, &nan);
            }
        }
        let mask_shape: Vec<usize> = shape.iter().skip(usize::from(values.len() % 2 == 0)).copied().collect();
        // Minima of nothing are the caller's business.
        let masked = masked && !reduction.needs_elements();
        let mask = masked.then(|| block(DType::Bool, &mask_shape, memory, &[1, 0, 1, 1, 0]));
        let (labels, global_shape): (Vec<Labels>, Vec<usize>) =
            shape.iter().zip(&kinds).map(|(&len, &kind)| labels(len, kind)).unzip();
        let out: Vec<usize> = shape.iter().zip(&reduced).map(|(&len, &reduced)| if reduced { 1 } else { len }).collect();
        let accumulator = reduction.accumulator(dtype, None).unwrap();
        // Products of up to 125 elements overflow where others do not.
        prop_assume!(reduction != Reduction::Prod || input.size() < 20);

        let question = Question {
            reduction,
            input: &input,
            reduced: &reduced,
            mask: mask.as_ref(),
            labels: &labels,
            global_shape: &global_shape,
        };
        let whole = partial(
            reduction, &input, &reduced, mask.as_ref(), accumulator, &labels, &global_shape,
        ).unwrap();
        prop_assert_eq!(whole.shape(), &out[..]);
        question.check(&finish(reduction, whole, Ending::default()).unwrap().0);

        // In pieces along a reduced axis, sent as bytes and merged from the last to the first.
        if let Some(axis) = reduced.iter().position(|&reduced| reduced) {
            let mut merged = identity(reduction, &out, accumulator);
            for piece in (0..pieces).rev() {
                let positions: Vec<usize> = (piece..shape[axis]).step_by(pieces).collect();
                let part = input.take_axis(axis, &positions);
                let mut part_labels = labels.clone();
                part_labels[axis] =
                    Labels::List(positions.iter().map(|&place| labels[axis].get(place)).collect());
                let mask = mask.as_ref().map(|mask| {
                    mask.broadcast_to(&shape).unwrap().take_axis(axis, &positions)
                });
                let part = partial(
                    reduction, &part, &reduced, mask.as_ref(), accumulator, &part_labels, &global_shape,
                ).unwrap();
                let part = Partial::from_bytes(&part.to_bytes()).unwrap();
                merge(reduction, &mut merged, &part).unwrap();
            }
            question.check(&finish(reduction, merged, Ending::default()).unwrap().0);
        }
    }

    #[test]
    fn elements_are_converted_first(
        reduction in prop::sample::select(vec![Reduction::Sum, Reduction::Prod, Reduction::Min, Reduction::Max]),
        from in prop::sample::select(DType::NATIVE.to_vec()),
        to in prop::sample::select(DType::NATIVE.to_vec()),
        reduced in prop::array::uniform2(any::<bool>()),
        masked: bool,
        rows in prop::sample::select(vec![3_usize, 150]),
    ) {
        let shape = [rows, 120];
        let values = [1, 0, 1, 1, 1, 1, 0, 1, 1];
        let input = block(from, &shape, Memory::Contiguous, &values);
        let mask = (masked && !reduction.needs_elements())
            .then(|| block(DType::Bool, &[120], Memory::EverySecond, &[1, 0, 1]));
        let labels = [Labels::POSITIONS, Labels::POSITIONS];
        let run = |input: &Block| {
            let partial = partial(
                reduction, input, &reduced, mask.as_ref(), to, &labels, &shape,
            ).unwrap();
            finish(reduction, partial, Ending::default()).unwrap().0
        };
        let (found, expected) = (run(&input), run(&cast(&input, to)));
        prop_assert_eq!(found.dtype(), to);
        prop_assert_eq!(oracle::values(&found), oracle::values(&expected));
    }
}
