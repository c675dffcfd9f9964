//! The neighbours of one place along one axis.

use std::ops::RangeInclusive;

use super::Neighbours;
use super::common::{Pair, Side, common, common_sides, runs_of};
use crate::maps::Copies;
use crate::{AxisMap, Indices};

/// What the holder of `dest` receives from each place of `source`; `preferred` is the receiver's
/// own place in `source`.
pub(super) fn receives(source: &AxisMap, dest: &Indices, preferred: Option<usize>) -> Neighbours {
    if dest.is_empty() {
        return Vec::new();
    }
    match source.copies() {
        Copies::One => exchange(source, dest, End::Source),
        Copies::Everywhere => {
            let place = preferred.unwrap_or(0);
            vec![(place, common(&source.piece(place), dest))]
        }
        Copies::Some => receives_first(source, dest, preferred),
    }
}

/// What the holder of `source`, of which there are no copies, sends to each place of `dest`.
pub(super) fn sends(source: &Indices, dest: &AxisMap) -> Neighbours {
    if source.is_empty() { Vec::new() } else { exchange(dest, source, End::Dest) }
}

/// Which end of a transfer a map is at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Source,
    Dest,
}

/// What the holder of `piece` exchanges with each place of `map`, which is at `end`.
fn exchange(map: &AxisMap, piece: &Indices, end: End) -> Neighbours {
    if matches!(piece, Indices::List(_)) && !matches!(map, AxisMap::Unstructured(_)) {
        return exchange_list(map, piece, end);
    }
    let mine = Side::reused(piece);
    let mut neighbours = Vec::new();
    for place in candidates(map, piece) {
        let theirs = map.piece(place);
        let theirs = Side::once(&theirs);
        let patterns = match end {
            End::Source => common_sides(&theirs, &mine),
            End::Dest => common_sides(&mine, &theirs),
        };
        if !patterns.is_empty() {
            neighbours.push((place, patterns));
        }
    }
    neighbours
}

/// As [`exchange`] for a list, of which each index is looked up in a map that knows its owners.
fn exchange_list(map: &AxisMap, piece: &Indices, end: End) -> Neighbours {
    let mut pairs: Vec<Vec<Pair>> = vec![Vec::new(); map.grid_size()];
    for (mine, index) in piece.iter().enumerate() {
        let (place, theirs) = map.owner(index).expect("a piece lies within its axis");
        pairs[place].push(match end {
            End::Source => Pair { source: theirs, dest: mine },
            End::Dest => Pair { source: mine, dest: theirs },
        });
    }
    collect(pairs)
}

/// The places of `map` that may hold indices of `piece`, which is not empty.
fn candidates(map: &AxisMap, piece: &Indices) -> RangeInclusive<usize> {
    match (map, piece.hull()) {
        (AxisMap::Block(map), Some((low, high))) => {
            map.place_of(low as usize)..=map.place_of(high as usize)
        }
        _ => 0..=map.grid_size() - 1,
    }
}

/// What the holder of `dest` receives from each place of a map that holds some indices several
/// times: each index from the preferred place, or else from the first that has it.
fn receives_first(source: &AxisMap, dest: &Indices, preferred: Option<usize>) -> Neighbours {
    let dest = Side::reused(dest);
    let mut received = vec![false; dest.indices.len()];
    let mut pairs: Vec<Vec<Pair>> = vec![Vec::new(); source.grid_size()];
    let others = (0..source.grid_size()).filter(|&place| Some(place) != preferred);
    for place in preferred.into_iter().chain(others) {
        for (position, index) in source.piece(place).iter().enumerate() {
            if let Some(wanted) = dest.position(index)
                && !std::mem::replace(&mut received[wanted], true)
            {
                pairs[place].push(Pair { source: position, dest: wanted });
            }
        }
    }
    collect(pairs)
}

/// The places that have any pairs.
fn collect(pairs: Vec<Vec<Pair>>) -> Neighbours {
    let some = pairs.into_iter().enumerate().filter(|(_, pairs)| !pairs.is_empty());
    some.map(|(place, pairs)| (place, runs_of(&pairs))).collect()
}
