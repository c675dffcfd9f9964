//! Arrays over engines of this process: movement, slices, operations, reductions, for every kind of
//! layout and several numbers of engines.

mod common;

use common::{array, counting, elements, everywhere, layouts, session, sessions};
use distarray_engine::client::{Elementwise, Operand, Policy, PythonScalar, Reduce};
use distarray_engine::{Array, Communication, Initial, SessionError};
use distarray_kernels::reduce::Ending;
use distarray_kernels::{DType, Op, Reduction, Scalar};
use distarray_meta::{AxisMap, AxisSlice, Distribution, IndexItem, Indices};

const SHAPES: [&[usize]; 5] = [&[0], &[1], &[11], &[5, 6], &[1, 9]];

#[test]
fn what_goes_to_the_engines_comes_back() {
    everywhere(|engines, session| {
        for shape in SHAPES {
            for layout in layouts(shape, engines) {
                let array = array(session, &layout);
                assert_eq!(
                    elements(&array),
                    counting(shape).to_vec::<f64>().unwrap(),
                    "{layout:?}"
                );
            }
        }
    });
}

#[test]
fn redistribution_keeps_every_element() {
    everywhere(|engines, session| {
        for shape in SHAPES {
            let layouts = layouts(shape, engines);
            for source in &layouts {
                let array = array(session, source);
                for dest in &layouts {
                    let moved = array.redistribute(dest.clone()).unwrap();
                    assert_eq!(elements(&moved), elements(&array), "{source:?} -> {dest:?}");
                }
            }
        }
    });
}

#[test]
fn an_irregular_view_of_regular_indices_can_be_redistributed() {
    // The even indices ascend, but lie at no regular distance.
    let mut held: Vec<i64> = (0..40).step_by(2).collect();
    for (odd, place) in (1..40).step_by(2).zip([1, 2, 4, 5, 6, 9, 14, 15, 17, 20, 22, 25]) {
        held.insert(place, odd);
    }
    held.extend((0..40).filter(|index| !held.contains(index)).collect::<Vec<_>>());
    for (_, session) in sessions().filter(|(engines, _)| *engines == 2) {
        let pieces = vec![Indices::from_list(held.clone()), Indices::from_list(Vec::new())];
        let map = AxisMap::unstructured(40, pieces).unwrap();
        let base = array(&session, &Distribution::new(vec![map], vec![0, 1]).unwrap());
        let even = AxisSlice { start: 0, step: 2, len: 20 };
        let view = base.slice(&[IndexItem::Slice(even)]).unwrap();
        for layout in layouts(&[20], 2) {
            let moved = view.redistribute(layout.clone()).unwrap();
            assert_eq!(elements(&moved), elements(&view), "{layout:?}");
            view.assign(&moved, &Policy::ALLOW).unwrap();
            assert_eq!(elements(&base), counting(&[40]).to_vec::<f64>().unwrap(), "{layout:?}");
        }
    }
}

#[test]
fn reshaping_keeps_c_order() {
    everywhere(|engines, session| {
        for source in layouts(&[6, 5], engines) {
            let array = array(session, &source);
            for dest in layouts(&[30], engines).into_iter().chain(layouts(&[3, 10], engines)) {
                let reshaped = array.redistribute(dest.clone()).unwrap();
                assert_eq!(elements(&reshaped), elements(&array), "{source:?} -> {dest:?}");
            }
        }
    });
}

#[test]
fn a_slice_shares_memory_with_its_base() {
    let slices = [(0, 1, 11), (1, 2, 5), (10, -1, 11), (9, -3, 4), (3, 1, 0), (4, 5, 2)];
    everywhere(|engines, session| {
        for layout in layouts(&[11], engines) {
            for (start, step, len) in slices {
                let base = array(session, &layout);
                let slice = AxisSlice { start, step, len };
                let view = base.slice(&[IndexItem::Slice(slice)]).unwrap();
                let indices: Vec<usize> =
                    (0..len).map(|j| (start + step * j as i64) as usize).collect();
                let expected: Vec<f64> = indices.iter().map(|&index| index as f64).collect();
                assert_eq!(elements(&view), expected, "{layout:?} {slice:?}");
                view.fill(Scalar::from(-1.0)).unwrap();
                let mut whole = counting(&[11]).to_vec::<f64>().unwrap();
                for index in indices {
                    whole[index] = -1.0;
                }
                assert_eq!(elements(&base), whole, "{layout:?} {slice:?}");
            }
        }
    });
}

#[test]
fn overlapping_assignment_reads_before_it_writes() {
    everywhere(|engines, session| {
        for layout in layouts(&[11], engines) {
            let base = array(session, &layout);
            let part = |start, step| IndexItem::Slice(AxisSlice { start, step, len: 10 });
            let (low, high) =
                (base.slice(&[part(0, 1)]).unwrap(), base.slice(&[part(1, 1)]).unwrap());
            high.assign(&low, &Policy::ALLOW).unwrap();
            let shifted = [0., 0., 1., 2., 3., 4., 5., 6., 7., 8., 9.];
            assert_eq!(elements(&base), shifted, "{layout:?}");
            let reversed = base.slice(&[part(10, -1)]).unwrap();
            high.assign(&reversed, &Policy::ALLOW).unwrap();
            let mirrored = [0., 9., 8., 7., 6., 5., 4., 3., 2., 1., 0.];
            assert_eq!(elements(&base), mirrored, "{layout:?}");
        }
    });
}

#[test]
fn a_value_that_nobody_asks_for_again_is_computed_in_place_alone() {
    everywhere(|engines, session| {
        let policy = Policy { deferred: true, ..Policy::ALLOW };
        // As many elements as make it worth while to read what other engines have.
        let layout = Distribution::new(vec![AxisMap::block(9000, engines)], (0..engines).collect());
        let layout = layout.unwrap();
        let (source, dest) = (array(session, &layout), array(session, &layout));
        let part = |start| IndexItem::Slice(AxisSlice { start, step: 1, len: 8998 });
        let dest = dest.slice(&[part(1)]).unwrap();
        for start in [0, 1, 2] {
            let operand = source.slice(&[part(start)]).unwrap();
            let operands = [(&operand).into(), Operand::Scalar(Scalar::from(2.0))];
            let (value, _) = Elementwise::new(Op::Multiply, &operands).run(&policy).unwrap();
            let was_pending = value.is_pending();
            {
                let _passing = value.passing(1);
                dest.assign(&value, &policy).unwrap();
            }
            assert_eq!(value.is_pending(), was_pending, "{engines} engines, from {start} on");
            let expected: Vec<f64> = (start..start + 8998).map(|it| 2.0 * it as f64).collect();
            assert_eq!(elements(&dest), expected, "{engines} engines, from {start} on");
        }
    });
}

#[test]
fn operands_of_all_layouts_meet() {
    everywhere(|engines, session| {
        let layouts = layouts(&[5, 6], engines);
        for first in &layouts {
            for second in &layouts {
                let operands = [(&array(session, first)).into(), (&array(session, second)).into()];
                let (sum, _) = Elementwise::new(Op::Add, &operands).run(&Policy::ALLOW).unwrap();
                let expected: Vec<f64> = (0..30).map(|index| f64::from(2 * index)).collect();
                assert_eq!(elements(&sum), expected, "{first:?} {second:?}");
            }
        }
    });
}

#[test]
fn operands_broadcast() {
    everywhere(|engines, session| {
        for whole in layouts(&[5, 6], engines) {
            for row in layouts(&[6], engines).iter().chain(&layouts(&[1, 6], engines)) {
                let operands = [(&array(session, &whole)).into(), (&array(session, row)).into()];
                let (sum, _) = Elementwise::new(Op::Add, &operands).run(&Policy::ALLOW).unwrap();
                let expected: Vec<f64> =
                    (0..30).map(|index| f64::from(index + index % 6)).collect();
                assert_eq!(elements(&sum), expected, "{whole:?} {row:?}");
            }
        }
        for column in layouts(&[5, 1], engines) {
            for row in layouts(&[6], engines) {
                let operands = [(&array(session, &column)).into(), (&array(session, &row)).into()];
                let (sum, _) = Elementwise::new(Op::Add, &operands).run(&Policy::ALLOW).unwrap();
                let expected: Vec<f64> =
                    (0..30).map(|index| f64::from(index / 6 + index % 6)).collect();
                assert_eq!(elements(&sum), expected, "{column:?} {row:?}");
            }
        }
    });
}

#[test]
fn reductions_agree_with_brute_force() {
    everywhere(|engines, session| {
        for layout in layouts(&[5, 6], engines) {
            let array = array(session, &layout);
            let sum = |reduced: &[bool]| {
                elements(
                    &Reduce::new(Reduction::Sum, reduced).run(&array, &Policy::ALLOW).unwrap().0,
                )
            };
            assert_eq!(sum(&[true, true]), [435.0], "{layout:?}");
            assert_eq!(sum(&[true, false]), [60., 65., 70., 75., 80., 85.], "{layout:?}");
            assert_eq!(sum(&[false, true]), [15., 51., 87., 123., 159.], "{layout:?}");
            let position = Reduce::new(Reduction::ArgMax, &[true, true]);
            let (position, _) = position.run(&array, &Policy::ALLOW).unwrap();
            assert_eq!(position.to_host().unwrap().to_vec::<i64>().unwrap(), [29], "{layout:?}");
            let variance = Reduce::new(Reduction::Variance, &[true, true]);
            let (variance, _) = variance.run(&array, &Policy::ALLOW).unwrap();
            assert_eq!(elements(&variance), [899.0 / 12.0], "{layout:?}");
        }
    });
}

/// What waits is stored first.
#[test]
fn many_results_of_few_elements_of_an_expression() {
    let policy = Policy { deferred: true, ..Policy::ALLOW };
    let session = session(2);
    // Twice: with so few elements that nothing waits, and with many.
    for rows in [10, 50_000] {
        let maps = vec![AxisMap::block(rows, 2), AxisMap::block(2, 1)];
        let array = array(&session, &Distribution::new(maps, vec![0, 1]).unwrap());
        let operands = [(&array).into(), (&array).into()];
        let (sum, _) = Elementwise::new(Op::Add, &operands).run(&policy).unwrap();
        let (sums, _) = Reduce::new(Reduction::Sum, &[false, true]).run(&sum, &policy).unwrap();
        let expected: Vec<f64> = (0..rows).map(|row| 8.0 * row as f64 + 2.0).collect();
        assert_eq!(elements(&sums), expected);
    }
}

#[test]
fn arrays_may_live_on_any_engines() {
    let session = session(7);
    let on =
        |maps: Vec<AxisMap>, targets: &[usize]| Distribution::new(maps, targets.to_vec()).unwrap();
    let first = array(&session, &on(vec![AxisMap::block(11, 3)], &[1, 4, 6]));
    let second = array(&session, &on(vec![AxisMap::cyclic(11, 2)], &[0, 5]));
    let third = array(&session, &on(vec![AxisMap::block(11, 3)], &[6, 1, 4]));
    for (left, right) in [(&first, &second), (&second, &first), (&first, &third), (&third, &second)]
    {
        let operands = [left.into(), right.into()];
        let (sum, _) = Elementwise::new(Op::Add, &operands).run(&Policy::ALLOW).unwrap();
        let expected: Vec<f64> = (0..11).map(|index| f64::from(2 * index)).collect();
        assert_eq!(elements(&sum), expected);
    }
}

#[test]
fn python_numbers_follow_the_arrays() {
    let session = session(2);
    let layout = Distribution::new(vec![AxisMap::block(4, 2)], vec![0, 1]).unwrap();
    let array = Array::create(&session, layout, DType::UInt8, Initial::Item([250].into())).unwrap();
    let add = |number: i128| {
        let operands = [(&array).into(), Operand::Python(PythonScalar::Integer(number))];
        Elementwise::new(Op::Add, &operands).run(&Policy::ALLOW).map(|(array, _)| array)
    };
    assert_eq!(add(10).unwrap().to_host().unwrap().to_vec::<u8>().unwrap(), [4; 4]);
    assert!(matches!(add(300), Err(SessionError::Kernel(_))));
}

#[test]
fn a_user_can_forbid_that_data_moves() {
    let session = session(3);
    let policy = Policy { communication: Communication::Error, ..Policy::ALLOW };
    let block = array(&session, &layouts(&[11], 3)[0]);
    let cyclic = array(&session, &layouts(&[11], 3)[2]);
    let run = |first: &Array, second: &Array| {
        Elementwise::new(Op::Add, &[first.into(), second.into()]).run(&policy).map(|_| ())
    };
    run(&block, &block).unwrap();
    assert!(matches!(
        run(&block, &cyclic),
        Err(SessionError::CommunicationForbidden { operation: "add", bytes: 48 })
    ));
}

#[test]
fn memory_goes_with_the_last_handle() {
    let session = distarray_engine::ThreadSession::start(2);
    let shared: std::sync::Arc<dyn distarray_engine::Session> = session.clone();
    let base = array(&shared, &layouts(&[11], 2)[0]);
    let view = base.slice(&[IndexItem::Slice(AxisSlice { start: 0, step: 2, len: 5 })]).unwrap();
    drop(base);
    assert_eq!(elements(&view), [0., 2., 4., 6., 8.]);
    drop(view);
    assert!((0..2).all(|number| session.engine(number).unwrap().is_empty()));
}

#[test]
fn masked_means_count_what_counts() {
    let session = session(3);
    let array = array(&session, &layouts(&[11], 3)[2]);
    let operands = [(&array).into(), PythonScalar::Integer(4).into()];
    let (mask, _) = Elementwise::new(Op::Less, &operands).run(&Policy::ALLOW).unwrap();
    let of = |reduction| {
        let ending = Ending { ddof: 1.0, ..Ending::default() };
        let reduce = Reduce { mask: Some(&mask), ending, ..Reduce::new(reduction, &[true]) };
        elements(&reduce.run(&array, &Policy::ALLOW).unwrap().0)
    };
    assert_eq!(of(Reduction::Mean), [1.5]);
    assert_eq!(of(Reduction::Variance), [5.0 / 3.0]);
}
