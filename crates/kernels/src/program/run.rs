//! Running a program over one walk, or a part of one, tile by tile.

#![expect(unsafe_code, reason = "loops are called on memory")]

use std::ops::Range;

use smallvec::{SmallVec, smallvec};

use super::Program;
use super::flags::{self, Record};
use super::layout::{Access, Blocks, Call, Layout, Leave, Route};
use super::ready::Ready;
use super::scratch::Scratch;
use super::stream::{self, LINE};
use super::tile::{Tile, TileShape};
use crate::Result;
use crate::ops::Status;
use crate::progress::{GRAIN, Meter};
use crate::walk::{Odometer, PerBlock, Walk};

/// Runs a program over a walk over its outputs and then its inputs; gives the
/// floating-point exceptions that its steps met, as far as NumPy reports them.
pub fn run<'a>(
    program: &'a Program,
    ready: &Ready,
    walk: &Walk<'a>,
    blocks: Blocks<'a>,
) -> Result<Record> {
    let record = run_tiles(program, ready, walk, blocks);
    stream::settle();
    record
}

fn run_tiles<'a>(
    program: &'a Program,
    ready: &Ready,
    walk: &Walk<'a>,
    blocks: Blocks<'a>,
) -> Result<Record> {
    // Once for both layouts below: another thread may set the length of blocks meanwhile.
    let tile = TileShape::new(walk);
    let mut layout = Layout::new(program, &ready.instructions, walk, tile, blocks);
    layout.leave(ready.exits(program, walk.lens.iter().product()));
    let is_silent = layout.calls.iter().all(|call| call.quiet);
    let is_single = program.steps.len() == 1;
    let streamed = layout.streamed();
    let first = |starts: &[*mut u8]| first_columns(tile, streamed, starts);
    let mut record = Record::default();
    flags::take();
    let mut run = Run::new(layout);
    if is_silent || (is_single && run.mask.is_none()) {
        // Nobody looks, or all that is found is of that step.
        each_tile(walk, run.layout.tile, first, |spot| {
            run.load(spot);
            run.call()?;
            run.store(spot);
            Ok(())
        })?;
        let found = flags::take();
        if found != 0 && !is_silent {
            record.add(0, found);
        }
        return Ok(record);
    }
    // The processor says what was met, not where. So a tile that met something is run again, one
    // step after another and without elements that are not stored; and the next tile at once so,
    // for it may well meet the same.
    let mut careful: Option<Run<'a>> = None;
    let mut suspicious = false;
    each_tile(walk, run.layout.tile, first, |spot| {
        if !suspicious {
            run.load(spot);
            if run.stored().next().is_none() {
                return Ok(());
            }
            let outcome = run.call();
            if flags::take() == 0 && (outcome.is_ok() || run.mask.is_none()) {
                outcome?;
                run.store(spot);
                return Ok(());
            }
        }
        if careful.is_none() {
            careful = Some(Run::new(Layout::once(program, &ready.single, walk, tile, blocks)));
        }
        if let Some(careful) = &mut careful {
            careful.load(spot);
            suspicious = careful.call_recording(&mut record)?;
            careful.store(spot);
        }
        Ok(())
    })?;
    Ok(record)
}

/// Where a tile lies.
#[derive(Clone, Copy)]
struct Spot<'s> {
    /// The places of row 0, column 0 of each block.
    starts: &'s [*mut u8],
    /// The position along each axis of the walk that the others count from.
    firsts: &'s [usize],
    /// The position along each axis that goes on outside of tiles.
    outer: &'s [usize],
    tile: Tile,
}

/// The number of columns of the first tile of a row: so many that the others begin on a cache line of
/// what is streamed, a block with items of a size. A line that two tiles write to in turn takes as
/// long as many.
fn first_columns(shape: TileShape, streamed: Option<(usize, usize)>, starts: &[*mut u8]) -> usize {
    match streamed {
        Some((block, itemsize)) if shape.axes == 1 => {
            let before = starts[block].addr() % LINE / itemsize;
            if (shape.columns * itemsize).is_multiple_of(LINE) {
                shape.columns - before
            } else {
                shape.columns
            }
        }
        _ => shape.columns,
    }
}

/// Calls a function for each tile of a walk, in order. `first` says how many columns the first tile of
/// a row has.
fn each_tile(
    walk: &Walk<'_>,
    shape: TileShape,
    first: impl Fn(&[*mut u8]) -> usize,
    mut visit: impl FnMut(Spot<'_>) -> Result<()>,
) -> Result<()> {
    let axes = walk.lens.len();
    let len = |axis: Option<usize>| axis.map_or(1, |axis| walk.lens[axis]);
    let all_columns = len(axes.checked_sub(1));
    let all_rows = if shape.axes > 1 { len(axes.checked_sub(2)) } else { 1 };
    let (mut odometer, mut starts) = Odometer::begin(walk, axes.saturating_sub(shape.axes));
    let mut meter = Meter::default();
    loop {
        let mut row = 0;
        while row < all_rows {
            let rows = shape.rows.min(all_rows - row);
            let mut column = 0;
            let mut most = first(&starts);
            while column < all_columns {
                let begin = column;
                let end = all_columns.min(begin + GRAIN);
                while column < end {
                    let columns = most.min(all_columns - column);
                    most = shape.columns;
                    let tile = Tile { row, rows, column, columns };
                    visit(Spot {
                        starts: &starts,
                        firsts: &walk.firsts,
                        outer: odometer.positions(),
                        tile,
                    })?;
                    column += columns;
                }
                meter.add(rows * (column - begin));
            }
            row += rows;
        }
        if !odometer.advance(walk, &mut starts) {
            return Ok(());
        }
    }
}

/// A program while it runs.
struct Run<'a> {
    layout: Layout<'a>,
    /// Where each input, register and constant lies during a tile.
    pointers: SmallVec<[*mut u8; 16]>,
    /// The element that fills the register of each repeated source.
    filled: PerBlock<*mut u8>,
    /// The number of elements of the tile that was loaded.
    len: usize,
    /// The place in the table of what says which elements are stored, where that is known before the
    /// first step.
    mask: Option<usize>,
    #[expect(dead_code, reason = "keeps the registers alive")]
    scratch: Scratch,
}

impl<'a> Run<'a> {
    fn new(layout: Layout<'a>) -> Self {
        let (scratch, pointers) = layout.allocate();
        let filled = smallvec![std::ptr::null_mut(); layout.sources.len()];
        let mask = layout.common_mask();
        Self { layout, pointers, filled, len: 0, mask, scratch }
    }

    /// Brings the inputs of a tile where the calls find them.
    fn load(&mut self, spot: Spot<'_>) {
        self.fill_labels(spot);
        for draw in &mut self.layout.draws {
            let register = self.pointers[draw.slot];
            // SAFETY: the register has room for as many numbers as a tile has elements.
            unsafe {
                draw.fill(register, self.layout.tile, spot.tile, spot.firsts, spot.outer);
            }
        }
        for (source, filled) in self.layout.sources.iter().zip(&mut self.filled) {
            let (start, register) = (spot.starts[source.block], self.pointers[source.slot]);
            let gather = |tile: Tile| {
                // SAFETY: tiles stay within the blocks, which were found to be of the program's
                // dtypes; registers hold as many elements as a tile.
                unsafe { source.path.gather(start, tile, register, source.itemsize) };
            };
            match source.access {
                Access::InPlace => {
                    let first = source.path.first(start, spot.tile);
                    self.pointers[source.slot] = first;
                }
                Access::Gathered => gather(spot.tile),
                Access::Repeated if *filled == start => {}
                Access::Repeated => {
                    // As large as any tile, not only this one.
                    let TileShape { rows, columns, .. } = self.layout.tile;
                    gather(Tile { row: 0, rows, column: 0, columns });
                    *filled = start;
                }
            }
        }
        for sink in &self.layout.sinks {
            if sink.route == Route::Direct {
                self.pointers[sink.value] = sink.path.first(spot.starts[sink.block], spot.tile);
            }
        }
        self.len = spot.tile.len();
    }

    #[expect(clippy::cast_ptr_alignment, reason = "registers are aligned for any item")]
    fn fill_labels(&mut self, spot: Spot<'_>) {
        let axes = spot.firsts.len();
        for source in &self.layout.labels {
            let register = self.pointers[source.slot];
            let from_end = source.axis.map(|axis| axes - axis);
            let first = source.axis.map_or(0, |axis| spot.firsts[axis]);
            let columns = spot.tile.columns;
            for row in 0..spot.tile.rows {
                // SAFETY: the register is aligned and has room for as many labels as a tile has
                // elements.
                let labels = unsafe {
                    let begin = register.cast::<i64>().add(row * columns);
                    std::slice::from_raw_parts_mut(begin, columns)
                };
                let position = match (source.axis, from_end) {
                    (_, Some(1)) => {
                        source.labels.write(first + spot.tile.column, labels);
                        continue;
                    }
                    (_, Some(2)) if self.layout.tile.axes > 1 => spot.tile.row + row,
                    (Some(outer), _) => spot.outer[outer],
                    (None, _) => 0,
                };
                labels.fill(source.labels.get(first + position));
            }
        }
    }

    /// The runs of elements of the tile that was loaded that are stored, as far as that is known.
    fn stored(&self) -> impl Iterator<Item = Range<usize>> {
        let mask: &[u8] = match self.mask {
            // SAFETY: the mask has a boolean for each element of the tile.
            Some(mask) => unsafe { std::slice::from_raw_parts(self.pointers[mask], self.len) },
            None => &[],
        };
        let whole = self.mask.is_none().then_some(0..self.len);
        let mut end = 0;
        let runs =
            mask.chunk_by(|&byte, &next| (byte != 0) == (next != 0)).filter_map(move |run| {
                let start = end;
                end += run.len();
                (run[0] != 0).then_some(start..end)
            });
        whole.into_iter().chain(runs)
    }

    /// Makes one call for the tile that was loaded.
    #[inline]
    fn make(&self, call: &Call) -> Result<()> {
        let arguments = call.arguments.map(|slot| self.pointers[slot].cast_const());
        let output = self.pointers[call.output];
        // SAFETY: the table has the dtypes of the loop, aligned, as many elements as the tile has
        // (or one, where the loop reads one), and a result of its own.
        Self::outcome(unsafe { (call.kernel)(&arguments, output, self.len) })
    }

    /// Makes one call for some elements of the tile that was loaded.
    fn make_for(&self, call: &Call, elements: &Range<usize>) -> Result<()> {
        let place = |slot: usize, position: usize| {
            self.pointers[slot].wrapping_add(elements.start * call.itemsizes[position])
        };
        let [a, b, c] = call.arguments;
        let arguments = [place(a, 0), place(b, 1), place(c, 2)].map(<*mut u8>::cast_const);
        let output = place(call.output, 3);
        // SAFETY: as for the whole tile; its elements lie one after another.
        Self::outcome(unsafe { (call.kernel)(&arguments, output, elements.len()) })
    }

    fn outcome(status: Status) -> Result<()> {
        match status {
            Status::Fine => Ok(()),
            status @ Status::NegativePower => Err(status.error()),
        }
    }

    /// Makes all calls for the tile that was loaded.
    fn call(&self) -> Result<()> {
        let mut leaves = self.layout.leaves.iter().peekable();
        for (index, call) in self.layout.calls.iter().enumerate() {
            if self.layout.traffic.is_far {
                self.prefetch(index);
            }
            self.make(call)?;
            if let Some(leave) = leaves.next_if(|leave| leave.after == index)
                && self.left(leave)
            {
                break;
            }
        }
        Ok(())
    }

    /// Whether there is no element of the tile that a mask allows; if so, the results are put where
    /// they belong.
    fn left(&self, leave: &Leave) -> bool {
        // SAFETY: the mask has a byte for each element of the tile.
        let mask = unsafe { std::slice::from_raw_parts(self.pointers[leave.mask], self.len) };
        if mask.iter().fold(0, |any, byte| any | byte) != 0 {
            return false;
        }
        for &(source, dest, itemsize) in &leave.results {
            // SAFETY: both have as many items as the tile has elements; they may be the same.
            unsafe {
                let (source, dest) = (self.pointers[source], self.pointers[dest]);
                std::ptr::copy(source.cast_const(), dest, self.len * itemsize);
            }
        }
        true
    }

    /// Asks for a share of what comes half a tile after the next one begins, before the call of that
    /// number. All at once would keep memory busy for a moment and idle for the rest of the tile; by
    /// measurement, the beginning of the next tile is too near, and that of the third too far.
    #[inline]
    fn prefetch(&self, call: usize) {
        let count = self.layout.calls.len();
        for source in &self.layout.sources {
            if source.access == Access::InPlace {
                let bytes = self.len * source.itemsize;
                let border = |call: usize| bytes * call / count;
                let next = self.pointers[source.slot].wrapping_add(bytes + bytes / 2);
                stream::prefetch(next.wrapping_add(border(call)), border(call + 1) - border(call));
            }
        }
    }

    /// Makes all calls for the elements of the tile that are stored, and tells whether one met an
    /// exception. What others meet, as in `divide(a, b, where=b != 0)`, doesn't count.
    fn call_recording(&self, record: &mut Record) -> Result<bool> {
        let mut met = false;
        flags::take();
        for call in &self.layout.calls {
            // One call after another: a register may hold what it does for the next call alone.
            for elements in self.stored() {
                self.make_for(call, &elements)?;
            }
            let found = flags::take();
            met |= found != 0;
            if found != 0 && !call.quiet {
                record.add(call.step, found);
            }
        }
        Ok(met)
    }

    /// Stores the results of a tile that are not where they belong yet.
    fn store(&self, spot: Spot<'_>) {
        for sink in &self.layout.sinks {
            let (value, start) = (self.pointers[sink.value], spot.starts[sink.block]);
            // SAFETY: tiles stay within the blocks, which were found to be of the program's dtypes
            // and writable; streamed ones are contiguous.
            unsafe {
                match (sink.route, sink.mask) {
                    (Route::Direct, _) => {}
                    (Route::Streamed, _) => {
                        let bytes = spot.tile.len() * sink.itemsize;
                        stream::store(value, sink.path.first(start, spot.tile), bytes);
                    }
                    (Route::Scattered, None) => {
                        sink.path.scatter(value, start, spot.tile, sink.itemsize);
                    }
                    (Route::Scattered, Some(mask)) => {
                        let mask = self.pointers[mask];
                        sink.path.scatter_masked(value, mask, start, spot.tile, sink.itemsize);
                    }
                }
            }
        }
    }
}
