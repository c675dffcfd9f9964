//! Running a function on all ranks, but not for ever.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Communicator;

/// How long a function may take before its ranks are taken to be hanging.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Runs `body` on every rank of `group`, each on a thread of its own, and returns the results in
/// rank order.
///
/// # Panics
///
/// When the body panics on a rank, with its message; when ranks do not finish within
/// [`TIME_LIMIT`], with their names and where the system says that their threads are. (They
/// are left behind: there is no way to end them.)
pub fn spmd<C, T>(
    name: &str,
    group: &[Arc<C>],
    body: impl Fn(&Arc<C>) -> T + Send + Sync + 'static,
) -> Vec<T>
where
    C: Communicator + ?Sized + 'static,
    T: Send + 'static,
{
    let body = Arc::new(body);
    let (sender, receiver) = channel();
    for (rank, communicator) in group.iter().cloned().enumerate() {
        let (sender, body) = (sender.clone(), body.clone());
        thread::Builder::new()
            .name(format!("rank {rank}"))
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| body(&communicator)));
                // Nobody listens any more once another rank has failed.
                let _ = sender.send((rank, result));
            })
            .expect("the system lets us start a thread");
    }
    let deadline = Instant::now() + TIME_LIMIT;
    let mut results: Vec<Option<T>> = group.iter().map(|_| None).collect();
    while results.iter().any(Option::is_none) {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((rank, Ok(value))) => results[rank] = Some(value),
            Ok((rank, Err(panic))) => panic!("{name}: rank {rank} failed: {}", message(&*panic)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let missing: Vec<usize> =
                    (0..group.len()).filter(|&rank| results[rank].is_none()).collect();
                panic!("{name}: ranks {missing:?} of {} hang\n{}", group.len(), stacks());
            }
        }
    }
    results.into_iter().flatten().collect()
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

/// The stacks of all threads from a debugger, if there is one; else what the system tells about them.
fn stacks() -> String {
    if let Some(stacks) = debugged() {
        return stacks;
    }
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return String::new() };
    let describe = |task: std::fs::DirEntry| {
        let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        format!("thread {}: in {}", read("comm").trim(), read("wchan"))
    };
    tasks.flatten().map(describe).collect::<Vec<_>>().join("\n")
}

/// What a debugger tells. It writes to a file, because nobody empties a pipe while this process is
/// stopped.
fn debugged() -> Option<String> {
    let process = std::process::id().to_string();
    let path = std::env::temp_dir().join(format!("distarray-stacks-{process}"));
    let file = std::fs::File::create(&path).ok()?;
    let status = std::process::Command::new("gdb")
        .args(["-p", &process, "-batch", "-ex", "thread apply all backtrace"])
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null())
        .status();
    let stacks = std::fs::read_to_string(&path).ok();
    // A file that stays behind does no harm.
    let _ = std::fs::remove_file(&path);
    stacks.filter(|_| status.is_ok_and(|status| status.success()))
}
