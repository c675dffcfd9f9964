//! Reductions of elements from outside, part by part: of each part a partial result is made, and all are
//! merged as those of engines are, so that the bits of the result are the same.

use std::sync::{Mutex, PoisonError};

use distarray_comm::SharedObject;
use distarray_kernels::program::Reducing;
use distarray_kernels::reduce::{self, Partial};
use distarray_kernels::{Block, DType, FloatFlags, Region, copy};

use super::outside::Met;
use super::reduce::Part;
use crate::command::Subject;
use crate::engine::{Content, Engine};
use crate::error::EngineError;
use crate::local_array::labels;
use crate::outside::cuts::{Cuts, Cutting};
use crate::outside::{OutsidePiece, passes};
use crate::{ArrayId, Reply};

/// What is reduced, on one engine, where some of it is outside.
pub struct Contents {
    /// The array, or what a program reads.
    inputs: Vec<Content>,
    /// Which elements count.
    mask: Option<Content>,
}

/// The partial results of an engine's piece, one for each of the parts that results are made in.
pub type Partials = Vec<Partial>;

impl Contents {
    /// What a subject reads; `None` if all of it is in memory.
    ///
    /// # Errors
    ///
    /// When the engine has no piece of it, or can't read that.
    pub fn of(
        engine: &Engine,
        subject: &Subject,
        mask: Option<ArrayId>,
    ) -> Result<Option<Self>, EngineError> {
        if !engine.has_outside() {
            return Ok(None);
        }
        let ids: &[ArrayId] = match subject {
            Subject::Array(source) => std::slice::from_ref(source),
            Subject::Computed { inputs, .. } => inputs,
            Subject::Products { .. } => return Ok(None),
        };
        let get = |&array: &ArrayId| engine.content(array);
        let contents = Self {
            inputs: ids.iter().map(get).collect::<Result<_, EngineError>>()?,
            mask: mask.as_ref().map(get).transpose()?,
        };
        Ok((!contents.sources().is_empty()).then_some(contents))
    }

    fn all(&self) -> impl Iterator<Item = &Content> {
        self.inputs.iter().chain(&self.mask)
    }

    fn sources(&self) -> Vec<&OutsidePiece> {
        let outside = self.all().filter_map(|content| match content {
            Content::Here(_) => None,
            Content::Outside(piece) => Some(piece),
        });
        outside.collect()
    }

    /// The elements of a region: of the inputs, and of the mask.
    fn blocks(&self, region: &Region, parts: Vec<Block>) -> (Vec<Block>, Option<Block>) {
        let mut parts = parts.into_iter();
        let mut blocks: Vec<Block> = self
            .all()
            .filter_map(|content| match content {
                Content::Here(block) => Some(region.of(block)),
                Content::Outside(_) => parts.next(),
            })
            .collect();
        let mask = self.mask.as_ref().and_then(|_| blocks.pop());
        (blocks, mask)
    }
}

impl Part<'_> {
    fn cuts(&self, contents: &Contents) -> Cuts {
        let read = contents.all().map(|content| match content {
            Content::Here(block) => block.dtype(),
            Content::Outside(piece) => piece.dtype(),
        });
        Cutting {
            shape: &self.reduce.distribution.local_shape(self.rank),
            global_shape: self.reduce.distribution.shape(),
            reduced: &self.reduce.reduced,
            sources: &contents.sources(),
            sinks: &[],
            bytes: read.map(DType::itemsize).max().unwrap_or(1),
        }
        .cuts()
    }

    /// What this engine's piece comes to: a partial result for each part that results are made in, one
    /// after the other.
    fn in_parts(
        &self,
        contents: &Contents,
        mut take: impl FnMut(&Region, Partial) -> Result<(), EngineError> + Send,
    ) -> Result<(), EngineError> {
        let reduce = self.reduce;
        let cuts = self.cuts(contents);
        let shape = reduce.distribution.local_shape(self.rank);
        let labels = labels(&reduce.distribution, self.rank);
        let stored = self.stored(&shape)?;
        let met = Mutex::new(Met::default());
        // One list for all results, so that the first part of the next one is read ahead, too.
        let mut regions = Vec::new();
        let mut ends = Vec::new();
        let results = cuts.results(&reduce.reduced);
        for result in &results {
            regions.extend(cuts.parts(&reduce.reduced, result));
            ends.push(regions.len());
        }
        let nothing =
            |result: &Region| reduce::identity(reduce.reduction, &result.shape(), reduce.dtype);
        let (mut done, mut place) = (0, 0);
        let mut merged = results.first().map(nothing);
        passes::each(self.engine, &contents.sources(), &regions, |region, parts| {
            let (inputs, mask) = contents.blocks(region, parts);
            let labels = region.labels(&labels);
            let partial = match &reduce.subject {
                Subject::Computed { program, value, .. } => {
                    let shape = region.shape();
                    let outputs = stored.iter().map(|output| {
                        let dtype = output.as_ref().map(Block::dtype);
                        dtype.map(|dtype| Block::uninitialised(dtype, &shape)).transpose()
                    });
                    let outputs = outputs.collect::<Result<Vec<Option<Block>>, _>>()?;
                    let (partial, flags) = Reducing {
                        program,
                        value: *value,
                        reduction: reduce.reduction,
                        dtype: reduce.dtype,
                        reduced: &reduce.reduced,
                        shape: &shape,
                        inputs: &inputs,
                        labels: &labels,
                        outputs: &outputs,
                    }
                    .run(self.threads)?;
                    met.lock().unwrap_or_else(PoisonError::into_inner).add(flags);
                    for (part, whole) in outputs.iter().zip(&stored) {
                        if let (Some(part), Some(whole)) = (part, whole) {
                            copy::copy(part, &region.of(whole))?;
                        }
                    }
                    partial
                }
                _ => self.of_block(&inputs[0], mask.as_ref(), &labels).partial(self.threads)?,
            };
            if let Some(merged) = &mut merged {
                reduce::merge(reduce.reduction, merged, &partial)?;
            }
            done += 1;
            if ends[place] == done {
                next_result(&results, &mut place, &mut merged, &mut take, &nothing)?;
            }
            Ok(())
        })?;
        while merged.is_some() {
            next_result(&results, &mut place, &mut merged, &mut take, &nothing)?;
        }
        self.keep_stored(stored);
        let met = met.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
        self.lock().extend(met);
        Ok(())
    }

    /// All partial results.
    ///
    /// # Errors
    ///
    /// What reading or reducing meets.
    pub fn partials_of(&self, contents: &Contents) -> Result<Partials, EngineError> {
        let mut partials = Vec::new();
        self.in_parts(contents, |_, partial| {
            partials.push(partial);
            Ok(())
        })?;
        Ok(partials)
    }

    /// The whole of the reduction, where this engine has all elements of its results: each is finished
    /// before the next one begins.
    ///
    /// # Errors
    ///
    /// As [`Part::partials_of`].
    pub fn alone_in_parts(&self, contents: &Contents) -> Result<Reply, EngineError> {
        let mut result = Assembled::new(self);
        self.in_parts(contents, |region, partial| result.add(region, partial))?;
        Ok(result.finish())
    }

    /// Keeps this engine's piece of the result of what the members have, part for part.
    ///
    /// # Errors
    ///
    /// [`EngineError::Kernel`]; [`EngineError::Panic`] when members have different parts.
    pub fn keep_all_parts(
        &self,
        contents: &Contents,
        members: &[&Partials],
    ) -> Result<Reply, EngineError> {
        let regions = self.cuts(contents).results(&self.reduce.reduced);
        if members.iter().any(|partials| partials.len() != regions.len()) {
            return Err(EngineError::Panic("engines reduce in different parts".to_owned()));
        }
        let mut result = Assembled::new(self);
        for (place, region) in regions.iter().enumerate() {
            if let Some(partial) = self.merged(members.iter().map(|partials| &partials[place]))? {
                result.add(region, partial)?;
            }
        }
        Ok(result.finish())
    }
}

/// Hands a result over, and begins the next one.
fn next_result(
    results: &[Region],
    place: &mut usize,
    merged: &mut Option<Partial>,
    take: &mut (impl FnMut(&Region, Partial) -> Result<(), EngineError> + Send),
    nothing: &impl Fn(&Region) -> Partial,
) -> Result<(), EngineError> {
    if let Some(partial) = merged.take() {
        take(&results[*place], partial)?;
    }
    *place += 1;
    *merged = results.get(*place).map(nothing);
    Ok(())
}

/// The posted partial results of those that belong together; `None` if there are none.
pub fn posted_parts(posted: &[SharedObject]) -> Option<Vec<&Partials>> {
    posted.iter().map(|posted| posted.downcast_ref::<Partials>()).collect()
}

/// A result in the making.
struct Assembled<'a> {
    part: &'a Part<'a>,
    shape: Vec<usize>,
    block: Option<Block>,
    flags: FloatFlags,
}

impl<'a> Assembled<'a> {
    fn new(part: &'a Part<'a>) -> Self {
        let lens = part.reduce.distribution.local_shape(part.rank).into_iter();
        let lens = lens.zip(&part.reduce.reduced);
        let shape = lens.map(|(len, reduced)| if *reduced { 1 } else { len }).collect();
        Self { part, shape, block: None, flags: FloatFlags::default() }
    }

    fn add(&mut self, region: &Region, partial: Partial) -> Result<(), EngineError> {
        let reduce = self.part.reduce;
        let (block, flags) = reduce::finish(reduce.reduction, partial, reduce.ending)?;
        self.flags = self.flags.union(flags);
        if block.shape() == self.shape {
            self.block = Some(block);
            return Ok(());
        }
        let whole = match &self.block {
            Some(whole) => whole.clone(),
            None => Block::uninitialised(block.dtype(), &self.shape)?,
        };
        copy::copy(&block, &region.of(&whole))?;
        self.block = Some(whole);
        Ok(())
    }

    fn finish(self) -> Reply {
        self.part.keep_result(self.block, self.flags)
    }
}
