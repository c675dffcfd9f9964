//! Random maps and distributions, and what they hold, index by index.

use distarray_meta::{AxisMap, AxisSlice, Distribution, Indices};
use proptest::collection::vec;
use proptest::prelude::*;

/// Sizes up to `max`, with 0 and 1 more often than they would be.
pub fn size(max: usize) -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 1 => Just(1), 8 => 0..=max]
}

/// A map of any kind, of an axis of this size.
pub fn map_of_size(size: usize) -> BoxedStrategy<AxisMap> {
    let grid = 1..=5_usize;
    let base = prop_oneof![
        2 => Just(AxisMap::no_dist(size)),
        2 => grid.clone().prop_map(move |grid| AxisMap::block(size, grid)),
        2 => irregular(size),
        2 => grid.clone().prop_map(move |grid| AxisMap::cyclic(size, grid)),
        2 => (grid.clone(), 1..=5_usize)
            .prop_map(move |(grid, block)| AxisMap::block_cyclic(size, grid, block)),
        2 => unordered(size),
        1 => overlapping(size),
        1 => grid.prop_map(move |grid| AxisMap::replicated(size, grid)),
    ];
    prop_oneof![3 => base, 2 => slice_of_larger(size)].boxed()
}

/// A map of any kind.
pub fn map(max: usize) -> BoxedStrategy<AxisMap> {
    size(max).prop_flat_map(map_of_size).boxed()
}

/// Block pieces of any lengths, empty ones among them.
fn irregular(size: usize) -> impl Strategy<Value = AxisMap> {
    vec(0..=size, 0..5).prop_map(move |mut bounds| {
        bounds.extend([0, size]);
        bounds.sort_unstable();
        AxisMap::block_with_bounds(bounds).unwrap()
    })
}

/// A permutation, cut into pieces.
fn unordered(size: usize) -> impl Strategy<Value = AxisMap> {
    let order = Just((0..size as i64).collect::<Vec<_>>()).prop_shuffle();
    (order, vec(0..=size, 0..4)).prop_map(move |(order, mut cuts)| {
        cuts.extend([0, size]);
        cuts.sort_unstable();
        let piece = |cut: &[usize]| Indices::from_list(order[cut[0]..cut[1]].to_vec());
        AxisMap::unstructured(size, cuts.windows(2).map(piece).collect()).unwrap()
    })
}

/// Pieces that hold some indices several times.
fn overlapping(size: usize) -> impl Strategy<Value = AxisMap> {
    let orders = vec(Just((0..size as i64).collect::<Vec<_>>()).prop_shuffle(), 1..4);
    (orders, vec(any::<u8>(), size)).prop_map(move |(orders, holders)| {
        let places = orders.len();
        let holds = |place: usize, index: i64| {
            let holders = holders[index as usize] as usize;
            holders % places == place || holders >> place & 1 == 1
        };
        let piece = |(place, order): (usize, &Vec<i64>)| {
            Indices::from_list(order.iter().copied().filter(|&index| holds(place, index)).collect())
        };
        AxisMap::unstructured(size, orders.iter().enumerate().map(piece).collect()).unwrap()
    })
}

/// What remains of a larger axis, so that pieces have every form that slicing gives them.
fn slice_of_larger(size: usize) -> impl Strategy<Value = AxisMap> {
    let step = prop_oneof![-4..=-1_i64, 1..=4_i64];
    (step, 0..4_i64, 0..4_usize, 1..=4_usize, 1..=6_usize).prop_map(
        move |(step, before, after, grid, block)| {
            let span = size.saturating_sub(1) * step.unsigned_abs() as usize;
            let whole = AxisMap::block_cyclic(span + before as usize + after + 1, grid, block);
            let start = if step > 0 { before } else { before + span as i64 };
            whole.slice(&normal(AxisSlice { start, step, len: size })).map
        },
    )
}

/// A slice in the form that [`AxisSlice::new`] gives it.
fn normal(slice: AxisSlice) -> AxisSlice {
    match slice.len {
        0 => AxisSlice { start: 0, step: 1, len: 0 },
        1 => AxisSlice { step: 1, ..slice },
        _ => slice,
    }
}

/// Engines for a distribution, in any order, with numbers that leave gaps.
fn targets(count: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..count * 2).collect::<Vec<_>>()).prop_shuffle().prop_map(move |mut engines| {
        engines.truncate(count);
        engines
    })
}

/// A distribution of this shape.
pub fn distribution_of_shape(shape: Vec<usize>) -> BoxedStrategy<Distribution> {
    let maps: Vec<_> = shape.into_iter().map(map_of_size).collect();
    maps.prop_flat_map(|maps| {
        let ranks = maps.iter().map(AxisMap::grid_size).product();
        targets(ranks).prop_map(move |targets| Distribution::new(maps.clone(), targets).unwrap())
    })
    .boxed()
}

/// A shape of up to three axes.
pub fn shape() -> BoxedStrategy<Vec<usize>> {
    prop_oneof![
        1 => Just(Vec::new()),
        4 => vec(size(24), 1),
        4 => vec(size(9), 2),
        2 => vec(size(5), 3),
    ]
    .boxed()
}

/// A distribution of up to three axes.
pub fn distribution() -> BoxedStrategy<Distribution> {
    shape().prop_flat_map(distribution_of_shape).boxed()
}

/// Every index tuple of a shape, in C order.
pub fn tuples(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |tuples, &size| {
        let longer = |tuple: Vec<usize>| {
            (0..size).map(move |index| tuple.iter().copied().chain([index]).collect())
        };
        tuples.into_iter().flat_map(longer).collect()
    })
}

/// The position of an index tuple in the flattened array.
pub fn flat(tuple: &[usize], shape: &[usize]) -> usize {
    tuple.iter().zip(shape).fold(0, |flat, (index, size)| flat * size + index)
}

/// What a rank holds: the flat global position of each element of its piece, in C order.
pub fn held(distribution: &Distribution, rank: usize) -> Vec<usize> {
    let pieces: Vec<Indices> =
        (0..distribution.ndim()).map(|axis| distribution.piece(rank, axis)).collect();
    let local_shape: Vec<usize> = pieces.iter().map(Indices::len).collect();
    let global = |local: Vec<usize>| {
        let tuple: Vec<usize> =
            local.iter().zip(&pieces).map(|(&local, piece)| piece.get(local) as usize).collect();
        flat(&tuple, distribution.shape())
    };
    tuples(&local_shape).into_iter().map(global).collect()
}
