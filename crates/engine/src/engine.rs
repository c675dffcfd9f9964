//! An engine: the keeper of local arrays.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use distarray_comm::{CommError, Communicator};
use distarray_kernels::{Block, DType, KernelError};
use distarray_meta::{Distribution, ReaderDictionary};
use rustc_hash::FxHashMap;

use crate::error::{EngineError, FunctionError};
use crate::outside::OutsidePiece;
use crate::{ArrayId, LocalArray};

/// What an engine keeps of an array.
#[derive(Clone, Debug)]
enum Kept {
    /// A piece in memory.
    Here(LocalArray),
    /// A piece whose elements are outside.
    Outside { distribution: Distribution, rank: usize, piece: OutsidePiece },
}

/// Where the elements of a piece are.
#[derive(Clone, Debug)]
pub enum Content {
    /// In memory.
    Here(Block),
    /// Outside, to be gone through in parts.
    Outside(OutsidePiece),
}

/// The keeper of the local arrays that live on one engine.
#[derive(Debug)]
pub struct Engine {
    number: usize,
    arrays: Mutex<FxHashMap<ArrayId, Kept>>,
    /// Whether there has been a piece that is outside.
    has_outside: AtomicBool,
    /// How many times the engine is going through elements from outside.
    passes: AtomicUsize,
    /// Whether it is to give that up.
    is_stopped: AtomicBool,
    /// Long lists of indices that a client in another process has sent.
    dictionary: Mutex<ReaderDictionary>,
}

impl Engine {
    /// An engine that keeps nothing yet.
    pub fn new(number: usize) -> Self {
        Self {
            number,
            arrays: Mutex::default(),
            has_outside: AtomicBool::new(false),
            passes: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
            dictionary: Mutex::default(),
        }
    }

    /// The number by which distributions name this engine.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The local array of this name. Shares the memory. What is outside is read first.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`] when there is none; [`EngineError::Outside`].
    pub fn get(&self, array: ArrayId) -> Result<LocalArray, EngineError> {
        match self.kept(array)? {
            Kept::Here(local) => Ok(local),
            Kept::Outside { distribution, rank, piece } => {
                Ok(LocalArray { distribution, rank, block: piece.block()? })
            }
        }
    }

    /// The elements of the local array of this name. Shares the memory. What is outside is read first.
    ///
    /// # Errors
    ///
    /// As [`Engine::get`].
    pub fn block(&self, array: ArrayId) -> Result<Block, EngineError> {
        let piece = match self.lock().get(&array) {
            Some(Kept::Here(local)) => return Ok(local.block.clone()),
            Some(Kept::Outside { piece, .. }) => piece.clone(),
            None => return Err(EngineError::UnknownArray { array, engine: self.number }),
        };
        piece.block()
    }

    /// Where the elements of this name are; small pieces are read first.
    ///
    /// # Errors
    ///
    /// As [`Engine::get`].
    pub fn content(&self, array: ArrayId) -> Result<Content, EngineError> {
        match self.outside(array) {
            Some(piece) if piece.is_large() => Ok(Content::Outside(piece)),
            _ => Ok(Content::Here(self.block(array)?)),
        }
    }

    /// The piece of this name, if its elements are outside.
    pub fn outside(&self, array: ArrayId) -> Option<OutsidePiece> {
        if !self.has_outside() {
            return None;
        }
        match self.lock().get(&array) {
            Some(Kept::Outside { piece, .. }) => Some(piece.clone()),
            _ => None,
        }
    }

    /// The piece of this name, if its elements go outside.
    pub fn sink(&self, array: ArrayId) -> Option<OutsidePiece> {
        self.outside(array).filter(|piece| piece.outer().is_sink)
    }

    /// Whether elements of any array may be outside.
    pub fn has_outside(&self) -> bool {
        self.has_outside.load(Ordering::Relaxed)
    }

    /// Notes that the engine goes through elements from outside, which takes long, as long as the
    /// result lives.
    pub fn begin_pass(&self) -> Pass<'_> {
        self.passes.fetch_add(1, Ordering::Relaxed);
        Pass(self)
    }

    /// Whether the engine is going through elements from outside.
    pub fn is_passing(&self) -> bool {
        self.passes.load(Ordering::Relaxed) > 0
    }

    /// Says whether the engine is to give up what takes long, because another one has failed or the user
    /// asks for that.
    pub fn set_stopped(&self, is_stopped: bool) {
        self.is_stopped.store(is_stopped, Ordering::Relaxed);
    }

    /// Whether to go on with what takes long.
    ///
    /// # Errors
    ///
    /// [`EngineError::Comm`] when it is to be given up.
    pub fn check_stopped(&self) -> Result<(), EngineError> {
        if !self.is_stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        let reason = "the command was given up".to_owned();
        Err(CommError::Aborted { rank: self.number, reason }.into())
    }

    /// The elements of the local array of this name, to be written to.
    ///
    /// # Errors
    ///
    /// As [`Engine::get`]; [`EngineError::Kernel`] for those that are outside.
    pub fn dest(&self, array: ArrayId) -> Result<Block, EngineError> {
        if self.outside(array).is_some() {
            let refusal = "assignment destination is read-only".to_owned();
            return Err(KernelError::Value(refusal).into());
        }
        self.block(array)
    }

    /// The dtype of the local array of this name.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`].
    pub fn dtype(&self, array: ArrayId) -> Result<DType, EngineError> {
        match self.lock().get(&array) {
            Some(Kept::Here(local)) => Ok(local.block.dtype()),
            Some(Kept::Outside { piece, .. }) => Ok(piece.dtype()),
            None => Err(EngineError::UnknownArray { array, engine: self.number }),
        }
    }

    /// Keeps a local array under a name.
    pub fn insert(&self, array: ArrayId, local: LocalArray) {
        self.keep(array, Kept::Here(local));
    }

    /// Keeps a piece whose elements are outside under a name.
    pub fn insert_outside(
        &self,
        array: ArrayId,
        distribution: Distribution,
        rank: usize,
        piece: OutsidePiece,
    ) {
        self.has_outside.store(true, Ordering::Relaxed);
        self.keep(array, Kept::Outside { distribution, rank, piece });
    }

    fn keep(&self, array: ArrayId, kept: Kept) {
        let replaced = self.lock().insert(array, kept);
        // Freed outside the lock, see `remove`.
        drop(replaced);
    }

    fn kept(&self, array: ArrayId) -> Result<Kept, EngineError> {
        let unknown = EngineError::UnknownArray { array, engine: self.number };
        self.lock().get(&array).cloned().ok_or(unknown)
    }

    /// Forgets an array; its memory goes with the last view of it.
    pub fn remove(&self, array: ArrayId) {
        let removed = self.lock().remove(&array);
        // Freed outside the lock: the memory may belong to someone whose release takes time.
        drop(removed);
    }

    /// The number of local arrays that are kept.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The long lists of indices that a client in another process has sent.
    pub(crate) fn dictionary(&self) -> MutexGuard<'_, ReaderDictionary> {
        // A message that could not be read has left no half of a list.
        self.dictionary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<ArrayId, Kept>> {
        // No code that can panic runs under this lock.
        self.arrays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as it lives, an engine goes through elements from outside.
#[derive(Debug)]
pub struct Pass<'a>(&'a Engine);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.passes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a user's function runs.
pub struct FunctionContext<'a> {
    /// The engine.
    pub engine: &'a Arc<Engine>,
    /// The engines that call the function, in the order of the communicator's ranks.
    pub participants: &'a [usize],
    /// The communicator over these engines.
    pub communicator: &'a Arc<dyn Communicator>,
}

/// A user's function, to be called on engines.
pub trait EngineFunction: Any + Send + Sync {
    /// Calls the function on one engine.
    ///
    /// # Errors
    ///
    /// Whatever made the function fail.
    fn call(&self, context: &FunctionContext<'_>) -> Result<Box<dyn Any + Send>, FunctionError>;
}

impl fmt::Debug for dyn EngineFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EngineFunction")
    }
}
