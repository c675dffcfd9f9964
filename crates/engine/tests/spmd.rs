//! One program run by several processes, which are the engines.

mod common;

use std::sync::Arc;

use common::remote::Named;
use common::spmd::run;
use common::{array, counting, elements, layouts};
use distarray_engine::client::NpyFile;
use distarray_engine::error::EngineError;
use distarray_engine::{ArrayId, Command, Reply, Session, SessionError};
use distarray_meta::{AxisMap, AxisSlice, Distribution, IndexItem};

fn call(
    session: &dyn Session,
    engines: &[usize],
    name: &str,
    argument: i64,
) -> Result<Vec<i64>, SessionError> {
    let function = Arc::new(Named { name: name.to_owned(), argument });
    let replies = session.execute(engines, Command::Call { function }, usize::MAX)?;
    let value = |reply| match reply {
        Reply::Value(value) => *value.downcast().unwrap(),
        other => panic!("{other:?}"),
    };
    Ok(replies.into_iter().map(value).collect())
}

fn causes(failed: Result<Vec<i64>, SessionError>) -> Vec<(usize, String)> {
    let Err(SessionError::Engines(failures)) = failed else { panic!("{failed:?}") };
    let each = failures.into_iter().map(|failure| match failure.error {
        EngineError::Function(error) => (failure.engine, *error.cause.downcast().unwrap()),
        other => (failure.engine, other.to_string()),
    });
    each.collect()
}

#[test]
fn every_process_gets_all_values() {
    for values in run(3, |_, session| {
        let mut all = call(&**session, &[0, 1, 2], "number", 10).unwrap();
        for _ in 0..2 {
            all.extend(call(&**session, &[0, 2], "sum", 1).unwrap());
            all.extend(call(&**session, &[1], "sum", 1).unwrap());
        }
        all
    }) {
        assert_eq!(values, [10, 11, 12, 4, 4, 2, 4, 4, 2]);
    }
}

#[test]
fn every_process_gets_the_same_exception_and_goes_on() {
    let all = run(3, |_, session| {
        let shared: Arc<dyn Session> = session.clone();
        let kept = array(&shared, &layouts(&[11], 3)[0]);
        let mut met = Vec::new();
        // Also while others are still being told what came of the command before.
        for _ in 0..200 {
            causes(call(&**session, &[0, 2], "nonsense", 0));
        }
        for turn in 0..3 {
            met.extend(causes(call(&**session, &[0, 1, 2], "fail", turn)));
            let moved = kept.redistribute(layouts(&[11], 3)[2].clone()).unwrap();
            assert_eq!(elements(&moved), elements(&kept));
        }
        met.extend(causes(call(&**session, &[0, 1, 2], "panic", 0)));
        met.extend(causes(call(&**session, &[0, 2], "nonsense", 0)));
        assert_eq!(call(&**session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
        met
    });
    for met in &all {
        assert_eq!(met, &all[0]);
        let expected = (0..3).map(|engine| (engine, "no luck".to_owned()));
        assert!(expected.eq(met[..3].iter().cloned()));
    }
}

#[test]
fn whoever_returns_is_not_waited_for() {
    let all = run(3, |_, session| {
        let met = causes(call(&**session, &[0, 1, 2], "return", 1));
        assert_eq!(call(&**session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
        met
    });
    for met in &all {
        assert_eq!(met, &all[0]);
        assert!(met.iter().any(|(_, cause)| cause.contains("engine 1 has returned")), "{met:?}");
    }
}

#[test]
fn memory_goes_with_the_last_handle() {
    run(2, |_, session| {
        let shared: Arc<dyn Session> = session.clone();
        let base = array(&shared, &layouts(&[11], 2)[0]);
        let slice = AxisSlice { start: 0, step: 2, len: 5 };
        let view = base.slice(&[IndexItem::Slice(slice)]).unwrap();
        drop(base);
        assert_eq!(elements(&view), [0., 2., 4., 6., 8.]);
        drop(view);
        assert!(session.engine().is_empty());
    });
}

#[test]
fn a_file_is_made_once() {
    let folder = std::env::temp_dir().join(format!("distarray-spmd-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("array.npy");
    run(3, |_, session| {
        let shared: Arc<dyn Session> = session.clone();
        let layout = layouts(&[40], 3)[2].clone();
        array(&shared, &layout).save_npy(&path, None).unwrap();
        let loaded = NpyFile::open(&path, 0).unwrap().load(&shared, layout.clone()).unwrap();
        assert_eq!(elements(&loaded), counting(&[40]).to_vec::<f64>().unwrap());
        let missing = path.join("nowhere.npy");
        let failed = array(&shared, &layout).save_npy(&missing, None);
        assert!(matches!(failed, Err(SessionError::Storage(_))), "{failed:?}");
    });
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn processes_elsewhere_in_the_program_are_named() {
    let all = run(3, |rank, session| {
        session.set_checking(true);
        let shared: Arc<dyn Session> = session.clone();
        let layout = layouts(&[11], 3)[0].clone();
        let kept = array(&shared, &layout);
        assert_eq!(elements(&kept), counting(&[11]).to_vec::<f64>().unwrap());
        let failed = if rank == 1 { kept.to_host().map(|_| ()) } else { kept.fill_item(&[0; 8]) };
        failed.unwrap_err().to_string()
    });
    assert!(all[0].contains("rank 0 is at Fill number") && all[0].contains("rank 1 at ReadHost"));
    assert!(all[1].contains("rank 0 at Fill") && all[1].contains("rank 2 at Fill"), "{}", all[1]);
}

#[test]
fn a_missing_piece_is_an_error_everywhere() {
    for message in run(2, |_, session| {
        let on_both = Distribution::new(vec![AxisMap::block(4, 2)], vec![0, 1]).unwrap();
        let host = counting(&[4]);
        let read = Command::ReadHost { array: ArrayId(77), distribution: on_both.clone(), host };
        session.execute(&[0, 1], read, 0).unwrap_err().to_string()
    }) {
        assert_eq!(
            message,
            "engine 0: array 77 is not on engine 0; engine 1: array 77 is not on engine 1"
        );
    }
}
