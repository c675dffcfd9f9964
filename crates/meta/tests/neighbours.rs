//! How many others a rank talks to when an array is redistributed, over thousands of ranks.

use distarray_meta::{AxisMap, Distribution, plan};

const RANKS: usize = 4096;

fn rows(map: AxisMap, columns: usize) -> Distribution {
    let ranks = map.grid_size();
    Distribution::new(vec![map, AxisMap::no_dist(columns)], (0..ranks).collect()).unwrap()
}

/// The most messages that a rank sends, and the most that one receives.
fn most(source: &Distribution, dest: &Distribution) -> (usize, usize) {
    let others = |rank: usize, transfers: Vec<plan::Transfer>| {
        transfers.iter().filter(|transfer| (transfer.source, transfer.dest) != (rank, rank)).count()
    };
    let sends = (0..source.ranks()).map(|rank| others(rank, plan::sends(source, dest, rank)));
    let receives = (0..dest.ranks()).map(|rank| others(rank, plan::receives(source, dest, rank)));
    (sends.max().unwrap(), receives.max().unwrap())
}

#[test]
fn from_blocks_to_other_blocks_ranks_talk_to_neighbours_alone() {
    let len = 1_000_003;
    let even = rows(AxisMap::block(len, RANKS), 10);
    assert_eq!(most(&even, &even), (0, 0));
    let fewer = rows(AxisMap::block(len, RANKS - 1), 10);
    let (sends, receives) = most(&even, &fewer);
    assert!(sends <= 3 && receives <= 3, "{sends} {receives}");
    let half = rows(AxisMap::block(len, RANKS / 2), 10);
    let (sends, receives) = most(&even, &half);
    assert!(sends <= 2 && receives <= 3, "{sends} {receives}");
}

#[test]
fn from_rows_to_columns_ranks_talk_to_everybody_once() {
    let (ranks, len) = (256, 1000);
    let rows = rows(AxisMap::block(len, ranks), len);
    let columns = Distribution::new(
        vec![AxisMap::no_dist(len), AxisMap::block(len, ranks)],
        (0..ranks).collect(),
    );
    let columns = columns.unwrap();
    let (sends, receives) = most(&rows, &columns);
    assert!(sends < ranks && receives < ranks, "{sends} {receives}");
}
