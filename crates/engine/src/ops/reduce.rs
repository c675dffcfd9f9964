//! Reductions: each engine reduces its piece, then the parts meet on the lowest rank: at once where
//! memory is shared, along a tree otherwise.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use distarray_comm::messages::schedule::Tree;
use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::program::Reducing;
use distarray_kernels::reduce::{self, BlockReduction, Partial};
use distarray_kernels::{Block, DType, FloatFlags, Labels};

use super::reduce_parts::{Contents, Partials, posted_parts};
use super::{alike, own_rank, rank_in, threads_of_one};
use crate::command::{AFTER_ALL_STEPS, Destination, Reduce, Subject};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::participant;
use crate::local_array::labels;
use crate::supersteps::{self, Supersteps};
use crate::wire::Parcel;
use crate::{ArrayId, LocalArray, Reply};

/// Of how many elements each result is made by one engine, which reads the pieces of the others.
const SHORT: usize = 256;

impl Reduce {
    /// Reduces; collective over the participants.
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
        if part.members.len() == 1 {
            return part.alone();
        }
        supersteps::run(&part, communicator)
    }

    /// One engine's part in the reduction.
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
        // The first of those whose results belong together keeps them.
        let group: Vec<usize> =
            alike(&self.distribution, rank, |axis| self.reduced[axis]).collect();
        let place = group.iter().position(|&member| member == rank).unwrap_or_default();
        let members = group.into_iter();
        let members = members
            .map(|member| participant(participants, self.distribution.targets()[member]))
            .collect();
        let threads = threads_of_one(participants.len());
        let met = Mutex::default();
        let input = match self.subject {
            Subject::Array(source) => Some(engine.dtype(source)?),
            Subject::Products { .. } | Subject::Computed { .. } => None,
        };
        let contents = self.outside(engine, rank)?;
        Ok(Part { reduce: self, engine, rank, members, place, threads, input, contents, met })
    }

    /// What is gone through in parts, because it is outside; the same for all members.
    fn outside(&self, engine: &Engine, rank: usize) -> Result<Option<Contents>, EngineError> {
        let lens = self.distribution.local_shape(rank);
        let has_results = lens.iter().zip(&self.reduced).all(|(&len, reduced)| *reduced || len > 0);
        if self.reduction.is_ordered(self.dtype) || !has_results {
            return Ok(None);
        }
        Contents::of(engine, &self.subject, self.mask)
    }

    /// Drops the reduced axes when the result has no place for them.
    fn shaped(&self, mut block: Block) -> Block {
        if self.result_distribution.ndim() < block.ndim() {
            for axis in (0..self.reduced.len()).rev().filter(|&axis| self.reduced[axis]) {
                block = block.index_axis(axis, 0);
            }
        }
        block
    }
}

/// One engine's part in a reduction.
pub struct Part<'a> {
    pub(super) reduce: &'a Reduce,
    pub(super) engine: &'a Engine,
    /// The rank in the array's layout.
    pub(super) rank: usize,
    /// The participants whose partial results belong together.
    members: Vec<usize>,
    /// This one's place among them; the first one keeps the result.
    place: usize,
    /// How many threads may work on this engine's piece.
    pub(super) threads: usize,
    /// The dtype of the array that is reduced, if it is one.
    input: Option<DType>,
    /// What is reduced, where that is outside.
    contents: Option<Contents>,
    /// The floating-point exceptions that the steps of a program met.
    met: Mutex<Vec<(usize, FloatFlags)>>,
}

/// A piece of an array and which of its elements count, if not all do.
struct Piece {
    block: Block,
    mask: Option<Block>,
}

impl Part<'_> {
    /// What this engine's piece comes to.
    fn partial(&self) -> Result<Partial, EngineError> {
        let Reduce { reduction, reduced, dtype, distribution, .. } = self.reduce;
        let get = |array: ArrayId| self.engine.block(array);
        let (program, inputs, value) = match &self.reduce.subject {
            Subject::Array(source) => {
                let mask = self.reduce.mask.map(get).transpose()?;
                return self.partial_of(&get(*source)?, mask.as_ref());
            }
            Subject::Products { left, right, is_conjugated } => {
                return Ok(reduce::dot(&get(*left)?, &get(*right)?, *is_conjugated)?);
            }
            Subject::Computed { program, inputs, value, .. } => (program, inputs, *value),
        };
        let shape = distribution.local_shape(self.rank);
        let labels = labels(distribution, self.rank);
        let inputs = inputs.iter().copied().map(get).collect::<Result<Vec<_>, EngineError>>()?;
        let outputs = self.stored(&shape)?;
        let (partial, met) = Reducing {
            program,
            value,
            reduction: *reduction,
            dtype: *dtype,
            reduced,
            shape: &shape,
            inputs: &inputs,
            labels: &labels,
            outputs: &outputs,
        }
        .run(self.threads)?;
        self.keep_stored(outputs);
        self.lock().extend(met);
        Ok(partial)
    }

    /// Memory for the outputs that are kept on the way.
    pub(super) fn stored(&self, shape: &[usize]) -> Result<Vec<Option<Block>>, EngineError> {
        let Subject::Computed { program, outputs, .. } = &self.reduce.subject else {
            return Ok(Vec::new());
        };
        let mut stored = outputs
            .iter()
            .map(|destination| match *destination {
                Destination::New(_, dtype) => Ok(Some(Block::uninitialised(dtype, shape)?)),
                Destination::Existing(array) => Ok(Some(self.engine.dest(array)?)),
            })
            .collect::<Result<Vec<Option<Block>>, EngineError>>()?;
        stored.resize(program.outputs().len(), None);
        Ok(stored)
    }

    /// Keeps those of them that are new arrays.
    pub(super) fn keep_stored(&self, stored: Vec<Option<Block>>) {
        let Subject::Computed { outputs, .. } = &self.reduce.subject else { return };
        for (block, destination) in stored.into_iter().flatten().zip(outputs) {
            if let Destination::New(array, _) = *destination {
                let distribution = self.reduce.distribution.clone();
                self.engine.insert(array, LocalArray { distribution, rank: self.rank, block });
            }
        }
    }

    /// What a piece comes to; this engine's own, where positions are asked for.
    fn partial_of(&self, piece: &Block, mask: Option<&Block>) -> Result<Partial, EngineError> {
        let labels = labels(&self.reduce.distribution, self.rank);
        Ok(self.of_block(piece, mask, &labels).partial(self.threads)?)
    }

    /// The reduction of a block.
    pub(super) fn of_block<'b>(
        &'b self,
        block: &'b Block,
        mask: Option<&'b Block>,
        labels: &'b [Labels],
    ) -> BlockReduction<'b> {
        let Reduce { reduction, reduced, dtype, distribution, .. } = self.reduce;
        BlockReduction {
            reduction: *reduction,
            block,
            reduced,
            mask,
            dtype: *dtype,
            labels,
            global_shape: distribution.shape(),
        }
    }

    /// The answer to the command; `flags` are the exceptions of the reduction itself.
    fn answer(&self, flags: FloatFlags) -> Reply {
        let mut met = std::mem::take(&mut *self.lock());
        if met.is_empty() {
            return Reply::Done { flags };
        }
        met.push((AFTER_ALL_STEPS, flags));
        Reply::Evaluated { flags: met }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<(usize, FloatFlags)>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Merges partial results in the order of ranks.
    pub(super) fn merged<'b>(
        &self,
        partials: impl Iterator<Item = &'b Partial>,
    ) -> Result<Option<Partial>, EngineError> {
        let reduction = self.reduce.reduction;
        let mut merged: Option<Partial> = None;
        for partial in partials {
            let merged = merged.get_or_insert_with(|| {
                reduce::identity(reduction, partial.shape(), self.reduce.dtype)
            });
            reduce::merge(reduction, merged, partial)?;
        }
        Ok(merged)
    }

    /// Keeps this engine's piece of the result.
    fn keep(&self, merged: Partial) -> Result<Reply, EngineError> {
        let Reduce { reduction, ending, .. } = self.reduce;
        let Some(rank) = rank_in(self.engine, &self.reduce.result_distribution) else {
            return Ok(self.answer(FloatFlags::default()));
        };
        let (block, flags) = reduce::finish(*reduction, merged, *ending)?;
        Ok(self.keep_block(rank, block, flags))
    }

    /// Keeps this engine's piece of the result, if there is one for it.
    pub(super) fn keep_result(&self, block: Option<Block>, flags: FloatFlags) -> Reply {
        match (rank_in(self.engine, &self.reduce.result_distribution), block) {
            (Some(rank), Some(block)) => self.keep_block(rank, block, flags),
            _ => self.answer(FloatFlags::default()),
        }
    }

    fn keep_block(&self, rank: usize, block: Block, flags: FloatFlags) -> Reply {
        let distribution = &self.reduce.result_distribution;
        let block = self.reduce.shaped(block);
        let local = LocalArray { distribution: distribution.clone(), rank, block };
        self.engine.insert(self.reduce.result, local);
        self.answer(flags)
    }

    /// Whether results are made from so few elements that it is best done where all are at hand:
    /// sums of them would take more memory than they do.
    fn has_short_lanes(&self) -> bool {
        let Reduce { reduction, reduced, dtype, distribution, ending, .. } = self.reduce;
        let Some(input) = self.input.filter(|_| self.contents.is_none()) else { return false };
        let lengths = distribution.shape().iter().zip(reduced).filter(|(_, reduced)| **reduced);
        let count = lengths.map(|(len, _)| len).product();
        // Others help where there is more to do.
        count <= SHORT && reduce::has_short_lanes(*reduction, input, *dtype, count, *ending)
    }

    /// The whole of the reduction, where this engine has all elements of its results.
    fn alone(&self) -> Result<Reply, EngineError> {
        if let Some(contents) = &self.contents {
            return self.alone_in_parts(contents);
        }
        let Reduce { subject, result_distribution, mask, distribution, ending, .. } = self.reduce;
        let rank = rank_in(self.engine, result_distribution);
        let (Subject::Array(source), Some(rank)) = (subject, rank) else {
            return self.keep(self.partial()?);
        };
        let piece = self.engine.block(*source)?;
        let mask = mask.map(|mask| self.engine.block(mask)).transpose()?;
        let labels = labels(distribution, self.rank);
        let reduction = self.of_block(&piece, mask.as_ref(), &labels);
        let (block, flags) = reduction.result(self.threads, *ending)?;
        Ok(self.keep_block(rank, block, flags))
    }

    /// This engine's piece, if results are made from the pieces of all at once.
    fn piece(&self) -> Result<Option<Piece>, EngineError> {
        let (Subject::Array(source), true) = (&self.reduce.subject, self.has_short_lanes()) else {
            return Ok(None);
        };
        let mask = self.reduce.mask.map(|mask| self.engine.block(mask)).transpose()?;
        Ok(Some(Piece { block: self.engine.block(*source)?, mask }))
    }

    /// Keeps this engine's piece of the result of what the members posted.
    fn keep_all(&self, posted: &[SharedObject]) -> Result<Reply, EngineError> {
        if let Some(contents) = &self.contents {
            let parts = posted_parts(posted).unwrap_or_default();
            return self.keep_all_parts(contents, &parts);
        }
        let pieces = posted.iter().map(|posted| posted.downcast_ref::<Piece>());
        match pieces.collect::<Option<Vec<&Piece>>>() {
            Some(pieces) => self.keep_whole(&pieces),
            None => self.keep_merged(posted.iter().filter_map(|posted| posted.downcast_ref())),
        }
    }

    /// Keeps this engine's piece of the result of all elements.
    fn keep_whole(&self, pieces: &[&Piece]) -> Result<Reply, EngineError> {
        let Reduce { reduction, reduced, dtype, ending, .. } = self.reduce;
        let Some(rank) = rank_in(self.engine, &self.reduce.result_distribution) else {
            return Ok(self.answer(FloatFlags::default()));
        };
        let blocks: Vec<Block> = pieces.iter().map(|piece| piece.block.clone()).collect();
        let masks: Vec<Block> = pieces.iter().filter_map(|piece| piece.mask.clone()).collect();
        let found = reduce::whole(*reduction, &blocks, &masks, reduced, *dtype, *ending)?;
        if let Some((block, flags)) = found {
            return Ok(self.keep_block(rank, block, flags));
        }
        let partial = |piece: &&Piece| self.partial_of(&piece.block, piece.mask.as_ref());
        self.keep_merged(pieces.iter().map(partial).collect::<Result<Vec<Partial>, _>>()?.iter())
    }

    /// Keeps this engine's piece of the result of partial results.
    fn keep_merged<'b>(
        &self,
        partials: impl Iterator<Item = &'b Partial>,
    ) -> Result<Reply, EngineError> {
        let merged = self.merged(partials)?;
        merged.map_or_else(|| Ok(self.answer(FloatFlags::default())), |merged| self.keep(merged))
    }
}

impl Supersteps for Part<'_> {
    type Unfinished = Reply;

    fn posts_arrays(&self) -> bool {
        self.has_short_lanes()
    }

    fn post(&self) -> Result<SharedObject, EngineError> {
        if let Some(contents) = &self.contents {
            return Ok(Arc::new(self.partials_of(contents)?));
        }
        match self.piece()? {
            Some(piece) => Ok(Arc::new(piece)),
            None => Ok(Arc::new(self.partial()?)),
        }
    }

    fn complete(&self, posted: &[SharedObject]) -> Result<Reply, EngineError> {
        if self.place > 0 {
            return Ok(self.answer(FloatFlags::default()));
        }
        let posted: Vec<SharedObject> =
            self.members.iter().map(|&member| posted[member].clone()).collect();
        self.keep_all(&posted)
    }

    fn settle(&self, reply: Reply) -> Result<Reply, EngineError> {
        Ok(reply)
    }

    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        // Up a binomial tree, in which what lies below a member follows it in their order.
        let tree = Tree::new(self.place, self.members.len(), 0);
        // Of each part that results are made in one, where elements are gone through in parts.
        let mut partials = match &self.contents {
            Some(contents) => self.partials_of(contents)?,
            None => vec![self.partial()?],
        };
        let count = partials.len();
        let children: Vec<usize> = tree.children().map(|child| self.members[child.rank]).collect();
        for (_, bytes) in communicator.exchange(Vec::new(), &children)? {
            let Parcel { head, parts } = Parcel::from_bytes(&bytes)?;
            for partial in std::iter::once(head).chain(parts) {
                partials.push(Partial::from_bytes(&partial)?);
            }
        }
        // Else the first member merges all, one after the other.
        if !self.reduce.reduction.is_ordered(self.reduce.dtype) {
            let parts =
                (0..count).map(|part| self.merged(partials.iter().skip(part).step_by(count)));
            partials = parts.filter_map(Result::transpose).collect::<Result<Partials, _>>()?;
        }
        let Some(parent) = tree.parent() else {
            return match &self.contents {
                Some(contents) => self.keep_all_parts(contents, &[&partials]),
                None => self.keep_merged(partials.iter()),
            };
        };
        let mut partials = partials.iter().map(Partial::to_bytes);
        let head = partials.next().unwrap_or_default();
        let message = Parcel { head, parts: partials.collect() }.to_bytes();
        communicator.exchange(vec![(self.members[parent], message)], &[])?;
        Ok(self.answer(FloatFlags::default()))
    }
}
