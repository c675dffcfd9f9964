//! An engine: the keeper of local arrays.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use distarray_comm::Communicator;
use distarray_kernels::Block;
use distarray_meta::ReaderDictionary;
use rustc_hash::FxHashMap;

use crate::error::{EngineError, FunctionError};
use crate::{ArrayId, LocalArray};

/// The keeper of the local arrays that live on one engine.
#[derive(Debug)]
pub struct Engine {
    number: usize,
    arrays: Mutex<FxHashMap<ArrayId, LocalArray>>,
    /// Long lists of indices that a client in another process has sent.
    dictionary: Mutex<ReaderDictionary>,
}

impl Engine {
    /// An engine that keeps nothing yet.
    pub fn new(number: usize) -> Self {
        Self { number, arrays: Mutex::default(), dictionary: Mutex::default() }
    }

    /// The number by which distributions name this engine.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The local array of this name. Shares the memory.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`] when there is none.
    pub fn get(&self, array: ArrayId) -> Result<LocalArray, EngineError> {
        self.lock()
            .get(&array)
            .cloned()
            .ok_or(EngineError::UnknownArray { array, engine: self.number })
    }

    /// The elements of the local array of this name. Shares the memory.
    ///
    /// # Errors
    ///
    /// As [`Engine::get`].
    pub fn block(&self, array: ArrayId) -> Result<Block, EngineError> {
        let arrays = self.lock();
        let block = arrays.get(&array).map(|local| local.block.clone());
        block.ok_or(EngineError::UnknownArray { array, engine: self.number })
    }

    /// Keeps a local array under a name.
    pub fn insert(&self, array: ArrayId, local: LocalArray) {
        let replaced = self.lock().insert(array, local);
        // Freed outside the lock, see `remove`.
        drop(replaced);
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

    fn lock(&self) -> MutexGuard<'_, FxHashMap<ArrayId, LocalArray>> {
        // No code that can panic runs under this lock.
        self.arrays.lock().unwrap_or_else(PoisonError::into_inner)
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
