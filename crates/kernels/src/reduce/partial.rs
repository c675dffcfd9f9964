//! Partial results: made from blocks, merged, carried between processes, finished.

use crate::{Block, DType, KernelError, Labels, Reduction, Result};

use super::accumulate::Task;
use super::extrema::{Direction, Greatest, Least, Ordered};
use super::item::with_item;
use super::memory;
use super::monoid::Monoid;
use super::position::{NOWHERE, comes_first};
use super::table::{Visitor, visit_monoid};

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
}

impl Partial {
    /// The reduction.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// The shape of the result, in which reduced axes have length 1.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// Reduces `input` along the axes that `reduced` marks.
///
/// `mask` is a boolean block, broadcast to the input's shape, that says which elements count.
/// `center` is what [`Reduction::SquaredDeviations`] measures from, of the result's shape; zero
/// if there is none. Elements are converted to `dtype`, as [`Reduction::accumulator`] gives it,
/// before anything is done with them; the squared deviations of complex elements are real.
/// `labels` (of every axis) and `global_shape` say where in the whole array the block lies, for
/// positions.
///
/// # Errors
///
/// [`KernelError::Type`] for dtypes that the reduction does not take, [`KernelError::Value`] for a
/// mask or center that does not fit or that the reduction has no use for, [`KernelError::Memory`].
///
/// # Panics
///
/// When `reduced` has not one entry for each axis.
#[expect(clippy::too_many_arguments, reason = "NumPy's reductions have as many")]
pub fn partial(
    reduction: Reduction,
    input: &Block,
    reduced: &[bool],
    mask: Option<&Block>,
    center: Option<&Block>,
    dtype: DType,
    labels: &[Labels],
    global_shape: &[usize],
) -> Result<Partial> {
    assert_eq!(reduced.len(), input.ndim(), "one mark for each axis");
    let task = Task { input, reduced, mask, center, labels, global_shape };
    if reduction.is_position() {
        return positions(reduction, &task);
    }
    let Some(totals) = task.totals(reduction, dtype) else {
        return Err(no_loop(reduction, input.dtype()));
    };
    Ok(Partial { reduction, dtype, shape: task.shape(), blocks: vec![totals?] })
}

fn no_loop(reduction: Reduction, dtype: DType) -> KernelError {
    KernelError::Type(format!("{} does not support dtype {dtype}", reduction.name()))
}

fn positions(reduction: Reduction, task: &Task<'_>) -> Result<Partial> {
    if task.mask.is_some() {
        return Err(KernelError::Value(format!("{} takes no mask", reduction.name())));
    }
    let dtype = task.input.dtype();
    let blocks = with_item!(
        dtype,
        T => if reduction == Reduction::ArgMin {
            task.positions::<Least, T>()
        } else {
            task.positions::<Greatest, T>()
        },
        Err(no_loop(reduction, dtype))
    )?;
    Ok(Partial { reduction, dtype, shape: task.shape(), blocks })
}

/// The partial result of no elements.
pub fn identity(reduction: Reduction, shape: &[usize], dtype: DType) -> Partial {
    Partial { reduction, dtype, shape: shape.to_vec(), blocks: Vec::new() }
}

/// Adds the elements of `other` to those of `partial`. The order of merging does not matter, but
/// for the last bits of sums and products.
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
    if other.blocks.is_empty() {
        return Ok(());
    }
    if partial.blocks.is_empty() {
        *partial = Partial::from_bytes(&other.to_bytes())?;
        return Ok(());
    }
    if partial.dtype != other.dtype {
        return Err(mismatch(reduction));
    }
    if reduction.is_position() {
        with_item!(
            partial.dtype,
            T => if reduction == Reduction::ArgMin {
                merge_positions::<Least, T>(&mut partial.blocks, &other.blocks);
            } else {
                merge_positions::<Greatest, T>(&mut partial.blocks, &other.blocks);
            },
            return Err(mismatch(reduction))
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

struct Merge<'a>(&'a mut Block, &'a Block);

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

/// The result: a contiguous block. Where there were no elements it holds the reduction's neutral
/// element, or -1 for a position; whether that is an error is for the caller to say.
///
/// # Errors
///
/// [`KernelError::Memory`]; [`KernelError::Type`] for a dtype that the reduction does not give.
pub fn finish(reduction: Reduction, partial: Partial) -> Result<Block> {
    let Partial { dtype, shape, mut blocks, .. } = partial;
    if reduction.is_position() {
        return blocks.pop().map_or_else(|| memory::filled(&shape, DType::Int64, NOWHERE), Ok);
    }
    visit_monoid(reduction, dtype, Finish { dtype, shape: &shape, totals: blocks.pop() })
        .unwrap_or_else(|| Err(no_loop(reduction, dtype)))
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

/// The length of the fixed part of a message.
const HEAD: usize = 4;

impl Partial {
    /// The partial result as bytes, for an engine of another process on a machine of the same byte
    /// order.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A dtype that is not native gets a code that `from_bytes` refuses.
        let dtype = DType::NATIVE.iter().position(|&each| each == self.dtype);
        let codes = [
            self.reduction as usize,
            dtype.unwrap_or(DType::NATIVE.len()),
            self.shape.len(),
            self.blocks.len(),
        ];
        let mut bytes: Vec<u8> = codes.map(|code| code as u8).to_vec();
        for &len in &self.shape {
            bytes.extend_from_slice(&(len as u64).to_ne_bytes());
        }
        for block in &self.blocks {
            bytes.extend_from_slice(memory::bytes(block));
        }
        bytes
    }

    /// The partial result that [`Partial::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`] for other bytes; [`KernelError::Memory`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let foreign = || KernelError::Value("these bytes are no partial result".to_owned());
        let (head, mut rest) = bytes.split_at_checked(HEAD).ok_or_else(foreign)?;
        let reduction = *Reduction::ALL.get(usize::from(head[0])).ok_or_else(foreign)?;
        let dtype = *DType::NATIVE.get(usize::from(head[1])).ok_or_else(foreign)?;
        let mut shape = Vec::new();
        for _ in 0..head[2] {
            let (len, after) = rest.split_first_chunk().ok_or_else(foreign)?;
            shape.push(usize::try_from(u64::from_ne_bytes(*len)).map_err(|_| foreign())?);
            rest = after;
        }
        let dtypes = if head[3] == 0 {
            Vec::new()
        } else if reduction.is_position() {
            vec![dtype, DType::Int64]
        } else {
            vec![visit_monoid(reduction, dtype, TotalDType).ok_or_else(foreign)?]
        };
        let mut blocks = Vec::new();
        for dtype in dtypes {
            let len = shape.iter().try_fold(dtype.itemsize(), |len, &axis| len.checked_mul(axis));
            let (items, after) =
                len.and_then(|len| rest.split_at_checked(len)).ok_or_else(foreign)?;
            blocks.push(memory::from_bytes(&shape, dtype, items)?);
            rest = after;
        }
        if usize::from(head[3]) != blocks.len() || !rest.is_empty() {
            return Err(foreign());
        }
        Ok(Self { reduction, dtype, shape, blocks })
    }
}

struct TotalDType;

impl Visitor for TotalDType {
    type Result = DType;

    fn visit<M: Monoid>(self) -> DType {
        memory::total_dtype::<M::Total>()
    }
}
