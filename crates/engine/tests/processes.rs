//! What may happen between a client and engines that are other processes.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::processes::{Ending, Processes, links, processes, roster};
use common::remote::{Named, Names};
use common::{counting, elements};
use distarray_comm::CommError;
use distarray_comm::messages::{Endpoint, Network};
use distarray_engine::session::messages::{MessageCourier, MessageLink};
use distarray_engine::session::{Host, Link, serve};
use distarray_engine::{Array, Command, Engine, RemoteSession, Reply, Session, SessionError};
use distarray_kernels::DType;
use distarray_meta::{AxisMap, Distribution};

fn call(
    session: &dyn Session,
    engines: &[usize],
    name: &str,
    argument: i64,
) -> Result<Vec<i64>, SessionError> {
    let function = Arc::new(Named { name: name.to_owned(), argument });
    let replies = session.execute(engines, Command::Call { function }, usize::MAX)?;
    Ok(replies
        .into_iter()
        .map(|reply| match reply {
            Reply::Value(value) => *value.downcast().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect())
}

fn all(engines: usize) -> Vec<usize> {
    (0..engines).collect()
}

fn play(mut link: MessageLink) -> JoinHandle<Ending> {
    std::thread::spawn(move || serve(&Arc::new(Engine::new(link.engine())), &mut link, &Names))
}

/// The base 2 logarithm, rounded up.
fn log(number: usize) -> usize {
    number.next_power_of_two().trailing_zeros() as usize
}

#[test]
fn a_command_takes_each_process_few_messages() {
    for engines in [1, 2, 3, 4, 7, 8, 16, 33, 64] {
        let network = Network::new(engines + 1);
        let session =
            RemoteSession::new(Processes::start(&network, engines, None), Arc::new(Names), None);
        let before = session.array_counts().map(|_| packets(&network)).unwrap();
        assert_eq!(session.array_counts().unwrap(), vec![0; engines]);
        let sent: Vec<usize> =
            packets(&network).iter().zip(&before).map(|(now, before)| now - before).collect();
        assert_eq!(sent.iter().sum::<usize>(), 2 * engines, "one each way");
        assert_eq!(sent[engines], log(engines + 1), "the client of {engines}");
        let most = sent.iter().max().unwrap();
        assert!(*most <= log(engines + 1), "{most} of {engines}");
    }
}

fn packets(network: &Network) -> Vec<usize> {
    (0..network.size()).map(|rank| network.sent(rank).packets).collect()
}

#[test]
fn large_pieces_go_straight_to_the_client() {
    for engines in [1, 4, 7] {
        let network = Network::new(engines + 1).with_limits(600, 5000).with_disorder(1);
        let session =
            RemoteSession::new(Processes::start(&network, engines, None), Arc::new(Names), None);
        let shared: Arc<dyn Session> = session.clone();
        // Shorter ones may be copied on their way, but not often.
        for (size, detours) in [(7_000 * engines, 8), (1_900 * engines, 2), (10, 1)] {
            let distribution =
                Distribution::new(vec![AxisMap::block(size, engines)], all(engines)).unwrap();
            let before = bytes(&network);
            let array = Array::from_host(&shared, distribution, DType::Float64, &counting(&[size]));
            let array = array.unwrap();
            assert_eq!(elements(&array), counting(&[size]).to_vec::<f64>().unwrap());
            let moved = bytes(&network) - before;
            let least = 2 * size * size_of::<f64>();
            assert!(
                moved < least + least / detours + engines * 2000,
                "{moved} bytes instead of {least}"
            );
        }
        // What is long on its way to the engines is passed on.
        let name = "x".repeat(50_000);
        let Err(SessionError::Engines(failures)) = call(&*session, &all(engines), &name, 0) else {
            panic!("there is no such function");
        };
        assert_eq!(failures.len(), engines);
        assert_eq!(call(&*session, &all(engines), "sum", 1).unwrap().len(), engines);
    }
}

fn bytes(network: &Network) -> usize {
    (0..network.size()).map(|rank| network.sent(rank).bytes).sum()
}

/// A host whose user interrupts when told, and whose functions end when they are stopped.
#[derive(Default)]
struct User {
    interrupts: AtomicBool,
    stopped: AtomicUsize,
    asked: Mutex<Vec<usize>>,
}

impl Host for User {
    fn interrupted(&self) -> bool {
        self.interrupts.swap(false, Ordering::AcqRel)
    }

    fn stop_function(&self, engine: usize) {
        self.asked.lock().unwrap().push(engine);
        common::remote::stop(engine);
        self.stopped.fetch_add(1, Ordering::AcqRel);
    }

    fn unlocked(&self, wait: &mut (dyn FnMut() + Send)) {
        wait();
    }
}

#[test]
fn an_interrupt_stops_functions_and_leaves_the_engines_usable() {
    let network = Network::new(4);
    let user = Arc::new(User::default());
    let host: Arc<dyn Host> = user.clone();
    let engines = Processes::start(&network, 3, Some(&host));
    let session = RemoteSession::new(engines, Arc::new(Names), Some(host));
    for turn in 1..=2 {
        user.interrupts.store(true, Ordering::Release);
        // One waits for the user, and the others for it.
        let result = call(&*session, &[0, 1, 2], "until stopped", 1);
        assert!(matches!(result, Err(SessionError::Interrupted)), "{result:?}");
        assert!(user.stopped.load(Ordering::Acquire) >= turn);
        assert_eq!(call(&*session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
    }
    assert!(user.asked.lock().unwrap().contains(&1));
}

#[test]
fn what_comes_after_an_interrupt_is_dropped() {
    let network = Network::new(4);
    let user = Arc::new(User::default());
    // Nobody stops the functions of these engines.
    let engines = Processes::start(&network, 3, None);
    let session = RemoteSession::new(engines, Arc::new(Names), Some(user.clone()));
    user.interrupts.store(true, Ordering::Release);
    let result = call(&*session, &[0, 1, 2], "sleep on 1", 3500);
    assert!(matches!(result, Err(SessionError::Interrupted)), "{result:?}");
    // The others need not wait for the one that is still at it.
    let start = Instant::now();
    assert_eq!(call(&*session, &[0, 2], "sum", 5).unwrap(), [12; 2]);
    assert_eq!(call(&*session, &[2], "number", 5).unwrap(), [7]);
    assert!(start.elapsed() < Duration::from_secs(1));
    for _ in 0..3 {
        assert_eq!(call(&*session, &[0, 1, 2], "sum", 0).unwrap(), [3; 3]);
    }
}

#[test]
fn an_engine_that_never_answers_is_named_and_the_others_stay_usable() {
    let network = Network::new(5);
    let mut ends: Vec<Option<MessageLink>> =
        links(&network, 4, None).into_iter().map(Some).collect();
    // Engine 2 is there, and hears nothing: the ends of its connection lie around.
    let dead = ends[2].take();
    let threads = ends.into_iter().map(|link| match link {
        Some(link) => play(link),
        None => std::thread::spawn(|| Ok(())),
    });
    let engines = Processes::of(&network, threads.collect());
    engines.courier().set_limit(Some(Duration::from_millis(300)));
    let session = RemoteSession::new(engines, Arc::new(Names), None);
    for _ in 0..2 {
        match call(&*session, &[0, 1, 2, 3], "sum", 0) {
            Err(SessionError::Comm(error @ CommError::TimedOut { rank: Some(2), .. })) => {
                assert!(error.to_string().starts_with("engine 2 did not send"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(call(&*session, &[0, 1, 3], "sum", 0).unwrap(), [4; 3]);
    }
    // Engines at work say that they are, as long as that may take.
    assert_eq!(call(&*session, &[0, 1, 3], "sleep on 1", 1000).unwrap(), [0; 3]);
    drop(session);
    drop(dead);
}

#[test]
fn engines_leave_with_their_client() {
    for engines in [1, 5] {
        let session = processes(engines);
        assert_eq!(call(&*session, &[engines - 1], "number", 0).unwrap(), [engines as i64 - 1]);
        // Joins the threads of all engines.
        drop(session);
    }
}

#[test]
fn engines_whose_client_vanishes_say_why_they_end() {
    // The engine has a limit.
    let network = Network::new(2);
    let mut link = links(&network, 1, None).remove(0);
    link.set_limit(Some(Duration::from_millis(50)));
    let error = play(link).join().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "communication failed: engine 0 has heard nothing from its client for 50ms"
    );
    // The transport fails.
    let network = Network::new(2);
    let endpoint = Endpoint::new(network.transport(0)).unwrap();
    let engine = play(MessageLink::new(&endpoint, roster(1), None).unwrap());
    endpoint.close(Duration::ZERO).unwrap();
    let error = engine.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("the transport is closed"), "{error}");
}

#[test]
fn ends_are_made_where_the_roster_says() {
    let network = Network::new(2);
    let ends: Vec<Endpoint> =
        (0..2).map(|rank| Endpoint::new(network.transport(rank)).unwrap()).collect();
    assert!(MessageCourier::new(&ends[0], roster(1)).is_err());
    assert!(MessageLink::new(&ends[1], roster(1), None).is_err());
    let mut link = MessageLink::new(&ends[0], roster(1), None).unwrap();
    assert!(MessageLink::new(&ends[0], roster(1), None).is_err(), "its number is in use");
    link.set_limit(Some(Duration::ZERO));
    assert!(link.receive().is_err());
}
