//! Programs over pieces that lie alike: no communication.

use distarray_kernels::{Block, Input, Program};
use distarray_meta::Distribution;

use super::own_rank;
use crate::command::Destination;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::local_array::labels;
use crate::{ArrayId, LocalArray, Reply};

/// Evaluates a program over this engine's share of `distribution`.
///
/// # Errors
///
/// [`EngineError::UnknownArray`]; [`EngineError::Kernel`] when memory is short or the program does
/// not fit its inputs.
pub fn evaluate(
    engine: &Engine,
    program: &Program,
    distribution: &Distribution,
    inputs: &[ArrayId],
    outputs: &[Destination],
) -> Result<Reply, EngineError> {
    let rank = own_rank(engine, distribution)?;
    let shape = distribution.local_shape(rank);
    let mut blocks = inputs
        .iter()
        .map(|&input| Ok(engine.get(input)?.block))
        .collect::<Result<Vec<Block>, EngineError>>()?;
    let targets = outputs
        .iter()
        .map(|destination| match *destination {
            Destination::New(_, dtype) => Ok(Block::uninitialised(dtype, &shape)?),
            Destination::Existing(array) => Ok(engine.get(array)?.block),
        })
        .collect::<Result<Vec<Block>, EngineError>>()?;
    // Programs read and write block by block, so that an output may be an input itself but must not
    // overlap one in any other way.
    for (target, destination) in targets.iter().zip(outputs) {
        if let Destination::Existing(_) = destination {
            for block in &mut blocks {
                if block.may_overlap(target) && !block.same_view(target) {
                    *block = block.copied()?;
                }
            }
        }
    }
    let labels = if program.inputs.iter().any(|input| matches!(input, Input::Label(_))) {
        labels(distribution, rank)
    } else {
        Vec::new()
    };
    let flags = program.evaluate(&shape, &blocks, &labels, &targets)?;
    for (block, destination) in targets.into_iter().zip(outputs) {
        if let Destination::New(array, _) = *destination {
            engine.insert(array, LocalArray { distribution: distribution.clone(), rank, block });
        }
    }
    Ok(Reply::Done { flags })
}
