//! The collective calls, as `schedule` says.

use std::sync::Arc;

use super::communicator::MessageCommunicator;
use super::schedule::{Doubling, Tree, dissemination, doubling};
use super::{frames, schedule};
use crate::Result;
use crate::call::{Call, Operation};

type Combine<'a> = &'a mut dyn FnMut(&mut Vec<u8>, &[u8]);

/// A collective call, and the epoch that it began in.
type Begun = (u64, Call);

impl MessageCommunicator {
    fn count(&self) -> usize {
        self.members.len()
    }

    /// This rank's place; the root must have been checked.
    fn tree(&self, root: usize) -> Tree {
        Tree::new(self.rank, self.count(), root)
    }

    fn rounds(&self) -> impl Iterator<Item = schedule::Round> + use<> {
        dissemination(self.rank, self.count())
    }

    /// A barrier.
    pub(super) fn meet(&self) -> Result<()> {
        let call = self.begin(Operation::Barrier, 0)?;
        let nothing = Arc::new(Vec::new());
        for round in self.rounds() {
            self.send_part(round.dest, call, nothing.clone())?;
            self.receive_part(round.source, call)?;
        }
        Ok(())
    }

    /// A broadcast.
    pub(super) fn spread(&self, root: usize, data: Vec<u8>) -> Result<Vec<u8>> {
        let call = self.begin(Operation::Broadcast, root)?;
        let tree = self.tree(root);
        let data = tree.parent().map_or(Ok(data), |parent| self.receive_part(parent, call))?;
        let data = Arc::new(data);
        for child in tree.children().rev() {
            self.send_part(child.rank, call, data.clone())?;
        }
        // A transport that has not sent it all yet needs it longer.
        Ok(Arc::unwrap_or_clone(data))
    }

    /// A gather.
    pub(super) fn collect(&self, root: usize, data: Vec<u8>) -> Result<Option<Vec<Vec<u8>>>> {
        let call = self.begin(Operation::Gather, root)?;
        let tree = self.tree(root);
        let mut parts = vec![data];
        for child in tree.children() {
            parts.extend(frames::cut(self.receive_part(child.rank, call)?, child.span)?);
        }
        if let Some(parent) = tree.parent() {
            self.send_part(parent, call, Arc::new(frames::join_owned(parts)))?;
            return Ok(None);
        }
        parts.rotate_right(root);
        Ok(Some(parts))
    }

    /// A scatter, which has begun; the root has the parts.
    pub(super) fn deal(
        &self,
        root: usize,
        call: Begun,
        parts: Option<Vec<Vec<u8>>>,
    ) -> Result<Vec<u8>> {
        let tree = self.tree(root);
        let mut parts = match (tree.parent(), parts) {
            (Some(parent), _) => frames::cut(self.receive_part(parent, call)?, tree.span())?,
            (None, parts) => {
                let mut parts = parts.unwrap_or_default();
                parts.rotate_left(root);
                parts
            }
        };
        for child in tree.children().rev() {
            let theirs = parts.split_off(parts.len() - child.span);
            self.send_part(child.rank, call, Arc::new(frames::join_owned(theirs)))?;
        }
        Ok(parts.swap_remove(0))
    }

    /// An all-gather.
    pub(super) fn collect_for_all(
        &self,
        operation: Operation,
        data: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>> {
        let call = self.begin(operation, 0)?;
        self.collect_parts(call, data)
    }

    /// An all-gather within a call that has begun.
    pub(super) fn collect_parts(&self, call: Begun, data: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let mut parts = vec![data];
        for round in self.rounds() {
            let known = Arc::new(frames::join(&parts[..round.count]));
            self.send_part(round.dest, call, known)?;
            parts.extend(frames::cut(self.receive_part(round.source, call)?, round.count)?);
        }
        parts.rotate_right(self.rank);
        Ok(parts)
    }

    /// An all-to-all, of as many parts as ranks.
    pub(super) fn transpose(&self, mut parts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let call = self.begin(Operation::AllToAll, 0)?;
        let (rank, count) = (self.rank, self.count());
        // Everybody begins with another rank, or all would send to the first one at once.
        for distance in 1..count {
            let dest = (rank + distance) % count;
            self.send_part(dest, call, Arc::new(std::mem::take(&mut parts[dest])))?;
        }
        for distance in 1..count {
            let source = (rank + count - distance) % count;
            parts[source] = self.receive_part(source, call)?;
        }
        Ok(parts)
    }

    /// A reduction.
    pub(super) fn fold(
        &self,
        root: usize,
        data: Vec<u8>,
        combine: Combine<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let call = self.begin(Operation::Reduce, root)?;
        // The tree has rank 0 at its top, because around any other root the ranks would be out of
        // order.
        let tree = self.tree(0);
        let mut total = data;
        for child in tree.children() {
            combine(&mut total, &self.receive_part(child.rank, call)?);
        }
        match (tree.parent(), self.rank == root) {
            (None, true) => return Ok(Some(total)),
            (None, false) => self.send_part(root, call, Arc::new(total))?,
            (Some(parent), _) => self.send_part(parent, call, Arc::new(total))?,
        }
        (self.rank == root).then(|| self.receive_part(0, call)).transpose()
    }

    /// A reduction for all.
    pub(super) fn fold_for_all(&self, data: Vec<u8>, combine: Combine<'_>) -> Result<Vec<u8>> {
        let call = self.begin(Operation::AllReduce, 0)?;
        let mut total = Arc::new(data);
        for step in doubling(self.rank, self.count()) {
            match step {
                Doubling::Give(dest) | Doubling::Return(dest) => {
                    self.send_part(dest, call, total.clone())?;
                }
                Doubling::Take(source) => total = Arc::new(self.receive_part(source, call)?),
                Doubling::Add(source) => {
                    let theirs = self.receive_part(source, call)?;
                    combine(Arc::make_mut(&mut total), &theirs);
                }
                Doubling::Swap(other) => {
                    self.send_part(other, call, total.clone())?;
                    let mut theirs = self.receive_part(other, call)?;
                    if other < self.rank {
                        combine(&mut theirs, &total);
                        total = Arc::new(theirs);
                    } else {
                        combine(Arc::make_mut(&mut total), &theirs);
                    }
                }
            }
        }
        Ok(Arc::unwrap_or_clone(total))
    }
}
