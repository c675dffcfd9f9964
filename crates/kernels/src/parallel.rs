//! Work shared among threads.

/// Calls a function for each of `count` parts, the first on the caller's thread and each other on a
/// thread of its own. Gives the results in the order of the parts.
pub(crate) fn map<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..count).map(|part| scope.spawn(move || work(part))).collect();
        let mut results = vec![work(0)];
        results.extend(threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }));
        results
    })
}
