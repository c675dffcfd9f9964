//! Running sums and their like over engines of this process, for every kind of layout.

mod common;

use std::sync::Arc;

use common::{everywhere, layouts, session};
use distarray_engine::client::{Accumulate, Policy, flattened};
use distarray_engine::{Array, Communication, Session, SessionError};
use distarray_kernels::{Accumulation, Block, DType};
use distarray_meta::{AxisMap, AxisSlice, Distribution, IndexItem};

const SHAPES: [&[usize]; 7] = [&[0], &[1], &[11], &[3000], &[5, 6], &[200, 3], &[2, 150]];

/// Numbers of many sizes and both signs, none of which adds up without rounding.
fn numbers(shape: &[usize]) -> Block {
    let mut state = 7_u64;
    let items: Vec<f64> = (0..shape.iter().product())
        .map(|_: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let fraction = (state >> 12) as f64 / (1_u64 << 52) as f64;
            (fraction - 0.4) * f64::from((state % 30) as u32).exp2()
        })
        .collect();
    Block::from_slice(&items, shape).unwrap()
}

fn made(session: &Arc<dyn Session>, layout: &Distribution, host: &Block) -> Array {
    Array::from_host(session, layout.clone(), host.dtype(), host).unwrap()
}

fn undistributed(shape: &[usize]) -> Distribution {
    let maps = shape.iter().map(|&size| AxisMap::no_dist(size)).collect();
    Distribution::new(maps, vec![0]).unwrap()
}

fn accumulate(array: &Array, accumulation: Accumulation, axis: usize) -> Array {
    Accumulate { accumulation, axis, dtype: array.dtype() }.run(array, &Policy::ALLOW).unwrap()
}

#[test]
fn bits_depend_on_neither_layouts_nor_engines() {
    let alone = session(1);
    for shape in SHAPES {
        let host = numbers(shape);
        for axis in 0..shape.len() {
            for accumulation in [Accumulation::Sum, Accumulation::Prod, Accumulation::Min] {
                let whole = made(&alone, &undistributed(shape), &host);
                let expected = accumulate(&whole, accumulation, axis).to_host().unwrap();
                everywhere(|engines, session| {
                    for layout in layouts(shape, engines) {
                        let array = made(session, &layout, &host);
                        let result = accumulate(&array, accumulation, axis);
                        assert!(result.distribution().same_layout(&layout), "{layout:?}");
                        assert_eq!(
                            result.to_host().unwrap().to_bytes().unwrap(),
                            expected.to_bytes().unwrap(),
                            "{accumulation:?} {axis} {layout:?}"
                        );
                    }
                });
            }
        }
    }
}

#[test]
fn a_view_can_be_accumulated() {
    let session = session(3);
    let layout = Distribution::new(vec![AxisMap::block(40, 3)], vec![2, 0, 1]).unwrap();
    let host = Block::from_slice(&(0..40).map(i64::from).collect::<Vec<_>>(), &[40]).unwrap();
    let array = made(&session, &layout, &host);
    for (slice, len) in [
        (AxisSlice { start: 1, step: 3, len: 13 }, 13),
        (AxisSlice { start: 39, step: -2, len: 20 }, 20),
    ] {
        let view = array.slice(&[IndexItem::Slice(slice)]).unwrap();
        let mut sum = 0;
        let expected: Vec<i64> = (0..len)
            .map(|position| {
                sum += slice.start + slice.step * position;
                sum
            })
            .collect();
        let result = accumulate(&view, Accumulation::Sum, 0);
        assert_eq!(result.to_host().unwrap().to_vec::<i64>().unwrap(), expected);
    }
}

#[test]
fn data_moves_only_where_that_is_allowed() {
    let session = session(2);
    let policy = Policy { communication: Communication::Error, ..Policy::ALLOW };
    let host = numbers(&[12]);
    let run = |map: AxisMap, accumulation| {
        let layout = Distribution::new(vec![map], vec![0, 1]).unwrap();
        let array = made(&session, &layout, &host);
        Accumulate { accumulation, axis: 0, dtype: DType::Float64 }.run(&array, &policy)
    };
    assert!(run(AxisMap::block(12, 2), Accumulation::Sum).is_ok());
    let bytes = |result| match result {
        Err(SessionError::CommunicationForbidden { bytes, .. }) => bytes,
        other => panic!("{other:?}"),
    };
    // Six elements go to where blocks need them, and their results back.
    assert_eq!(bytes(run(AxisMap::cyclic(12, 2), Accumulation::Sum)), 2 * 6 * 8);
    // The second engine reads all that comes before its own elements.
    assert_eq!(bytes(run(AxisMap::block(12, 2), Accumulation::Prod)), 6 * 8);
}

#[test]
fn all_elements_in_c_order_are_one_axis() {
    everywhere(|engines, session| {
        for shape in [&[5, 6][..], &[0, 3], &[7, 1], &[]] {
            for layout in layouts(shape, engines) {
                let host = numbers(shape);
                let flat = flattened(&made(session, &layout, &host), &Policy::ALLOW).unwrap();
                assert_eq!(flat.shape(), [host.size()]);
                assert_eq!(
                    flat.to_host().unwrap().to_vec::<f64>().unwrap(),
                    host.to_vec::<f64>().unwrap()
                );
            }
        }
    });
    let forbidding = Policy { communication: Communication::Error, ..Policy::ALLOW };
    let session = session(2);
    let layout = |maps| Distribution::new(maps, vec![0, 1]).unwrap();
    let rows = layout(vec![AxisMap::block(4, 2), AxisMap::no_dist(3)]);
    assert!(flattened(&made(&session, &rows, &numbers(&[4, 3])), &forbidding).is_ok());
    let columns = layout(vec![AxisMap::no_dist(3), AxisMap::block(4, 2)]);
    assert!(flattened(&made(&session, &columns, &numbers(&[3, 4])), &forbidding).is_err());
}
