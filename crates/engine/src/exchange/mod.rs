//! The exchange that carries out a redistribution plan.
//!
//! Where the ranks share an address space, each receiver reads the senders' memory: one pass, no
//! packing, no message. Elsewhere the transfers of each pair of ranks are packed in an order that
//! both sides derive from the plan: `pieces` cuts them, `stream` sends and receives them.

mod pieces;
mod stream;

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::{Block, DType, copy, progress};
use distarray_meta::{Distribution, Transfer, plan};

use pieces::pieces;
use stream::Stream;

use crate::Reply;
use crate::error::EngineError;
use crate::supersteps::{self, Supersteps};

/// One rank's part in an exchange.
pub struct Endpoint<'a> {
    /// The number of this engine.
    pub engine: usize,
    /// The engines that take part, in the order of the communicator's ranks.
    pub participants: &'a [usize],
    /// The layout that is read.
    pub source_distribution: &'a Distribution,
    /// The dtype that is read.
    pub source_dtype: DType,
    /// This engine's piece of it, if it has one.
    pub source: Option<Block>,
    /// The layout that is written.
    pub dest_distribution: &'a Distribution,
    /// This engine's piece of it, if it has one.
    pub dest: Option<Block>,
}

/// What a rank shows the others when memory is shared.
struct Posting {
    source: Option<Block>,
    dest: Option<Block>,
}

impl Endpoint<'_> {
    /// Copies the source into the destination, casting; collective over the participants.
    ///
    /// # Errors
    ///
    /// [`EngineError::Comm`] when another rank gives up, [`EngineError::Kernel`] when memory is
    /// short.
    pub fn run(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        supersteps::run(self, communicator)
    }

    /// Whether a piece that is written overlaps one that is read, whosever they are: every rank
    /// sees the same postings and comes to the same answer.
    fn overlap(postings: &[&Posting]) -> bool {
        postings.iter().filter_map(|writer| writer.dest.as_ref()).any(|dest| {
            let mut sources = postings.iter().filter_map(|reader| reader.source.as_ref());
            sources.any(|source| source.may_overlap(dest))
        })
    }
}

impl Supersteps for Endpoint<'_> {
    type Unfinished = Option<Block>;

    fn posts_arrays(&self) -> bool {
        true
    }

    fn post(&self) -> Result<SharedObject, EngineError> {
        Ok(Arc::new(Posting { source: self.source.clone(), dest: self.dest.clone() }))
    }

    /// Reads from the senders' memory; where that overlaps what is written, into a place apart.
    fn complete(&self, posted: &[SharedObject]) -> Result<Option<Block>, EngineError> {
        let postings: Vec<&Posting> =
            posted.iter().filter_map(|posting| posting.downcast_ref()).collect();
        let (Some(dest), Some(rank)) = (&self.dest, self.dest_rank()) else { return Ok(None) };
        let staged = if Self::overlap(&postings) {
            Some(Block::uninitialised(dest.dtype(), &dest.shape())?)
        } else {
            None
        };
        let target = staged.as_ref().unwrap_or(dest);
        let is_large = progress::is_large(dest.size());
        if is_large {
            progress::expect(dest.size());
        }
        for transfer in plan::receives(self.source_distribution, self.dest_distribution, rank) {
            let sender = self.participant(self.source_distribution, transfer.source);
            if let Some(source) = &postings[sender].source {
                copy_transfer(source, target, &transfer)?;
                if is_large {
                    progress::advance(transfer.len());
                }
            }
        }
        Ok(staged)
    }

    fn settle(&self, staged: Option<Block>) -> Result<Reply, EngineError> {
        if let (Some(staged), Some(dest)) = (&staged, &self.dest) {
            copy::copy(staged, dest)?;
        }
        Ok(Reply::done())
    }

    /// Copies what stays, packs what others get, and unpacks what comes.
    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        // What is sent late is still to be read when what has come early is written.
        let source = match (&self.source, &self.dest) {
            (Some(source), Some(dest)) if source.may_overlap(dest) => Some(source.copied()?),
            (source, _) => source.clone(),
        };
        let own = self.participants.binary_search(&self.engine).ok();
        let mut stream = Stream::new(self.source_dtype, source.as_ref(), self.dest.as_ref());
        if let (Some(_), Some(rank)) = (&source, self.source_rank()) {
            for transfer in plan::sends(self.source_distribution, self.dest_distribution, rank) {
                let receiver = self.participant(self.dest_distribution, transfer.dest);
                if Some(receiver) != own {
                    stream.send(receiver, &transfer);
                }
            }
        }
        if let (Some(dest), Some(rank)) = (&self.dest, self.dest_rank()) {
            for transfer in plan::receives(self.source_distribution, self.dest_distribution, rank) {
                let sender = self.participant(self.source_distribution, transfer.source);
                match &source {
                    Some(source) if Some(sender) == own => copy_transfer(source, dest, &transfer)?,
                    _ => stream.receive(sender, &transfer),
                }
            }
        }
        stream.run(communicator, own.unwrap_or_default())?;
        Ok(Reply::done())
    }
}

impl Endpoint<'_> {
    fn source_rank(&self) -> Option<usize> {
        self.source_distribution.rank_of_target(self.engine)
    }

    fn dest_rank(&self) -> Option<usize> {
        self.dest_distribution.rank_of_target(self.engine)
    }

    fn participant(&self, distribution: &Distribution, rank: usize) -> usize {
        participant(self.participants, distribution.targets()[rank])
    }
}

/// The communicator's rank of an engine that takes part.
///
/// # Panics
///
/// When the engine does not take part: sessions name every engine that a command concerns.
pub fn participant(participants: &[usize], engine: usize) -> usize {
    participants.binary_search(&engine).expect("the engine takes part")
}

/// Copies what one rank receives from one other.
///
/// # Errors
///
/// As [`copy::copy`].
pub fn copy_transfer(source: &Block, dest: &Block, transfer: &Transfer) -> Result<(), EngineError> {
    let strided = source.is_strided() && dest.is_strided();
    for piece in pieces(transfer, strided) {
        copy::copy(&piece.of_source(source), &piece.of_dest(dest))?;
    }
    Ok(())
}

/// The elements of transfers from one rank to one other, one after the other.
///
/// # Errors
///
/// [`EngineError::Kernel`] when memory is short.
pub fn pack(source: &Block, transfers: &[Transfer]) -> Result<Vec<u8>, EngineError> {
    let items: usize = transfers.iter().map(Transfer::len).sum();
    let mut packed = Vec::with_capacity(items * source.dtype().itemsize());
    for transfer in transfers {
        for piece in pieces(transfer, source.is_strided()) {
            piece.of_source(source).append_to(&mut packed)?;
        }
    }
    Ok(packed)
}

/// Copies elements that were [packed](pack) to where they belong, casting.
///
/// # Errors
///
/// As [`copy::copy`].
///
/// # Panics
///
/// When there are not as many bytes as the transfers need.
pub fn unpack(
    packed: Vec<u8>,
    dtype: DType,
    dest: &Block,
    transfers: &[Transfer],
) -> Result<(), EngineError> {
    let items = transfers.iter().map(Transfer::len).sum();
    let packed = Block::of_bytes(dtype, &[items], packed);
    let mut from = 0;
    for transfer in transfers {
        for piece in pieces(transfer, dest.is_strided()) {
            let target = piece.of_dest(dest);
            let part = packed.slice_axis(0, from, 1, target.size());
            from += target.size();
            copy::copy(&Block::from_flattened(&part, &target.shape()), &target)?;
        }
    }
    Ok(())
}
