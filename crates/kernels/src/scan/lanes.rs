//! The strands of a block, one for each place across the scanned axis.

#![expect(unsafe_code, reason = "elements are read and written where they lie")]

use std::ops::Range;

use super::recurrence::Recurrence;
use super::strands::{Chains, Rows, result};
use super::{Grouping, Scan};
use crate::simd::widest;
use crate::{Block, Element, KernelError, Result, copy};

/// How many elements are brought together at a time, where they are not contiguous or have another
/// dtype.
const TILE: usize = 1 << 13;

/// Strands of so few elements are walked one after the other: the processor is ahead by several.
const SHORT: usize = 32;

/// How many strands are walked together where they lie one after another.
const TOGETHER: usize = 4;

/// The state of all strands of a block at one place along the scanned axis.
pub(super) struct Lanes<R: Recurrence> {
    axis: usize,
    /// The product of the lengths of the axes after the scanned one.
    inner: usize,
    stretch: usize,
    /// What came before the stretch, strand by strand.
    carried: Vec<R::State>,
    /// What the stretch has come to.
    running: Vec<R::State>,
    /// Where totals are asked for, which then are carried nowhere.
    totals: Option<Totals<R::State>>,
}

/// The total of each stretch, all strands of the first stretch first.
struct Totals<S> {
    /// The index at which the first stretch begins.
    start: usize,
    states: Vec<S>,
}

impl<R: Recurrence> Lanes<R> {
    /// The state before the first element.
    pub(super) fn new(scan: &Scan, shape: &[usize]) -> Self {
        let inner = shape[scan.axis + 1..].iter().product();
        let lanes = shape[..scan.axis].iter().product::<usize>() * inner;
        Self {
            axis: scan.axis,
            inner,
            stretch: scan.stretch,
            carried: vec![R::IDENTITY; lanes],
            running: vec![R::IDENTITY; lanes],
            totals: None,
        }
    }

    /// The totals of `source`, which begins where a head ends; see [`Scan::total_count`].
    pub(super) fn totals(mut self, source: &Block, start: usize, count: usize) -> Result<Block> {
        let lanes = self.running.len();
        let records = matches!(R::GROUPING, Grouping::Stretches);
        if records {
            self.totals = Some(Totals { start, states: vec![R::IDENTITY; count * lanes] });
        }
        self.take(source, None, start)?;
        let mut totals = match self.totals {
            Some(totals) => totals.states,
            None => vec![R::IDENTITY; count * lanes],
        };
        let stop = start + source.axes()[self.axis].len();
        if count > 0 && !(records && stop.is_multiple_of(self.stretch)) {
            let last = &mut totals[(count - 1) * lanes..];
            for ((total, &carried), &running) in
                last.iter_mut().zip(&self.carried).zip(&self.running)
            {
                *total = R::combine(carried, running);
            }
        }
        Block::from_slice(&totals, &[count, lanes])
    }

    /// Takes up the totals of a part of the axis, from `start`, where a head ends, to `stop`.
    pub(super) fn pass(&mut self, totals: &Block, start: usize, stop: usize) -> Result<()> {
        let totals = totals.to_vec::<R::State>()?;
        let lanes = self.running.len();
        if lanes == 0 {
            return Ok(());
        }
        for (number, totals) in totals.chunks_exact(lanes).enumerate() {
            for (running, &total) in self.running.iter_mut().zip(totals) {
                *running = R::combine(*running, total);
            }
            match R::GROUPING {
                Grouping::Stretches => {
                    self.pass_border(0..lanes, stop.min(start + (number + 1) * self.stretch));
                }
                // The next element may be the first of a stretch.
                _ => self.carry_on(0..lanes),
            }
        }
        Ok(())
    }

    /// Takes up the elements of a block, whose first along the axis has index `start`; writes the
    /// results to `dest`, which is contiguous.
    pub(super) fn take(
        &mut self,
        source: &Block,
        dest: Option<&Block>,
        start: usize,
    ) -> Result<()> {
        if source.size() == 0 {
            return Ok(());
        }
        let dest = match dest {
            None => None,
            Some(dest) => {
                if dest.shape() != source.shape() || dest.may_overlap(source) {
                    return Err(KernelError::Value(
                        "results of an accumulation need a place of their own".to_owned(),
                    ));
                }
                // SAFETY: nobody else knows the elements of a place for results, which is not that
                // of the source.
                let slice = unsafe { dest.as_mut_slice::<R::Item>() };
                Some(slice.ok_or_else(|| {
                    KernelError::Value("results of an accumulation are contiguous".to_owned())
                })?)
            }
        };
        self.part(source, dest, 0..self.running.len(), start, self.axis)
    }

    /// Takes up a part of the elements: those of some strands, and along the scanned axis, which is
    /// number `axis` of this part, those from index `start` on.
    fn part(
        &mut self,
        source: &Block,
        mut dest: Option<&mut [R::Item]>,
        lanes: Range<usize>,
        start: usize,
        axis: usize,
    ) -> Result<()> {
        // SAFETY: commands that write to an array are not executed while others read it.
        if let Some(items) = unsafe { source.as_slice::<R::Item>() } {
            self.slab(items, dest, lanes, start, source.axes()[axis].len());
            return Ok(());
        }
        let len = source.axes()[axis].len();
        if source.size() <= TILE || (axis == 0 && len == 1) {
            let tile = Block::uninitialised(R::Item::DTYPE, &source.shape())?;
            copy::copy(source, &tile)?;
            // SAFETY: the tile is new, and nobody writes to it any more.
            if let Some(items) = unsafe { tile.as_slice::<R::Item>() } {
                self.slab(items, dest, lanes, start, len);
            }
            return Ok(());
        }
        let rows = source.axes()[0].len();
        let row = source.size() / rows;
        if rows == 1 {
            // Not the scanned axis, of which one position is copied above.
            return self.part(&source.index_axis(0, 0), dest, lanes, start, axis - 1);
        }
        let step = (TILE / row).clamp(1, rows - 1);
        for first in (0..rows).step_by(step) {
            let count = step.min(rows - first);
            let part = source.slice_axis(0, first, 1, count);
            let dest = dest.as_deref_mut().map(|dest| &mut dest[first * row..][..count * row]);
            if axis == 0 {
                self.part(&part, dest, lanes.clone(), start + first, 0)?;
            } else {
                let each = lanes.len() / rows;
                let begin = lanes.start + first * each;
                self.part(&part, dest, begin..begin + count * each, start, axis)?;
            }
        }
        Ok(())
    }

    /// Takes up contiguous elements of some strands: `len` of each.
    fn slab(
        &mut self,
        items: &[R::Item],
        mut dest: Option<&mut [R::Item]>,
        lanes: Range<usize>,
        start: usize,
        len: usize,
    ) {
        let row = self.inner * len;
        if self.inner > 1 {
            for (outer, items) in items.chunks_exact(row).enumerate() {
                let dest = dest.as_deref_mut().map(|dest| &mut dest[outer * row..][..row]);
                let first = lanes.start + outer * self.inner;
                self.rows(items, dest, first..first + self.inner, start);
            }
            return;
        }
        if len <= SHORT && start % self.stretch + len < self.stretch {
            self.short(items, dest, lanes, start, len);
            return;
        }
        let mut lane = lanes.start;
        // Long strands are walked several stretches at a time, short ones several together.
        if len < TOGETHER * 2 * self.stretch.min(len) {
            while lane + TOGETHER <= lanes.end {
                let place = (lane - lanes.start) * row..(lane - lanes.start + TOGETHER) * row;
                let dest = dest.as_deref_mut().map(|dest| &mut dest[place.clone()]);
                self.together(&items[place], dest, lane, start, len);
                lane += TOGETHER;
            }
        }
        for lane in lane..lanes.end {
            let place = (lane - lanes.start) * row..(lane - lanes.start + 1) * row;
            let dest = dest.as_deref_mut().map(|dest| &mut dest[place.clone()]);
            self.strand(&items[place], dest, lane, start);
        }
    }

    /// Short strands of contiguous elements, which meet no border.
    fn short(
        &mut self,
        items: &[R::Item],
        dest: Option<&mut [R::Item]>,
        lanes: Range<usize>,
        start: usize,
        len: usize,
    ) {
        let begins = start == 0 && matches!(R::GROUPING, Grouping::None);
        let step = |begins: bool, running: R::State, item: R::Item| {
            if begins { R::lift(item) } else { R::combine(running, R::lift(item)) }
        };
        let states = self.running[lanes.clone()].iter_mut().zip(&self.carried[lanes]);
        let strands = states.zip(items.chunks_exact(len));
        let Some(dest) = dest else {
            for ((state, _), items) in strands {
                let first = step(begins, *state, items[0]);
                *state = items[1..].iter().fold(first, |state, &item| step(false, state, item));
            }
            return;
        };
        for (((state, &carried), items), places) in strands.zip(dest.chunks_exact_mut(len)) {
            let mut running = step(begins, *state, items[0]);
            places[0] = result::<R>(carried, running);
            for (&item, place) in items[1..].iter().zip(&mut places[1..]) {
                running = step(false, running, item);
                *place = result::<R>(carried, running);
            }
            *state = running;
        }
    }

    /// Rows whose elements belong to one strand each.
    fn rows(
        &mut self,
        items: &[R::Item],
        mut dest: Option<&mut [R::Item]>,
        lanes: Range<usize>,
        start: usize,
    ) {
        let width = lanes.len();
        let mut done = self.begin(items, dest.as_deref_mut(), lanes.clone(), start, 1);
        let rows = items.len() / width;
        while done < rows {
            let count = self.until_border(start + done).min(rows - done);
            let part = done * width..(done + count) * width;
            widest(Rows::<R> {
                source: &items[part.clone()],
                dest: dest.as_deref_mut().map(|dest| &mut dest[part]),
                running: &mut self.running[lanes.clone()],
                carried: &self.carried[lanes.clone()],
            });
            done += count;
            self.pass_border(lanes.clone(), start + done);
        }
    }

    /// Neighbouring strands of contiguous elements, walked together.
    fn together(
        &mut self,
        items: &[R::Item],
        mut dest: Option<&mut [R::Item]>,
        lane: usize,
        start: usize,
        len: usize,
    ) {
        let lanes = lane..lane + TOGETHER;
        let mut done = self.begin(items, dest.as_deref_mut(), lanes.clone(), start, len);
        while done < len {
            let count = self.until_border(start + done).min(len - done);
            let part = |strand: usize| &items[strand * len + done..][..count];
            let dests = dest.as_deref_mut().map(|dest| {
                let mut strands = dest.chunks_exact_mut(len);
                std::array::from_fn(|_| {
                    &mut strands.next().expect("one for each")[done..done + count]
                })
            });
            let running = Chains::<R, TOGETHER> {
                sources: std::array::from_fn(part),
                dests,
                running: std::array::from_fn(|strand| self.running[lane + strand]),
                carried: std::array::from_fn(|strand| self.carried[lane + strand]),
            }
            .run();
            self.running[lanes.clone()].copy_from_slice(&running);
            done += count;
            self.pass_border(lanes.clone(), start + done);
        }
    }

    /// One strand of contiguous elements.
    fn strand(
        &mut self,
        items: &[R::Item],
        mut dest: Option<&mut [R::Item]>,
        lane: usize,
        start: usize,
    ) {
        let lanes = lane..lane + 1;
        let mut done = self.begin(items, dest.as_deref_mut(), lanes.clone(), start, 1);
        while done < items.len() {
            let left = items.len() - done;
            let border = self.until_border(start + done);
            if border == self.stretch && left / TOGETHER >= self.stretch {
                let part = done..done + TOGETHER * self.stretch;
                let dest = dest.as_deref_mut().map(|dest| &mut dest[part.clone()]);
                self.stretches(&items[part], dest, lane, start + done);
                done += TOGETHER * self.stretch;
                continue;
            }
            let part = done..done + border.min(left);
            done = part.end;
            let [running] = Chains::<R, 1> {
                sources: [&items[part.clone()]],
                dests: dest.as_deref_mut().map(|dest| [&mut dest[part]]),
                running: [self.running[lane]],
                carried: [self.carried[lane]],
            }
            .run();
            self.running[lane] = running;
            self.pass_border(lanes.clone(), start + done);
        }
    }

    /// Whole stretches of one strand, walked together: first for their totals, then, when it is
    /// known what each begins with, for the results.
    fn stretches(
        &mut self,
        items: &[R::Item],
        dest: Option<&mut [R::Item]>,
        lane: usize,
        start: usize,
    ) {
        let stretch = self.stretch;
        let sources: [&[R::Item]; TOGETHER] =
            std::array::from_fn(|place| &items[place * stretch..][..stretch]);
        let begun = [R::IDENTITY; TOGETHER];
        let totals = Chains::<R, TOGETHER> { sources, dests: None, running: begun, carried: begun };
        let mut carried = begun;
        for (place, total) in totals.run().into_iter().enumerate() {
            carried[place] = self.carried[lane];
            self.running[lane] = total;
            self.pass_border(lane..lane + 1, start + (place + 1) * stretch);
        }
        if let Some(dest) = dest {
            let mut places = dest.chunks_exact_mut(stretch);
            let dests = Some(std::array::from_fn(|_| places.next().expect("one for each")));
            Chains::<R, TOGETHER> { sources, dests, running: begun, carried }.run();
        }
    }

    /// Takes up the first element of each strand where it must not be combined with anything; says
    /// how many of each strand were taken up.
    fn begin(
        &mut self,
        items: &[R::Item],
        mut dest: Option<&mut [R::Item]>,
        lanes: Range<usize>,
        start: usize,
        distance: usize,
    ) -> usize {
        if start > 0 || !matches!(R::GROUPING, Grouping::None) {
            return 0;
        }
        for (position, state) in self.running[lanes].iter_mut().enumerate() {
            *state = R::lift(items[position * distance]);
            if let Some(dest) = &mut dest {
                dest[position * distance] = R::finish(*state);
            }
        }
        1
    }

    /// How far it is from an index to the next border between stretches.
    fn until_border(&self, index: usize) -> usize {
        self.stretch - index % self.stretch
    }

    /// Begins a new stretch where one ends at an index.
    fn pass_border(&mut self, lanes: Range<usize>, index: usize) {
        if !index.is_multiple_of(self.stretch) {
            return;
        }
        if let Some(totals) = &mut self.totals {
            let ended = (index - totals.start) / self.stretch - 1;
            let first = ended * self.running.len();
            let states = &mut totals.states[first + lanes.start..first + lanes.end];
            states.copy_from_slice(&self.running[lanes.clone()]);
            self.running[lanes].fill(R::IDENTITY);
            return;
        }
        self.carry_on(lanes);
    }

    /// Adds what stretches have come to to what came before them.
    fn carry_on(&mut self, lanes: Range<usize>) {
        for (carried, running) in
            self.carried[lanes.clone()].iter_mut().zip(&mut self.running[lanes])
        {
            *carried = R::combine(*carried, *running);
            *running = R::IDENTITY;
        }
    }
}
