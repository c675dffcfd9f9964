//! Layouts of every kind, and arrays of known elements.
#![allow(dead_code, reason = "each test program uses a part of this")]

pub mod attendants;
pub mod messages_only;
pub mod processes;
pub mod remote;
pub mod spmd;

use std::sync::Arc;

use distarray_engine::{Array, Session, ThreadSession};
use distarray_kernels::{Block, DType};
use distarray_meta::{AxisMap, Distribution, Indices};

/// Sessions of every number of engines that everything is tested with: in one, commands on small
/// arrays are executed by one thread for all engines; in the next, every engine has its own; in the
/// last two, engines share nothing with the client but bytes, which go through channels or as messages.
pub fn sessions() -> impl Iterator<Item = (usize, Arc<dyn Session>)> {
    [1, 2, 3, 4, 7].into_iter().flat_map(|engines| {
        let threaded = ThreadSession::start(engines);
        threaded.set_inline_bytes(0);
        let mut sessions = vec![(engines, session(engines)), (engines, threaded)];
        if engines == 4 {
            sessions.push((engines, remote::remote_session(engines)));
        }
        // More take half a minute, where there are fewer cores than engines.
        if engines == 3 || std::env::var_os("DISTARRAY_TEST_ALL").is_some() {
            sessions.push((engines, processes::orderly(engines)));
        }
        sessions
    })
}

/// Does the same with all sessions, and with the processes of one program that are the engines: each
/// of them does it.
pub fn everywhere(test: impl Fn(usize, &Arc<dyn Session>) + Sync) {
    for (engines, session) in sessions() {
        test(engines, &session);
    }
    // Slow, where there are fewer cores than processes.
    spmd::run(3, |_, session| {
        let session: Arc<dyn Session> = session.clone();
        test(3, &session);
    });
}

/// A session of `engines` engines.
pub fn session(engines: usize) -> Arc<dyn Session> {
    ThreadSession::start(engines)
}

/// Maps of every kind for one axis over `places` places.
pub fn maps(size: usize, places: usize) -> Vec<AxisMap> {
    let uneven: Vec<usize> = (0..=places)
        .map(|place| if place == places { size } else { place * size / (places + 1) })
        .collect();
    let scattered: Vec<Indices> = (0..places)
        .map(|place| {
            // In an order that is neither ascending nor regular.
            let mut held: Vec<i64> = (0..size as i64)
                .filter(|index| (index * index + 1) as usize % places == place)
                .collect();
            let turn = usize::from(held.len() > 1);
            held.rotate_left(turn);
            Indices::from_list(held)
        })
        .collect();
    let mut maps = vec![
        AxisMap::block(size, places),
        AxisMap::block_with_bounds(uneven).unwrap(),
        AxisMap::cyclic(size, places),
        AxisMap::block_cyclic(size, places, 2),
        AxisMap::block_cyclic(size, places, 3),
        AxisMap::unstructured(size, scattered).unwrap(),
    ];
    if places == 1 {
        maps.push(AxisMap::no_dist(size));
    }
    maps
}

/// Layouts of every kind for an array of one or two axes over at most `engines` engines.
pub fn layouts(shape: &[usize], engines: usize) -> Vec<Distribution> {
    let over = |maps: Vec<AxisMap>| {
        let places = maps.iter().map(AxisMap::grid_size).product();
        Distribution::new(maps, (0..places).collect()).unwrap()
    };
    match *shape {
        [] => vec![over(Vec::new())],
        [size] => maps(size, engines).into_iter().map(|map| over(vec![map])).collect(),
        [rows, columns] => {
            let mut all = Vec::new();
            for map in maps(rows, engines) {
                all.push(over(vec![map, AxisMap::no_dist(columns)]));
            }
            for map in maps(columns, engines) {
                all.push(over(vec![AxisMap::no_dist(rows), map]));
            }
            if engines.is_multiple_of(2) {
                for (first, second) in
                    maps(rows, engines / 2).into_iter().zip(maps(columns, 2).into_iter().rev())
                {
                    all.push(over(vec![first, second]));
                }
            }
            all
        }
        _ => panic!("one or two axes"),
    }
}

/// Elements 0, 1, 2, ... of `f64` in C order.
pub fn counting(shape: &[usize]) -> Block {
    let elements: Vec<f64> = (0..shape.iter().product()).map(|index: usize| index as f64).collect();
    Block::from_slice(&elements, shape).unwrap()
}

/// A distributed array of [`counting`] elements.
pub fn array(session: &Arc<dyn Session>, distribution: &Distribution) -> Array {
    Array::from_host(session, distribution.clone(), DType::Float64, &counting(distribution.shape()))
        .unwrap()
}

/// All elements in C order.
pub fn elements(array: &Array) -> Vec<f64> {
    array.to_host().unwrap().to_vec().unwrap()
}
