//! The few functions of MPI that move bytes, as the library has them that mpi4py has loaded.
//!
//! mpi4py knows which MPI there is and starts it; it gives the addresses of these functions, and the
//! handles that they take. Called directly, they cost a third of what mpi4py's methods cost, and
//! need no lock of the interpreter's.
//!
//! Handles are integers in some MPIs and pointers in others. They are passed as integers of a
//! pointer's size, in which both fit: on the machines that we support (64 bits, low end first) such an
//! integer goes in the same register as a shorter one, and its first bytes in memory are the same.

#![expect(unsafe_code, reason = "a C library is called")]

use std::ffi::{c_char, c_int, c_void};

use distarray_comm::{CommError, Result};

/// A communicator, a datatype, a request.
pub type Handle = usize;

/// Room for what any MPI says about a message.
#[repr(C, align(8))]
struct Status([u8; 128]);

impl Status {
    const NEW: Self = Self([0; 128]);
}

/// The names of the functions, in the order of [`Library::new`]'s addresses.
pub const NAMES: [&str; 8] = [
    "MPI_Isend",
    "MPI_Irecv",
    "MPI_Test",
    "MPI_Get_count",
    "MPI_Cancel",
    "MPI_Wait",
    "MPI_Finalized",
    "MPI_Error_string",
];

type Isend =
    unsafe extern "C" fn(*const c_void, c_int, Handle, c_int, c_int, Handle, *mut Handle) -> c_int;
type Irecv =
    unsafe extern "C" fn(*mut c_void, c_int, Handle, c_int, c_int, Handle, *mut Handle) -> c_int;
type Test = unsafe extern "C" fn(*mut Handle, *mut c_int, *mut Status) -> c_int;
type GetCount = unsafe extern "C" fn(*const Status, Handle, *mut c_int) -> c_int;
type Cancel = unsafe extern "C" fn(*mut Handle) -> c_int;
type Wait = unsafe extern "C" fn(*mut Handle, *mut Status) -> c_int;
type Finalized = unsafe extern "C" fn(*mut c_int) -> c_int;
type ErrorString = unsafe extern "C" fn(c_int, *mut c_char, *mut c_int) -> c_int;

/// The functions, and the handles that they are called with here.
pub struct Library {
    isend: Isend,
    irecv: Irecv,
    test: Test,
    get_count: GetCount,
    cancel: Cancel,
    wait: Wait,
    finalized: Finalized,
    error_string: ErrorString,
    communicator: Handle,
    byte: Handle,
    any_source: c_int,
}

impl Library {
    /// The functions at these addresses, for a communicator and the datatype of bytes.
    ///
    /// # Safety
    ///
    /// The addresses are those of the functions that [`NAMES`] lists, of one MPI library that stays
    /// loaded, and the handles and the constant are this library's. The communicator returns errors.
    pub unsafe fn new(
        addresses: [usize; 8],
        communicator: Handle,
        byte: Handle,
        any_source: c_int,
    ) -> Self {
        let [isend, irecv, test, get_count, cancel, wait, finalized, error_string] =
            addresses.map(|address| address as *const ());
        // SAFETY: the caller says that the functions are there; their types are those of MPI's
        // standard, with handles as the head of this file explains.
        unsafe {
            Self {
                isend: std::mem::transmute::<*const (), Isend>(isend),
                irecv: std::mem::transmute::<*const (), Irecv>(irecv),
                test: std::mem::transmute::<*const (), Test>(test),
                get_count: std::mem::transmute::<*const (), GetCount>(get_count),
                cancel: std::mem::transmute::<*const (), Cancel>(cancel),
                wait: std::mem::transmute::<*const (), Wait>(wait),
                finalized: std::mem::transmute::<*const (), Finalized>(finalized),
                error_string: std::mem::transmute::<*const (), ErrorString>(error_string),
                communicator,
                byte,
                any_source,
            }
        }
    }

    /// Begins to send bytes.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when MPI refuses.
    ///
    /// # Safety
    ///
    /// The bytes stay where they are until [`Library::test`] says that the request is done.
    pub unsafe fn send(&self, bytes: &[u8], dest: usize, tag: c_int) -> Result<Handle> {
        let mut request = 0;
        let count = bytes.len() as c_int;
        // SAFETY: the caller keeps the bytes.
        let code = unsafe {
            let start = bytes.as_ptr().cast();
            (self.isend)(
                start,
                count,
                self.byte,
                dest as c_int,
                tag,
                self.communicator,
                &raw mut request,
            )
        };
        self.check(code)?;
        Ok(request)
    }

    /// Begins to receive at most so many bytes, from a rank (`None`: any).
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when MPI refuses.
    ///
    /// # Safety
    ///
    /// The bytes stay where they are, and nobody looks at them, until the request is done or given up.
    pub unsafe fn receive(
        &self,
        bytes: &mut [u8],
        source: Option<usize>,
        tag: c_int,
    ) -> Result<Handle> {
        let mut request = 0;
        let (count, source) =
            (bytes.len() as c_int, source.map_or(self.any_source, |rank| rank as c_int));
        // SAFETY: the caller keeps the bytes.
        let code = unsafe {
            let start = bytes.as_mut_ptr().cast();
            (self.irecv)(start, count, self.byte, source, tag, self.communicator, &raw mut request)
        };
        self.check(code)?;
        Ok(request)
    }

    /// Whether a request is done; of one that received, how many bytes came.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when what it stands for failed.
    ///
    /// # Safety
    ///
    /// The request is one of this library's that isn't done yet.
    pub unsafe fn test(&self, request: &mut Handle) -> Result<Option<usize>> {
        let (mut done, mut status) = (0, Status::NEW);
        // SAFETY: MPI writes what it says of the message into room for any MPI's.
        self.check(unsafe { (self.test)(request, &raw mut done, &raw mut status) })?;
        if done == 0 {
            return Ok(None);
        }
        let mut count = 0;
        // SAFETY: the status was written by the call above.
        self.check(unsafe { (self.get_count)(&raw const status, self.byte, &raw mut count) })?;
        Ok(Some(usize::try_from(count).unwrap_or(0)))
    }

    /// Gives up what was to be received: its memory is free afterwards.
    ///
    /// # Safety
    ///
    /// As [`Library::test`].
    pub unsafe fn give_up(&self, mut request: Handle) {
        let mut status = Status::NEW;
        // SAFETY: as above. Nothing is left to do if MPI refuses.
        unsafe {
            (self.cancel)(&raw mut request);
            (self.wait)(&raw mut request, &raw mut status);
        }
    }

    /// Whether MPI has ended, so that nothing is sent or received any more.
    pub fn has_ended(&self) -> bool {
        let mut ended = 0;
        // SAFETY: this may be asked at any time.
        unsafe { (self.finalized)(&raw mut ended) };
        ended != 0
    }

    fn check(&self, code: c_int) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        // No MPI has longer ones than 1024 bytes.
        let (mut text, mut len) = ([0_u8; 4096], 0);
        // SAFETY: there is room for the text.
        unsafe { (self.error_string)(code, text.as_mut_ptr().cast(), &raw mut len) };
        let len = usize::try_from(len).unwrap_or(0).min(text.len());
        Err(CommError::Transport(format!("MPI: {}", String::from_utf8_lossy(&text[..len]))))
    }
}
