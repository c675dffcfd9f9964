//! Distributions from a shape: grids, targets, and which of them get elements.

use distarray_meta::{AxisMap, DistType, Distribution, MetaError, Result};
use proptest::prelude::*;

fn make(
    shape: &[usize],
    dist: &str,
    grid_shape: Option<&[usize]>,
    targets: &[usize],
) -> Result<Distribution> {
    let dist: Vec<DistType> = dist
        .chars()
        .map(|letter| DistType::from_name(&letter.to_string()))
        .collect::<Result<_>>()?;
    Distribution::from_shape(shape, &dist, grid_shape, targets)
}

#[test]
fn blocks_drop_engines_without_elements() {
    let distribution = make(&[5], "b", None, &[0, 1, 2, 3]).unwrap();
    assert_eq!(distribution.targets(), [0, 1, 2]);
    assert_eq!(distribution.maps(), [AxisMap::block_with_bounds(vec![0, 2, 4, 5]).unwrap()]);
    let distribution = make(&[10], "b", None, &[0, 1, 2, 3]).unwrap();
    assert_eq!(distribution.maps(), [AxisMap::block_with_bounds(vec![0, 3, 6, 9, 10]).unwrap()]);
    assert_eq!(make(&[0], "b", None, &[4, 5]).unwrap().targets(), [4]);
    assert_eq!(make(&[5], "c", Some(&[4]), &[0, 1, 2, 3]).unwrap().ranks(), 4);
}

#[test]
fn targets_are_the_first_in_order() {
    let distribution = make(&[8, 8], "bb", Some(&[2, 1]), &[7, 3, 5]).unwrap();
    assert_eq!(distribution.targets(), [3, 5]);
    assert_eq!(make(&[8], "n", None, &[7, 3, 5]).unwrap().targets(), [3]);
    assert_eq!(make(&[], "", None, &[7, 3, 5]).unwrap().targets(), [3]);
    assert!(matches!(make(&[8], "b", None, &[1, 1]), Err(MetaError::Invalid { .. })));
    assert!(matches!(make(&[8], "b", None, &[]), Err(MetaError::Invalid { .. })));
}

#[test]
fn short_distributions_are_filled_with_n() {
    let distribution = make(&[8, 3], "b", None, &[0, 1]).unwrap();
    assert_eq!(distribution.maps()[1], AxisMap::no_dist(3));
    assert!(make(&[8], "bb", None, &[0, 1]).is_err());
}

#[test]
fn given_grids_must_fit() {
    let grid = |grid: &[usize]| make(&[8, 8], "bn", Some(grid), &[0, 1, 2]);
    assert_eq!(grid(&[2]).unwrap().grid_shape(), [2, 1]);
    assert!(matches!(grid(&[4]), Err(MetaError::InvalidGridShape(_))));
    assert!(matches!(grid(&[1, 2]), Err(MetaError::InvalidGridShape(_))));
    assert!(matches!(grid(&[1, 1, 1]), Err(MetaError::Invalid { .. })));
    assert!(matches!(grid(&[0]), Err(MetaError::Invalid { .. })));
}

#[test]
fn more_engines_than_any_grid_can_use() {
    let targets: Vec<usize> = (0..16).collect();
    let distribution = make(&[3, 5], "cc", None, &targets).unwrap();
    assert_eq!(distribution.grid_shape(), [3, 5]);
    let distribution = make(&[1, 1], "bb", None, &targets).unwrap();
    assert_eq!(distribution.grid_shape(), [1, 1]);
}

proptest! {
    #[test]
    fn every_index_of_every_axis_is_on_one_place(
        axes in prop::collection::vec((0usize..9, 0usize..4), 0..4),
        ranks in 1usize..9,
    ) {
        let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let letters: String = axes.iter().map(|axis| &"nbcu"[axis.1..=axis.1]).collect();
        let targets: Vec<usize> = (0..ranks).map(|rank| 2 * rank).collect();
        let distribution = make(&shape, &letters, None, &targets).unwrap();
        prop_assert_eq!(distribution.shape(), &shape[..]);
        prop_assert!(distribution.ranks() <= ranks);
        prop_assert_eq!(distribution.targets(), &targets[..distribution.ranks()]);
        for (axis, map) in distribution.maps().iter().enumerate() {
            prop_assert_eq!(map.dist(), letters.as_bytes()[axis] as char);
            let mut held: Vec<i64> =
                (0..map.grid_size()).flat_map(|place| map.piece(place).to_vec()).collect();
            held.sort_unstable();
            prop_assert!(held.into_iter().eq(0..shape[axis] as i64));
            let only_blocks = letters.chars().all(|letter| "nb".contains(letter));
            if only_blocks && shape[axis] > 0 {
                prop_assert!((0..map.grid_size()).all(|place| map.piece_len(place) > 0));
            }
        }
    }
}
