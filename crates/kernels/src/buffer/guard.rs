//! What happens when a mapped file doesn't give the bytes that it had: it was made shorter by somebody
//! else, or its disk fails. The system says so by a signal (`SIGBUS`) at the very load, which ends a
//! process that has nothing to say to that.
//!
//! Here the load gets zeros instead, and the mapping is marked as *lost*. Whoever runs the kernels
//! asks afterwards ([`lost`]), before anybody sees a result: it is an error then, and the mapping is
//! as it was, so that the next load meets the same.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many files can be mapped at once.
const MOST: usize = 4096;

/// What the handler knows of a mapping: it may take no lock.
struct Place {
    first: AtomicUsize,
    /// 0 where there is none.
    len: AtomicUsize,
    is_lost: AtomicBool,
}

static PLACES: [Place; MOST] = [const {
    Place { first: AtomicUsize::new(0), len: AtomicUsize::new(0), is_lost: AtomicBool::new(false) }
}; MOST];

/// Places beyond this number are not in use.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Whether any mapping is lost.
static ANY_LOST: AtomicBool = AtomicBool::new(false);

/// The places that are free, below `USED`.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// The place of a mapping that is guarded while this value lives.
#[derive(Debug)]
pub struct Guarded(usize);

impl Guarded {
    /// Guards a mapping; `None` when there are too many.
    pub fn new(first: *const u8, len: usize) -> Option<Self> {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        install();
        let place = if let Some(place) = free.pop() {
            place
        } else {
            let place = USED.load(Ordering::Relaxed);
            if place == MOST {
                return None;
            }
            USED.store(place + 1, Ordering::Release);
            place
        };
        PLACES[place].is_lost.store(false, Ordering::Relaxed);
        PLACES[place].first.store(first.expose_provenance(), Ordering::Relaxed);
        PLACES[place].len.store(len, Ordering::Release);
        Some(Self(place))
    }

    /// Whether the mapping was lost; it is not any more.
    pub fn take_lost(&self) -> bool {
        PLACES[self.0].is_lost.swap(false, Ordering::Acquire)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        PLACES[self.0].len.store(0, Ordering::Release);
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

/// Whether any mapping was lost since this was last asked.
#[inline]
pub fn take_any_lost() -> bool {
    ANY_LOST.load(Ordering::Relaxed) && ANY_LOST.swap(false, Ordering::Acquire)
}

/// What handled the signal before.
struct Previous(UnsafeCell<MaybeUninit<libc::sigaction>>);

// SAFETY: written before our handler is there, which alone reads it; see `install`.
unsafe impl Sync for Previous {}

static PREVIOUS: Previous = Previous(UnsafeCell::new(MaybeUninit::uninit()));

/// Makes ours the handler of the signal, unless it is; called under the lock of `FREE`.
fn install() {
    let ours: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = handle;
    // SAFETY: zero bytes are such a structure; the handler does nothing that one may not. What
    // handled the signal before is known before ours is there, or it is ours.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut now);
        if now.sa_sigaction == ours as usize {
            return;
        }
        (*PREVIOUS.0.get()).write(now);
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ours as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
    }
}

/// Puts zeros where a mapping has no bytes, and lets the load be made again. What doesn't concern a
/// mapping goes to whoever handled the signal before.
extern "C" fn handle(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system gives a valid pointer.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr().addr()) };
    if code <= 0 {
        // Sent by a process: what Python's faulthandler does when it has said where the program is.
        // The load is made again, and meets this handler if it is for it.
        // SAFETY: as above; and this only asks.
        if unsafe { (*info).si_pid() == libc::getpid() } {
            return;
        }
    } else if replace(address) {
        return;
    }
    // SAFETY: written before this handler was there.
    unsafe { libc::sigaction(libc::SIGBUS, (*PREVIOUS.0.get()).as_ptr(), std::ptr::null_mut()) };
    if code <= 0 {
        // SAFETY: for this process, by the handler that was there before.
        unsafe { libc::kill(libc::getpid(), libc::SIGBUS) };
    }
}

/// Puts zeros at an address and all that follows in its mapping; false if it lies in none.
fn replace(address: usize) -> bool {
    let page = super::resident::page_size();
    for place in &PLACES[..USED.load(Ordering::Acquire)] {
        let len = place.len.load(Ordering::Acquire);
        let first = place.first.load(Ordering::Relaxed);
        if address < first || address - first >= len {
            continue;
        }
        let start = address & !(page - 1);
        // SAFETY: within a mapping of ours that is in use, since somebody loads from it.
        let put = unsafe {
            libc::mmap(
                std::ptr::with_exposed_provenance_mut(start),
                first + len - start,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if put == libc::MAP_FAILED {
            return false;
        }
        place.is_lost.store(true, Ordering::Release);
        ANY_LOST.store(true, Ordering::Release);
        return true;
    }
    false
}
