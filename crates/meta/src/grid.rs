//! The shape of the process grid: how many places each axis gets.

use crate::partitions::{mirror_sort, multiplicative_partitions};
use crate::{DistType, MetaError, Result};

/// The grid shape for an array of `shape`, distributed as `dist` over at most `ranks` engines.
///
/// One distributed axis gets as many places as there are engines, though no more than it has
/// elements. Several share them: of all ways to write `ranks` as a product with one factor per
/// axis, larger factors on larger axes, the one whose pairwise ratios come nearest to those of the
/// shape. Axes without elements count as not distributed.
///
/// # Errors
///
/// [`MetaError::Invalid`] when the arguments contradict each other or the best grid has an axis of
/// more places than elements; [`MetaError::GridShape`] when there is no grid at all.
pub fn make_grid_shape(shape: &[usize], dist: &[DistType], ranks: usize) -> Result<Vec<usize>> {
    check_preconditions(shape, dist, ranks)?;
    let axes: Vec<usize> =
        (0..shape.len()).filter(|&axis| dist[axis].is_distributed() && shape[axis] > 0).collect();
    let lengths: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
    let places = match lengths[..] {
        [] => Vec::new(),
        [length] => vec![ranks.min(length)],
        _ if ranks == 1 => vec![1; lengths.len()],
        _ => nearest_grid(&lengths, ranks)?,
    };
    let mut grid_shape = vec![1; shape.len()];
    for (axis, places) in axes.into_iter().zip(places) {
        grid_shape[axis] = places;
    }
    check_postconditions(&grid_shape, shape, dist, ranks)?;
    Ok(grid_shape)
}

fn nearest_grid(lengths: &[usize], ranks: usize) -> Result<Vec<usize>> {
    let wanted = ratios(lengths);
    multiplicative_partitions(ranks, lengths.len())
        .into_iter()
        .map(|factors| mirror_sort(&factors, lengths))
        .map(|grid| (distance(&wanted, &ratios(&grid)), grid))
        // `min_by` keeps the first of equal elements.
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, grid)| grid)
        .ok_or_else(|| {
            MetaError::GridShape(format!(
                "cannot distribute {ranks} processes over {} axes",
                lengths.len()
            ))
        })
}

/// The quotients of all pairs of entries, the earlier entry above the later one.
fn ratios(lengths: &[usize]) -> Vec<f64> {
    lengths
        .iter()
        .enumerate()
        .flat_map(|(place, &a)| lengths[place + 1..].iter().map(move |&b| a as f64 / b as f64))
        .collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Checks what [`make_grid_shape`] is given.
///
/// # Errors
///
/// [`MetaError::Invalid`] when there are no engines, or not one distribution type per axis.
pub fn check_preconditions(shape: &[usize], dist: &[DistType], ranks: usize) -> Result<()> {
    if ranks == 0 {
        return Err(invalid("comm_size", "0 processes, but at least 1 is needed".into()));
    }
    if shape.len() != dist.len() {
        return Err(invalid(
            "dist",
            format!("{} types were given for {} axes", dist.len(), shape.len()),
        ));
    }
    Ok(())
}

/// Checks that a grid fits a shape, a distribution and a number of engines.
///
/// # Errors
///
/// [`MetaError::Invalid`] that names the first axis that does not fit.
pub fn check_postconditions(
    grid_shape: &[usize],
    shape: &[usize],
    dist: &[DistType],
    ranks: usize,
) -> Result<()> {
    let wrong = |message: String| Err(invalid("grid_shape", format!("{grid_shape:?} {message}")));
    if grid_shape.len() != shape.len() || grid_shape.len() != dist.len() {
        return wrong(format!("has not one entry for each of the {} axes", shape.len()));
    }
    for (axis, &places) in grid_shape.iter().enumerate() {
        if places == 0 {
            return wrong(format!("has no places for axis {axis}"));
        }
        if places > 1 && !dist[axis].is_distributed() {
            return wrong(format!("has {places} places for axis {axis}, which has type 'n'"));
        }
        if places > shape[axis].max(1) {
            return wrong(format!("has {places} places for the {} of axis {axis}", shape[axis]));
        }
    }
    if product(grid_shape) > ranks {
        return wrong(format!("needs more than {ranks} processes"));
    }
    Ok(())
}

/// A grid shape that a user gave, filled up with ones, for an array with the axes of `dist`.
///
/// # Errors
///
/// [`MetaError::Invalid`] when it has more entries than there are axes, or an entry is 0;
/// [`MetaError::InvalidGridShape`] when it divides an axis that is not distributed or needs more
/// than `ranks` engines.
pub fn normalize_grid_shape(
    grid_shape: &[usize],
    dist: &[DistType],
    ranks: usize,
) -> Result<Vec<usize>> {
    let wrong = |message: String| invalid("grid_shape", format!("{grid_shape:?} {message}"));
    let unfit = |message: String| {
        MetaError::InvalidGridShape(format!("grid_shape: {grid_shape:?} {message}"))
    };
    if grid_shape.len() > dist.len() {
        return Err(wrong(format!("has more entries than the array's {} axes", dist.len())));
    }
    if let Some(axis) = grid_shape.iter().position(|&places| places == 0) {
        return Err(wrong(format!("has no places for axis {axis}")));
    }
    let undistributed = |axis: &usize| grid_shape[*axis] > 1 && !dist[*axis].is_distributed();
    if let Some(axis) = (0..grid_shape.len()).find(undistributed) {
        let places = grid_shape[axis];
        return Err(unfit(format!("has {places} places for axis {axis}, which has type 'n'")));
    }
    if product(grid_shape) > ranks {
        return Err(unfit(format!("needs more than the {ranks} processes there are")));
    }
    let mut full = grid_shape.to_vec();
    full.resize(dist.len(), 1);
    Ok(full)
}

/// The product of `factors`, or the largest number there is where that is too large for one.
fn product(factors: &[usize]) -> usize {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor))
}

fn invalid(argument: &'static str, message: String) -> MetaError {
    MetaError::Invalid { argument, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn types(letters: &str) -> Vec<DistType> {
        letters.chars().map(|letter| DistType::from_name(&letter.to_string()).unwrap()).collect()
    }

    fn grid(shape: &[usize], dist: &str, ranks: usize) -> Vec<usize> {
        make_grid_shape(shape, &types(dist), ranks).unwrap()
    }

    #[test]
    fn several_axes_share_twelve_processes() {
        assert_eq!(grid(&[20, 20], "bb", 12), [3, 4]);
        assert_eq!(grid(&[20, 60], "bb", 12), [2, 6]);
        assert_eq!(grid(&[60, 20], "bb", 12), [6, 2]);
        assert_eq!(grid(&[100, 10, 300], "bnc", 12), [2, 1, 6]);
        assert_eq!(grid(&[100, 50, 300], "bbb", 12), [2, 1, 6]);
        assert_eq!(grid(&[100, 100, 150], "bbb", 12), [2, 2, 3]);
    }

    #[test]
    fn a_small_array_over_a_growing_number_of_processes() {
        let expected =
            [(2, [1, 2]), (3, [1, 3]), (4, [1, 4]), (6, [2, 3]), (8, [2, 4]), (9, [3, 3])];
        for (ranks, shape) in expected.into_iter().chain([(12, [3, 4]), (16, [2, 8])]) {
            assert_eq!(grid(&[5, 9], "bb", ranks), shape, "{ranks} processes");
        }
    }

    #[test]
    fn four_axes() {
        let expected = [
            (2, [1, 1, 1, 2]),
            (3, [1, 1, 1, 3]),
            (4, [1, 1, 2, 2]),
            (6, [1, 1, 2, 3]),
            (8, [1, 1, 2, 4]),
            (9, [1, 1, 3, 3]),
            (12, [1, 2, 2, 3]),
            (16, [1, 2, 2, 4]),
        ];
        for (ranks, shape) in expected {
            assert_eq!(grid(&[10, 20, 30, 40], "cccc", ranks), shape, "{ranks} processes");
        }
    }

    #[test]
    fn one_axis_or_none() {
        assert_eq!(grid(&[10], "b", 4), [4]);
        assert_eq!(grid(&[3, 9], "bn", 4), [3, 1]);
        assert_eq!(grid(&[0], "b", 4), [1]);
        assert_eq!(grid(&[3, 4], "nn", 4), [1, 1]);
        assert_eq!(grid(&[], "", 4), [0; 0]);
        assert_eq!(grid(&[10, 0], "bb", 4), [4, 1]);
        assert_eq!(grid(&[10, 10], "cb", 1), [1, 1]);
    }

    #[test]
    fn too_many_processes_and_bad_arguments() {
        let error = make_grid_shape(&[3, 5], &types("bb"), 16).unwrap_err();
        assert!(matches!(error, MetaError::Invalid { argument: "grid_shape", .. }), "{error}");
        assert!(make_grid_shape(&[3, 5], &types("b"), 1).is_err());
        assert!(make_grid_shape(&[3], &types("b"), 0).is_err());
    }

    #[test]
    fn given_grids_are_filled_and_checked() {
        let normalized = |grid: &[usize], dist| normalize_grid_shape(grid, &types(dist), 4);
        assert_eq!(normalized(&[2], "bn").unwrap(), [2, 1]);
        assert_eq!(normalized(&[2, 2], "bc").unwrap(), [2, 2]);
        assert!(matches!(normalized(&[5], "b"), Err(MetaError::InvalidGridShape(_))));
        assert!(matches!(normalized(&[1, 2], "bn"), Err(MetaError::InvalidGridShape(_))));
        assert!(matches!(normalized(&[usize::MAX, 2], "bb"), Err(MetaError::InvalidGridShape(_))));
        assert!(matches!(normalized(&[1, 1], "b"), Err(MetaError::Invalid { .. })));
        assert!(matches!(normalized(&[0], "b"), Err(MetaError::Invalid { .. })));
    }

    proptest! {
        #[test]
        fn a_chosen_grid_passes_its_checks(
            axes in prop::collection::vec((0usize..30, 0usize..4), 0..4),
            ranks in 1usize..40,
        ) {
            let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
            let letters: String = axes.iter().map(|axis| &"nbcu"[axis.1..=axis.1]).collect();
            if let Ok(grid) = make_grid_shape(&shape, &types(&letters), ranks) {
                prop_assert!(check_postconditions(&grid, &shape, &types(&letters), ranks).is_ok());
                prop_assert_eq!(normalize_grid_shape(&grid, &types(&letters), ranks), Ok(grid));
            }
        }
    }
}
