//! One program run by several processes, each of which is an engine: no client, no requests.
//!
//! Every process makes the same calls. Each executes its part of a command, and what only some of them
//! know (elements, values, exceptions, failures) is told to all, so that all go on alike.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use distarray_comm::messages::MessageCommunicator;
use distarray_comm::{CommError, Communicator, Interrupt};
use distarray_kernels::{DType, fork};

use super::job::{caught, guarded};
use super::threads::as_engine;
use super::turn::Turn;
use super::{Host, Session, outcomes};
use crate::error::{EngineError, EngineFailure, Result, SessionError};
use crate::wire::{Answer, FunctionCodec, Instruction, Outcome, Parcel};
use crate::{ArrayId, Command, Engine, Reply, ops};

/// How many sets of engines keep a communicator of their own.
const MOST_SETS: usize = 64;

/// One of several processes that run the same program, and are the engines.
///
/// Engine `r` is the process of rank `r`. Commands are executed one after the other; threads of a
/// process must not send any in an order that may differ between processes.
pub struct SpmdSession {
    engine: Arc<Engine>,
    /// For commands: one that fails releases all ranks of it.
    work: MessageCommunicator,
    /// For what all are told. It is apart, and not released when a command fails: a rank that has
    /// been told everything may fail in the next command while others are still being told.
    agreement: MessageCommunicator,
    codec: Arc<dyn FunctionCodec>,
    host: Option<Arc<dyn Host>>,
    next_array: AtomicU64,
    /// Says whether the process was forked since.
    generation: u32,
    /// Whether processes compare what they are about to do.
    is_checking: AtomicBool,
    turn: Turn,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sequence: u64,
    work_epoch: u64,
    agreement_epoch: u64,
    /// The sets of engines that have worked together, the latest one at the end.
    sets: Vec<(Vec<usize>, Membership)>,
}

/// The communicator of a set of engines, if this process is one of them.
type Membership = Option<Arc<dyn Communicator>>;

impl SpmdSession {
    /// This process's end of a session. The two communicators are of the same ranks in the same
    /// order and of different groups, and the session has them for itself.
    pub fn new(
        work: MessageCommunicator,
        agreement: MessageCommunicator,
        codec: Arc<dyn FunctionCodec>,
        host: Option<Arc<dyn Host>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::new(Engine::new(work.rank())),
            work,
            agreement,
            codec,
            host,
            next_array: AtomicU64::new(1),
            generation: fork::generation(),
            is_checking: AtomicBool::new(false),
            turn: Turn::default(),
            state: Mutex::default(),
        })
    }

    /// The engine of this process.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Sets whether processes compare what they are about to do before each command, so that those
    /// that are elsewhere in the program are named instead of waited for.
    pub fn set_checking(&self, is_checking: bool) {
        self.is_checking.store(is_checking, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while this is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> u64 {
        let mut state = self.state();
        state.sequence += 1;
        state.sequence
    }

    /// The communicator of a set of engines, if this process is one of them. All processes ask.
    fn set(&self, participants: &[usize]) -> std::result::Result<Membership, CommError> {
        let mut state = self.state();
        if let Some((_, set)) = state.sets.iter().find(|(set, _)| *set == participants) {
            return Ok(set.clone());
        }
        if state.sets.len() == MOST_SETS {
            state.sets.remove(0);
        }
        let is_in = participants.binary_search(&self.work.rank()).is_ok();
        let set = if is_in {
            Some(Arc::new(self.work.subset(participants)?) as Arc<dyn Communicator>)
        } else {
            None
        };
        state.sets.push((participants.to_vec(), set.clone()));
        Ok(set)
    }

    /// This engine's part of a command.
    fn carry_out(
        &self,
        sequence: u64,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
        command: &Command,
    ) -> Outcome {
        if let Command::ReadHost { array, distribution, .. } = command {
            let sent = caught(|| ops::host::sent(&self.engine, *array, distribution));
            return sent.map_or_else(Outcome::Failure, |(dtype, bytes)| Outcome::Elements {
                dtype,
                bytes,
            });
        }
        let number = self.engine.number();
        let group = self.work.handle();
        let is_call = matches!(command, Command::Call { .. });
        if is_call {
            group.enter(sequence);
            group.set_interrupt(self.interrupt());
        }
        let result = as_engine(|| guarded(&self.engine, participants, communicator, command));
        if let Err(error) = &result
            && command.communicates()
            && participants.len() > 1
        {
            group.abort(number, error.to_string());
        }
        if is_call {
            group.set_interrupt(None);
            // The others' functions may still be waiting for this one.
            group.leave(number);
        }
        result.into()
    }

    /// Everybody's outcome of a command, by rank; that of this process is `own`.
    fn agree(&self, sequence: u64, own: Option<Outcome>) -> Result<Vec<Option<Outcome>>> {
        let pack = |outcome| -> Result<Vec<u8>> {
            Ok(Answer { sequence, outcome }.pack(&*self.codec)?.to_bytes())
        };
        let packed = own.map_or_else(|| Ok(Vec::new()), pack)?;
        let all = self.gather(&packed)?;
        let outcome = |packed: Vec<u8>| -> Result<Option<Outcome>> {
            if packed.is_empty() {
                return Ok(None);
            }
            let answer = Answer::unpack(Parcel::from_bytes(&packed)?, &*self.codec)?;
            if answer.sequence == sequence {
                return Ok(Some(answer.outcome));
            }
            Err(SessionError::Diverged(format!(
                "the processes are not at the same place of the program: this one ends its command \
                 number {sequence}, another one its number {}",
                answer.sequence
            )))
        };
        all.into_iter().map(outcome).collect()
    }

    /// Everybody's bytes, by rank.
    fn gather(&self, packed: &[u8]) -> Result<Vec<Vec<u8>>> {
        let group = self.agreement.handle();
        group.set_interrupt(self.interrupt());
        let gathered = self.agreement.all_gather(packed);
        group.set_interrupt(None);
        if let Err(error) = &gathered {
            // All of them give up, so that none waits for another one.
            group.abort(self.engine.number(), error.to_string());
            let epoch = {
                let mut state = self.state();
                state.agreement_epoch += 1;
                state.agreement_epoch
            };
            group.reset(epoch);
        }
        match gathered {
            Err(CommError::Interrupted) => Err(SessionError::Interrupted),
            gathered => Ok(gathered?),
        }
    }

    /// Makes the engines ready for commands again, after one failed; every process does this.
    fn recover(&self) {
        let epoch = {
            let mut state = self.state();
            state.work_epoch += 1;
            state.work_epoch
        };
        self.work.handle().reset(epoch);
    }

    /// What waits ask from time to time: are they to end?
    fn interrupt(&self) -> Option<Interrupt> {
        self.host.as_deref().and_then(Host::interrupt)
    }

    /// Sees to it that all processes are about to execute the same command.
    fn compare(&self, sequence: u64, participants: &[usize], command: &Command) -> Result<()> {
        // Functions are the processes' own, and so is their memory.
        let bytes = postcard::to_stdvec(&(participants, Instruction::of(command)));
        let mut hasher = DefaultHasher::new();
        bytes.unwrap_or_default().hash(&mut hasher);
        let text = format!("{command:?}");
        let name: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
        let all = self.gather(format!("{name} {sequence} {:x}", hasher.finish()).as_bytes())?;
        let own = &all[self.work.rank()];
        let others = all.iter().enumerate().filter(|(_, call)| *call != own);
        let others: Vec<String> = others
            .map(|(rank, call)| {
                let call = String::from_utf8_lossy(call);
                let words: Vec<&str> = call.split(' ').take(2).collect();
                format!("rank {rank} at {}", words.join(" number "))
            })
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(SessionError::Diverged(format!(
            "the processes are not at the same place of the program: rank {} is at {name} number \
             {sequence}, but {} (the number is that of a command; the same command may also be about \
             other arrays)",
            self.work.rank(),
            others.join(", ")
        )))
    }
}

/// Whether all processes are told what came of a command: only some know what it gives, or it can
/// fail on some alone.
fn is_agreed(command: &Command) -> bool {
    match command {
        Command::Create { .. }
        | Command::Evaluate(_)
        | Command::Reduce(_)
        | Command::Accumulate(_)
        | Command::Copy(_)
        | Command::Reshape(_)
        | Command::ReadItem { .. }
        | Command::LoadNpy { .. }
        | Command::OpenFile { .. }
        | Command::SaveNpy { .. }
        | Command::ReadHost { .. }
        | Command::Call { .. }
        // What is outside is read for that.
        | Command::Reinterpret { .. }
        // These fail where the memory is a user's that can't be written to.
        | Command::Fill { .. }
        | Command::CopyLocal { .. }
        | Command::WriteHost { .. } => true,
        Command::Slice { .. }
        | Command::Transpose { .. }
        | Command::Freeze { .. } => false,
    }
}

impl Session for SpmdSession {
    fn engines(&self) -> usize {
        self.work.size()
    }

    fn new_array_id(&self) -> ArrayId {
        ArrayId(self.next_array.fetch_add(1, Ordering::Relaxed))
    }

    fn check(&self) -> Result<()> {
        outcomes::check_caller(self.generation)
    }

    /// Agreeing takes longer than working on a small array: the fewer commands, the better.
    fn is_small(&self, _weight: usize) -> bool {
        false
    }

    fn execute(
        &self,
        participants: &[usize],
        command: Command,
        _weight: usize,
    ) -> Result<Vec<Reply>> {
        self.check()?;
        outcomes::check_engines(participants, self.engines())?;
        let _turn = self.turn.wait(self.host.as_deref())?;
        let sequence = self.begin();
        if self.is_checking.load(Ordering::Relaxed) {
            self.compare(sequence, participants, &command)?;
        }
        let set = self.set(participants)?;
        let outcome =
            set.map(|communicator| self.carry_out(sequence, participants, &communicator, &command));
        if !is_agreed(&command) {
            return match outcome {
                Some(Outcome::Failure(error)) => {
                    let engine = self.engine.number();
                    Err(SessionError::Engines(vec![EngineFailure { engine, error }]))
                }
                _ => Ok(participants.iter().map(|_| Reply::done()).collect()),
            };
        }
        let mut all = self.agree(sequence, outcome)?;
        let is_failure = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Failure(_)));
        if command.communicates() && all.iter().any(is_failure) {
            self.recover();
        }
        let outcomes = participants.iter().map(|&engine| all[engine].take());
        outcomes::replies(participants, &command, outcomes)
    }

    fn once(
        &self,
        work: &mut dyn FnMut() -> std::result::Result<Vec<u8>, EngineError>,
    ) -> Result<Vec<u8>> {
        self.check()?;
        let _turn = self.turn.wait(self.host.as_deref())?;
        let sequence = self.begin();
        let own = (self.work.rank() == 0).then(|| match caught(work) {
            Ok(bytes) => Outcome::Elements { dtype: DType::UInt8, bytes },
            Err(error) => Outcome::Failure(error),
        });
        match self.agree(sequence, own)?.into_iter().next().flatten() {
            Some(Outcome::Elements { bytes, .. }) => Ok(bytes),
            Some(Outcome::Failure(error)) => Err(error.into()),
            other => Err(CommError::Transport(format!("rank 0 came to {other:?}")).into()),
        }
    }

    fn free(&self, array: ArrayId, _participants: &[usize]) {
        if fork::generation() == self.generation {
            self.engine.remove(array);
        }
    }
}
