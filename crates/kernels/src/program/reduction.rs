//! Reductions of what a program computes: one pass over memory, and no temporary.
//!
//! The program runs over one chunk of its shape after the other. A chunk of values fits a cache;
//! a running reduction takes it up from there.

#![expect(unsafe_code, reason = "values are read from where the program has written them")]

use std::ops::Range;

use super::chunks::Chunks;
use super::layout::Blocks;
use super::tile::block_len;
use super::{FloatFlags, Program};
use crate::element::with_element;
use crate::reduce::{Partial, Running, merge, running};
use crate::{
    Block, DType, Element, KernelError, Labels, Reduction, Region, Result, parallel, progress,
};

/// The number of registers that a chunk holds: so many that starting the program again takes no
/// time, so few that they fit a second-level cache.
const CHUNK: usize = 64;

/// So many chunks are worth a thread of their own.
const WORTH_A_THREAD: usize = 8;

/// A reduction of the values of one of a program's outputs.
pub struct Reducing<'a> {
    /// The program.
    pub program: &'a Program,
    /// Which of its outputs is reduced.
    pub value: usize,
    /// What is computed of the values.
    pub reduction: Reduction,
    /// The dtype of the result, as [`Reduction::accumulator`] has it.
    pub dtype: DType,
    /// Which axes are reduced.
    pub reduced: &'a [bool],
    /// The shape that the program runs over.
    pub shape: &'a [usize],
    /// What the program reads.
    pub inputs: &'a [Block],
    /// The global indices along each axis, if the program asks for them.
    pub labels: &'a [Labels],
    /// Where the outputs go, C-contiguous; nowhere, if nobody wants the values that are reduced.
    pub outputs: &'a [Option<Block>],
}

/// What a reduction gives, and the floating-point exceptions that the steps of the program met.
type Reduced = (Partial, Vec<(usize, FloatFlags)>);

impl Reducing<'_> {
    /// Whether there is a running reduction that takes values of a dtype; others have to be
    /// converted first, or stored.
    pub fn takes(reduction: Reduction, values: DType, dtype: DType) -> bool {
        with_element!(
            values, T => running::<T>(reduction, dtype, 0).is_some(), _ => false
        )
    }

    /// Reduces, on up to `threads` threads.
    ///
    /// # Errors
    ///
    /// As [`Program::evaluate`]; [`KernelError::NoLoop`] for values that no running reduction
    /// takes.
    ///
    /// # Panics
    ///
    /// When the program has no such output.
    pub fn run(&self, threads: usize) -> Result<Reduced> {
        let values = self.program.outputs[self.value].dtype;
        with_element!(values, T => self.run_on::<T>(threads), _ => Err(self.no_loop()))
    }

    fn no_loop(&self) -> KernelError {
        KernelError::NoLoop { op: self.reduction.name() }
    }

    fn run_on<T: Element>(&self, threads: usize) -> Result<Reduced> {
        let chunks = Chunks::new(self.shape, CHUNK * block_len());
        let parts = threads.min(chunks.count / WORTH_A_THREAD).max(1);
        progress::expect_large(self.shape);
        let border = |part: usize| chunks.count * part / parts;
        let mut results = parallel::map(parts, |part| {
            self.run_chunks::<T>(&chunks, border(part)..border(part + 1))
        })
        .into_iter();
        let (mut partial, mut met) = results.next().ok_or_else(|| self.no_loop())??;
        for result in results {
            let (other, flags) = result?;
            merge(self.reduction, &mut partial, &other)?;
            met.extend(flags);
        }
        Ok((partial, met))
    }

    fn run_chunks<T: Element>(&self, chunks: &Chunks<'_>, range: Range<usize>) -> Result<Reduced> {
        let lens = self.shape.iter().zip(self.reduced);
        let kept: Vec<usize> = lens.map(|(&len, &gone)| if gone { 1 } else { len }).collect();
        let results = kept.iter().product();
        let totals = running::<T>(self.reduction, self.dtype, results);
        let mut totals = totals.ok_or_else(|| self.no_loop())?;
        let scratch = Block::uninitialised(T::DTYPE, &[chunks.most])?;
        let whole = self.shape.iter().product();
        let mut met = Vec::new();
        let mut meter = progress::Meter::default();
        for index in range {
            let chunk = chunks.get(index);
            let nowhere = || {
                let flat = scratch.slice_axis(0, 0, 1, chunk.size());
                Block::from_flattened(&flat, &chunk.shape())
            };
            let place = |output: &Option<Block>| {
                output.as_ref().map_or_else(nowhere, |block| chunk.of(block))
            };
            let inputs: Vec<Block> = self.inputs.iter().map(|block| chunk.of(block)).collect();
            let outputs: Vec<Block> = self.outputs.iter().map(place).collect();
            let labels = chunk.labels(self.labels);
            let (inputs, labels, outputs) = (&inputs[..], &labels[..], &outputs[..]);
            let blocks = Blocks { inputs, labels, outputs, whole };
            met.extend(self.program.evaluate_part(1, &chunk.shape(), blocks)?);
            // SAFETY: the program has just written the values, and nobody else knows the memory yet.
            let values = unsafe { outputs[self.value].as_slice::<T>() };
            let values = values.ok_or_else(|| self.no_loop())?;
            deposit(values, &chunk, self.reduced, &kept, &mut *totals);
            meter.add(chunk.size());
        }
        Ok((totals.into_partial(&kept)?, met))
    }
}

/// Hands the values of a chunk, in C order, to the results that they belong to. `kept` is the shape
/// of the results.
fn deposit<T>(
    values: &[T],
    chunk: &Region,
    reduced: &[bool],
    kept: &[usize],
    totals: &mut dyn Running<T>,
) {
    // The last axes that have one fate are one run of values. An axis of one position has any.
    let ranges = chunk.ranges();
    let mut fate = None;
    let mut outer = ranges.len();
    while outer > 0 {
        let axis = outer - 1;
        if ranges[axis].1 > 1 {
            if fate.is_some_and(|fate| fate != reduced[axis]) {
                break;
            }
            fate = Some(reduced[axis]);
        }
        outer = axis;
    }
    let run: usize = ranges[outer..].iter().map(|&(_, len)| len).product();
    let mut positions = vec![0; outer];
    // Rows for the same results, which are taken up together.
    let mut rows: Vec<&[T]> = Vec::new();
    let mut first = 0;
    for values in values.chunks_exact(run.max(1)) {
        let mut result = 0;
        for (axis, &(start, _)) in ranges.iter().enumerate() {
            let position = positions.get(axis).copied().unwrap_or(0);
            result = result * kept[axis] + if reduced[axis] { 0 } else { start + position };
        }
        if fate == Some(false) {
            if result != first {
                totals.deposit_rows(first, &rows);
                rows.clear();
                first = result;
            }
            rows.push(values);
        } else {
            totals.deposit(result, values);
        }
        for axis in (0..outer).rev() {
            positions[axis] += 1;
            if positions[axis] < ranges[axis].1 {
                break;
            }
            positions[axis] = 0;
        }
    }
    totals.deposit_rows(first, &rows);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Reducing;
    use crate::buffer::window;
    use crate::reduce::{Ending, finish, partial};
    use crate::{Block, Builder, DType, Labels, Loop, Op, Operand, Reduction, Scalar};

    const REDUCTIONS: [Reduction; 6] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Mean,
        Reduction::Variance,
        Reduction::CountNonzero,
    ];

    #[test]
    #[cfg_attr(miri, ignore = "too many elements")]
    fn the_window_hears_of_what_is_reduced_on_the_way() {
        let size = 100_000;
        let input = Block::from_slice(&vec![0.5; size], &[size]).unwrap();
        let looped = Loop { inputs: vec![DType::Float64; 2], output: DType::Float64 };
        let mut builder = Builder::new();
        let value = builder.input(DType::Float64);
        let value = builder.apply(Op::Multiply, &looped, &[value, value]).unwrap();
        builder.output(value, None);
        let reducing = Reducing {
            program: &builder.finish(),
            value: 0,
            reduction: Reduction::Sum,
            dtype: DType::Float64,
            reduced: &[true],
            shape: &[size],
            inputs: std::slice::from_ref(&input),
            labels: &[],
            outputs: &[None],
        };
        // As if the elements lay in a file.
        window::add(input.as_ptr(), 8 * size, true);
        let before = window::TOUCHED.get();
        reducing.run(1).unwrap();
        window::remove(input.as_ptr());
        assert!(window::TOUCHED.get() - before >= 8 * size);
    }

    proptest! {
        #[test]
        fn reducing_on_the_way_gives_the_bits_of_reducing_afterwards(
            shape in prop::collection::vec(1_usize..7, 0..4),
            reduced in prop::collection::vec(any::<bool>(), 4),
            reduction in prop::sample::select(REDUCTIONS.to_vec()),
            stored in any::<bool>(),
            threads in 1_usize..4,
        ) {
            let reduced = &reduced[..shape.len()];
            let size = shape.iter().product::<usize>();
            let elements: Vec<f64> = (0..size).map(|j| (j as f64 * 0.7).sin() * 3.0).collect();
            let input = Block::from_slice(&elements, &shape).unwrap();
            let looped = Loop { inputs: vec![DType::Float64; 2], output: DType::Float64 };
            let mut builder = Builder::new();
            let value = builder.input(DType::Float64);
            let number = Operand::Constant(Scalar::from(1.25));
            let value = builder.apply(Op::Multiply, &looped, &[value, number]).unwrap();
            builder.output(value, None);
            let program = builder.finish();
            let computed = Block::uninitialised(DType::Float64, &shape).unwrap();
            let inputs = [input];
            program.evaluate(&shape, &inputs, &[], std::slice::from_ref(&computed)).unwrap();
            let labels = vec![Labels::POSITIONS; shape.len()];
            let dtype = reduction.accumulator(DType::Float64, None).unwrap();
            let whole =
                partial(reduction, &computed, reduced, None, dtype, &labels, &shape).unwrap();
            let place = stored.then(|| Block::uninitialised(DType::Float64, &shape).unwrap());
            let outputs = [place.clone()];
            let (fused, _) = Reducing {
                program: &program,
                value: 0,
                reduction,
                dtype,
                reduced,
                shape: &shape,
                inputs: &inputs,
                labels: &[],
                outputs: &outputs,
            }
            .run(threads)
            .unwrap();
            let bytes = |partial| {
                finish(reduction, partial, Ending::default()).unwrap().0.to_bytes().unwrap()
            };
            if reduction != Reduction::Prod {
                prop_assert_eq!(bytes(fused), bytes(whole));
            }
            if let Some(place) = place {
                prop_assert_eq!(place.to_bytes().unwrap(), computed.to_bytes().unwrap());
            }
        }
    }
}
