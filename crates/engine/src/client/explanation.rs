//! What evaluating arrays will do, before it is done.

use std::sync::Arc;

use distarray_kernels::{DType, Program};
use distarray_meta::plan;

use super::Array;
use super::evaluation::Evaluation;
use super::node::Node;
use crate::error::Result;

/// What evaluating an array will do.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The operations, as the steps of a program.
    pub program: Program,
    /// What it reads, in the order of the program's inputs.
    pub inputs: Vec<Read>,
    /// How many arrays are stored: the one that was asked for, and those on the way to it that have
    /// a handle.
    pub stored: usize,
    /// How many bytes these are.
    pub bytes_written: usize,
    /// How many arrays the operations would have stored one by one, and are not.
    pub temporaries_avoided: usize,
    /// How many bytes these would have been.
    pub bytes_avoided: usize,
}

/// An array that is read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The shape.
    pub shape: Vec<usize>,
    /// The dtype.
    pub dtype: DType,
    /// The number of bytes.
    pub bytes: usize,
    /// How many of these an engine reads that does not hold them.
    pub bytes_moved: usize,
    /// Whether they are read from outside of the engines' memory.
    pub is_outside: bool,
}

impl Array {
    /// What evaluating this array will do. Nothing, if it is on the engines already.
    ///
    /// # Errors
    ///
    /// As [`Array::id`].
    pub fn explain(&self) -> Result<Explanation> {
        let layout = self.distribution();
        let mut evaluation = Evaluation::rehearse(self.session(), layout);
        if self.is_pending() {
            evaluation.store(self.node())?;
        }
        let (computed, prepared) = (evaluation.computed(), evaluation.prepare());
        let bytes = |nodes: &[Arc<Node>]| nodes.iter().map(|node| node.bytes()).sum::<usize>();
        let avoided: Vec<Arc<Node>> = computed
            .into_iter()
            .filter(|node| !prepared.stored.iter().any(|stored| Arc::ptr_eq(stored, node)))
            .collect();
        let read = |node: &Arc<Node>| Read {
            shape: node.distribution.shape().to_vec(),
            dtype: node.dtype,
            bytes: node.bytes(),
            is_outside: node.memory.is_outside(),
            bytes_moved: if node.distribution.shape() == layout.shape() && !node.lies_as(layout) {
                plan::moved(&node.distribution, layout) as usize * node.dtype.itemsize()
            } else {
                0
            },
        };
        Ok(Explanation {
            inputs: prepared.inputs.iter().map(read).collect(),
            stored: prepared.stored.len(),
            bytes_written: bytes(&prepared.stored),
            temporaries_avoided: avoided.len(),
            bytes_avoided: bytes(&avoided),
            program: prepared.program,
        })
    }
}
