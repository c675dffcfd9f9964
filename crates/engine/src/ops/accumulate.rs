//! Running sums and their like: each engine says what its piece comes to, and accumulates it from
//! what the pieces before it come to.

use std::ops::Range;
use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::Block;
use distarray_kernels::scan::Carry;

use super::{alike, own_rank};
use crate::command::Accumulate;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::participant;
use crate::supersteps::{self, Supersteps};
use crate::{LocalArray, Reply};

impl Accumulate {
    /// Accumulates; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownArray`], [`EngineError::Kernel`], [`EngineError::Comm`].
    pub fn run(
        &self,
        engine: &Engine,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
    ) -> Result<Reply, EngineError> {
        let part = self.part(engine, participants)?;
        if self.communicates() {
            return supersteps::run(&part, communicator);
        }
        part.keep(None)?;
        Ok(Reply::done())
    }

    /// One engine's part in the accumulation.
    ///
    /// # Errors
    ///
    /// When the engine has no piece of the array.
    pub fn part<'b>(
        &'b self,
        engine: &'b Engine,
        participants: &[usize],
    ) -> Result<Part<'b>, EngineError> {
        let rank = own_rank(engine, &self.distribution)?;
        let own = self.indices(rank);
        let mut before = Vec::new();
        let mut after = Vec::new();
        for other in alike(&self.distribution, rank, |axis| axis == self.axis) {
            let indices = self.indices(other);
            let member = participant(participants, self.distribution.targets()[other]);
            if indices.is_empty() || own.is_empty() {
                continue;
            }
            if indices.start < own.start {
                before.push(Member { participant: member, indices });
            } else if indices.start > own.start {
                after.push(member);
            }
        }
        before.sort_unstable_by_key(|member| member.indices.start);
        Ok(Part {
            accumulate: self,
            source: engine.block(self.source)?,
            engine,
            rank,
            own,
            before,
            after,
        })
    }

    /// The indices along the axis that a rank holds.
    fn indices(&self, rank: usize) -> Range<usize> {
        let piece = self.distribution.piece(rank, self.axis);
        let first = if piece.is_empty() { 0 } else { piece.get(0) as usize };
        first..first + piece.len()
    }
}

/// Another engine whose piece differs along the axis alone.
struct Member {
    participant: usize,
    /// The indices that it holds.
    indices: Range<usize>,
}

/// What a piece comes to.
struct Summary {
    /// The elements, as they are, up to where totals begin.
    head: Block,
    totals: Block,
}

/// One engine's part in an accumulation.
pub struct Part<'a> {
    accumulate: &'a Accumulate,
    engine: &'a Engine,
    /// The rank in the array's layout.
    rank: usize,
    /// This engine's piece.
    source: Block,
    /// The indices along the axis that it holds.
    own: Range<usize>,
    /// Who holds lower indices, in ascending order.
    before: Vec<Member>,
    /// The participants that hold higher ones.
    after: Vec<usize>,
}

impl Part<'_> {
    fn begin(&self) -> Result<Carry, EngineError> {
        Ok(self.accumulate.scan.begin(&self.source.shape())?)
    }

    /// What the piece comes to.
    fn summary(&self) -> Result<Summary, EngineError> {
        let Accumulate { scan, axis, .. } = self.accumulate;
        let head_end = scan.head_end(self.own.start, self.own.end);
        let head_len = head_end - self.own.start;
        let body = self.source.slice_axis(*axis, head_len, 1, self.own.len() - head_len);
        Ok(Summary {
            head: self.source.slice_axis(*axis, 0, 1, head_len),
            totals: scan.totals(&body, head_end)?,
        })
    }

    /// Takes up what the piece of another engine comes to.
    fn take(
        &self,
        carry: &mut Carry,
        member: &Member,
        summary: &Summary,
    ) -> Result<(), EngineError> {
        let Range { start, end } = member.indices;
        carry.take(&summary.head, None, start)?;
        carry.pass(&summary.totals, self.accumulate.scan.head_end(start, end), end)?;
        Ok(())
    }

    /// Accumulates the piece, behind others if there is a carry, and keeps the result.
    fn keep(&self, carry: Option<Carry>) -> Result<(), EngineError> {
        let accumulate = self.accumulate;
        let block = Block::uninitialised(accumulate.scan.dtype(), &self.source.shape())?;
        match carry {
            Some(mut carry) => carry.take(&self.source, Some(&block), self.own.start)?,
            None => accumulate.scan.run(&self.source, &block)?,
        }
        let distribution = accumulate.distribution.clone();
        self.engine.insert(accumulate.result, LocalArray { distribution, rank: self.rank, block });
        Ok(())
    }

    /// What the piece of another engine comes to, from its message.
    fn unpacked(&self, member: &Member, bytes: &[u8]) -> Result<Summary, EngineError> {
        let Accumulate { scan, axis, source_dtype, .. } = self.accumulate;
        let Range { start, end } = member.indices;
        let head_end = scan.head_end(start, end);
        let mut shape = self.source.shape();
        shape[*axis] = head_end - start;
        let (head, totals) =
            bytes.split_at(shape.iter().product::<usize>() * source_dtype.itemsize());
        let head = Block::from_bytes(*source_dtype, &shape, head)?;
        shape.remove(*axis);
        let lanes = shape.iter().product();
        let shape = [scan.total_count(head_end, end), lanes];
        Ok(Summary { head, totals: Block::from_bytes(scan.total_dtype(), &shape, totals)? })
    }
}

impl Supersteps for Part<'_> {
    type Unfinished = ();

    fn posts_arrays(&self) -> bool {
        true
    }

    fn post(&self) -> Result<SharedObject, EngineError> {
        Ok(if self.after.is_empty() { Arc::new(()) } else { Arc::new(self.summary()?) })
    }

    fn complete(&self, posted: &[SharedObject]) -> Result<(), EngineError> {
        let mut carry = self.begin()?;
        for member in &self.before {
            if let Some(summary) = posted[member.participant].downcast_ref() {
                self.take(&mut carry, member, summary)?;
            }
        }
        self.keep(Some(carry))
    }

    fn settle(&self, (): ()) -> Result<Reply, EngineError> {
        Ok(Reply::done())
    }

    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        let mut sends = Vec::new();
        if !self.after.is_empty() {
            let summary = self.summary()?;
            let bytes = [summary.head.to_bytes()?, summary.totals.to_bytes()?].concat();
            sends.extend(self.after.iter().map(|&member| (member, bytes.clone())));
        }
        let senders: Vec<usize> = self.before.iter().map(|member| member.participant).collect();
        let arrived = communicator.exchange(sends, &senders)?;
        let mut carry = self.begin()?;
        for (member, (_, bytes)) in self.before.iter().zip(&arrived) {
            self.take(&mut carry, member, &self.unpacked(member, bytes)?)?;
        }
        self.keep(Some(carry))?;
        Ok(Reply::done())
    }
}
