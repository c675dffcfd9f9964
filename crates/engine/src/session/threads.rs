//! Engines that are threads of this process.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use distarray_comm::{Communicator, InProcess, Interrupt};

use super::Session;
use super::job::{Job, Ranks, collect, guarded, guarded_all};
use super::worker::Worker;
use crate::error::{EngineError, EngineFailure, Result, SessionError};
use crate::{ArrayId, Command, Engine, Reply};

/// Up to this many bytes a command is executed by the client's own thread for all engines: waking
/// other threads would take longer.
const INLINE_BYTES: usize = 1 << 17;

/// How often the client looks up from waiting for engines.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the client waits for engines after it has asked them to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What the surroundings of a session know about interrupts: the Python interpreter, for one.
pub trait Host: Send + Sync {
    /// Whether the user asked to stop; called by the client's thread while it waits.
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
    process: u32,
    engines: RwLock<Vec<Arc<Engine>>>,
    state: Mutex<State>,
    host: Option<Arc<dyn Host>>,
    inline_bytes: AtomicUsize,
}

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
            process: std::process::id(),
            engines: RwLock::new(
                (0..engines).map(|number| Arc::new(Engine::new(number))).collect(),
            ),
            state: Mutex::new(State { workers: Vec::new(), ranks: HashMap::new() }),
            host,
            inline_bytes: AtomicUsize::new(INLINE_BYTES),
        })
    }

    /// Sees to it that there are at least `engines` engines.
    pub fn ensure(&self, engines: usize) {
        let mut list = self.engines.write().unwrap_or_else(PoisonError::into_inner);
        for number in list.len()..engines {
            list.push(Arc::new(Engine::new(number)));
        }
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

    fn check(&self) -> Result<()> {
        if std::process::id() != self.process {
            return Err(SessionError::Forked);
        }
        if IS_ENGINE.get() {
            return Err(SessionError::Reentered);
        }
        Ok(())
    }

    fn of(&self, participants: &[usize]) -> Result<Vec<Arc<Engine>>> {
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
            let results = engines
                .iter()
                .map(|engine| as_engine(|| guarded(engine, participants, alone, command)))
                .collect();
            collect(participants, results)
        })
    }

    fn execute_on_threads(
        &self,
        engines: Vec<Arc<Engine>>,
        participants: &[usize],
        command: Command,
    ) -> Result<Vec<Reply>> {
        let mut state = self.lock();
        let job = Arc::new(Job::new(
            command,
            participants,
            engines,
            state.ranks(participants, self.host.as_deref()),
        ));
        for (index, &engine) in participants.iter().enumerate().skip(1) {
            state.worker(engine)?.post(job.clone(), index);
        }
        as_engine(|| job.run(0));
        if self.wait(&job) {
            return job.finish();
        }
        // Engines that do not stop keep their thread; new threads take over their arrays.
        state.ranks.remove(participants);
        for index in job.unfinished() {
            if let Some(worker) = state.workers[participants[index]].take() {
                worker.abandon();
            }
        }
        Err(SessionError::Interrupted)
    }

    /// The lock under which commands are executed.
    fn lock(&self) -> MutexGuard<'_, State> {
        loop {
            match (self.state.try_lock(), &self.host) {
                (Ok(state), _) => return state,
                (Err(TryLockError::Poisoned(poisoned)), _) => return poisoned.into_inner(),
                (Err(TryLockError::WouldBlock), None) => {
                    return self.state.lock().unwrap_or_else(PoisonError::into_inner);
                }
                (Err(TryLockError::WouldBlock), Some(host)) => {
                    host.unlocked(&mut || drop(self.state.lock()));
                }
            }
        }
    }

    /// Waits until a job is done; `false` when it was interrupted and engines do not stop.
    fn wait(&self, job: &Job) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(30) {
            if job.is_done() {
                return true;
            }
            std::hint::spin_loop();
        }
        let mut deadline: Option<Instant> = None;
        while !job.is_done() {
            std::thread::park_timeout(PATIENCE);
            let Some(host) = &self.host else { continue };
            match deadline {
                None if host.interrupted() => {
                    job.abort("interrupted");
                    deadline = Some(Instant::now() + GRACE);
                }
                Some(deadline) if Instant::now() > deadline => return false,
                _ => {}
            }
            if deadline.is_some() {
                for index in job.unfinished() {
                    host.stop_function(job.engine(index));
                }
            }
        }
        true
    }
}

impl State {
    fn ranks(&mut self, participants: &[usize], host: Option<&dyn Host>) -> Ranks {
        if let Some(ranks) = self.ranks.get(participants) {
            return ranks.clone();
        }
        let members = InProcess::group(participants.len());
        let group = members[0].handle();
        group.set_interrupt(host.and_then(Host::interrupt));
        let communicators =
            members.into_iter().map(|member| member as Arc<dyn Communicator>).collect();
        let ranks = Ranks { communicators, group };
        self.ranks.insert(participants.to_vec(), ranks.clone());
        ranks
    }

    fn worker(&mut self, engine: usize) -> Result<&Worker> {
        if self.workers.len() <= engine {
            self.workers.resize_with(engine + 1, || None);
        }
        let worker = &mut self.workers[engine];
        if worker.is_none() {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            *worker = Some(Worker::start(engine, engine < cores).map_err(|error| {
                SessionError::Value(format!("no thread for engine {engine}: {error}"))
            })?);
        }
        Ok(worker.as_ref().expect("just started"))
    }
}

/// Runs `work` with this thread marked as an engine's.
pub(super) fn as_engine<T>(work: impl FnOnce() -> T) -> T {
    IS_ENGINE.set(true);
    let result = work();
    IS_ENGINE.set(false);
    result
}

/// The replies to a collective command that one thread executed for all engines.
fn together(
    participants: &[usize],
    result: std::result::Result<(), (usize, EngineError)>,
) -> Result<Vec<Reply>> {
    match result {
        Ok(()) => Ok(participants.iter().map(|_| Reply::done()).collect()),
        Err((position, error)) => {
            let engine = participants[position];
            Err(SessionError::Engines(vec![EngineFailure { engine, error }]))
        }
    }
}

impl Session for ThreadSession {
    fn engines(&self) -> usize {
        self.engines.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn new_array_id(&self) -> ArrayId {
        ArrayId(self.next_array.fetch_add(1, Ordering::Relaxed))
    }

    fn execute(
        &self,
        participants: &[usize],
        command: Command,
        weight: usize,
    ) -> Result<Vec<Reply>> {
        self.check()?;
        let engines = self.of(participants)?;
        let is_small = weight <= self.inline_bytes.load(Ordering::Relaxed);
        if is_small
            && let Some(result) = as_engine(|| guarded_all(&engines, participants, &command))
        {
            return together(participants, result);
        }
        let quick = !command.communicates() && is_small;
        let alone = participants.len() == 1 && !matches!(command, Command::Call { .. });
        if quick || alone {
            return Self::execute_inline(&engines, participants, &command);
        }
        self.execute_on_threads(engines, participants, command)
    }

    fn free(&self, array: ArrayId, participants: &[usize]) {
        if std::process::id() != self.process {
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
