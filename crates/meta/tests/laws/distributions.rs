//! Slices, reductions, transposes and demands of whole distributions.

use distarray_meta::{
    AxisMap, AxisSlice, Distribution, IndexItem, LocalIndex, MetaError, broadcast_shapes,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::slices::slice;
use crate::strategies::{distribution, flat, held, shape, tuples};

/// An index expression for a shape: every axis sliced or taken at an integer, with new axes.
fn expression(shape: &[usize]) -> BoxedStrategy<Vec<IndexItem>> {
    let items: Vec<BoxedStrategy<Vec<IndexItem>>> = shape
        .iter()
        .map(|&size| {
            let slices = slice(size).prop_map(IndexItem::Slice);
            let item = if size == 0 {
                slices.boxed()
            } else {
                prop_oneof![2 => slices, 1 => (0..size as i64).prop_map(IndexItem::Integer)].boxed()
            };
            (item, any::<[bool; 3]>())
                .prop_map(|(item, new)| {
                    if new == [true; 3] { vec![IndexItem::NewAxis, item] } else { vec![item] }
                })
                .boxed()
        })
        .collect();
    (items, any::<bool>())
        .prop_map(|(items, new)| {
            items.into_iter().flatten().chain(new.then_some(IndexItem::NewAxis)).collect()
        })
        .boxed()
}

/// The flat positions in an array of `shape` that an expression selects, in C order, and the shape
/// of the result.
fn select(shape: &[usize], items: &[IndexItem]) -> (Vec<usize>, Vec<usize>) {
    let mut result_shape = Vec::new();
    let mut choices: Vec<Vec<usize>> = Vec::new();
    for item in items {
        match item {
            IndexItem::NewAxis => result_shape.push(1),
            IndexItem::Integer(index) => choices.push(vec![*index as usize]),
            IndexItem::Slice(slice) => {
                result_shape.push(slice.len);
                choices.push(
                    (0..slice.len as i64)
                        .map(|j| (slice.start + slice.step * j) as usize)
                        .collect(),
                );
            }
        }
    }
    let lens: Vec<usize> = choices.iter().map(Vec::len).collect();
    let chosen = |tuple: Vec<usize>| {
        let index: Vec<usize> = tuple.iter().zip(&choices).map(|(&j, axis)| axis[j]).collect();
        flat(&index, shape)
    };
    (tuples(&lens).into_iter().map(chosen).collect(), result_shape)
}

/// What an engine's instructions select of its piece: flat positions, in C order.
fn select_local(local_shape: &[usize], instructions: &[LocalIndex]) -> Vec<usize> {
    let mut choices: Vec<Vec<usize>> = Vec::new();
    for instruction in instructions {
        match instruction {
            LocalIndex::At(position) => choices.push(vec![*position]),
            LocalIndex::Select(selection) => choices.push(selection.iter().collect()),
            LocalIndex::NewAxis => {}
        }
    }
    let lens: Vec<usize> = choices.iter().map(Vec::len).collect();
    let chosen = |tuple: Vec<usize>| {
        let index: Vec<usize> = tuple.iter().zip(&choices).map(|(&j, axis)| axis[j]).collect();
        flat(&index, local_shape)
    };
    tuples(&lens).into_iter().map(chosen).collect()
}

proptest! {
    #[test]
    fn a_slice_is_numpys(
        (distribution, items) in distribution().prop_flat_map(|distribution| {
            let items = expression(distribution.shape());
            (Just(distribution), items)
        })
    ) {
        let sliced = distribution.slice(&items).unwrap();
        let result = &sliced.distribution;
        let (selected, shape) = select(distribution.shape(), &items);
        prop_assert_eq!(result.shape(), &shape);
        for (rank, &source_rank) in sliced.source_ranks.iter().enumerate() {
            prop_assert_eq!(result.targets()[rank], distribution.targets()[source_rank]);
            prop_assert_eq!(sliced.local[rank].len(), items.len());
            let source = held(&distribution, source_rank);
            let positions = select_local(&distribution.local_shape(source_rank), &sliced.local[rank]);
            let expected: Vec<usize> = held(result, rank).iter().map(|&j| selected[j]).collect();
            let found: Vec<usize> = positions.iter().map(|&position| source[position]).collect();
            prop_assert_eq!(found, expected);
        }
        // Trailing full slices may be left out.
        let full = |(item, &size): (&IndexItem, &usize)| *item == IndexItem::Slice(AxisSlice::full(size));
        if items.len() == distribution.ndim() && items.iter().zip(distribution.shape()).all(full) {
            prop_assert_eq!(&distribution.slice(&[]).unwrap().distribution, result);
        }
    }

    #[test]
    fn ranks_and_owners(distribution in distribution()) {
        for rank in 0..distribution.ranks() {
            prop_assert_eq!(distribution.rank_at(&distribution.coordinates(rank)), rank);
            prop_assert_eq!(distribution.rank_of_target(distribution.targets()[rank]), Some(rank));
            prop_assert_eq!(distribution.local_size(rank), held(&distribution, rank).len());
            prop_assert_eq!(&distribution.local_shapes()[rank], &distribution.local_shape(rank));
        }
        prop_assert_eq!(distribution.rank_of_target(1000), None);
        let pieces: Vec<Vec<usize>> =
            (0..distribution.ranks()).map(|rank| held(&distribution, rank)).collect();
        for tuple in tuples(distribution.shape()) {
            let element = flat(&tuple, distribution.shape());
            let index: Vec<i64> = tuple.iter().map(|&i| i as i64).collect();
            let holders: Vec<usize> =
                (0..pieces.len()).filter(|&rank| pieces[rank].contains(&element)).collect();
            let (rank, local) = distribution.owner(&index).unwrap();
            prop_assert_eq!(rank, holders[0]);
            prop_assert_eq!(pieces[rank][flat(&local, &distribution.local_shape(rank))], element);
            prop_assert_eq!(distribution.owning_ranks(&index).unwrap(), holders);
        }
        prop_assert_eq!(
            distribution.has_precise_index(),
            distribution.maps().iter().all(|map| map.dist() != 'u')
        );
    }

    #[test]
    fn a_reduction_stays_on_the_lowest_ranks(
        distribution in distribution(), reduced in any::<[bool; 3]>(), keepdims in any::<bool>()
    ) {
        let axes: Vec<usize> = (0..distribution.ndim()).filter(|&axis| reduced[axis]).collect();
        let (result, ranks) = distribution.reduce(&axes, keepdims);
        let lowest: Vec<usize> = (0..distribution.ranks())
            .filter(|&rank| axes.iter().all(|&axis| distribution.coordinates(rank)[axis] == 0))
            .collect();
        prop_assert_eq!(&ranks, &lowest);
        let mut kept: Vec<Option<AxisMap>> = distribution.maps().iter().cloned().map(Some).collect();
        for &axis in &axes {
            kept[axis] = keepdims.then(|| AxisMap::no_dist(1));
        }
        let maps: Vec<AxisMap> = kept.into_iter().flatten().collect();
        prop_assert_eq!(result.maps(), &maps);
        let targets: Vec<usize> = ranks.iter().map(|&rank| distribution.targets()[rank]).collect();
        prop_assert_eq!(result.targets(), &targets);
    }

    #[test]
    fn a_transpose_stays_in_place(
        (distribution, axes) in distribution().prop_flat_map(|distribution| {
            let axes = Just((0..distribution.ndim()).collect::<Vec<_>>()).prop_shuffle();
            (Just(distribution), axes)
        })
    ) {
        let result = distribution.permute_axes(&axes);
        for (rank, &target) in result.targets().iter().enumerate() {
            let old = distribution.rank_of_target(target).unwrap();
            for (new_axis, &axis) in axes.iter().enumerate() {
                prop_assert_eq!(result.piece(rank, new_axis), distribution.piece(old, axis));
            }
        }
        let mut back = vec![0; axes.len()];
        axes.iter().enumerate().for_each(|(new_axis, &axis)| back[axis] = new_axis);
        prop_assert_eq!(result.permute_axes(&back), distribution);
    }

    #[test]
    fn new_axes_hold_everything_once(distribution in distribution(), count in 0..3_usize) {
        let result = distribution.prepend_axes(count);
        prop_assert_eq!(&result.shape()[count..], distribution.shape());
        prop_assert!(result.shape()[..count].iter().all(|&size| size == 1));
        for rank in 0..distribution.ranks() {
            prop_assert_eq!(held(&result, rank), held(&distribution, rank));
        }
    }

    #[test]
    fn a_demand_gives_every_engine_what_it_needs(
        distribution in distribution(), ones in any::<[bool; 3]>(), drop in 0..=3_usize
    ) {
        let drop = drop.min(distribution.ndim());
        let operand: Vec<usize> = (drop..distribution.ndim())
            .map(|axis| if ones[axis] { 1 } else { distribution.shape()[axis] })
            .collect();
        let demand = distribution.demand(&operand).unwrap();
        prop_assert_eq!(demand.targets(), distribution.targets());
        prop_assert_eq!(demand.grid_shape(), distribution.grid_shape());
        prop_assert_eq!(demand.global_size(), operand.iter().product::<usize>());
        for rank in 0..distribution.ranks() {
            for axis in 0..distribution.ndim() {
                let (piece, wanted) = (demand.piece(rank, axis), distribution.piece(rank, axis));
                if demand.shape()[axis] == distribution.shape()[axis] {
                    prop_assert!(piece.same(&wanted));
                } else {
                    prop_assert_eq!(piece.to_vec(), [0]);
                }
            }
        }
    }

    #[test]
    fn shapes_broadcast_as_numpys(shapes in vec(shape(), 0..4)) {
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let ndim = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
        let mut expected = Some(vec![1; ndim]);
        for back in 1..=ndim {
            let sizes: Vec<usize> = shapes
                .iter()
                .filter_map(|shape| Some(shape[shape.len().checked_sub(back)?]))
                .filter(|&size| size != 1)
                .collect();
            match (&mut expected, sizes.first()) {
                (Some(expected), Some(&size)) if sizes.iter().all(|&other| other == size) => {
                    expected[ndim - back] = size;
                }
                (_, None) => {}
                _ => expected = None,
            }
        }
        prop_assert_eq!(broadcast_shapes(&shapes).ok(), expected);
    }
}

#[test]
fn messages_are_numpys() {
    let message = |shapes: &[&[usize]]| broadcast_shapes(shapes).unwrap_err().to_string();
    assert_eq!(
        message(&[&[2], &[3]]),
        "operands could not be broadcast together with shapes (2,) (3,) "
    );
    assert_eq!(
        message(&[&[], &[2, 3], &[4]]),
        "operands could not be broadcast together with shapes () (2,3) (4,) "
    );
    let distribution = Distribution::new(vec![AxisMap::block(4, 2)], vec![0, 1]).unwrap();
    assert!(distribution.demand(&[3]).is_err());
    assert!(distribution.demand(&[1, 4]).is_err());
    assert_eq!(
        distribution.owner(&[4]).unwrap_err().to_string(),
        "index 4 is out of bounds for axis 0 with size 4"
    );
}

#[test]
fn wrong_indices_are_refused() {
    let maps = vec![AxisMap::no_dist(2), AxisMap::block(4, 2)];
    let distribution = Distribution::new(maps, vec![0, 1]).unwrap();
    let item = IndexItem::Integer(4);
    let out_of_bounds = MetaError::IndexOutOfBounds { index: 4, axis: 1, size: 4 };
    assert_eq!(
        distribution.slice(&[IndexItem::Integer(0), item]).unwrap_err(),
        out_of_bounds.clone()
    );
    let slice = IndexItem::Slice(AxisSlice { start: 0, step: 1, len: 5 });
    assert_eq!(distribution.slice(&[IndexItem::Integer(0), slice]).unwrap_err(), out_of_bounds);
    let too_many = MetaError::TooManyIndices { ndim: 2, given: 3 };
    assert_eq!(distribution.slice(&[IndexItem::Integer(0); 3]).unwrap_err(), too_many);
    assert_eq!(distribution.owner(&[0; 3]).unwrap_err(), too_many);
    assert!(Distribution::new(vec![AxisMap::block(4, 2)], vec![0]).is_err());
    assert!(distribution.view(3).is_err());
    assert_eq!(distribution.view(2).unwrap().local_shape(1), [2, 1]);
}
