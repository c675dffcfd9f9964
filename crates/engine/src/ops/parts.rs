//! The parts of a piece for which every input of a program lies in one place.

use distarray_kernels::{Block, Region};
use distarray_meta::Transfer;

/// Into how many rectangles one input may fall apart: beyond that, gathering it is quicker than
/// evaluating many small parts.
const MOST_RECTANGLES: usize = 9;

/// A rectangle of a piece, and the block that has the elements for it.
pub struct Rectangle {
    region: Region,
    /// The elements.
    pub block: Block,
}

/// The rectangles in which the transfers to a piece arrive; `None` when they are many, or don't lie
/// as they arrive. `block` has the piece of each rank of the source.
pub fn rectangles<'a>(
    transfers: &[Transfer],
    block: impl Fn(usize) -> Option<&'a Block>,
) -> Option<Vec<Rectangle>> {
    let mut all = Vec::new();
    for transfer in transfers {
        let mut parts = vec![(Vec::new(), block(transfer.source)?.clone())];
        for (axis, patterns) in transfer.axes.iter().enumerate() {
            let mut next = Vec::new();
            for pattern in patterns {
                for run in &pattern.runs {
                    if pattern.repeat != 1 || (run.dest_step != 1 && run.len > 1) {
                        return None;
                    }
                    next.extend(parts.iter().map(|(ranges, block): &(Vec<_>, Block)| {
                        let mut ranges = ranges.clone();
                        ranges.push((run.dest, run.len));
                        (ranges, block.slice_axis(axis, run.source, run.source_step, run.len))
                    }));
                }
                if next.len() > MOST_RECTANGLES {
                    return None;
                }
            }
            parts = next;
        }
        let parts = parts.into_iter();
        all.extend(parts.map(|(ranges, block)| Rectangle { region: Region::new(ranges), block }));
        if all.len() > MOST_RECTANGLES {
            return None;
        }
    }
    Some(all)
}

/// Cuts a piece into parts, so that each lies within one rectangle of each of `divided`.
pub fn cut<'a>(shape: &[usize], divided: impl Iterator<Item = &'a [Rectangle]>) -> Vec<Region> {
    let mut cuts: Vec<Vec<usize>> = shape.iter().map(|&len| vec![0, len]).collect();
    for rectangle in divided.flatten() {
        for (cuts, &(start, len)) in cuts.iter_mut().zip(rectangle.region.ranges()) {
            cuts.extend([start, start + len]);
        }
    }
    let ranges: Vec<Vec<(usize, usize)>> = cuts
        .into_iter()
        .map(|mut cuts| {
            cuts.sort_unstable();
            cuts.dedup();
            cuts.windows(2).map(|ends| (ends[0], ends[1] - ends[0])).collect()
        })
        .collect();
    Region::grid(ranges.iter().map(Vec::as_slice))
}

/// The part of a piece that consists of rectangles.
///
/// # Panics
///
/// When no rectangle has the part: the piece must have been cut by them.
pub fn within(part: &Region, rectangles: &[Rectangle]) -> Block {
    let holds = |rectangle: &&Rectangle| part.is_within(&rectangle.region);
    let rectangle = rectangles.iter().find(holds).expect("the rectangles make up the piece");
    let ranges = rectangle.region.ranges().iter().zip(part.ranges());
    let inner = ranges.map(|(whole, part)| (part.0 - whole.0, part.1)).collect();
    Region::new(inner).of(&rectangle.block)
}
