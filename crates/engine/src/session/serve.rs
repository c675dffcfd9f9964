//! An engine in a process of its own: requests in, answers out.

use std::collections::HashMap;
use std::sync::Arc;

use distarray_comm::{CommError, Communicator, InProcess};

use super::job::{caught, guarded};
use super::threads::as_engine;
use crate::error::EngineError;
use crate::wire::{Answer, FunctionCodec, Instruction, Outcome, Parcel, Request};
use crate::{Command, Engine, Reply, ops};

/// An engine's connection to the client and to the other engines.
pub trait Link {
    /// Waits for the next request; `None` when the client sends no more.
    ///
    /// # Errors
    ///
    /// When the client can't be heard any more.
    fn receive(&mut self) -> Result<Option<Parcel>, CommError>;

    /// Sends an answer to the client.
    ///
    /// # Errors
    ///
    /// When the client can't be reached any more.
    fn answer(&mut self, answer: Parcel) -> Result<(), CommError>;

    /// A communicator over a set of engines, in their order; all of them ask for it, with the same
    /// number and in the same order of requests. That of an earlier set with this number, if there
    /// was one, is used no more.
    ///
    /// # Errors
    ///
    /// When there is none.
    fn join(
        &mut self,
        group: u64,
        participants: &[usize],
    ) -> Result<Arc<dyn Communicator>, CommError>;

    /// Says that this engine calls a function that it may leave before others do. All engines of the
    /// set say so, with the same number, greater each time.
    fn enter(&mut self, group: u64, generation: u64);

    /// Says that this engine has left the function: whoever waits for it there gets
    /// [`CommError::Gone`].
    fn leave(&mut self, group: u64);

    /// Begins a new epoch: communicators that were aborted work again, and what is on its way from
    /// earlier epochs is dropped when it arrives. Other engines may have begun it already.
    fn reset(&mut self, epoch: u64);
}

/// Carries out requests until the client sends no more.
///
/// # Errors
///
/// When the client can't be heard or reached any more.
pub fn serve(
    engine: &Arc<Engine>,
    link: &mut dyn Link,
    codec: &dyn FunctionCodec,
) -> Result<(), CommError> {
    let alone: Arc<dyn Communicator> = InProcess::group(1).remove(0);
    let mut server = Server { engine, link, codec, alone, groups: HashMap::new(), epoch: 0 };
    while let Some(parcel) = server.link.receive()? {
        let request = Request::from_bytes(&parcel.head, &mut engine.dictionary())?;
        let (sequence, is_answered) = (request.sequence, request.instruction.is_answered());
        if matches!(request.instruction, Instruction::Leave) {
            break;
        }
        let outcome = as_engine(|| server.carry_out(request, parcel.parts));
        if is_answered {
            let answer = Answer { sequence, outcome }.pack(codec)?;
            server.link.answer(answer)?;
        }
    }
    Ok(())
}

struct Server<'a> {
    engine: &'a Arc<Engine>,
    link: &'a mut dyn Link,
    codec: &'a dyn FunctionCodec,
    /// For what needs no others.
    alone: Arc<dyn Communicator>,
    /// The communicators of the sets of engines that have worked together.
    groups: HashMap<u64, Arc<dyn Communicator>>,
    epoch: u64,
}

impl Server<'_> {
    fn carry_out(&mut self, request: Request, parts: Vec<Vec<u8>>) -> Outcome {
        let Request { sequence, epoch, group, participants, freed, instruction, .. } = request;
        // A request that needs no answer may be late.
        if epoch > self.epoch {
            self.epoch = epoch;
            self.link.reset(epoch);
        }
        for array in freed {
            self.engine.remove(array);
        }
        let is_call = matches!(instruction, Instruction::Call);
        let communicates = match &instruction {
            Instruction::Execute(command) => command.communicates(),
            _ => is_call,
        };
        if !communicates || participants.len() == 1 {
            return self.execute(&participants, &self.alone, instruction, parts);
        }
        let communicator = match self.communicator(group, &participants) {
            Ok(communicator) => communicator,
            Err(error) => return Outcome::Failure(error.into()),
        };
        if is_call {
            self.link.enter(group, sequence);
        }
        let outcome = self.execute(&participants, &communicator, instruction, parts);
        if let Outcome::Failure(error) = &outcome {
            communicator.abort(self.engine.number(), &error.to_string());
        }
        if is_call {
            // The others' functions may still be waiting for this one.
            self.link.leave(group);
        }
        outcome
    }

    fn communicator(
        &mut self,
        group: u64,
        participants: &[usize],
    ) -> Result<Arc<dyn Communicator>, CommError> {
        if let Some(communicator) = self.groups.get(&group) {
            return Ok(communicator.clone());
        }
        let communicator = self.link.join(group, participants)?;
        // Sets that were numbered so long ago have lost their number.
        self.groups.retain(|&other, _| other.saturating_add(Request::GROUPS) > group);
        self.groups.insert(group, communicator.clone());
        Ok(communicator)
    }

    fn execute(
        &self,
        participants: &[usize],
        communicator: &Arc<dyn Communicator>,
        instruction: Instruction,
        mut parts: Vec<Vec<u8>>,
    ) -> Outcome {
        let Self { engine, codec, .. } = *self;
        match instruction {
            Instruction::Execute(command) => {
                guarded(engine, participants, communicator, &command).into()
            }
            Instruction::Call => caught(|| {
                let function = codec.decode(parts).map_err(EngineError::Function)?;
                guarded(engine, participants, communicator, &Command::Call { function })
            })
            .into(),
            Instruction::ReadHost { array, distribution } => {
                let sent = caught(|| ops::host::sent(engine, array, &distribution));
                sent.map_or_else(Outcome::Failure, |(dtype, bytes)| Outcome::Elements {
                    dtype,
                    bytes,
                })
            }
            Instruction::WriteHost { array, distribution, dtype } => caught(|| {
                let elements = parts.pop().unwrap_or_default();
                ops::host::set(engine, array, &distribution, dtype, elements)
            })
            .into(),
            Instruction::Count => Outcome::Count(engine.len()),
            Instruction::Rest | Instruction::Leave => Outcome::Reply(Reply::done()),
        }
    }
}
