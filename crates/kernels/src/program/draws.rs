//! Random numbers that fill a register.

#![expect(unsafe_code, reason = "registers are filled")]

use super::tile::{Tile, TileShape};
use crate::Labels;
use crate::random::{Along, Draw, Tiles};
use crate::walk::{PerAxis, Walk};

/// Random numbers that fill a register, tile by tile.
pub struct DrawSource {
    /// The place of the register in the table of pointers.
    pub slot: usize,
    tiles: Tiles,
    /// What the axes add that the walk leaves out.
    base: i64,
    /// What the positions along each axis of the walk add to the index of an element.
    labels: PerAxis<Labels>,
}

impl DrawSource {
    /// Random numbers for a walk; `labels` are those of every axis of its shape.
    pub fn new(draw: &Draw, walk: &Walk<'_>, labels: &[Labels], slot: usize) -> Self {
        let weighted = labels.iter().zip(&draw.weights).enumerate();
        let left_out = weighted.filter(|(axis, _)| !walk.sources.contains(axis));
        let base = left_out.map(|(_, (labels, weight))| labels.get(0) * weight).sum();
        let along = |(place, &axis): (usize, &usize)| {
            // Positions count from the beginning of the whole walk.
            let len = walk.firsts[place] + walk.lens[place];
            labels[axis].scaled(draw.weights[axis], len)
        };
        let labels = walk.sources.iter().enumerate().map(along).collect();
        Self { slot, tiles: Tiles::new(draw), base, labels }
    }

    /// Fills the register with the numbers of a tile. `firsts` are the positions that others count
    /// from, `outer` those along the axes that go on outside of tiles.
    ///
    /// # Safety
    ///
    /// The register must be valid for writes of as many items as the tile has.
    pub unsafe fn fill(
        &mut self,
        register: *mut u8,
        shape: TileShape,
        tile: Tile,
        firsts: &[usize],
        outer: &[usize],
    ) {
        static ONE: Labels = Labels::Strided { start: 0, step: 0 };
        let count = self.labels.len();
        let inner = count - shape.axes;
        let base = (0..inner)
            .map(|axis| self.labels[axis].get(firsts[axis] + outer[axis]))
            .fold(self.base, |base, index| base + index);
        let along = |axis: Option<usize>, first: usize, len: usize| match axis {
            Some(axis) => Along { labels: &self.labels[axis], first: firsts[axis] + first, len },
            None => Along { labels: &ONE, first: 0, len },
        };
        let rows = along(if shape.axes > 1 { Some(count - 2) } else { None }, tile.row, tile.rows);
        let columns = along(count.checked_sub(1), tile.column, tile.columns);
        // SAFETY: the caller's promise.
        unsafe { self.tiles.fill(base, &rows, &columns, register) };
    }
}
