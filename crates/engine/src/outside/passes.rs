//! Going through elements from outside, one part after the other: while one is worked on, the next one
//! is read.

use std::sync::mpsc::sync_channel;

use distarray_kernels::{Block, Region};

use super::OutsidePiece;
use crate::Engine;
use crate::error::EngineError;

/// Reads each region of all sources, and gives them to `work`, in order.
///
/// # Errors
///
/// What reading or the work meets first.
pub fn each(
    engine: &Engine,
    sources: &[&OutsidePiece],
    regions: &[Region],
    mut work: impl FnMut(&Region, Vec<Block>) -> Result<(), EngineError> + Send,
) -> Result<(), EngineError> {
    let read = |region: &Region| -> Result<Vec<Block>, EngineError> {
        sources.iter().map(|source| source.part(region)).collect()
    };
    let _pass = engine.begin_pass();
    let Some(first) = sources.first().filter(|_| regions.len() > 1) else {
        return regions.iter().try_for_each(|region| {
            engine.check_stopped()?;
            work(region, read(region)?)
        });
    };
    let outside = &first.outer().outside;
    let mut result = Ok(());
    outside.unlocked(&mut || {
        result = std::thread::scope(|scope| {
            // Whoever reads waits until the part before the last one is taken: two are in memory.
            let (sender, parts) = sync_channel(0);
            scope.spawn(move || {
                for region in regions {
                    let part = read(region);
                    let is_last = part.is_err();
                    if sender.send(part).is_err() || is_last {
                        return;
                    }
                }
            });
            for region in regions {
                outside.check().map_err(EngineError::Outside)?;
                engine.check_stopped()?;
                let gone = || EngineError::Panic("whoever reads ahead is gone".to_owned());
                work(region, parts.recv().map_err(|_| gone())??)?;
            }
            Ok(())
        });
    });
    result
}
