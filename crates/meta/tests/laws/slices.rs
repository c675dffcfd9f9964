//! A slice of a map holds what NumPy would select, where it was.

use distarray_meta::{AxisMap, AxisSlice, IndexItem, MetaError, RawIndex, Selection, expand_index};
use proptest::prelude::*;

use crate::strategies::map;

/// An axis slice of an axis of this size, in every way.
pub fn slice(size: usize) -> impl Strategy<Value = AxisSlice> {
    let bound = || proptest::option::of(-(size as i64) - 3..=size as i64 + 3);
    let step = prop_oneof![
        2 => Just(None),
        2 => Just(Some(-1)),
        6 => (-7..=7_i64).prop_filter("a step is not 0", |&step| step != 0).prop_map(Some),
    ];
    (bound(), bound(), step)
        .prop_map(move |(start, stop, step)| AxisSlice::new(start, stop, step, size).unwrap())
}

/// What Python's rules say, step by step.
#[expect(clippy::similar_names, reason = "Python's own names")]
fn python(start: Option<i64>, stop: Option<i64>, step: Option<i64>, size: usize) -> Vec<i64> {
    let (size, step) = (size as i128, i128::from(step.unwrap_or(1)));
    let from_end =
        |bound: i64| if bound < 0 { i128::from(bound) + size } else { i128::from(bound) };
    let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let mut index = start.map_or(first, |start| from_end(start).clamp(low, high));
    let stop = stop.map_or(last, |stop| from_end(stop).clamp(low, high));
    let mut selected = Vec::new();
    while if step > 0 { index < stop } else { index > stop } {
        selected.push(index as i64);
        index += step;
    }
    selected
}

fn bound() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        1 => Just(None),
        1 => prop_oneof![Just(Some(i64::MIN)), Just(Some(i64::MAX))],
        8 => (-15..=15_i64).prop_map(Some),
    ]
}

proptest! {
    #[test]
    fn an_axis_slice_is_pythons(start in bound(), stop in bound(), step in bound(), size in 0..12_usize) {
        let slice = AxisSlice::new(start, stop, step, size);
        if step == Some(0) {
            prop_assert_eq!(slice, Err(MetaError::ZeroStep));
            return Ok(());
        }
        let slice = slice.unwrap();
        let selected: Vec<i64> = (0..slice.len as i64).map(|j| slice.start + slice.step * j).collect();
        prop_assert_eq!(selected, python(start, stop, step, size));
        prop_assert_eq!(slice.is_full(size), slice == AxisSlice::full(size));
    }

    #[test]
    fn a_sliced_map_holds_what_it_held(
        (map, slice) in map(40).prop_flat_map(|map| {
            let size = map.size();
            (Just(map), slice(size))
        })
    ) {
        let sliced = map.slice(&slice);
        prop_assert_eq!(sliced.map.size(), slice.len);
        prop_assert_eq!(sliced.map.grid_size(), sliced.places.len());
        prop_assert_eq!(sliced.map.grid_size(), sliced.selections.len());
        prop_assert!(sliced.places.is_sorted_by(|a, b| a < b));
        for (new, (&old, selection)) in sliced.places.iter().zip(&sliced.selections).enumerate() {
            let (piece, old_piece) = (sliced.map.piece(new), map.piece(old));
            prop_assert_eq!(piece.len(), selection.len());
            prop_assert!(!piece.is_empty() || sliced.places.len() == 1);
            for (local, j) in piece.iter().enumerate() {
                let position = selection.get(local);
                prop_assert!(position < old_piece.len());
                prop_assert_eq!(old_piece.get(position), slice.start + slice.step * j);
            }
            // Memory order, where a copy would have to look positions up.
            let positions: Vec<usize> = selection.iter().collect();
            let is_list = matches!(selection, Selection::List(_));
            prop_assert!(positions.is_sorted() || (piece.is_ascending() && !is_list));
            // Compact forms stay compact.
            if map.dist() != 'u' && slice.step.abs() == 1 {
                let is_strided = matches!(selection, Selection::Strided { .. });
                prop_assert!(is_strided);
            }
        }
        // No copy is lost.
        for j in 0..slice.len as i64 {
            let old = map.owners(slice.start + slice.step * j).unwrap();
            let new: Vec<usize> =
                sliced.map.owners(j).unwrap().into_iter().map(|place| sliced.places[place]).collect();
            prop_assert_eq!(new, old);
        }
        // What is simple stays simple.
        match map.dist() {
            'b' if slice.step < 0 && sliced.places.len() > 1 => prop_assert_eq!(sliced.map.dist(), 'u'),
            'c' if slice.step < 0 || slice.start > 0 => {}
            'c' if slice.step > 1 => {}
            dist => prop_assert_eq!(sliced.map.dist(), dist),
        }
        if slice.is_full(map.size()) && sliced.places.len() == map.grid_size() {
            prop_assert!(sliced.map.same_pieces(&map));
        }
    }

    #[test]
    fn positions_keep_their_order(list in proptest::collection::vec(0..20_usize, 0..8)) {
        let selection = Selection::from_list(list.clone());
        prop_assert_eq!(selection.len(), list.len());
        prop_assert_eq!(selection.is_empty(), list.is_empty());
        prop_assert!(selection.iter().eq(list));
    }
}

#[test]
fn cyclic_slices_are_dealt_again_where_they_can_be() {
    let slice = |start, stop, step| AxisSlice::new(start, stop, step, 20).unwrap();
    let cyclic = AxisMap::cyclic(20, 4);
    let sliced = cyclic.slice(&slice(None, Some(13), None));
    assert_eq!(sliced.map, AxisMap::cyclic(13, 4));
    let sliced = cyclic.slice(&slice(None, None, Some(2)));
    assert_eq!((sliced.map, sliced.places), (AxisMap::cyclic(10, 2), vec![0, 2]));
    let sliced = cyclic.slice(&slice(None, None, Some(-4)));
    assert_eq!((sliced.map, sliced.places), (AxisMap::cyclic(5, 1), vec![3]));
    assert_eq!(cyclic.slice(&slice(Some(1), None, None)).map.dist(), 'u');
    let dealt = AxisMap::block_cyclic(20, 2, 4);
    let sliced = dealt.slice(&slice(None, None, Some(2)));
    assert_eq!(sliced.map, AxisMap::block_cyclic(10, 2, 2));
    let sliced = dealt.slice(&slice(Some(3), None, Some(4)));
    assert_eq!(sliced.map, AxisMap::cyclic(5, 2));
}

#[test]
fn expressions_are_expanded() {
    let full = |size| IndexItem::Slice(AxisSlice::full(size));
    let expand = |items: &[RawIndex]| expand_index(items, &[2, 3, 4]);
    assert_eq!(expand(&[]).unwrap(), [full(2), full(3), full(4)]);
    assert_eq!(
        expand(&[RawIndex::Ellipsis, RawIndex::Integer(-1)]).unwrap(),
        [full(2), full(3), IndexItem::Integer(3)]
    );
    assert_eq!(
        expand(&[RawIndex::Integer(1), RawIndex::NewAxis, RawIndex::Ellipsis, RawIndex::Ellipsis])
            .unwrap(),
        [IndexItem::Integer(1), IndexItem::NewAxis, full(3), full(4)]
    );
    let slice = RawIndex::Slice { start: Some(-2), stop: None, step: Some(-1) };
    assert_eq!(
        expand(&[RawIndex::Ellipsis, slice, RawIndex::Integer(0), RawIndex::Integer(0)]).unwrap(),
        [
            IndexItem::Slice(AxisSlice { start: 0, step: 1, len: 1 }),
            IndexItem::Integer(0),
            IndexItem::Integer(0)
        ]
    );
    assert_eq!(
        expand(&[RawIndex::Integer(0); 4]),
        Err(MetaError::TooManyIndices { ndim: 3, given: 4 })
    );
    assert_eq!(
        expand(&[RawIndex::NewAxis, RawIndex::Integer(0), RawIndex::Integer(-4)]),
        Err(MetaError::IndexOutOfBounds { index: -4, axis: 1, size: 3 })
    );
    let zero_step = RawIndex::Slice { start: None, stop: None, step: Some(0) };
    assert_eq!(expand(&[zero_step]), Err(MetaError::ZeroStep));
}
