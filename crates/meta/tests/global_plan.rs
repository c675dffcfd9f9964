//! Plans in global indices, against a brute-force search for who holds what.

use std::collections::HashMap;

use distarray_meta::global_plan::{Elements, flat_intervals, global_plan, target_union};
use distarray_meta::{AxisMap, Distribution, Indices};
use proptest::prelude::*;

/// The flat indices of a rank's piece.
fn held(distribution: &Distribution, rank: usize) -> Vec<usize> {
    let mut flat = vec![0];
    for (axis, &size) in distribution.shape().iter().enumerate() {
        let piece = distribution.piece(rank, axis).to_vec();
        flat = flat
            .iter()
            .flat_map(|&outer| piece.iter().map(move |&index| outer * size + index as usize))
            .collect();
    }
    flat
}

/// The flat indices that a transfer names.
fn named(elements: &Elements, shape: &[usize]) -> Vec<usize> {
    match elements {
        Elements::Flat(intervals) => {
            intervals.iter().flat_map(|&(start, stop)| start..stop).collect()
        }
        Elements::PerAxis(axes) => {
            let mut flat = vec![0];
            for (indices, &size) in axes.iter().zip(shape) {
                flat = flat
                    .iter()
                    .flat_map(|&outer| {
                        indices.iter().map(move |index| outer * size + index as usize)
                    })
                    .collect();
            }
            flat
        }
    }
}

fn blocks(bounds: &[usize], targets: &[usize]) -> Distribution {
    let map = AxisMap::block_with_bounds(bounds.to_vec()).unwrap();
    Distribution::new(vec![map], targets.to_vec()).unwrap()
}

fn strided(start: i64, stop: i64) -> Elements {
    Elements::PerAxis(vec![Indices::strided(start, 1, (stop - start) as usize)])
}

#[test]
fn ranks_are_those_of_the_union() {
    let source = blocks(&[0, 6, 10], &[1, 5]);
    let dest = blocks(&[0, 4, 10], &[3, 5]);
    assert_eq!(target_union(&[&source, &dest]), [1, 3, 5]);
    let plan: Vec<_> = global_plan(&source, &dest)
        .unwrap()
        .into_iter()
        .map(|transfer| (transfer.source, transfer.dest, transfer.elements))
        .collect();
    assert_eq!(plan, [(0, 1, strided(0, 4)), (0, 2, strided(4, 6)), (2, 2, strided(6, 10))]);
}

#[test]
fn other_shapes_give_flat_intervals() {
    let maps = vec![AxisMap::no_dist(2), AxisMap::block(4, 2)];
    let source = Distribution::new(maps, vec![0, 1]).unwrap();
    let dest = blocks(&[0, 4, 8], &[0, 1]);
    let plan: Vec<_> = global_plan(&source, &dest)
        .unwrap()
        .into_iter()
        .map(|transfer| (transfer.source, transfer.dest, transfer.elements))
        .collect();
    let flat = |start, stop| Elements::Flat(vec![(start, stop)]);
    assert_eq!(
        plan,
        [(0, 0, flat(0, 2)), (0, 1, flat(4, 6)), (1, 0, flat(2, 4)), (1, 1, flat(6, 8))]
    );
    assert!(global_plan(&source, &blocks(&[0, 9], &[0])).is_err());
}

#[test]
fn intervals_of_dictionaries() {
    let maps = vec![AxisMap::no_dist(3), AxisMap::cyclic(4, 2)];
    let distribution = Distribution::new(maps, vec![0, 1]).unwrap();
    let dim_data = distribution.dim_data(1);
    let expected: Vec<_> = (0..6).map(|j| (2 * j + 1, 2 * j + 2)).collect();
    assert_eq!(flat_intervals(&dim_data).unwrap(), expected);
    let rows = Distribution::new(vec![AxisMap::block(6, 2), AxisMap::no_dist(4)], vec![0, 1]);
    assert_eq!(flat_intervals(&rows.unwrap().dim_data(1)).unwrap(), [(12, 24)]);
    assert_eq!(flat_intervals(&[]).unwrap(), [(0, 1)]);
}

fn any_map(size: usize) -> impl Strategy<Value = AxisMap> {
    let indices: Vec<i64> = (0..size as i64).collect();
    let pieces = (Just(indices).prop_shuffle(), 0..=size, any::<bool>()).prop_map(
        move |(order, cut, copied)| {
            let tail = if copied { &order[..] } else { &order[cut..] };
            let pieces = [&order[..cut], tail].map(|piece| Indices::from_list(piece.to_vec()));
            AxisMap::unstructured(size, pieces.to_vec()).unwrap()
        },
    );
    prop_oneof![
        Just(AxisMap::no_dist(size)),
        (1usize..4).prop_map(move |places| AxisMap::block(size, places)),
        (1usize..4, 1usize..4)
            .prop_map(move |(places, block)| AxisMap::block_cyclic(size, places, block)),
        pieces,
    ]
}

fn any_distribution(shape: &'static [usize]) -> impl Strategy<Value = Distribution> {
    let maps: Vec<_> = shape.iter().map(|&size| any_map(size)).collect();
    (maps, Just((0..27).collect::<Vec<usize>>()).prop_shuffle()).prop_map(|(maps, mut targets)| {
        targets.truncate(maps.iter().map(AxisMap::grid_size).product());
        Distribution::new(maps, targets).unwrap()
    })
}

proptest! {
    #[test]
    fn every_engine_receives_its_piece_from_engines_that_hold_it(
        source in prop_oneof![any_distribution(&[6, 4]), any_distribution(&[24])],
        dest in prop_oneof![any_distribution(&[6, 4]), any_distribution(&[3, 8])],
    ) {
        let plan = global_plan(&source, &dest).unwrap();
        let union = target_union(&[&source, &dest]);
        prop_assert!(plan.is_sorted_by_key(|transfer| (transfer.source, transfer.dest)));
        let mut received: HashMap<usize, Vec<usize>> = HashMap::new();
        for transfer in &plan {
            let sender = source.rank_of_target(union[transfer.source]).unwrap();
            let elements = named(&transfer.elements, source.shape());
            prop_assert!(!elements.is_empty());
            let holds = held(&source, sender);
            prop_assert!(elements.iter().all(|element| holds.contains(element)));
            received.entry(union[transfer.dest]).or_default().extend(elements);
        }
        for (rank, target) in dest.targets().iter().enumerate() {
            let mut got = received.remove(target).unwrap_or_default();
            let mut wanted = held(&dest, rank);
            got.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(got, wanted);
        }
        prop_assert!(received.is_empty());
    }

    #[test]
    fn intervals_are_the_piece(distribution in any_distribution(&[4, 3, 5])) {
        for rank in 0..distribution.ranks() {
            let intervals = flat_intervals(&distribution.dim_data(rank)).unwrap();
            prop_assert!(intervals.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let covered: Vec<usize> =
                intervals.into_iter().flat_map(|(start, stop)| start..stop).collect();
            let mut wanted = held(&distribution, rank);
            wanted.sort_unstable();
            prop_assert_eq!(covered, wanted);
        }
    }
}
