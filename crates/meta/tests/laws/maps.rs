//! Each index is where the map says, and nowhere else.

use distarray_meta::{AxisMap, Indices, MetaError};
use proptest::prelude::*;

use crate::strategies::{map, map_of_size};

/// What each place holds.
fn pieces(map: &AxisMap) -> Vec<Vec<i64>> {
    (0..map.grid_size()).map(|place| map.piece(place).to_vec()).collect()
}

proptest! {
    #[test]
    fn owners_hold_the_index(map in map(30)) {
        let pieces = pieces(&map);
        let mut held = vec![0; map.size()];
        for (place, piece) in pieces.iter().enumerate() {
            prop_assert_eq!(piece.len(), map.piece_len(place));
            for &index in piece {
 held[index as usize] += 1;
}
        }
        for index in 0..map.size() as i64 {
            let holders: Vec<usize> =
                (0..pieces.len()).filter(|&place| pieces[place].contains(&index)).collect();
            prop_assert!(!holders.is_empty());
            prop_assert_eq!(holders.len(), held[index as usize], "an index is twice on a place");
            let (place, position) = map.owner(index).unwrap();
            prop_assert_eq!(place, holders[0]);
            prop_assert_eq!(pieces[place][position], index);
            prop_assert_eq!(map.owners(index).unwrap(), holders);
        }
        prop_assert_eq!(map.is_one_to_one(), held.iter().all(|&times| times == 1));
        if map.dist() != 'u' {
            prop_assert!(map.is_one_to_one());
        }
        let size = map.size();
        for index in [-1, size as i64, i64::MAX, i64::MIN] {
            let error = MetaError::IndexOutOfBounds { index, axis: 0, size };
            prop_assert_eq!(map.owner(index), Err(error.clone()));
            prop_assert_eq!(map.owners(index), Err(error));
        }
    }

    #[test]
    fn local_and_global_are_inverse(map in map(30)) {
        for place in 0..map.grid_size() {
            let piece = map.piece(place);
            let list = piece.to_vec();
            prop_assert!(piece.iter().eq(list.iter().copied()));
            for (local, &global) in list.iter().enumerate() {
                prop_assert_eq!(piece.get(local), global);
                prop_assert_eq!(piece.position(global), Some(local));
            }
            for global in (-3..map.size() as i64 + 3).chain([i64::MIN, i64::MAX]) {
                prop_assert_eq!(piece.position(global).is_some(), list.contains(&global));
            }
            prop_assert_eq!(piece.is_ascending(), list.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(piece.is_whole(map.size()), list.iter().copied().eq(0..map.size() as i64));
            prop_assert_eq!(piece.hull(), list.iter().min().zip(list.iter().max()).map(|(a, b)| (*a, *b)));
            let from_list = Indices::from_list(list.clone());
            prop_assert!(from_list.same(&piece) && piece.same(&from_list));
            prop_assert_eq!(from_list.as_strided(), piece.as_strided(), "both are normal");
        }
    }

    #[test]
    fn same_pieces_compares_content(
        (a, b) in (0..12_usize).prop_flat_map(|size| (map_of_size(size), map_of_size(size)))
    ) {
        prop_assert_eq!(a.same_pieces(&b), pieces(&a) == pieces(&b));
        prop_assert!(a.same_pieces(&a) && a.is_compatible(&a));
        prop_assert_eq!(a.is_compatible(&b), b.is_compatible(&a));
        if a.is_compatible(&b) {
            prop_assert!(a.same_pieces(&b));
        }
        let listed = pieces(&a).into_iter().map(|piece| Indices::List(piece.into())).collect();
        prop_assert!(a.same_pieces(&AxisMap::unstructured(a.size(), listed).unwrap()));
    }

    #[test]
    fn a_view_scales_every_piece(map in map(30), factor in 1..4_usize) {
        // Each index becomes `factor` new ones.
        let size = map.size();
        let view = map.view(size * factor).unwrap();
        let scaled = |piece: Vec<i64>| -> Vec<i64> {
            let factor = factor as i64;
            piece.into_iter().flat_map(|i| (0..factor).map(move |k| i * factor + k)).collect()
        };
        let scaled: Vec<Vec<i64>> = pieces(&map).into_iter().map(scaled).collect();
        prop_assert_eq!(pieces(&view), scaled);
        // And back again.
        prop_assert!(view.view(size).unwrap().same_pieces(&map));
    }
}

#[test]
fn a_view_never_cuts_an_element() {
    let list = |list: &[i64]| Indices::from_list(list.to_vec());
    let unstructured = |pieces: Vec<Indices>| AxisMap::unstructured(6, pieces).unwrap();
    let whole = unstructured(vec![list(&[4, 5, 0, 1]), list(&[2, 3])]);
    assert_eq!(whole.view(3).unwrap().piece(0).to_vec(), [2, 0]);
    // Two items of 6 bytes are three of 4.
    assert_eq!(whole.view(9).unwrap().piece(0).to_vec(), [6, 7, 8, 0, 1, 2]);
    assert_eq!(AxisMap::block(4, 2).view(6).unwrap(), AxisMap::block(6, 2));
    assert_eq!(AxisMap::block_cyclic(12, 2, 4).view(6).unwrap(), AxisMap::block_cyclic(6, 2, 2));
    assert_eq!(AxisMap::block_cyclic(12, 2, 2).view(6).unwrap(), AxisMap::cyclic(6, 2));
    let cut = [
        unstructured(vec![list(&[5, 0, 1]), list(&[2, 3, 4])]),
        unstructured(vec![list(&[1, 0, 4, 5]), list(&[2, 3])]),
        unstructured(vec![list(&[1, 2, 3, 4]), list(&[0, 5])]),
        AxisMap::block(6, 2),
        AxisMap::cyclic(6, 2),
        AxisMap::block_cyclic(6, 2, 3),
    ];
    for map in cut {
        assert!(map.view(3).is_err(), "{map:?}");
    }
    assert!(AxisMap::no_dist(0).view(3).is_err());
    assert!(AxisMap::block(4, 2).view(0).is_err());
}

#[test]
fn regular_blocks_are_as_documented() {
    let lens = |size, grid| -> Vec<usize> {
        let map = AxisMap::block(size, grid);
        (0..grid).map(|place| map.piece_len(place)).collect()
    };
    assert_eq!(lens(10, 4), [3, 3, 3, 1]);
    assert_eq!(lens(5, 4), [2, 2, 1, 0]);
    assert_eq!(lens(0, 2), [0, 0]);
    assert_eq!(lens(1, 3), [1, 0, 0]);
}

#[test]
fn wrong_bounds_and_indices_are_refused() {
    let message = |map: Result<AxisMap, MetaError>| map.unwrap_err().to_string();
    let bounds = |bounds: &[usize]| message(AxisMap::block_with_bounds(bounds.to_vec()));
    assert_eq!(bounds(&[]), "bounds: [] bounds no piece");
    assert_eq!(bounds(&[0]), "bounds: [0] bounds no piece");
    assert_eq!(bounds(&[1, 2]), "bounds: [1, 2] does not begin with 0");
    assert_eq!(bounds(&[0, 2, 1]), "bounds: [0, 2, 1] descends");
    let lists = |size, lists: &[&[i64]]| {
        let pieces = lists.iter().map(|list| Indices::from_list(list.to_vec())).collect();
        message(AxisMap::unstructured(size, pieces))
    };
    assert_eq!(lists(3, &[]), "indices: there are no pieces");
    assert_eq!(lists(3, &[&[0, 1], &[3]]), "indices: index 3 is outside an axis of size 3");
    assert_eq!(lists(3, &[&[0, -1], &[2]]), "indices: index -1 is outside an axis of size 3");
    assert_eq!(lists(3, &[&[0, 1]]), "indices: only 2 of the 3 indices are on some place");
    assert_eq!(lists(3, &[&[0, 1], &[1]]), "indices: index 2 is on no place");
    assert_eq!(lists(3, &[&[0, 1, 0], &[2]]), "indices: index 0 is twice on place 0");
    assert_eq!(lists(3, &[&[0], &[1, 2, 1]]), "indices: index 1 is twice on place 1");
}

#[test]
fn one_place_of_n_b_or_c_is_compatible() {
    let alone = [AxisMap::no_dist(6), AxisMap::block(6, 1), AxisMap::cyclic(6, 1)];
    for a in &alone {
        assert!(alone.iter().all(|b| a.is_compatible(b)));
        assert!(!a.is_compatible(&AxisMap::no_dist(5)));
        assert!(!a.is_compatible(&AxisMap::replicated(6, 1)));
    }
    assert!(!AxisMap::block(6, 2).is_compatible(&AxisMap::cyclic(6, 2)));
    assert!(!AxisMap::block(2, 2).is_compatible(&AxisMap::cyclic(2, 2)));
}
