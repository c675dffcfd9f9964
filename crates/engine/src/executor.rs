//! The executor: what an engine does on each command.

use std::sync::Arc;

use distarray_comm::Communicator;

use crate::engine::{Engine, FunctionContext};
use crate::error::EngineError;
use crate::ops::reshape::Reshaping;
use crate::supersteps::{self, Supersteps};
use crate::{Command, Reply, ops};

/// Executes a command on one engine; every engine of `participants` must execute the same one.
///
/// # Errors
///
/// Whatever the operation meets. The engine stays usable; arrays that the command was to make may
/// be missing.
pub fn execute(
    engine: &Arc<Engine>,
    participants: &[usize],
    communicator: &Arc<dyn Communicator>,
    command: &Command,
) -> Result<Reply, EngineError> {
    let reply = carry_out(engine, participants, communicator, command);
    if !command.is_about_layouts() {
        ops::mapped::check()?;
    }
    reply
}

fn carry_out(
    engine: &Arc<Engine>,
    participants: &[usize],
    communicator: &Arc<dyn Communicator>,
    command: &Command,
) -> Result<Reply, EngineError> {
    match command {
        Command::Create { array, distribution, dtype, initial } => {
            ops::create::create(engine, *array, distribution, *dtype, initial)
        }
        Command::Fill { array, item } => ops::create::fill(engine, *array, item),
        Command::Slice { array, base, sliced } => ops::view::slice(engine, *array, *base, sliced),
        Command::Transpose { array, base, order, distribution } => {
            ops::view::transpose(engine, *array, *base, order, distribution)
        }
        Command::Reinterpret { array, base, dtype, distribution } => {
            ops::view::reinterpret(engine, *array, *base, *dtype, distribution)
        }
        Command::Freeze { array, base, distribution } => {
            ops::view::freeze(engine, *array, *base, distribution)
        }
        Command::Evaluate(evaluate) => evaluate.run(engine, participants, communicator),
        Command::Reduce(reduce) => reduce.run(engine, participants, communicator),
        Command::Accumulate(accumulate) => accumulate.run(engine, participants, communicator),
        Command::Copy(movement) => movement.endpoint(engine, participants)?.run(communicator),
        Command::CopyLocal { source, dest } => {
            ops::redistribute::copy_local(engine, *source, *dest)
        }
        Command::Reshape(movement) => {
            Reshaping::new(movement, engine, participants)?.run(communicator)
        }
        Command::ReadHost { array, distribution, host } => {
            ops::host::read(engine, *array, distribution, host)
        }
        Command::WriteHost { array, distribution, host } => {
            ops::host::write(engine, *array, distribution, host)
        }
        Command::ReadItem { array, position } => ops::host::item(engine, *array, position),
        Command::LoadNpy { array, distribution, path, header } => {
            ops::file::load_npy(engine, *array, distribution, path, header)
        }
        Command::OpenFile { array, distribution, path, dtype, layout, is_writable } => {
            let contents = ops::mapped::Contents { path, dtype: *dtype, layout };
            ops::mapped::open(engine, *array, distribution, contents, *is_writable)
        }
        Command::SaveNpy { array, path, header } => {
            ops::file::save_npy(engine, *array, path, header)
        }
        Command::Call { function } => function
            .call(&FunctionContext { engine, participants, communicator })
            .map(Reply::Value)
            .map_err(EngineError::Function),
    }
}

/// Executes a collective command for all its engines, on this thread; `None` for commands that this
/// cannot be done with.
///
/// # Errors
///
/// Whatever the operation meets first, and the position of the engine that met it.
pub fn execute_all(
    engines: &[Arc<Engine>],
    participants: &[usize],
    command: &Command,
) -> Option<Result<Vec<Reply>, (usize, EngineError)>> {
    match command {
        Command::Evaluate(evaluate) if evaluate.communicates() => {
            Some(together(engines, |engine| evaluate.part(engine, participants)))
        }
        Command::Reduce(reduce) => {
            Some(together(engines, |engine| reduce.part(engine, participants)))
        }
        Command::Accumulate(accumulate) if accumulate.communicates() => {
            Some(together(engines, |engine| accumulate.part(engine, participants)))
        }
        Command::Copy(movement) => {
            Some(together(engines, |engine| movement.endpoint(engine, participants)))
        }
        Command::Reshape(movement) => {
            Some(together(engines, |engine| Reshaping::new(movement, engine, participants)))
        }
        _ => None,
    }
}

fn together<'a, S: Supersteps>(
    engines: &'a [Arc<Engine>],
    part: impl Fn(&'a Engine) -> Result<S, EngineError>,
) -> Result<Vec<Reply>, (usize, EngineError)> {
    let numbered = engines.iter().enumerate();
    let parts = numbered
        .map(|(position, engine)| part(engine).map_err(|error| (position, error)))
        .collect::<Result<Vec<S>, _>>()?;
    let replies = supersteps::run_all(&parts);
    ops::mapped::check().map_err(|error| (0, error))?;
    replies
}
