//! A thread that executes jobs for one engine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::job::Job;
use super::threads::as_engine;

/// How long a worker looks out for the next job before it sleeps: long enough to stay awake
/// between the operations of a Python loop, short enough not to matter to anyone else.
const SPIN: Duration = Duration::from_micros(50);

/// A thread that executes jobs for one engine.
pub struct Worker {
    slot: Arc<Slot>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

struct Slot {
    /// Counts the jobs that were posted.
    posted: AtomicU64,
    job: Mutex<Post>,
}

enum Post {
    Empty,
    Job(Arc<Job>, usize),
    Leave,
}

impl Worker {
    /// Starts the thread of engine `engine`. With `spins`, it looks out for work for a while before
    /// it sleeps, which only helps where every engine has a core.
    ///
    /// # Errors
    ///
    /// When the system has no thread to give.
    pub fn start(engine: usize, spins: bool) -> std::io::Result<Self> {
        let slot = Arc::new(Slot { posted: AtomicU64::new(0), job: Mutex::new(Post::Empty) });
        let own = slot.clone();
        let handle = std::thread::Builder::new()
            .name(format!("distarray-engine-{engine}"))
            .spawn(move || work(&own, spins))?;
        Ok(Self { slot, thread: handle.thread().clone(), handle: Some(handle) })
    }

    /// Has the worker run `job` as the `index`-th of its engines. The last job must be done.
    pub fn post(&self, job: Arc<Job>, index: usize) {
        self.put(Post::Job(job, index));
    }

    /// Leaves the thread to itself: it ends when it is done with what it is doing.
    pub fn abandon(mut self) {
        self.handle = None;
        self.put(Post::Leave);
    }

    fn put(&self, post: Post) {
        *self.slot.job.lock().unwrap_or_else(PoisonError::into_inner) = post;
        self.slot.posted.fetch_add(1, Ordering::Release);
        self.thread.unpark();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.put(Post::Leave);
            // A worker never panics: jobs catch what they run.
            let _ = handle.join();
        }
    }
}

fn work(slot: &Slot, spins: bool) {
    let mut seen = 0;
    loop {
        wait(slot, seen, spins);
        seen = slot.posted.load(Ordering::Acquire);
        let post = std::mem::replace(
            &mut *slot.job.lock().unwrap_or_else(PoisonError::into_inner),
            Post::Empty,
        );
        match post {
            Post::Job(job, index) => as_engine(|| job.run(index)),
            Post::Leave => return,
            Post::Empty => {}
        }
    }
}

fn wait(slot: &Slot, seen: u64, spins: bool) {
    let is_new = || slot.posted.load(Ordering::Acquire) != seen;
    if spins {
        let start = Instant::now();
        while start.elapsed() < SPIN {
            for _ in 0..32 {
                if is_new() {
                    return;
                }
                std::hint::spin_loop();
            }
        }
    }
    while !is_new() {
        std::thread::park();
    }
}
