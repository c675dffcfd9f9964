//! Results of few floats each, from all their elements at once: no sums are kept.

#![expect(
    unsafe_code,
    reason = "elements are read where they lie, and results are written in rows"
)]

use half::f16;
use num_complex::Complex;

use super::floats::{Exactly, Float, Items};
use super::memory::{self, Memory};
use super::partial::Ending;
use super::results::{self, Counts, Exact};
use super::walk::{Axis, Place, Walk};
use crate::exact::{
    Accumulator, LANES, MOST_ELEMENTS, MOST_ROWS, Moment, Nearest, Plain, Selection, Squared, Term,
    Terms, moments,
};
use crate::{Block, Bool, DType, FloatFlags, Reduction, Result};

/// Runs shorter than this are gathered from the rows that they lie in: that takes less time than a sum
/// of its own for each.
const SHORT_RUN: usize = 128;

/// Lanes next to each other are worth it from here on.
const FEW_LANES: usize = 16;

/// How many elements are copied at once, if they are.
const COPIED: usize = 1 << 15;

/// How many elements of a row are taken up before those of the next tile.
const TILE: usize = 1024;

/// What is computed of each lane of `count` elements, where there is a way without sums that are
/// kept.
fn moment(reduction: Reduction, count: usize, ending: Ending) -> Option<Moment> {
    let divisor = count as f64 - ending.ddof;
    let is_divisor =
        divisor > 0.0 && divisor.fract() == 0.0 && divisor * (count as f64) < 1.0 / f64::EPSILON;
    if count == 0 || count > MOST_ELEMENTS || ending.initial.is_some() {
        return None;
    }
    match reduction {
        Reduction::Sum => Some(Moment::Sum),
        Reduction::Mean => Some(Moment::Mean),
        Reduction::Variance if is_divisor => Some(Moment::Variance(ending.ddof)),
        Reduction::StandardDeviation if is_divisor => Some(Moment::StandardDeviation(ending.ddof)),
        Reduction::Norm => Some(Moment::Norm),
        _ => None,
    }
}

/// Whether [`whole`] is for reductions of `input` elements that give `dtype`, of which `count` go into
/// each result.
pub fn has_short_lanes(
    reduction: Reduction,
    input: DType,
    dtype: DType,
    count: usize,
    ending: Ending,
) -> bool {
    use DType as D;
    let Some(exactly) = Exactly::of(reduction, dtype) else { return false };
    let is_supported = match exactly {
        Exactly::Elements => matches!(
            (exactly.summed(input, dtype), dtype),
            (D::Float16, D::Float16)
                | (D::Float32, D::Float32 | D::Float64)
                | (D::Float64, D::Float64)
                | (D::Complex64, D::Complex64)
                | (D::Complex128, D::Complex128)
        ),
        Exactly::Squares => matches!(
            (exactly.summed(input, dtype), dtype),
            (D::Float16, D::Float16)
                | (D::Float32, D::Float32 | D::Float64)
                | (D::Float64, D::Float64)
        ),
    };
    is_supported && input.is_native() && moment(reduction, count, ending).is_some()
}

/// Reduces pieces that together have all elements of each result, and differ along the axes alone
/// that `reduced` marks: the results, and the floating-point exceptions that NumPy would meet. `None`
/// where [`super::partial`] is the better way, which gives the same bits.
///
/// `masks` are boolean blocks, one for each piece and broadcast to it, that say which elements count;
/// there are none if all do.
///
/// # Errors
///
/// [`crate::KernelError::Memory`]; [`crate::KernelError::Value`] for a mask that does not fit.
///
/// # Panics
///
/// When `reduced` has not one entry for each axis, or there are more or less masks.
pub fn whole(
    reduction: Reduction,
    pieces: &[Block],
    masks: &[Block],
    reduced: &[bool],
    dtype: DType,
    ending: Ending,
) -> Result<Option<(Block, FloatFlags)>> {
    use DType as D;
    assert!(masks.is_empty() || masks.len() == pieces.len(), "one mask for each piece");
    let Some(first) = pieces.first() else { return Ok(None) };
    let count = pieces.iter().map(|piece| lengths(piece, reduced, true)).sum();
    let input = first.dtype();
    let lanes = lengths(first, reduced, false);
    if lanes < FEW_LANES || !has_short_lanes(reduction, input, dtype, count, ending) {
        return Ok(None);
    }
    let Some(exactly) = Exactly::of(reduction, dtype) else { return Ok(None) };
    let task = Whole { reduction, pieces, masks, reduced, dtype, ending, count, lanes };
    match (exactly, exactly.summed(input, dtype), dtype) {
        (Exactly::Elements, D::Float16, _) => task.run::<f16, f16, Plain, 1>(),
        (Exactly::Elements, D::Float32, D::Float32) => task.run::<f32, f32, Plain, 1>(),
        (Exactly::Elements, D::Float32, _) => task.run::<f32, f64, Plain, 1>(),
        (Exactly::Elements, D::Float64, _) => task.run::<f64, f64, Plain, 1>(),
        (Exactly::Elements, D::Complex64, _) => task.run::<Complex<f32>, Complex<f32>, Plain, 1>(),
        (Exactly::Elements, D::Complex128, _) => task.run::<Complex<f64>, Complex<f64>, Plain, 1>(),
        (Exactly::Squares, D::Float16, _) => task.run::<f16, f16, Squared, 2>(),
        (Exactly::Squares, D::Float32, D::Float32) => task.run::<f32, f32, Squared, 2>(),
        (Exactly::Squares, D::Float32, _) => task.run::<f32, f64, Squared, 2>(),
        (Exactly::Squares, D::Float64, _) => task.run::<f64, f64, Squared, 3>(),
        _ => Ok(None),
    }
}

/// The product of the lengths of reduced axes, or of the others.
fn lengths(piece: &Block, reduced: &[bool], of_reduced: bool) -> usize {
    assert_eq!(reduced.len(), piece.ndim(), "one mark for each axis");
    let axes = piece.axes().iter().zip(reduced).filter(|(_, reduced)| **reduced == of_reduced);
    axes.map(|(axis, _)| axis.len()).product()
}

struct Whole<'a> {
    reduction: Reduction,
    pieces: &'a [Block],
    masks: &'a [Block],
    reduced: &'a [bool],
    dtype: DType,
    ending: Ending,
    /// The number of elements of each result, of which a mask may select some.
    count: usize,
    /// The number of results.
    lanes: usize,
}

/// One of the pieces.
struct Piece<E> {
    items: Box<dyn Items<E>>,
    mask: Option<Memory<Bool>>,
    walk: Walk,
    /// The places of the outer axes.
    places: Vec<Place>,
}

/// Columns that are reduced together: `width` of them from `first` on, in the outer place with a
/// number.
#[derive(Clone, Copy)]
struct Columns {
    outer: usize,
    first: usize,
    width: usize,
}

impl Whole<'_> {
    fn run<E: Float, O: Float<Part: Nearest>, K: Terms<E::Part, S>, const S: usize>(
        &self,
    ) -> Result<Option<(Block, FloatFlags)>> {
        let Some(pieces) = self.walked::<E>()? else { return Ok(None) };
        let Some(moment) = moment(self.reduction, self.count, self.ending) else { return Ok(None) };
        let shape: Vec<usize> = self.pieces[0]
            .axes()
            .iter()
            .zip(self.reduced)
            .map(|(axis, &reduced)| if reduced { 1 } else { axis.len() })
            .collect();
        let block = Block::uninitialised(O::DTYPE, &shape)?;
        debug_assert_eq!(block.size(), self.lanes);
        let results = Results::<O> { start: block.as_ptr().cast(), len: block.size() };
        let mut flags = FloatFlags::default();
        let inner = &pieces[0].walk.inner;
        let is_gathered = pieces.iter().any(|piece| !piece.walk.inner.item.is_stride_of::<E>());
        let is_copied = is_gathered || !self.masks.is_empty();
        let most = if is_copied { (COPIED / self.count).clamp(LANES, TILE) } else { TILE };
        let tile = pieces[0].walk.tile(most);
        let mut scratch: Vec<Vec<E>> = vec![Vec::new(); self.count];
        let mut selection = Selection::default();
        for outer in 0..pieces[0].places.len() {
            for first in (0..inner.len).step_by(tile) {
                let columns = Columns { outer, first, width: tile.min(inner.len - first) };
                let parts = columns.width * E::PARTS;
                let (rows, selection) = if self.masks.is_empty() {
                    (rows(&pieces, columns, &mut scratch), None)
                } else {
                    // Sums don't ask how many there are.
                    let is_noted = moment != Moment::Sum;
                    selection.begin(if is_noted { parts } else { 0 });
                    let noted = is_noted.then_some(&mut selection);
                    let rows = selected_rows(&pieces, columns, &mut scratch, noted);
                    (rows, is_noted.then_some(&selection))
                };
                for part in (0..parts).step_by(LANES) {
                    let mut found = [O::Part::ZERO; LANES];
                    let found = &mut found[..LANES.min(parts - part)];
                    if !moments(&rows, selection, part, moment, found) {
                        let rest = self.doubtful::<E, O, K, S>(&rows, selection, part, found)?;
                        flags = flags.union(rest);
                    }
                    let place = pieces[0].places[outer].along(inner, first + part / E::PARTS);
                    results.put(place.out, inner.out, found);
                }
            }
        }
        Ok(Some((block, flags)))
    }

    /// The pieces, if they can be walked by rows that are next to each other.
    fn walked<E: Float>(&self) -> Result<Option<Vec<Piece<E>>>> {
        let mut pieces: Vec<Piece<E>> = Vec::new();
        for (index, block) in self.pieces.iter().enumerate().filter(|(_, block)| block.size() > 0) {
            let Some(items) = E::items(block) else { return Ok(None) };
            let mask = self.masks.get(index);
            let walk = Walk::with_short_runs(block, self.reduced, mask, None, SHORT_RUN)?;
            let fits = !walk.inner.is_reduced
                && walk.inner.len >= FEW_LANES
                && walk.outer.iter().all(|axis| !axis.is_reduced)
                && pieces.first().is_none_or(|first| are_alike(&first.walk, &walk));
            if !fits {
                return Ok(None);
            }
            let mut places = Vec::new();
            walk.for_each(&mut |place| places.push(place));
            pieces.push(Piece { items, mask: mask.map(Memory::of), walk, places });
        }
        Ok((!pieces.is_empty()).then_some(pieces))
    }

    /// The results of lanes of which some are not decided, in the general way.
    #[cold]
    fn doubtful<E: Float, O: Float<Part: Nearest>, K: Terms<E::Part, S>, const S: usize>(
        &self,
        rows: &[&[E::Part]],
        selection: Option<&Selection>,
        first: usize,
        results: &mut [O::Part],
    ) -> Result<FloatFlags> {
        let mut accumulator = Accumulator::<E::Part, K, S>::new(results.len());
        for rows in rows.chunks(MOST_ROWS) {
            let rows: Vec<&[E::Part]> =
                rows.iter().map(|row| &row[first..first + results.len()]).collect();
            accumulator.deposit_rows(0, &rows);
        }
        let counts = match selection {
            None => Counts::Every(self.count as u64),
            Some(selection) => {
                let counts = selection.counts[first..first + results.len()].iter();
                Counts::Each(counts.step_by(E::PARTS).map(|&count| count as u64).collect())
            }
        };
        let exact = Exact { totals: accumulator.into_totals(), parts: E::PARTS, counts };
        let shape = [results.len() / E::PARTS];
        let (block, flags) =
            results::finish(self.reduction, self.dtype, &shape, exact, self.ending)?;
        results.copy_from_slice(O::parts(memory::items(&block)));
        Ok(flags)
    }
}

/// Whether two walks give the same results in the same order.
fn are_alike(left: &Walk, right: &Walk) -> bool {
    let extent = |axis: &Axis| (axis.len, axis.out);
    extent(&left.inner) == extent(&right.inner)
        && left.outer.iter().map(extent).eq(right.outer.iter().map(extent))
        && left.origin.out == right.origin.out
}

/// Some columns of all rows of all pieces.
fn rows<'a, E: Float>(
    pieces: &[Piece<E>],
    columns: Columns,
    scratch: &'a mut [Vec<E>],
) -> Vec<&'a [E::Part]> {
    let Columns { outer, first, width } = columns;
    let mut scratch = scratch.iter_mut();
    let mut slices = Vec::with_capacity(scratch.len());
    for Piece { items, walk, places, .. } in pieces {
        for (row, scratch) in (0..walk.rows.len).zip(&mut scratch) {
            let place = places[outer].along(&walk.rows, row);
            // SAFETY: the walk stays within the block.
            let items = unsafe { items.slice(place.item, &walk.inner.item, first, width, scratch) };
            slices.push(E::parts(items));
        }
    }
    slices
}

/// Some columns of all rows of all pieces, with zeros in place of elements that don't count; which do is
/// noted.
fn selected_rows<'a, E: Float>(
    pieces: &[Piece<E>],
    columns: Columns,
    scratch: &'a mut [Vec<E>],
    mut noted: Option<&mut Selection>,
) -> Vec<&'a [E::Part]> {
    let Columns { outer, first, width } = columns;
    let (mut own_items, mut own_mask) = (Vec::new(), Vec::new());
    let mut selected = scratch.iter_mut();
    for Piece { items, mask, walk, places } in pieces {
        let Some(mask) = mask else { continue };
        for (row, selected) in (0..walk.rows.len).zip(&mut selected) {
            let place = places[outer].along(&walk.rows, row);
            let Axis { item, mask: step, .. } = &walk.inner;
            // SAFETY: the walk stays within the block.
            let items = unsafe { items.slice(place.item, item, first, width, &mut own_items) };
            // SAFETY: the walk stays within the mask.
            let mask = unsafe { mask.slice(place.mask, step, first, width, &mut own_mask) };
            selected.clear();
            let choices = items.iter().zip(mask);
            selected
                .extend(choices.map(|(&item, mask)| if mask.get() { item } else { E::NOTHING }));
            if let Some(noted) = &mut noted {
                noted.note(E::parts(selected), |part| mask[part / E::PARTS].get());
            }
        }
    }
    scratch.iter().map(|row| E::parts(row)).collect()
}

/// The memory of the results.
struct Results<O: Float> {
    start: *mut O::Part,
    len: usize,
}

impl<O: Float> Results<O> {
    /// Writes the parts of results that are `distance` apart.
    fn put(&self, first: usize, distance: usize, parts: &[O::Part]) {
        let count = parts.len() / O::PARTS;
        if count == 0 {
            return;
        }
        assert!(first + (count - 1) * distance < self.len, "as many results");
        if distance == 1 {
            // SAFETY: the block is new, contiguous and holds `len` results of `PARTS` parts each.
            unsafe {
                let to = self.start.add(first * O::PARTS);
                std::ptr::copy_nonoverlapping(parts.as_ptr(), to, parts.len());
            }
            return;
        }
        for (place, &part) in parts.iter().enumerate() {
            let result = first + place / O::PARTS * distance;
            // SAFETY: likewise.
            unsafe { self.start.add(result * O::PARTS + place % O::PARTS).write(part) };
        }
    }
}
