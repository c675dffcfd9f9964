//! The executor: what an engine does on each command.

use std::sync::Arc;

use distarray_comm::Communicator;

use crate::engine::{Engine, FunctionContext};
use crate::error::EngineError;
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
        Command::Evaluate { program, distribution, inputs, outputs } => {
            ops::evaluate::evaluate(engine, program, distribution, inputs, outputs)
        }
        Command::Reduce {
            reduction,
            source,
            distribution,
            mask,
            center,
            reduced,
            dtype,
            result,
            result_distribution,
        } => ops::reduce::Reduce {
            reduction: *reduction,
            source: *source,
            distribution,
            mask: *mask,
            center: *center,
            reduced,
            dtype: *dtype,
            result: *result,
            result_distribution,
        }
        .run(engine, participants, communicator),
        Command::Copy { source, dest, is_local: true, .. } => {
            ops::redistribute::copy_local(engine, *source, *dest)
        }
        Command::Copy {
            source,
            source_dtype,
            source_distribution,
            dest,
            dest_distribution,
            is_local: false,
        } => ops::redistribute::Redistribution {
            source: *source,
            source_dtype: *source_dtype,
            source_distribution,
            dest: *dest,
            dest_distribution,
        }
        .copy(engine, participants, communicator),
        Command::Reshape { source, source_dtype, source_distribution, dest, dest_distribution } => {
            ops::redistribute::Redistribution {
                source: *source,
                source_dtype: *source_dtype,
                source_distribution,
                dest: *dest,
                dest_distribution,
            }
            .reshape(engine, participants, communicator)
        }
        Command::ReadHost { array, distribution, host } => {
            ops::host::read(engine, *array, distribution, host)
        }
        Command::WriteHost { array, distribution, host } => {
            ops::host::write(engine, *array, distribution, host)
        }
        Command::ReadItem { array, position } => ops::host::item(engine, *array, position),
        Command::Random { array, variate, key } => {
            ops::random::fill(engine, *array, *variate, *key)
        }
        Command::LoadNpy { array, distribution, path, header } => {
            ops::file::load_npy(engine, *array, distribution, path, header)
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
