//! Plans are closed forms: their cost does not grow with the number of elements.

use std::time::{Duration, Instant};

use distarray_meta::{AxisMap, AxisSlice, Distribution, Transfer, moved, receives, sends};

const SIZE: usize = 1 << 40;

fn maps() -> Vec<AxisMap> {
    vec![
        AxisMap::no_dist(SIZE),
        AxisMap::block(SIZE, 7),
        AxisMap::block_with_bounds(vec![0, 5, 5, SIZE / 3, SIZE]).unwrap(),
        AxisMap::cyclic(SIZE, 3),
        AxisMap::cyclic(SIZE, 4),
        AxisMap::block_cyclic(SIZE, 4, 64),
        AxisMap::block_cyclic(SIZE, 3, 1000),
        AxisMap::block_cyclic(SIZE, 3, SIZE / 10),
        AxisMap::replicated(SIZE, 2),
        AxisMap::cyclic(SIZE + 9, 4).slice(&AxisSlice { start: 9, step: 1, len: SIZE }).map,
        AxisMap::cyclic(3 * SIZE, 4).slice(&AxisSlice { start: 2, step: 3, len: SIZE }).map,
        AxisMap::block(SIZE, 4)
            .slice(&AxisSlice { start: SIZE as i64 - 1, step: -1, len: SIZE })
            .map,
        AxisMap::block_cyclic(SIZE + 9, 4, 64)
            .slice(&AxisSlice { start: 9, step: 1, len: SIZE })
            .map,
        AxisMap::block_cyclic(2 * SIZE, 4, 64)
            .slice(&AxisSlice { start: 2 * SIZE as i64 - 3, step: -2, len: SIZE - 1 })
            .map,
    ]
}

#[test]
fn plans_of_huge_axes_are_quick() {
    let begin = Instant::now();
    let over = |map: &AxisMap| {
        let ranks = map.grid_size();
        Distribution::new(vec![map.clone()], (0..ranks).collect()).unwrap()
    };
    for source in maps() {
        for dest in maps() {
            if source.size() != dest.size() {
                continue;
            }
            let (source, dest) = (over(&source), over(&dest));
            let mut local = 0;
            for rank in 0..dest.ranks() {
                let transfers = receives(&source, &dest, rank);
                let received: usize = transfers.iter().map(Transfer::len).sum();
                assert_eq!(received, dest.local_size(rank));
                local += transfers
                    .iter()
                    .filter(|transfer| transfer.source == transfer.dest)
                    .map(|transfer| transfer.len() as u64)
                    .sum::<u64>();
                let runs: usize = transfers
                    .iter()
                    .flat_map(|transfer| &transfer.axes[0])
                    .map(|pattern| pattern.runs.len())
                    .sum();
                assert!(runs < 10_000, "{runs} runs from {source:?} to {dest:?}");
            }
            let total: u64 = (0..dest.ranks()).map(|rank| dest.local_size(rank) as u64).sum();
            assert_eq!(moved(&source, &dest), total - local);
            for rank in 0..source.ranks() {
                sends(&source, &dest, rank);
            }
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "took {:?}", begin.elapsed());
}
