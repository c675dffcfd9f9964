//! A plan moves every element to where it belongs, exactly once.

use distarray_meta::{
    AxisMap, AxisTransfer, Distribution, Indices, Transfer, moved, receives, sends,
};
use proptest::prelude::*;

use crate::strategies::{distribution_of_shape, flat, held, map_of_size, shape, tuples};

/// The positions that one axis of a transfer matches: in the source piece, in the destination.
fn positions(patterns: &[AxisTransfer]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for pattern in patterns {
        assert!(pattern.repeat >= 1 && !pattern.is_empty(), "a pattern is never empty");
        for turn in 0..pattern.repeat as isize {
            for run in &pattern.runs {
                assert!(run.len > 0, "a run is never empty");
                for j in 0..run.len as isize {
                    found.push((
                        (run.source as isize + pattern.source_period * turn + run.source_step * j)
                            as usize,
                        (run.dest as isize + pattern.dest_period * turn + run.dest_step * j)
                            as usize,
                    ));
                }
            }
        }
    }
    found
}

/// Carries out what a rank of `dest` receives, and says what it then holds.
fn carry_out(
    source: &Distribution,
    dest: &Distribution,
    rank: usize,
    transfers: &[Transfer],
) -> Vec<Option<usize>> {
    let mut received = vec![None; dest.local_size(rank)];
    for transfer in transfers {
        assert_eq!(transfer.dest, rank);
        assert!(!transfer.is_empty());
        let values = held(source, transfer.source);
        let source_shape = source.local_shape(transfer.source);
        let axes: Vec<_> = transfer.axes.iter().map(|axis| positions(axis)).collect();
        let lens: Vec<usize> = axes.iter().map(Vec::len).collect();
        assert_eq!(transfer.len(), lens.iter().product::<usize>());
        for tuple in tuples(&lens) {
            let at = |end: fn(&(usize, usize)) -> usize| -> Vec<usize> {
                tuple.iter().zip(&axes).map(|(&j, axis)| end(&axis[j])).collect()
            };
            let value = values[flat(&at(|pair| pair.0), &source_shape)];
            let slot = &mut received[flat(&at(|pair| pair.1), &dest.local_shape(rank))];
            assert_eq!(slot.replace(value), None, "an element arrives twice");
        }
    }
    received
}

/// Everything that a plan promises.
fn check(source: &Distribution, dest: &Distribution) {
    let mut all = Vec::new();
    let mut expected_moves = 0;
    for rank in 0..dest.ranks() {
        let transfers = receives(source, dest, rank);
        assert!(transfers.is_sorted_by_key(|transfer| transfer.source));
        let wanted = held(dest, rank);
        let received = carry_out(source, dest, rank, &transfers);
        assert!(received.iter().copied().eq(wanted.iter().copied().map(Some)));
        let own = source.rank_of_target(dest.targets()[rank]);
        let own_elements = own.map_or_else(Vec::new, |own| held(source, own));
        let missing = wanted.iter().filter(|element| !own_elements.contains(element)).count();
        let foreign = transfers.iter().filter(|transfer| Some(transfer.source) != own);
        assert_eq!(foreign.map(Transfer::len).sum::<usize>(), missing, "own copies come first");
        expected_moves += missing as u64;
        all.extend(transfers);
    }
    assert_eq!(moved(source, dest), expected_moves);
    let mut sent = Vec::new();
    for rank in 0..source.ranks() {
        let transfers = sends(source, dest, rank);
        assert!(transfers.is_sorted_by_key(|transfer| transfer.dest));
        assert!(transfers.iter().all(|transfer| transfer.source == rank));
        sent.extend(transfers);
    }
    sent.sort_by_key(|transfer| (transfer.dest, transfer.source));
    assert_eq!(sent, all, "both ends see the same transfers");
}

proptest! {
    #[test]
    fn any_distribution_to_any_other(
        (source, dest) in shape().prop_flat_map(|shape| {
            (distribution_of_shape(shape.clone()), distribution_of_shape(shape))
        })
    ) {
        check(&source, &dest);
    }

    #[test]
    fn any_map_to_any_other(
        (source, dest) in (0..70_usize).prop_flat_map(|size| (map_of_size(size), map_of_size(size)))
    ) {
        let over = |map: AxisMap, first: usize| {
            let ranks = map.grid_size();
            Distribution::new(vec![map], (first..first + ranks).collect()).unwrap()
        };
        check(&over(source.clone(), 0), &over(dest.clone(), 0));
        check(&over(source, 0), &over(dest, 2));
    }

    #[test]
    fn long_periodic_axes(
        size in 0..400_usize,
        source in (1..6_usize, 1..20_usize),
        dest in (1..6_usize, 1..20_usize),
    ) {
        let over = |(grid, block)| {
            let map = AxisMap::block_cyclic(size, grid, block);
            Distribution::new(vec![map], (0..grid).collect()).unwrap()
        };
        check(&over(source), &over(dest));
    }

    #[test]
    fn the_same_layout_moves_nothing(
        source in shape().prop_flat_map(distribution_of_shape),
        shift in 0..2_usize,
    ) {
        let targets = source.targets().iter().map(|target| target + shift).collect();
        let dest = source.with_targets(targets).unwrap();
        prop_assert_eq!(source.same_layout(&dest), shift == 0);
        check(&source, &dest);
        if shift == 0 {
            prop_assert_eq!(moved(&source, &dest), 0);
        }
    }
}

#[test]
fn one_copy_is_sent_and_every_copy_is_made() {
    let whole = Distribution::new(vec![AxisMap::no_dist(5)], vec![7]).unwrap();
    let copies = Distribution::new(vec![AxisMap::replicated(5, 3)], vec![4, 7, 9]).unwrap();
    check(&whole, &copies);
    check(&copies, &whole);
    assert_eq!(moved(&whole, &copies), 10);
    assert_eq!(moved(&copies, &whole), 0);
}

#[test]
fn sparse_pieces_of_wide_axes_are_found() {
    // So wide that indices are sorted instead of tabulated.
    let wide = 2000;
    let piece = |list: Vec<i64>| Indices::from_list(list);
    let split = |chosen: [i64; 4]| {
        let rest = (0..wide as i64).filter(|index| !chosen.contains(index)).collect();
        let map = AxisMap::unstructured(wide, vec![piece(chosen.to_vec()), piece(rest)]).unwrap();
        Distribution::new(vec![map], vec![0, 1]).unwrap()
    };
    check(&split([1999, 3, 1000, 7]), &split([3, 1999, 12, 1000]));
}
