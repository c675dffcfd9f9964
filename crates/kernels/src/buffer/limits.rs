//! How much memory may be held without being in use.

use std::sync::OnceLock;

/// Bounds on the memory of the pool, in bytes.
#[derive(Debug)]
pub struct Limits {
    /// No more free memory is kept than this.
    pub most_kept: usize,
    /// Nothing free is kept when more than this is held, whether in use or not.
    pub most_held: usize,
}

/// The bounds, found out once: a quarter of the memory that the process may have, or as many
/// megabytes as the environment variable `DISTARRAY_POOL_MB` says.
pub fn limits() -> &'static Limits {
    static LIMITS: OnceLock<Limits> = OnceLock::new();
    LIMITS.get_or_init(|| {
        let memory = memory().unwrap_or(0);
        let wanted = std::env::var("DISTARRAY_POOL_MB").ok().and_then(|text| megabytes(&text));
        Limits { most_kept: wanted.unwrap_or(memory / 4), most_held: memory / 2 }
    })
}

fn megabytes(text: &str) -> Option<usize> {
    text.trim().parse::<usize>().ok().map(|count| count.saturating_mul(1 << 20))
}

/// The memory in bytes that this process may have, the machine's or what its container allows, where
/// the system tells.
pub fn memory() -> Option<usize> {
    static MEMORY: OnceLock<Option<usize>> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let allowed = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
            .ok()
            .and_then(|text| text.trim().parse().ok());
        Some(physical()).filter(|&bytes| bytes > 0).map(|bytes| bytes.min(allowed.unwrap_or(bytes)))
    })
}

#[cfg(all(unix, not(miri)))]
fn physical() -> usize {
    // SAFETY: these only ask.
    let (pages, size) =
        unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    let positive = |count: libc::c_long| usize::try_from(count).unwrap_or(0);
    positive(pages).saturating_mul(positive(size))
}

#[cfg(not(all(unix, not(miri))))]
fn physical() -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_in_megabytes() {
        assert_eq!(megabytes("3"), Some(3 << 20));
        assert_eq!(megabytes(" 0\n"), Some(0));
        assert_eq!(megabytes("much"), None);
        assert_eq!(megabytes("99999999999999999"), Some(usize::MAX));
    }

    #[test]
    fn less_is_kept_than_held() {
        let limits = limits();
        assert!(
            limits.most_kept <= limits.most_held || std::env::var_os("DISTARRAY_POOL_MB").is_some()
        );
    }
}
