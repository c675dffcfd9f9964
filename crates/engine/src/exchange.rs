//! The exchange that carries out a redistribution plan.
//!
//! Where the ranks share an address space, each receiver reads the senders' memory: one pass, no
//! packing, no message. Elsewhere the transfers of each pair of ranks are packed in an order that
//! both sides derive from the plan.

use std::sync::Arc;

use distarray_comm::{Communicator, SharedObject};
use distarray_kernels::{Block, DType, copy};
use distarray_meta::{AxisTransfer, Distribution, Run, Transfer, plan};

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
        for transfer in plan::receives(self.source_distribution, self.dest_distribution, rank) {
            let sender = self.participant(self.source_distribution, transfer.source);
            if let Some(source) = &postings[sender].source {
                copy_transfer(source, target, &transfer)?;
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

    /// Packs what others get, copies what stays, and unpacks what comes.
    fn pass_messages(&self, communicator: &Arc<dyn Communicator>) -> Result<Reply, EngineError> {
        // What stays is copied once, unless it has to be read before anything is written.
        let stays = match (&self.source, &self.dest) {
            (Some(source), Some(dest)) if !source.may_overlap(dest) => Some((source, dest)),
            _ => None,
        };
        let own = self.participants.binary_search(&self.engine).ok().filter(|_| stays.is_some());
        let mut sends: Vec<(usize, Vec<u8>)> = Vec::new();
        if let (Some(source), Some(rank)) = (&self.source, self.source_rank()) {
            for transfer in plan::sends(self.source_distribution, self.dest_distribution, rank) {
                let receiver = self.participant(self.dest_distribution, transfer.dest);
                if Some(receiver) != own {
                    sends.push((receiver, pack(source, std::slice::from_ref(&transfer))?));
                }
            }
        }
        let mut receives = Vec::new();
        if let Some(rank) = self.dest_rank() {
            for transfer in plan::receives(self.source_distribution, self.dest_distribution, rank) {
                let sender = self.participant(self.source_distribution, transfer.source);
                match stays {
                    Some((source, dest)) if Some(sender) == own => {
                        copy_transfer(source, dest, &transfer)?;
                    }
                    _ => receives.push((sender, transfer)),
                }
            }
        }
        let senders: Vec<usize> = receives.iter().map(|(sender, _)| *sender).collect();
        let arrived = communicator.exchange(sends, &senders)?;
        if let Some(dest) = &self.dest {
            for ((_, transfer), (_, packed)) in receives.iter().zip(arrived) {
                unpack(packed, self.source_dtype, dest, std::slice::from_ref(transfer))?;
            }
        }
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

/// Beyond this many runs, positions are listed instead of copied run by run.
const FEW_RUNS: usize = 8;

/// The part of one axis that one copy handles.
#[derive(Clone)]
enum AxisPart {
    Pattern { run: Run, repeat: usize, source_period: isize, dest_period: isize },
    Lists { source: Arc<[usize]>, dest: Arc<[usize]> },
}

/// A part of a transfer that one strided (or indexed) copy handles.
struct Piece {
    axes: Vec<AxisPart>,
}

impl Piece {
    fn of_source(&self, block: &Block) -> Block {
        self.of(block, |part| match part {
            AxisPart::Pattern { run, repeat, source_period, .. } => {
                Positions::Pattern(run.source, run.source_step, run.len, *repeat, *source_period)
            }
            AxisPart::Lists { source, .. } => Positions::List(source),
        })
    }

    fn of_dest(&self, block: &Block) -> Block {
        self.of(block, |part| match part {
            AxisPart::Pattern { run, repeat, dest_period, .. } => {
                Positions::Pattern(run.dest, run.dest_step, run.len, *repeat, *dest_period)
            }
            AxisPart::Lists { dest, .. } => Positions::List(dest),
        })
    }

    fn of<'a>(&'a self, block: &Block, side: impl Fn(&'a AxisPart) -> Positions<'a>) -> Block {
        let mut block = block.clone();
        // From the last axis, because a repeated pattern turns one axis into two.
        for (axis, part) in self.axes.iter().enumerate().rev() {
            block = match side(part) {
                Positions::Pattern(start, step, len, 1, _) => {
                    block.slice_axis(axis, start, step, len)
                }
                Positions::Pattern(start, step, len, repeat, period) => {
                    block.pattern_axis(axis, start, step, len, repeat, period)
                }
                Positions::List(positions) => block.take_axis(axis, positions),
            };
        }
        block
    }
}

enum Positions<'a> {
    Pattern(usize, isize, usize, usize, isize),
    List(&'a [usize]),
}

/// Cuts a transfer into pieces, in an order that both sides of it derive alike. What is not
/// `strided` has no place for repeated runs, whose positions are listed then, in the same order.
fn pieces(transfer: &Transfer, strided: bool) -> Vec<Piece> {
    let mut pieces = vec![Piece { axes: Vec::with_capacity(transfer.axes.len()) }];
    for patterns in &transfer.axes {
        let parts = axis_parts(patterns, strided);
        pieces = pieces
            .into_iter()
            .flat_map(|piece| {
                parts.iter().map(move |part| {
                    let mut axes = piece.axes.clone();
                    axes.push(part.clone());
                    Piece { axes }
                })
            })
            .collect();
    }
    pieces
}

fn axis_parts(patterns: &[AxisTransfer], strided: bool) -> Vec<AxisPart> {
    let runs: usize = patterns.iter().map(|pattern| pattern.runs.len()).sum();
    if runs > FEW_RUNS {
        return vec![listed(patterns.iter().flat_map(|pattern| {
            (0..pattern.repeat)
                .flat_map(move |turn| pattern.runs.iter().map(move |&run| (pattern, run, turn)))
        }))];
    }
    let mut parts = Vec::with_capacity(runs);
    for pattern in patterns {
        for &run in &pattern.runs {
            parts.push(if strided || pattern.repeat == 1 {
                AxisPart::Pattern {
                    run,
                    repeat: pattern.repeat,
                    source_period: pattern.source_period,
                    dest_period: pattern.dest_period,
                }
            } else {
                listed((0..pattern.repeat).map(|turn| (pattern, run, turn)))
            });
        }
    }
    parts
}

/// The positions of runs, each at one turn of its pattern.
fn listed<'a>(runs: impl Iterator<Item = (&'a AxisTransfer, Run, usize)>) -> AxisPart {
    let (mut source, mut dest) = (Vec::new(), Vec::new());
    for (pattern, run, turn) in runs {
        let from = run.source as isize + turn as isize * pattern.source_period;
        let to = run.dest as isize + turn as isize * pattern.dest_period;
        for j in 0..run.len as isize {
            source.push((from + j * run.source_step) as usize);
            dest.push((to + j * run.dest_step) as usize);
        }
    }
    AxisPart::Lists { source: source.into(), dest: dest.into() }
}
