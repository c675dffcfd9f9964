//! Flat runs are the piece, in ascending order.

use distarray_meta::{AxisMap, Distribution, FlatRun, flat_runs};
use proptest::prelude::*;

use crate::strategies::{distribution, held};

proptest! {
    #[test]
    fn flat_runs_partition_the_array(distribution in distribution()) {
        for rank in 0..distribution.ranks() {
            let expected = held(&distribution, rank);
            let mut found = vec![None; expected.len()];
            let mut end = 0;
            for run in flat_runs(&distribution, rank) {
                prop_assert!(run.len > 0);
                prop_assert!(run.global >= end, "runs ascend");
                end = run.global + run.len;
                for j in 0..run.len {
                    prop_assert_eq!(found[run.local + j].replace(run.global + j), None);
                }
            }
            prop_assert!(found.into_iter().eq(expected.into_iter().map(Some)));
        }
    }
}

#[test]
fn runs_are_as_long_as_the_layout_allows() {
    let runs = |maps: Vec<AxisMap>, rank| -> Vec<FlatRun> {
        let ranks = maps.iter().map(AxisMap::grid_size).product();
        flat_runs(&Distribution::new(maps, (0..ranks).collect()).unwrap(), rank).collect()
    };
    let run = |global, local, len| FlatRun { global, local, len };
    assert_eq!(runs(vec![], 0), [run(0, 0, 1)]);
    assert_eq!(runs(vec![AxisMap::no_dist(4), AxisMap::no_dist(5)], 0), [run(0, 0, 20)]);
    assert_eq!(runs(vec![AxisMap::block(4, 2), AxisMap::no_dist(5)], 1), [run(10, 0, 10)]);
    assert_eq!(
        runs(vec![AxisMap::block_cyclic(8, 2, 2), AxisMap::no_dist(5)], 1),
        [run(10, 0, 10), run(30, 10, 10)]
    );
    assert_eq!(
        runs(vec![AxisMap::no_dist(2), AxisMap::block(4, 2)], 1),
        [run(2, 0, 2), run(6, 2, 2)]
    );
    assert_eq!(runs(vec![AxisMap::block(4, 2), AxisMap::no_dist(0)], 1), []);
}
