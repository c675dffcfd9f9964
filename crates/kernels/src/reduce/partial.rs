//! Partial results: made from blocks, merged, carried between processes, finished.

use serde::{Deserialize, Serialize};

use crate::{Block, DType, FloatFlags, KernelError, Labels, Reduction, Result, Scalar};

use super::accumulate::Task;
use super::floats::Exactly;
use super::memory;
use super::monoid::Monoid;
use super::order::{Direction, Greatest, Least, Ordered};
use super::position::{NOWHERE, comes_first};
use super::results::{self, Exact};
use super::table::{Visitor, visit_monoid};
use crate::element::with_element;

/// What is known of a reduction after some of the elements.
#[derive(Debug)]
pub struct Partial {
    pub(super) reduction: Reduction,
    /// The dtype that is accumulated in; of the elements, where positions are searched.
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    /// One block of totals, or the extrema and their indices; nothing, as long as there are no
    /// elements.
    pub(super) blocks: Vec<Block>,
    /// What was summed exactly, instead of blocks.
    pub(super) exact: Option<Exact>,
}

impl Partial {
    /// The reduction.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// Whether there were no elements yet.
    fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.exact.is_none()
    }

    /// The shape of the result, in which reduced axes have length 1.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// Reduces `input` along the axes that `reduced` marks.
///
/// `mask` is a boolean block, broadcast to the input's shape, that says which elements count.
/// Elements are converted to `dtype`, as [`Reduction::accumulator`] gives it,
/// before anything is done with them, but for squares, which are taken of floats as they are.
/// `labels` (of every axis) and `global_shape` say where in the whole array the block lies, for
/// positions.
///
/// # Errors
///
/// [`KernelError::Type`] for dtypes that the reduction does not take, [`KernelError::Value`] for a
/// mask that does not fit or that the reduction has no use for, [`KernelError::Memory`].
///
/// # Panics
///
/// When `reduced` has not one entry for each axis.
pub fn partial(
    reduction: Reduction,
    input: &Block,
    reduced: &[bool],
    mask: Option<&Block>,
    dtype: DType,
    labels: &[Labels],
    global_shape: &[usize],
) -> Result<Partial> {
    assert_eq!(reduced.len(), input.ndim(), "one mark for each axis");
    let task = Task { input, reduced, mask, labels, global_shape };
    if reduction.is_position() {
        return positions(reduction, &task);
    }
    if let Some(exactly) = Exactly::of(reduction, dtype) {
        let exact = Some(task.exactly(reduction, exactly, dtype)?);
        return Ok(Partial { reduction, dtype, shape: task.shape(), blocks: Vec::new(), exact });
    }
    let totals = task.totals(reduction, dtype).unwrap_or_else(|| task.converted(reduction, dtype));
    Ok(Partial { reduction, dtype, shape: task.shape(), blocks: vec![totals?], exact: None })
}

pub(super) fn no_loop(reduction: Reduction, dtype: DType) -> KernelError {
    KernelError::Type(format!("{} does not support dtype {dtype}", reduction.name()))
}

fn positions(reduction: Reduction, task: &Task<'_>) -> Result<Partial> {
    if task.mask.is_some() {
        return Err(KernelError::Value(format!("{} takes no mask", reduction.name())));
    }
    let dtype = task.input.dtype();
    let blocks = with_element!(
        dtype,
        T => match reduction {
            Reduction::ArgMin => task.positions::<Least, T>(),
            _ => task.positions::<Greatest, T>(),
        },
        _ => Err(no_loop(reduction, dtype))
    )?;
    Ok(Partial { reduction, dtype, shape: task.shape(), blocks, exact: None })
}

/// The partial result of no elements.
pub fn identity(reduction: Reduction, shape: &[usize], dtype: DType) -> Partial {
    Partial { reduction, dtype, shape: shape.to_vec(), blocks: Vec::new(), exact: None }
}

/// Adds the elements of `other` to those of `partial`. The order of merging does not matter, but
/// for the last bits of products.
///
/// # Errors
///
/// [`KernelError::Value`] when the two are not of one reduction; [`KernelError::Memory`].
pub fn merge(reduction: Reduction, partial: &mut Partial, other: &Partial) -> Result<()> {
    if partial.reduction != reduction
        || other.reduction != reduction
        || partial.shape != other.shape
    {
        return Err(mismatch(reduction));
    }
    if other.is_empty() {
        return Ok(());
    }
    if partial.is_empty() {
        partial.dtype = other.dtype;
        partial.exact.clone_from(&other.exact);
        partial.blocks = other.blocks.iter().map(memory::copied).collect::<Result<_>>()?;
        return Ok(());
    }
    if partial.dtype != other.dtype {
        return Err(mismatch(reduction));
    }
    match (&mut partial.exact, &other.exact) {
        (None, None) => {}
        (Some(exact), Some(other)) if exact.parts == other.parts => {
            exact.totals.merge(&other.totals);
            exact.counts.merge(&other.counts, partial.shape.iter().product());
            return Ok(());
        }
        _ => return Err(mismatch(reduction)),
    }
    if reduction.is_position() {
        with_element!(
            partial.dtype,
            T => match reduction {
                Reduction::ArgMin => merge_positions::<Least, T>(&mut partial.blocks, &other.blocks),
                _ => merge_positions::<Greatest, T>(&mut partial.blocks, &other.blocks),
            },
            _ => return Err(mismatch(reduction))
        );
        return Ok(());
    }
    let dtype = partial.dtype;
    let merged = visit_monoid(reduction, dtype, Merge(&mut partial.blocks[0], &other.blocks[0]));
    merged.ok_or_else(|| mismatch(reduction))
}

fn mismatch(reduction: Reduction) -> KernelError {
    KernelError::Value(format!(
        "these partial results of {} do not belong together",
        reduction.name()
    ))
}

/// Adds the totals of the second block to the first.
pub(super) struct Merge<'a>(pub &'a mut Block, pub &'a Block);

impl Visitor for Merge<'_> {
    type Result = ();

    fn visit<M: Monoid>(self) {
        let others = memory::items::<M::Total>(self.1);
        for (total, &other) in memory::items_mut::<M::Total>(self.0).iter_mut().zip(others) {
            *total = M::merge(*total, other);
        }
    }
}

fn merge_positions<D: Direction, T: Ordered>(blocks: &mut [Block], others: &[Block]) {
    let [values, indices] = blocks else { unreachable!("positions have two blocks") };
    let (values, indices) = (memory::items_mut::<T>(values), memory::items_mut::<i64>(indices));
    let others = memory::items::<T>(&others[0]).iter().zip(memory::items::<i64>(&others[1]));
    for ((best, best_index), (&value, &index)) in values.iter_mut().zip(indices).zip(others) {
        if comes_first::<D, T>(value, index, *best, *best_index) {
            (*best, *best_index) = (value, index);
        }
    }
}

/// What goes into results at the end.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Ending {
    /// What is taken from the number of elements that a variance is divided by.
    pub ddof: f64,
    /// One more term of sums of floats.
    pub initial: Option<Scalar>,
}

/// The result: a contiguous block, and the floating-point exceptions that NumPy would meet. Where
/// there were no elements it holds the reduction's neutral element, NaN for a mean or a variance, or
/// -1 for a position; whether that is an error is for the caller to say.
///
/// # Errors
///
/// [`KernelError::Memory`]; [`KernelError::Type`] for a dtype that the reduction does not give.
pub fn finish(
    reduction: Reduction,
    partial: Partial,
    ending: Ending,
) -> Result<(Block, FloatFlags)> {
    let Partial { dtype, shape, mut blocks, exact, .. } = partial;
    let quiet = |block| (block, FloatFlags::default());
    if Exactly::of(reduction, dtype).is_some() {
        let exact = exact.unwrap_or_else(|| Exact::nothing(dtype, &shape));
        return results::finish(reduction, dtype, &shape, exact, ending);
    }
    if reduction.is_position() {
        let nowhere = || memory::filled(&shape, DType::Int64, NOWHERE);
        return blocks.pop().map_or_else(nowhere, Ok).map(quiet);
    }
    visit_monoid(reduction, dtype, Finish { dtype, shape: &shape, totals: blocks.pop() })
        .unwrap_or_else(|| Err(no_loop(reduction, dtype)))
        .map(quiet)
}

struct Finish<'a> {
    dtype: DType,
    shape: &'a [usize],
    totals: Option<Block>,
}

impl Visitor for Finish<'_> {
    type Result = Result<Block>;

    fn visit<M: Monoid>(self) -> Result<Block> {
        let mut result = memory::filled(self.shape, self.dtype, M::finish(M::EMPTY))?;
        if let Some(totals) = self.totals {
            let totals = memory::items::<M::Total>(&totals);
            for (item, &total) in memory::items_mut(&mut result).iter_mut().zip(totals) {
                *item = M::finish(total);
            }
        }
        Ok(result)
    }
}
