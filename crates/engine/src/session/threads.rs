//! Engines that are threads of this process.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use distarray_comm::{Communicator, InProcess, Interrupt};
use distarray_kernels::fork;
use smallvec::SmallVec;

use super::Session;
use super::job::{Job, Ranks, collect, guarded, guarded_all};
use super::turn::Turn;
use super::worker::Worker;
use crate::error::{EngineFailure, Result, SessionError};
use crate::{ArrayId, Command, Engine, Reply};

/// Up to this many bytes a command is executed by the client's own thread for all engines: waking
/// other threads would take longer.
const INLINE_BYTES: usize = 1 << 17;

/// How often the client looks up from waiting for engines.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// How long the client waits for functions after it has asked them to stop.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How often it asks them: a function that does not end at once may be cleaning up.
pub(super) const INSISTENCE: Duration = Duration::from_millis(500);

/// What the surroundings of a session know about interrupts: the Python interpreter, for one.
pub trait Host: Send + Sync {
    /// Whether the user asked to stop; called by the client's thread while it waits. What it was that
    /// the user did may be kept for this thread, until the session's error has reached the user.
    fn interrupted(&self) -> bool;

    /// Asks the function that runs on this engine, if any, to stop.
    fn stop_function(&self, engine: usize);

    /// What engines that wait for each other ask from time to time: are they to give up?
    fn interrupt(&self) -> Option<Interrupt> {
        None
    }

    /// Calls `wait` without whatever lock the host holds on this thread: engines may need that lock
    /// to finish what the client waits for.
    fn unlocked(&self, wait: &mut (dyn FnMut() + Send));
}

/// Engines that are threads of this process.
///
/// The thread that sends a command executes it for the first engine itself; the other engines have
/// threads that look out for work briefly and sleep otherwise. Commands are executed one after the
/// other, whichever threads send them.
pub struct ThreadSession {
    next_array: AtomicU64,
    /// Says whether the process was forked since.
    generation: u32,
    engines: RwLock<Vec<Arc<Engine>>>,
    turn: Turn,
    state: Mutex<State>,
    /// The function that engines are calling at the moment.
    running: Mutex<Option<Arc<Job>>>,
    closed: AtomicBool,
    host: Option<Arc<dyn Host>>,
    inline_bytes: AtomicUsize,
}

/// The engines that execute a command: few, mostly.
type Participants = SmallVec<[Arc<Engine>; 4]>;

struct State {
    /// The thread of each engine; started when first needed.
    workers: Vec<Option<Worker>>,
    /// The communicators of each set of engines that has worked together.
    ranks: HashMap<Vec<usize>, Ranks>,
}

thread_local! {
    /// Whether this thread is executing a command as an engine.
    static IS_ENGINE: Cell<bool> = const { Cell::new(false) };
}

impl ThreadSession {
    /// Starts `engines` engines.
    pub fn start(engines: usize) -> Arc<Self> {
        Self::with_host(engines, None)
    }

    /// Starts `engines` engines in the surroundings of `host`.
    pub fn with_host(engines: usize, host: Option<Arc<dyn Host>>) -> Arc<Self> {
        Arc::new(Self {
            next_array: AtomicU64::new(1),
            generation: fork::generation(),
            engines: RwLock::new(
                (0..engines).map(|number| Arc::new(Engine::new(number))).collect(),
            ),
            turn: Turn::default(),
            state: Mutex::new(State { workers: Vec::new(), ranks: HashMap::new() }),
            running: Mutex::new(None),
            closed: AtomicBool::new(false),
            host,
            inline_bytes: AtomicUsize::new(INLINE_BYTES),
        })
    }

    /// Asks the functions that run on engines to stop, waits a moment for them, and calls no more
    /// of them. To be called when the program ends, by another thread than theirs.
    pub fn close(&self) {
        if fork::generation() != self.generation {
            return;
        }
        self.closed.store(true, Ordering::Release);
        let Some(job) = lock(&self.running).clone() else { return };
        job.abort("the program is about to end");
        let start = Instant::now();
        let mut asked: Option<Instant> = None;
        while !job.is_done() && start.elapsed() < GRACE {
            self.insist(&job, &mut asked);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sees to it that there are at least `engines` engines.
    pub fn ensure(&self, engines: usize) {
        let mut list = self.engines.write().unwrap_or_else(PoisonError::into_inner);
        for number in list.len()..engines {
            list.push(Arc::new(Engine::new(number)));
        }
    }

    /// Up to how many bytes per engine a command is executed by the client's thread for all engines.
    pub fn inline_bytes(&self) -> usize {
        self.inline_bytes.load(Ordering::Relaxed)
    }

    /// Sets up to how many bytes per engine a command is executed by the client's thread for all
    /// engines: with 0, small arrays take the same path as large ones.
    pub fn set_inline_bytes(&self, bytes: usize) {
        self.inline_bytes.store(bytes, Ordering::Relaxed);
    }

    /// An engine, for looking at its arrays.
    pub fn engine(&self, number: usize) -> Option<Arc<Engine>> {
        self.engines.read().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
    }

    /// Whether the current thread is executing a command as an engine.
    pub fn is_engine_thread() -> bool {
        IS_ENGINE.get()
    }

    fn of(&self, participants: &[usize]) -> Result<Participants> {
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner);
        participants
            .iter()
            .map(|&number| {
                engines.get(number).cloned().ok_or_else(|| {
                    SessionError::Value(format!(
                        "there is no engine {number}; there are {}",
                        engines.len()
                    ))
                })
            })
            .collect()
    }

    /// Executes a command for every engine on this thread.
    fn execute_inline(
        engines: &[Arc<Engine>],
        participants: &[usize],
        command: &Command,
    ) -> Result<Vec<Reply>> {
        thread_local! {
            static ALONE: Arc<dyn Communicator> = InProcess::group(1).remove(0);
        }
        ALONE.with(|alone| {
            let results: SmallVec<[_; 4]> = engines
                .iter()
                .map(|engine| as_engine(|| guarded(engine, participants, alone, command)))
                .collect();
            collect(participants, results)
        })
    }

    fn execute_on_threads(
        &self,
        engines: Participants,
        participants: &[usize],
        command: Command,
    ) -> Result<Vec<Reply>> {
        let _turn = self.turn.wait(self.host.as_deref())?;
        let mut state = lock(&self.state);
        let ranks = state.ranks(participants);
        let job = Arc::new(Job::new(command, participants, engines.into_vec(), ranks.clone()));
        state.start_workers(&participants[1..])?;
        if job.is_call() {
            *lock(&self.running) = Some(job.clone());
            // After it is known to be running: either we see that the session was closed, or
            // whoever closes it sees the job.
            if self.closed.load(Ordering::Acquire) {
                *lock(&self.running) = None;
                return Err(SessionError::Closed);
            }
            ranks.group.set_interrupt(self.host.as_deref().and_then(Host::interrupt));
        }
        for (index, &engine) in participants.iter().enumerate().skip(1) {
            state.workers[engine].as_ref().expect("just started").post(job.clone(), index);
        }
        as_engine(|| job.run(0));
        let outcome = self.wait(&job);
        job.stop_passes(false);
        if job.is_call() {
            *lock(&self.running) = None;
            ranks.group.set_interrupt(None);
        }
        match outcome {
            Outcome::Done => job.finish(),
            Outcome::Interrupted => {
                // What the engines made of it does not matter any more.
                let _ = job.finish();
                Err(SessionError::Interrupted)
            }
            Outcome::Hangs => {
                // Engines that do not stop keep their thread; new threads take over their arrays.
                state.ranks.remove(participants);
                for index in job.unfinished() {
                    if let Some(worker) = state.workers[participants[index]].take() {
                        worker.abandon();
                    }
                }
                Err(SessionError::Interrupted)
            }
        }
    }

    /// Waits until a job is done, or the user asked to stop a function.
    ///
    /// Other commands are not stopped, but for those that go through elements from outside: they end by
    /// themselves, and would leave arrays half written.
    fn wait(&self, job: &Job) -> Outcome {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(30) {
            if job.is_done() {
                return Outcome::Done;
            }
            std::hint::spin_loop();
        }
        let mut outcome = Outcome::Done;
        let mut stopped: Option<Instant> = None;
        let mut asked: Option<Instant> = None;
        loop {
            std::thread::park_timeout(PATIENCE);
            if job.is_done() {
                return outcome;
            }
            let may_stop = stopped.is_some() || job.is_call() || job.is_passing();
            let Some(host) = self.host.as_ref().filter(|_| may_stop) else { continue };
            match stopped {
                // A function that was interrupted tells so itself.
                None if job.is_interrupted() => stopped = Some(Instant::now()),
                None if host.interrupted() => {
                    stopped = Some(Instant::now());
                    outcome = Outcome::Interrupted;
                    job.abort("interrupted");
                }
                Some(since) if since.elapsed() > GRACE => return Outcome::Hangs,
                _ => {}
            }
            if stopped.is_some() {
                self.insist(job, &mut asked);
            }
        }
    }

    /// Asks the functions of a job to stop, unless they were asked a moment ago.
    fn insist(&self, job: &Job, asked: &mut Option<Instant>) {
        if let Some(host) = &self.host
            && asked.is_none_or(|time| time.elapsed() >= INSISTENCE)
        {
            *asked = Some(Instant::now());
            for index in job.unfinished() {
                host.stop_function(job.engine(index));
            }
        }
    }
}

impl Drop for ThreadSession {
    fn drop(&mut self) {
        if fork::generation() != self.generation {
            // The threads are the parent process's: there is none to wait for.
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(std::mem::take(&mut state.workers));
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Every engine is done.
    Done,
    /// Every engine is done, after the user asked to stop.
    Interrupted,
    /// The user asked to stop, and engines do not.
    Hangs,
}

impl State {
    fn ranks(&mut self, participants: &[usize]) -> Ranks {
        if let Some(ranks) = self.ranks.get(participants) {
            return ranks.clone();
        }
        let members = InProcess::group(participants.len());
        let group = members[0].handle();
        let communicators =
            members.into_iter().map(|member| member as Arc<dyn Communicator>).collect();
        let ranks = Ranks { communicators, group };
        self.ranks.insert(participants.to_vec(), ranks.clone());
        ranks
    }

    /// Sees to it that these engines have threads.
    fn start_workers(&mut self, engines: &[usize]) -> Result<()> {
        for &engine in engines {
            if self.workers.len() <= engine {
                self.workers.resize_with(engine + 1, || None);
            }
            if self.workers[engine].is_none() {
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                let started = Worker::start(engine, engine < cores).map_err(|error| {
                    SessionError::Value(format!("no thread for engine {engine}: {error}"))
                })?;
                self.workers[engine] = Some(started);
            }
        }
        Ok(())
    }
}

/// Locks a mutex; whoever panicked while it was locked left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` with this thread marked as an engine's.
pub(super) fn as_engine<T>(work: impl FnOnce() -> T) -> T {
    IS_ENGINE.set(true);
    let result = work();
    IS_ENGINE.set(false);
    result
}

impl Session for ThreadSession {
    fn engines(&self) -> usize {
        self.engines.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn new_array_id(&self) -> ArrayId {
        ArrayId(self.next_array.fetch_add(1, Ordering::Relaxed))
    }

    fn check(&self) -> Result<()> {
        if fork::generation() != self.generation {
            return Err(SessionError::Forked);
        }
        if IS_ENGINE.get() {
            return Err(SessionError::Reentered);
        }
        Ok(())
    }

    fn is_small(&self, weight: usize) -> bool {
        weight <= self.inline_bytes()
    }

    fn execute(
        &self,
        participants: &[usize],
        command: Command,
        weight: usize,
    ) -> Result<Vec<Reply>> {
        self.check()?;
        let engines = self.of(participants)?;
        let is_small = self.is_small(weight);
        if is_small
            && command.communicates()
            && let Some(result) = as_engine(|| guarded_all(&engines, participants, &command))
        {
            return result.map_err(|(position, error)| {
                let engine = participants[position];
                SessionError::Engines(vec![EngineFailure { engine, error }])
            });
        }
        // A thread that sleeps takes as long to wake as several times as many bytes to go through.
        let quick = !command.communicates() && self.is_small(weight / 4);
        let alone = participants.len() == 1 && !matches!(command, Command::Call { .. });
        if quick || alone {
            return Self::execute_inline(&engines, participants, &command);
        }
        self.execute_on_threads(engines, participants, command)
    }

    fn free(&self, array: ArrayId, participants: &[usize]) {
        if fork::generation() != self.generation {
            return;
        }
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner);
        for &number in participants {
            if let Some(engine) = engines.get(number) {
                engine.remove(array);
            }
        }
    }
}
