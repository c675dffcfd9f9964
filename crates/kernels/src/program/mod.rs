//! Programs: lists of steps over registers, evaluated block by block.

mod builder;
mod chunks;
mod display;
mod draws;
mod evaluate;
mod exits;
pub(crate) mod flags;
mod instruction;
mod layout;
mod parts;
mod ready;
mod reduction;
mod registers;
mod run;
mod scratch;
mod small;
mod stream;
mod tile;
mod verify;

use serde::{Deserialize, Serialize};

use crate::random::Draw;
use crate::{DType, Op, Scalar};
use ready::Kept;

pub use builder::{Builder, Source};
pub use flags::FloatFlags;
pub use reduction::Reducing;
pub use tile::{block_len, set_block_len};

/// A list of elementwise steps over broadcast inputs of one shape.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::unsafe_derive_deserialize,
    reason = "whatever its steps are, they are verified before they run"
)]
pub struct Program {
    inputs: Vec<Input>,
    steps: Vec<Step>,
    outputs: Vec<Output>,
    draws: Vec<Draw>,
    /// What is made of the others when the program first runs; they don't change any more.
    #[serde(skip)]
    ready: Kept,
}

/// What a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// Elements of a block with this dtype.
    Block(DType),
    /// The global index (`Int64`) along this axis of the shape that the program runs over.
    Label(usize),
    /// The random numbers of that place among the program's.
    Random(usize),
}

/// One argument of a step, or the value of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operand {
    /// An input of the program.
    Input(usize),
    /// The result of an earlier step.
    Register(usize),
    /// The same value everywhere.
    Constant(Scalar),
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// `op` on arguments that all have the dtypes that the loop takes.
    Apply {
        /// The operation.
        op: Op,
        /// The dtype that names the loop within the operation: of its first argument, or of the
        /// values that `where` selects from.
        dtype: DType,
        /// The arguments.
        arguments: Vec<Operand>,
    },
    /// A conversion to another dtype, with NumPy's `unsafe` casting.
    Cast {
        /// What is converted.
        argument: Operand,
        /// The dtype that it has.
        from: DType,
        /// The dtype that it gets.
        to: DType,
    },
}

impl Step {
    /// The arguments.
    pub fn operands(&self) -> &[Operand] {
        match self {
            Self::Apply { arguments, .. } => arguments,
            Self::Cast { argument, .. } => std::slice::from_ref(argument),
        }
    }
}

impl Program {
    /// A program of these parts.
    pub fn new(
        inputs: Vec<Input>,
        steps: Vec<Step>,
        outputs: Vec<Output>,
        draws: Vec<Draw>,
    ) -> Self {
        Self { inputs, steps, outputs, draws, ready: Kept::default() }
    }

    /// What the program reads.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// What it computes, in order; step `s` fills register `s`.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What it stores.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Whether the program asks where elements lie in the whole array, along an axis.
    pub(crate) fn asks_for(&self, axis: usize) -> bool {
        self.inputs.iter().any(|input| match *input {
            Input::Block(_) => false,
            Input::Label(label) => label == axis,
            Input::Random(_) => true,
        })
    }

    /// Whether the program asks where elements lie in the whole array.
    pub fn asks_for_labels(&self) -> bool {
        self.inputs.iter().any(|input| !matches!(input, Input::Block(_)))
    }

    /// The dtype of an input.
    pub(crate) fn dtype_of(&self, input: Input) -> Option<DType> {
        match input {
            Input::Block(dtype) => Some(dtype),
            Input::Label(_) => Some(DType::Int64),
            Input::Random(draw) => self.draws.get(draw).map(|draw| draw.dtype),
        }
    }

    /// Every operand of a step or an output.
    pub(crate) fn operands(&self) -> impl Iterator<Item = Operand> {
        let arguments = self.steps.iter().flat_map(Step::operands).copied();
        let stored = self.outputs.iter().flat_map(|output| [Some(output.value), output.mask]);
        arguments.chain(stored.flatten())
    }
}

/// What a program stores into one output block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The value.
    pub value: Operand,
    /// Its dtype, and the block's.
    pub dtype: DType,
    /// A boolean operand that says which elements are stored; all, if there is none.
    pub mask: Option<Operand>,
}
