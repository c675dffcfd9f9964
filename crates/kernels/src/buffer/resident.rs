//! How much of the process lies in memory.

/// What lies in memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resident {
    /// What nobody but the process has.
    pub anonymous: usize,
    /// Pages of files: of programs and libraries, and those that were mapped.
    pub files: usize,
}

impl Resident {
    /// What this process has now; `None` where the system doesn't tell.
    pub fn now() -> Option<Self> {
        let mut text = [0; 128];
        let len = {
            use std::io::Read;
            // Opened anew each time, for a forked process must not read about its parent.
            std::fs::File::open("/proc/self/statm").ok()?.read(&mut text).ok()?
        };
        Self::parse(std::str::from_utf8(&text[..len]).ok()?)
    }

    /// The sum.
    pub fn total(self) -> usize {
        self.anonymous + self.files
    }

    fn parse(statm: &str) -> Option<Self> {
        let mut fields = statm.split_ascii_whitespace().skip(1).map(str::parse::<usize>);
        let (resident, files) = (fields.next()?.ok()?, fields.next()?.ok()?);
        let page = page_size();
        Some(Self { anonymous: resident.saturating_sub(files) * page, files: files * page })
    }
}

/// The size of a page.
#[cfg(all(unix, not(miri)))]
pub fn page_size() -> usize {
    // SAFETY: this only asks.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4 << 10)
}

/// The size of a page.
#[cfg(not(all(unix, not(miri))))]
pub fn page_size() -> usize {
    4 << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_in_pages() {
        let read = Resident::parse("900 70 20 1 0 40 0\n").unwrap();
        assert_eq!(read.files, 20 * page_size());
        assert_eq!(read.total(), 70 * page_size());
        assert!(Resident::parse("900").is_none());
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn this_process_lies_in_memory() {
        let now = Resident::now().unwrap();
        assert!(now.anonymous > 0 && now.files > 0);
    }
}
