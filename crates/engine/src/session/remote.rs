//! Engines in other processes: the client's side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use distarray_comm::CommError;
use distarray_kernels::fork;
use distarray_meta::{Distribution, WriterDictionary};

use super::threads::{GRACE, INSISTENCE, PATIENCE};
use super::turn::{Taken, Turn};
use super::{Host, Session, outcomes};
use crate::error::{Result, SessionError};
use crate::wire::{Answer, FunctionCodec, Instruction, Outcome, Parcel, Request};
use crate::{ArrayId, Command, Reply, ops};

/// How long the client waits for answers before it lets others have the host's lock meanwhile.
const SHORT: Duration = Duration::from_millis(1);

/// So many arrays may be forgotten only with the next command; then engines are told of them alone.
const MOST_FREED: usize = 256;

/// What carries messages between the client and its engines. The client asks for one thing at a time.
pub trait Courier: Send + Sync {
    /// The number of engines.
    fn engines(&self) -> usize;

    /// Sends a request to engines, and to each of them the part that is for it alone, if there are
    /// such parts, as the last one. Waits for no answer, nor for engines that are still at work.
    ///
    /// # Errors
    ///
    /// When an engine cannot be reached.
    fn deliver(
        &self,
        participants: &[usize],
        request: Parcel,
        own: Vec<Vec<u8>>,
    ) -> std::result::Result<(), CommError>;

    /// Waits for the answers of all these engines to the request of this number, but not longer than
    /// `patience`: `None` if they are not all there by then. Answers to earlier requests are dropped.
    ///
    /// # Errors
    ///
    /// When an engine will not answer.
    fn collect(
        &self,
        participants: &[usize],
        sequence: u64,
        patience: Duration,
    ) -> std::result::Result<Option<Vec<Parcel>>, CommError>;

    /// Releases the engines of a set that wait for each other.
    fn abort(&self, group: u64, participants: &[usize], reason: &str);

    /// Asks functions that run on these engines to stop.
    fn stop_functions(&self, participants: &[usize]);
}

/// Engines in other processes, to which a courier takes commands.
///
/// Commands are executed one after the other, whichever threads send them. Arrays that nobody has
/// any more are forgotten with the next command to their engines.
pub struct RemoteSession<C: Courier> {
    courier: C,
    codec: Arc<dyn FunctionCodec>,
    host: Option<Arc<dyn Host>>,
    next_array: AtomicU64,
    /// Says whether the process was forked since.
    generation: u32,
    turn: Turn,
    state: Mutex<State>,
    /// Arrays to be forgotten, and the engines that have not been told so.
    freed: Mutex<Vec<(ArrayId, Vec<usize>)>>,
}

#[derive(Default)]
struct State {
    sequence: u64,
    epoch: u64,
    /// The sets of engines that have a number, the one that got it last at the end.
    groups: Vec<(u64, Arc<[usize]>)>,
    /// What engines have been told of long lists of indices.
    dictionary: WriterDictionary,
    is_closed: bool,
}

/// An instruction that is about to be sent.
type Borrowed<'a> = Instruction<&'a Command, &'a Distribution>;

/// A request that has been sent.
struct Sent {
    sequence: u64,
    group: u64,
}

impl<C: Courier> RemoteSession<C> {
    /// A session with the engines that a courier reaches.
    pub fn new(
        courier: C,
        codec: Arc<dyn FunctionCodec>,
        host: Option<Arc<dyn Host>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            courier,
            codec,
            host,
            next_array: AtomicU64::new(1),
            generation: fork::generation(),
            turn: Turn::default(),
            state: Mutex::default(),
            freed: Mutex::default(),
        })
    }

    /// What takes commands to the engines.
    pub fn courier(&self) -> &C {
        &self.courier
    }

    /// How many arrays each engine keeps.
    ///
    /// # Errors
    ///
    /// [`SessionError::Comm`] when engines cannot be reached.
    pub fn array_counts(&self) -> Result<Vec<usize>> {
        self.check()?;
        let everyone: Vec<usize> = (0..self.engines()).collect();
        let _turn = self.turn.wait(self.host.as_deref())?;
        let sent = self.send(&everyone, Borrowed::Count, Vec::new(), Vec::new());
        let answers = self.wait(&everyone, &sent?, false)?;
        let counts = answers.into_iter().map(|answer| match self.unpacked(answer)? {
            Outcome::Count(count) => Ok(count),
            other => Err(unexpected(&other)),
        });
        counts.collect()
    }

    /// Tells engines now which arrays are to be forgotten.
    ///
    /// # Errors
    ///
    /// [`SessionError::Comm`] when engines cannot be reached.
    pub fn flush(&self) -> Result<()> {
        self.check()?;
        let turn = self.turn.wait(self.host.as_deref())?;
        self.flush_in(&turn)
    }

    /// Has the engines leave: the session executes no more commands.
    ///
    /// # Errors
    ///
    /// [`SessionError::Comm`] when engines cannot be reached.
    pub fn close(&self) -> Result<()> {
        if fork::generation() != self.generation {
            return Ok(());
        }
        let _turn = self.turn.wait(self.host.as_deref())?;
        if std::mem::replace(&mut self.state().is_closed, true) {
            return Ok(());
        }
        let everyone: Vec<usize> = (0..self.engines()).collect();
        self.send(&everyone, Borrowed::Leave, Vec::new(), Vec::new())?;
        Ok(())
    }

    fn flush_in(&self, _turn: &Taken<'_>) -> Result<()> {
        let mut engines: Vec<usize> =
            self.freed().iter().flat_map(|(_, engines)| engines.iter().copied()).collect();
        engines.sort_unstable();
        engines.dedup();
        if !engines.is_empty() && !self.state().is_closed {
            self.send(&engines, Borrowed::Rest, Vec::new(), Vec::new())?;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while this is locked, nor below.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn freed(&self) -> MutexGuard<'_, Vec<(ArrayId, Vec<usize>)>> {
        self.freed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request to engines; whoever calls this has the turn.
    fn send(
        &self,
        participants: &[usize],
        instruction: Borrowed<'_>,
        parts: Vec<Vec<u8>>,
        own: Vec<Vec<u8>>,
    ) -> Result<Sent> {
        let freed = self.due(participants);
        let (head, sent) = {
            let mut state = self.state();
            state.sequence += 1;
            let dropped = state.dictionary.dropped(participants);
            let (group, participants) = state.group(participants);
            let (sequence, epoch) = (state.sequence, state.epoch);
            let sent = Sent { sequence, group };
            let request =
                Request { sequence, epoch, group, participants, freed, dropped, instruction };
            (request.to_bytes(&mut state.dictionary)?, sent)
        };
        let parcel = Parcel { head, parts };
        self.courier.deliver(participants, parcel, own)?;
        Ok(sent)
    }

    /// The arrays that some of these engines are to forget.
    fn due(&self, participants: &[usize]) -> Vec<ArrayId> {
        let mut due = Vec::new();
        self.freed().retain_mut(|(array, engines)| {
            let before = engines.len();
            engines.retain(|engine| participants.binary_search(engine).is_err());
            if engines.len() < before {
                due.push(*array);
            }
            !engines.is_empty()
        });
        due
    }

    /// Waits for the answers to a request, or until the user asks to stop: functions are stopped
    /// then; other commands end by themselves, and would leave arrays half written.
    fn wait(&self, participants: &[usize], sent: &Sent, is_call: bool) -> Result<Vec<Parcel>> {
        let look = |patience| self.courier.collect(participants, sent.sequence, patience);
        if let Some(answers) = look(SHORT)? {
            return Ok(answers);
        }
        let mut stopped: Option<Instant> = None;
        let mut asked: Option<Instant> = None;
        loop {
            let mut found = Ok(None);
            match &self.host {
                None => found = look(PATIENCE),
                Some(host) => host.unlocked(&mut || found = look(PATIENCE)),
            }
            match (found?, stopped) {
                (Some(answers), None) => return Ok(answers),
                (Some(_), Some(_)) => return Err(SessionError::Interrupted),
                // Engines that do not stop are left to themselves: what they answer is dropped.
                (None, Some(since)) if since.elapsed() > GRACE => {
                    return Err(SessionError::Interrupted);
                }
                (None, None) if self.host.as_ref().is_some_and(|host| host.interrupted()) => {
                    stopped = Some(Instant::now());
                    if is_call {
                        self.courier.abort(sent.group, participants, "interrupted");
                    }
                }
                (None, _) => {}
            }
            // (Of other commands, those that bring elements from outside call functions.)
            if stopped.is_some() && asked.is_none_or(|time| time.elapsed() >= INSISTENCE) {
                asked = Some(Instant::now());
                self.courier.stop_functions(participants);
            }
        }
    }

    fn unpacked(&self, answer: Parcel) -> Result<Outcome> {
        Ok(Answer::unpack(answer, &*self.codec)?.outcome)
    }

    fn carry_out(&self, participants: &[usize], command: &Command) -> Result<Vec<Reply>> {
        let parts = match command {
            Command::Call { function } => self.codec.encode(&**function)?,
            _ => Vec::new(),
        };
        let own = match command {
            Command::WriteHost { distribution, host, .. } => participants
                .iter()
                .map(|&engine| {
                    let rank = distribution.rank_of_target(engine);
                    let rank = rank.ok_or_else(|| SessionError::Value(no_piece(engine)))?;
                    ops::host::part(distribution, rank, host).map_err(SessionError::from)
                })
                .collect::<Result<_>>()?,
            _ => Vec::new(),
        };
        let is_call = matches!(command, Command::Call { .. });
        let sent = self.send(participants, Instruction::of(command), parts, own)?;
        let answers = self.wait(participants, &sent, is_call)?;
        self.state().dictionary.confirm(participants);
        let outcomes = answers.into_iter().map(|answer| self.unpacked(answer));
        let outcomes = outcomes.collect::<Result<Vec<Outcome>>>()?;
        outcomes::replies(participants, command, outcomes.into_iter().map(Some))
    }
}

impl State {
    /// The number of a set of engines.
    fn group(&mut self, participants: &[usize]) -> (u64, Arc<[usize]>) {
        let known = self.groups.iter().rev().find(|(_, engines)| **engines == *participants);
        if let Some((number, engines)) = known {
            return (*number, engines.clone());
        }
        let number = self.groups.last().map_or(0, |(last, _)| last + 1);
        let oldest = number.saturating_sub(Request::GROUPS - 1);
        self.groups.retain(|&(other, _)| other >= oldest);
        let engines: Arc<[usize]> = participants.into();
        self.groups.push((number, engines.clone()));
        (number, engines)
    }
}

fn no_piece(engine: usize) -> String {
    format!("engine {engine} has no piece of the array")
}

fn unexpected(outcome: &Outcome) -> SessionError {
    CommError::Transport(format!("an engine answered something else: {outcome:?}")).into()
}

impl<C: Courier> Session for RemoteSession<C> {
    fn engines(&self) -> usize {
        self.courier.engines()
    }

    fn new_array_id(&self) -> ArrayId {
        ArrayId(self.next_array.fetch_add(1, Ordering::Relaxed))
    }

    fn check(&self) -> Result<()> {
        outcomes::check_caller(self.generation)?;
        if self.state().is_closed {
            return Err(SessionError::Closed);
        }
        Ok(())
    }

    /// A message takes longer than what it asks for on a small array: the fewer, the better.
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
        let result = self.carry_out(participants, &command);
        if result.is_err() {
            // Engines may have been released in the middle of a collective step.
            self.state().epoch += 1;
        }
        result
    }

    fn free(&self, array: ArrayId, participants: &[usize]) {
        if fork::generation() != self.generation {
            return;
        }
        let count = {
            let mut freed = self.freed();
            freed.push((array, participants.to_vec()));
            freed.len()
        };
        // Whoever has the turn sends commands that will tell of it.
        if count >= MOST_FREED
            && let Some(turn) = self.turn.try_take()
        {
            // Engines that cannot be reached keep nothing for us.
            let _ = self.flush_in(&turn);
        }
    }
}

impl<C: Courier> Drop for RemoteSession<C> {
    fn drop(&mut self) {
        // Engines that cannot be reached any more need not be told.
        let _ = self.close();
    }
}
