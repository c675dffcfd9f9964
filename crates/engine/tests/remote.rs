//! Engines in other processes, as their client sees them.

mod common;

use std::sync::Arc;

use common::remote::Named;
use common::{array, counting, elements, layouts};
use distarray_engine::client::{Elementwise, NpyFile, Operand, Policy};
use distarray_engine::error::{EngineError, EngineFailure};
use distarray_engine::session::Courier;
use distarray_engine::{Array, Command, RemoteSession, Reply, Session, SessionError};
use distarray_kernels::{DType, Op, Scalar};
use distarray_meta::{AxisMap, AxisSlice, Distribution, IndexItem, Indices};

/// Makes a session of so many engines.
type Remote<C> = fn(usize) -> Arc<RemoteSession<C>>;

/// Runs tests with every courier.
macro_rules! with_every_courier {
    ($($test:ident),* $(,)?) => {
        mod channels {
            $(#[test] fn $test() { super::$test(super::common::remote::remote); })*
        }
        mod attendants {
            $(#[test] fn $test() { super::$test(super::common::attendants::attendants); })*
        }
        mod messages {
            $(#[test] fn $test() { super::$test(super::common::processes::processes); })*
        }
    };
}

with_every_courier!(
    functions_travel_and_their_values_come_back,
    sets_of_engines_are_numbered_anew_when_there_are_many,
    a_failure_releases_the_others_and_leaves_the_engines_usable,
    whoever_returns_is_not_waited_for,
    memory_goes_with_the_next_command,
    long_lists_of_indices_are_named_by_numbers,
    errors_are_those_of_engines_that_are_threads,
    a_closed_session_is_refused,
    there_is_no_such_engine,
);

fn call(
    session: &dyn Session,
    engines: &[usize],
    name: &str,
    argument: i64,
) -> Result<Vec<i64>, Vec<EngineFailure>> {
    let function = Arc::new(Named { name: name.to_owned(), argument });
    match session.execute(engines, Command::Call { function }, usize::MAX) {
        Ok(replies) => Ok(replies
            .into_iter()
            .map(|reply| match reply {
                Reply::Value(value) => *value.downcast().unwrap(),
                other => panic!("{other:?}"),
            })
            .collect()),
        Err(SessionError::Engines(failures)) => Err(failures),
        Err(other) => panic!("{other:?}"),
    }
}

/// Who failed, and why.
fn causes(failures: Vec<EngineFailure>) -> Vec<(usize, String)> {
    let cause = |failure: EngineFailure| match failure.error {
        EngineError::Function(error) => (failure.engine, *error.cause.downcast().unwrap()),
        other => (failure.engine, other.to_string()),
    };
    failures.into_iter().map(cause).collect()
}

fn functions_travel_and_their_values_come_back<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(4);
    assert_eq!(call(&*session, &[0, 1, 2, 3], "number", 10).unwrap(), [10, 11, 12, 13]);
    assert_eq!(call(&*session, &[0, 1, 2, 3], "sum", 1).unwrap(), [10; 4]);
    // Any engines may work together, and each set of them again and again.
    for _ in 0..3 {
        assert_eq!(call(&*session, &[1, 3], "sum", 0).unwrap(), [4; 2]);
        assert_eq!(call(&*session, &[2], "sum", 0).unwrap(), [2]);
        assert_eq!(call(&*session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
    }
}

fn sets_of_engines_are_numbered_anew_when_there_are_many<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(7);
    let sets: Vec<Vec<usize>> = (1_usize..128)
        .map(|bits| (0..7).filter(|engine| bits >> engine & 1 == 1).collect())
        .collect();
    for set in sets.iter().chain(&sets) {
        let sum = set.iter().sum::<usize>() as i64;
        assert_eq!(call(&*session, set, "sum", 0).unwrap(), vec![sum; set.len()]);
    }
}

fn a_failure_releases_the_others_and_leaves_the_engines_usable<C: Courier + 'static>(
    remote: Remote<C>,
) {
    let session = remote(3);
    let shared: Arc<dyn Session> = session.clone();
    let kept = array(&shared, &layouts(&[11], 3)[0]);
    for turn in 0..4 {
        let engine = turn % 3;
        let failures = call(&*session, &[0, 1, 2], "fail", engine).unwrap_err();
        assert_eq!(causes(failures), [(engine as usize, "no luck".to_owned())]);
        let moved = kept.redistribute(layouts(&[11], 3)[2].clone()).unwrap();
        assert_eq!(elements(&moved), elements(&kept));
    }
    let failures = call(&*session, &[0, 1, 2], "panic", 0).unwrap_err();
    assert!(causes(failures).iter().all(|(_, cause)| cause.contains("at the disco")));
    let failures = call(&*session, &[0, 1, 2], "nonsense", 0).unwrap_err();
    assert_eq!(failures.len(), 3);
    assert_eq!(call(&*session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
}

fn whoever_returns_is_not_waited_for<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(3);
    for _ in 0..2 {
        let failures = causes(call(&*session, &[0, 1, 2], "return", 1).unwrap_err());
        assert!(!failures.is_empty());
        assert!(failures.iter().any(|(_, cause)| cause.contains("engine 1 has returned")));
        assert_eq!(call(&*session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
    }
}

fn memory_goes_with_the_next_command<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(3);
    let shared: Arc<dyn Session> = session.clone();
    let base = array(&shared, &layouts(&[11], 3)[0]);
    let view = base.slice(&[IndexItem::Slice(AxisSlice { start: 0, step: 2, len: 6 })]).unwrap();
    assert_eq!(session.array_counts().unwrap(), [2; 3]);
    drop(base);
    assert_eq!(elements(&view), [0., 2., 4., 6., 8., 10.]);
    assert_eq!(session.array_counts().unwrap(), [1; 3]);
    // Engines that take part in nothing are told when there is much to tell.
    let on = |engine: usize| Distribution::new(vec![AxisMap::no_dist(4)], vec![engine]).unwrap();
    for _ in 0..300 {
        drop(array(&shared, &on(2)));
    }
    drop(view);
    session.flush().unwrap();
    assert_eq!(session.array_counts().unwrap(), [0; 3]);
}

fn long_lists_of_indices_are_named_by_numbers<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(4);
    let shared: Arc<dyn Session> = session.clone();
    let scattered = |step: i64, engines: &[usize]| {
        let indices: Vec<i64> = (0..2003).map(|place| place * place % 2003).collect();
        let mut indices: Vec<i64> = indices.into_iter().chain(0..2003).collect();
        let mut seen = std::collections::HashSet::new();
        indices.retain(|index| seen.insert(*index));
        indices.rotate_left(step as usize);
        let pieces = indices.chunks(2003_usize.div_ceil(engines.len()));
        let pieces = pieces.map(|piece| Indices::from_list(piece.to_vec())).collect();
        let map = AxisMap::unstructured(2003, pieces).unwrap();
        Distribution::new(vec![map], engines.to_vec()).unwrap()
    };
    let wanted: Vec<f64> = (0..2003).map(f64::from).collect();
    for turn in 0..4 {
        // Engines hear of some of them for the first time when others have known them for long.
        let maps = [scattered(turn, &[0, 1, 2, 3]), scattered(turn + 9, &[1, 3])];
        for layout in maps.iter().chain(&maps) {
            let base = array(&shared, layout);
            assert_eq!(elements(&base), wanted);
            for other in &maps {
                assert_eq!(elements(&base.redistribute(other.clone()).unwrap()), wanted);
            }
        }
    }
}

fn errors_are_those_of_engines_that_are_threads<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(2);
    let shared: Arc<dyn Session> = session.clone();
    let threads = common::session(2);
    let layout = layouts(&[11], 2)[0].clone();
    let folder = std::env::temp_dir();
    let path = folder.join(format!("distarray-remote-{}.npy", std::process::id()));
    array(&shared, &layout).save_npy(&path, None).unwrap();
    let file = NpyFile::open(&path, 0).unwrap();
    assert_eq!(
        elements(&file.load(&shared, layout.clone()).unwrap()),
        counting(&[11]).to_vec::<f64>().unwrap()
    );
    std::fs::remove_file(&path).unwrap();
    let [remotely, here] =
        [&shared, &threads].map(|session| file.load(session, layout.clone()).unwrap_err());
    assert_eq!(remotely.to_string(), here.to_string());
    assert_eq!(format!("{remotely:?}"), format!("{here:?}"));
    // A negative integer power is refused by the loop.
    let refused = [&shared, &threads].map(|session| {
        let powers = Array::from_host(session, layout.clone(), DType::Int64, &counting(&[11]));
        let powers = powers.unwrap();
        let operands = [(&powers).into(), Operand::Scalar(Scalar::from(-1_i64))];
        Elementwise::new(Op::Power, &operands).run(&Policy::ALLOW).unwrap_err().to_string()
    });
    assert_eq!(refused[0], refused[1]);
}

fn a_closed_session_is_refused<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(2);
    let shared: Arc<dyn Session> = session.clone();
    let kept = array(&shared, &layouts(&[11], 2)[0]);
    session.close().unwrap();
    session.close().unwrap();
    assert!(matches!(kept.to_host(), Err(SessionError::Closed)));
    drop(kept);
    assert!(matches!(session.array_counts(), Err(SessionError::Closed)));
}

fn there_is_no_such_engine<C: Courier + 'static>(remote: Remote<C>) {
    let session = remote(2);
    let refused = session.execute(&[2], Command::CopyLocal { source: id(1), dest: id(2) }, 0);
    assert!(matches!(refused, Err(SessionError::Value(_))));
}

fn id(number: u64) -> distarray_engine::ArrayId {
    distarray_engine::ArrayId(number)
}
