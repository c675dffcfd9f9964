//! The loops: contiguous elements, several strands of them side by side.
//!
//! One strand is bound by the time that an addition takes until its result can be used. Strands that
//! do not depend on each other are walked together.

use super::recurrence::Recurrence;
use crate::simd::Work;

/// Strands that lie one after another in memory.
pub(super) struct Chains<'a, R: Recurrence, const N: usize> {
    /// The elements of each, of one length.
    pub sources: [&'a [R::Item]; N],
    /// Where the results go, if they are wanted.
    pub dests: Option<[&'a mut [R::Item]; N]>,
    /// What each has come to within its stretch.
    pub running: [R::State; N],
    /// What came before the stretch of each.
    pub carried: [R::State; N],
}

impl<R: Recurrence, const N: usize> Chains<'_, R, N> {
    /// Walks to the end and says what each strand has come to.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "positions are those of several slices")]
    pub(super) fn run(self) -> [R::State; N] {
        let len = self.sources[0].len();
        let sources = self.sources.map(|source| &source[..len]);
        let mut running = self.running;
        let Some(dests) = self.dests else {
            for position in 0..len {
                for strand in 0..N {
                    let item = R::lift(sources[strand][position]);
                    running[strand] = R::combine(running[strand], item);
                }
            }
            return running;
        };
        let dests = dests.map(|dest| &mut dest[..len]);
        for position in 0..len {
            for strand in 0..N {
                let item = R::lift(sources[strand][position]);
                running[strand] = R::combine(running[strand], item);
                dests[strand][position] = result::<R>(self.carried[strand], running[strand]);
            }
        }
        running
    }
}

/// The result of a strand that has come to `running` in its stretch.
#[inline(always)]
pub(super) fn result<R: Recurrence>(carried: R::State, running: R::State) -> R::Item {
    if matches!(R::GROUPING, super::Grouping::None) {
        return R::finish(running);
    }
    R::finish(R::combine(carried, running))
}

/// The width, in elements, of the tiles in which wide rows are taken up.
const TILE: usize = 512;

/// Strands that lie side by side: element `j` of each row belongs to strand `j`.
pub(super) struct Rows<'a, R: Recurrence> {
    /// Whole rows, one after another.
    pub source: &'a [R::Item],
    /// Where the results go, if they are wanted.
    pub dest: Option<&'a mut [R::Item]>,
    /// What each strand has come to within its stretch; as long as a row.
    pub running: &'a mut [R::State],
    /// What came before the stretch of each.
    pub carried: &'a [R::State],
}

impl<R: Recurrence> Work for Rows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.running.len() {
            2 => self.narrow::<2>(),
            3 => self.narrow::<3>(),
            4 => self.narrow::<4>(),
            5 => self.narrow::<5>(),
            6 => self.narrow::<6>(),
            7 => self.narrow::<7>(),
            8 => self.narrow::<8>(),
            _ => self.wide(),
        }
    }
}

impl<R: Recurrence> Rows<'_, R> {
    /// Rows so narrow that the strands fit registers.
    #[inline(always)]
    fn narrow<const W: usize>(self) {
        let mut running: [R::State; W] = std::array::from_fn(|strand| self.running[strand]);
        let carried: [R::State; W] = std::array::from_fn(|strand| self.carried[strand]);
        let (rows, _) = self.source.as_chunks::<W>();
        match self.dest {
            None => {
                for row in rows {
                    for strand in 0..W {
                        running[strand] = R::combine(running[strand], R::lift(row[strand]));
                    }
                }
            }
            Some(dest) => {
                let (results, _) = dest.as_chunks_mut::<W>();
                for (row, results) in rows.iter().zip(results) {
                    for strand in 0..W {
                        running[strand] = R::combine(running[strand], R::lift(row[strand]));
                        results[strand] = result::<R>(carried[strand], running[strand]);
                    }
                }
            }
        }
        self.running.copy_from_slice(&running);
    }

    /// Wide rows, a tile of columns after another.
    #[inline(always)]
    fn wide(mut self) {
        let width = self.running.len();
        for first in (0..width).step_by(TILE) {
            let columns = first..width.min(first + TILE);
            let running = &mut self.running[columns.clone()];
            let carried = &self.carried[columns.clone()];
            for start in (0..self.source.len()).step_by(width) {
                let items = &self.source[start + columns.start..start + columns.end];
                match &mut self.dest {
                    None => {
                        for (running, &item) in running.iter_mut().zip(items) {
                            *running = R::combine(*running, R::lift(item));
                        }
                    }
                    Some(dest) => {
                        let results = &mut dest[start + columns.start..start + columns.end];
                        let states = running.iter_mut().zip(carried);
                        for ((running, &carried), (&item, place)) in
                            states.zip(items.iter().zip(results))
                        {
                            *running = R::combine(*running, R::lift(item));
                            *place = result::<R>(carried, *running);
                        }
                    }
                }
            }
        }
    }
}
