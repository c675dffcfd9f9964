//! What a handle of an array stands for: pieces on the engines, or an expression whose elements
//! nobody has asked for yet.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use distarray_kernels::DType;
use distarray_meta::Distribution;

use super::expression::Expression;
use crate::{ArrayId, Session};

/// An array: its layout, its dtype, and its elements or what they are computed from.
///
/// It starts as a name whose pieces are about to be made, or as an expression; when that has been
/// evaluated, it has a name.
pub struct Node {
    pub session: Arc<dyn Session>,
    pub distribution: Distribution,
    pub dtype: DType,
    pub memory: Arc<Memory>,
    /// The number of handles; expressions that read the array hold none.
    handles: AtomicIsize,
    /// Whether the elements have been computed without being stored.
    used: AtomicBool,
    /// The name on the engines.
    stored: OnceLock<ArrayId>,
    /// What is to be computed, as long as there is no name.
    pending: Mutex<Option<Arc<Expression>>>,
}

/// The memory of an array and of all views of it: who reads it, and who may write to it.
#[derive(Debug, Default)]
pub struct Memory {
    /// Whether the user has a view through which elements may change without our knowing.
    exposed: AtomicBool,
    /// Whether the elements are outside of the engines' memory, or come from there: too many to be
    /// kept for somebody who may ask for them later.
    outside: AtomicBool,
    /// The number of handles of the array and of views of it.
    handles: AtomicIsize,
    /// The expressions that read it.
    readers: Mutex<Vec<Weak<Node>>>,
}

impl fmt::Debug for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Array")
            .field("id", &self.stored.get())
            .field("shape", &self.distribution.shape())
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(id) = self.stored.get() {
            self.session.free(*id, self.distribution.targets());
        }
    }
}

impl Node {
    /// An array whose pieces are, or are about to be, on the engines under the name `id`.
    pub fn stored(
        session: &Arc<dyn Session>,
        id: ArrayId,
        distribution: Distribution,
        dtype: DType,
        memory: Arc<Memory>,
    ) -> Arc<Self> {
        Arc::new(Self {
            session: session.clone(),
            distribution,
            dtype,
            memory,
            handles: AtomicIsize::new(0),
            used: AtomicBool::new(false),
            stored: OnceLock::from(id),
            pending: Mutex::new(None),
        })
    }

    /// An array that is computed when somebody needs its elements.
    pub fn pending(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
        expression: &Arc<Expression>,
    ) -> Arc<Self> {
        let node = Arc::new(Self {
            session: session.clone(),
            distribution,
            dtype,
            memory: Arc::default(),
            handles: AtomicIsize::new(0),
            used: AtomicBool::new(false),
            stored: OnceLock::new(),
            pending: Mutex::new(Some(expression.clone())),
        });
        node.reads(expression);
        node
    }

    /// Takes note of what an expression reads that this node is computed from.
    fn reads(self: &Arc<Self>, expression: &Expression) {
        for operand in expression.nodes() {
            operand.memory.add_reader(self);
            if operand.memory.is_outside() {
                self.memory.set_outside(true);
            }
        }
    }

    /// The name on the engines, if the array is there.
    pub fn id(&self) -> Option<ArrayId> {
        self.stored.get().copied()
    }

    /// What is to be computed, if the array is not on the engines.
    pub fn expression(&self) -> Option<Arc<Expression>> {
        if self.stored.get().is_some() {
            return None;
        }
        lock(&self.pending).clone()
    }

    /// Says that the pieces are on the engines now, under the name `id`.
    pub fn store(&self, id: ArrayId) {
        let expression = lock(&self.pending).take();
        self.memory.set_outside(false);
        if self.stored.set(id).is_err() {
            // Another thread was quicker; it computed the same.
            self.session.free(id, self.distribution.targets());
        }
        // Outside the lock: arrays may be freed with it.
        drop(expression);
    }

    /// Replaces what is to be computed by what `make` builds from a node that stands for the old
    /// value. Nobody else may read the array. False, if the array is on the engines already.
    pub fn replace(self: &Arc<Self>, make: impl FnOnce(Arc<Self>) -> Arc<Expression>) -> bool {
        let mut pending = lock(&self.pending);
        let Some(old) = pending.take() else { return false };
        let before = Self::pending(&self.session, self.distribution.clone(), self.dtype, &old);
        let expression = make(before);
        *pending = Some(expression.clone());
        drop(pending);
        self.reads(&expression);
        true
    }

    pub fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
        self.memory.handles.fetch_add(1, Ordering::Relaxed);
    }

    pub fn remove_handle(&self) {
        self.handles.fetch_sub(1, Ordering::Relaxed);
        self.memory.handles.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there is a handle, so that somebody may ask for the elements later.
    pub fn is_held(&self) -> bool {
        self.handles.load(Ordering::Relaxed) > 0
    }

    /// Whether the elements have not been computed yet without being stored; they are now, unless
    /// this is a rehearsal.
    pub fn is_first_use(&self, is_rehearsal: bool) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        if !is_rehearsal {
            self.used.store(true, Ordering::Relaxed);
        }
        !used
    }

    /// Whether every engine has in its piece what a result of this layout needs there.
    pub fn lies_as(&self, layout: &Distribution) -> bool {
        self.distribution.same(layout) || self.distribution.same_layout(layout)
    }

    /// The number of bytes of all elements.
    pub fn bytes(&self) -> usize {
        self.distribution.global_size().saturating_mul(self.dtype.itemsize())
    }
}

impl Memory {
    /// Whether somebody has a handle of the array or of a view of it.
    pub fn is_held(&self) -> bool {
        self.handles.load(Ordering::Relaxed) > 0
    }

    /// Whether the elements are outside, or come from there.
    pub fn is_outside(&self) -> bool {
        self.outside.load(Ordering::Relaxed)
    }

    /// Says whether the elements are outside, or come from there.
    pub fn set_outside(&self, outside: bool) {
        self.outside.store(outside, Ordering::Relaxed);
    }

    /// Whether elements may change without our knowing.
    pub fn is_exposed(&self) -> bool {
        self.exposed.load(Ordering::Acquire)
    }

    /// From now on, elements may change without our knowing.
    pub fn expose(&self) {
        self.exposed.store(true, Ordering::Release);
    }

    fn add_reader(&self, reader: &Arc<Node>) {
        let mut readers = lock(&self.readers);
        readers.push(Arc::downgrade(reader));
        if readers.len() == readers.capacity() {
            let alive = prune(&mut readers);
            drop(readers);
            drop(alive);
        }
    }

    /// Whether no expression reads the memory.
    pub fn is_unread(&self) -> bool {
        self.pending_readers().is_empty()
    }

    /// The arrays with handles whose expressions read the memory, directly or by way of arrays that
    /// have none.
    pub fn held_readers(&self) -> Vec<Arc<Node>> {
        let mut seen = self.pending_readers();
        let mut next = 0;
        while let Some(node) = seen.get(next) {
            if !node.is_held() {
                for reader in node.memory.pending_readers() {
                    if !seen.iter().any(|known| Arc::ptr_eq(known, &reader)) {
                        seen.push(reader);
                    }
                }
            }
            next += 1;
        }
        seen.retain(|node| node.is_held());
        seen
    }

    /// Whether somebody may ask for an array whose expression reads the memory, other than those
    /// that are `known`.
    pub fn is_wanted(&self, known: impl Fn(&Arc<Node>) -> bool) -> bool {
        let readers = self.pending_readers();
        let mut others = readers.iter().filter(|reader| !known(reader));
        others.any(|reader| reader.is_held() || !reader.memory.held_readers().is_empty())
    }

    fn pending_readers(&self) -> Vec<Arc<Node>> {
        let mut alive = prune(&mut lock(&self.readers));
        alive.retain(|node| node.id().is_none());
        alive
    }
}

/// Forgets readers that are gone or computed; gives those that are not gone. They are for the caller
/// to drop, outside the lock: what goes with the last reference to an array may take time.
fn prune(readers: &mut Vec<Weak<Node>>) -> Vec<Arc<Node>> {
    let alive: Vec<Arc<Node>> = readers.iter().filter_map(Weak::upgrade).collect();
    readers.clear();
    readers.extend(alive.iter().filter(|node| node.id().is_none()).map(Arc::downgrade));
    alive
}

/// Locks a mutex; no code that can panic runs under ours.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
