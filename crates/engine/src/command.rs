//! The whole instruction set of an engine.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use distarray_kernels::program::FloatFlags;
use distarray_kernels::reduce::Ending;
use distarray_kernels::{Block, DType, Program, Reduction, Scalar, Scan};
use distarray_meta::{Distribution, SlicedDistribution};
use distarray_storage::Layout;
use distarray_storage::npy::Header;
use serde::{Deserialize, Serialize};

use crate::engine::EngineFunction;

/// The name of an array on the engines; never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArrayId(pub u64);

/// What the elements of a new array are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initial {
    /// Whatever the memory holds.
    Uninitialised,
    /// Zero bytes.
    Zero,
    /// This item everywhere, as the bytes of the array's dtype.
    Item(Arc<[u8]>),
}

/// One instruction. The engines that execute it are named beside it, by the session.
///
/// What names memory or functions of the client's has no form in bytes of its own (see
/// [`crate::wire::Instruction`]) and comes last, since serde numbers the others without it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Command {
    /// Makes a new array.
    Create {
        /// Its name.
        array: ArrayId,
        /// Its layout.
        distribution: Distribution,
        /// Its dtype.
        dtype: DType,
        /// Its elements.
        initial: Initial,
    },
    /// Sets every element to one item.
    Fill {
        /// The array.
        array: ArrayId,
        /// The item, as the bytes of the array's dtype.
        item: Arc<[u8]>,
    },
    /// Makes an array that shares the memory of a selection of another one.
    Slice {
        /// The name of the new array.
        array: ArrayId,
        /// The array that is sliced.
        base: ArrayId,
        /// What is selected, and the layout of the result.
        sliced: Arc<SlicedDistribution>,
    },
    /// Makes an array that shares the memory of another one, its axes in another order.
    Transpose {
        /// The name of the new array.
        array: ArrayId,
        /// The array that is transposed.
        base: ArrayId,
        /// The axis of the base that becomes each axis.
        order: Vec<usize>,
        /// The layout of the result.
        distribution: Distribution,
    },
    /// Makes an array that shares the memory of another one, read as another dtype.
    Reinterpret {
        /// The name of the new array.
        array: ArrayId,
        /// The array that is read.
        base: ArrayId,
        /// The dtype of the new array.
        dtype: DType,
        /// The layout of the result.
        distribution: Distribution,
    },
    /// Makes an array that shares the memory of another one, and can't be written to.
    Freeze {
        /// The name of the new array.
        array: ArrayId,
        /// The array that is read.
        base: ArrayId,
        /// Its layout, and that of the new one.
        distribution: Distribution,
    },
    /// Evaluates a program over the pieces of one layout.
    Evaluate(Evaluate),
    /// Reduces an array along axes.
    Reduce(Reduce),
    /// Accumulates along an axis: running sums and their like.
    Accumulate(Accumulate),
    /// Copies an array into another one of the same shape and any layout, casting.
    Copy(Movement),
    /// Copies pieces into pieces to which they broadcast, casting; every engine has what it needs.
    CopyLocal {
        /// The array that is read.
        source: ArrayId,
        /// The array that is written.
        dest: ArrayId,
    },
    /// Copies an array into another one of the same size and dtype and any shape and layout, in C
    /// order.
    Reshape(Movement),
    /// Reads one element of a piece.
    ReadItem {
        /// The array.
        array: ArrayId,
        /// The position in the piece.
        position: Vec<usize>,
    },
    /// Makes an array from a file in npy format; each engine reads its part.
    LoadNpy {
        /// The name of the array.
        array: ArrayId,
        /// Its layout.
        distribution: Distribution,
        /// The file.
        #[serde(with = "crate::wire::path")]
        path: PathBuf,
        /// Its header.
        header: Arc<Header>,
    },
    /// Makes an array of elements that stay in a file.
    OpenFile {
        /// The name of the array.
        array: ArrayId,
        /// Its layout.
        distribution: Distribution,
        /// The file.
        #[serde(with = "crate::wire::path")]
        path: PathBuf,
        /// The dtype of its elements.
        dtype: DType,
        /// Where they lie.
        layout: Arc<Layout>,
        /// Whether they can be written to; the file gets the space that they need.
        is_writable: bool,
    },
    /// Writes each engine's part of an array into a file in npy format.
    SaveNpy {
        /// The array.
        array: ArrayId,
        /// The file; its header is written and its size set.
        #[serde(with = "crate::wire::path")]
        path: PathBuf,
        /// Its header.
        header: Arc<Header>,
    },
    /// Copies an array into memory of the client's, of the array's global shape.
    #[serde(skip)]
    ReadHost {
        /// The array.
        array: ArrayId,
        /// Its layout.
        distribution: Distribution,
        /// The client's memory.
        host: Block,
    },
    /// Copies memory of the client's, of the array's global shape, into an array, casting.
    #[serde(skip)]
    WriteHost {
        /// The array.
        array: ArrayId,
        /// Its layout.
        distribution: Distribution,
        /// The client's memory.
        host: Block,
    },
    /// Calls the user's function on every engine.
    #[serde(skip)]
    Call {
        /// The function.
        function: Arc<dyn EngineFunction>,
    },
}

/// An evaluation of a program.
#[derive(Debug, Serialize, Deserialize)]
pub struct Evaluate {
    /// The program.
    pub program: Arc<Program>,
    /// The layout of the outputs, and the space that the program runs over.
    pub distribution: Distribution,
    /// What the program's block inputs are.
    pub inputs: Vec<Source>,
    /// Where its outputs go.
    pub outputs: Vec<Destination>,
}

/// An array that a program reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub array: ArrayId,
    /// Its dtype.
    pub dtype: DType,
    /// Its layout, unless every engine has in its piece what it reads.
    pub elsewhere: Option<Distribution>,
}

/// A reduction of an array along axes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reduce {
    /// What is computed.
    pub reduction: Reduction,
    /// What is reduced.
    pub subject: Subject,
    /// Its layout.
    pub distribution: Distribution,
    /// Which elements count (broadcast against the array's pieces).
    pub mask: Option<ArrayId>,
    /// Which axes are reduced.
    pub reduced: Vec<bool>,
    /// The dtype of the result.
    pub dtype: DType,
    /// What goes into the result at the end.
    pub ending: Ending,
    /// The name of the result.
    pub result: ArrayId,
    /// The layout of the result.
    pub result_distribution: Distribution,
}

/// What is reduced.
#[derive(Debug, Serialize, Deserialize)]
pub enum Subject {
    /// An array.
    Array(ArrayId),
    /// The products of the elements of two arrays of one layout and dtype.
    Products {
        /// The first factors, which may be conjugated.
        left: ArrayId,
        /// The second factors.
        right: ArrayId,
        /// Whether the first factors are conjugated.
        is_conjugated: bool,
    },
    /// An output of a program, which is evaluated on the way.
    Computed {
        /// The program.
        program: Program,
        /// What its block inputs are; each lies as the program needs it.
        inputs: Vec<ArrayId>,
        /// Where its outputs go.
        outputs: Vec<Destination>,
        /// Which of the program's outputs is reduced; it goes nowhere if there is no destination
        /// for it.
        value: usize,
    },
}

/// An accumulation along an axis of which every engine holds neighbouring indices, in ascending
/// order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Accumulate {
    /// What is computed.
    pub scan: Scan,
    /// Along which axis.
    pub axis: usize,
    /// The array.
    pub source: ArrayId,
    /// Its dtype.
    pub source_dtype: DType,
    /// Its layout, and that of the result.
    pub distribution: Distribution,
    /// The name of the result.
    pub result: ArrayId,
}

/// A copy of an array into another one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Movement {
    /// The array that is read.
    pub source: ArrayId,
    /// Its dtype.
    pub source_dtype: DType,
    /// Its layout.
    pub source_distribution: Distribution,
    /// The array that is written.
    pub dest: ArrayId,
    /// Its layout.
    pub dest_distribution: Distribution,
}

/// Where an output of a program goes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Destination {
    /// Into a new array of this name and dtype.
    New(ArrayId, DType),
    /// Into an array that exists.
    Existing(ArrayId),
}

impl Evaluate {
    /// Whether an engine reads what others have.
    pub fn communicates(&self) -> bool {
        self.inputs.iter().any(|input| input.elsewhere.is_some())
    }
}

impl Accumulate {
    /// Whether engines talk to each other while they accumulate.
    pub fn communicates(&self) -> bool {
        self.distribution.maps()[self.axis].grid_size() > 1
    }
}

impl Command {
    /// Whether no element is looked at, so that nothing can fail on some engines alone.
    pub fn is_about_layouts(&self) -> bool {
        matches!(self, Self::Slice { .. } | Self::Transpose { .. } | Self::Freeze { .. })
    }

    /// Whether engines talk to each other while they execute the command.
    pub fn communicates(&self) -> bool {
        match self {
            Self::Evaluate(evaluate) => evaluate.communicates(),
            Self::Accumulate(accumulate) => accumulate.communicates(),
            Self::Reduce(_) | Self::Copy(_) | Self::Reshape(_) | Self::Call { .. } => true,
            _ => false,
        }
    }
}

/// The step of what comes after all steps of a program: the reduction of what it computes.
pub const AFTER_ALL_STEPS: usize = usize::MAX;

/// What an engine answers.
pub enum Reply {
    /// The command was carried out; `flags` are the floating-point exceptions it met.
    Done {
        /// The floating-point exceptions that were met.
        flags: FloatFlags,
    },
    /// A program was evaluated.
    Evaluated {
        /// The floating-point exceptions that steps of the program met.
        flags: Vec<(usize, FloatFlags)>,
    },
    /// One element.
    Item(Item),
    /// What the user's function returned.
    Value(Box<dyn Any + Send>),
}

/// One element of any dtype.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// The dtype.
    pub dtype: DType,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Item {
    /// The element as a scalar, when its dtype is native.
    pub fn scalar(&self) -> Option<Scalar> {
        self.dtype.is_native().then(|| Scalar::from_bytes(self.dtype, &self.bytes))
    }
}

impl Reply {
    /// A reply without floating-point exceptions.
    pub fn done() -> Self {
        Self::Done { flags: FloatFlags::default() }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { flags } => formatter.debug_struct("Done").field("flags", flags).finish(),
            Self::Evaluated { flags } => {
                formatter.debug_struct("Evaluated").field("flags", flags).finish()
            }
            Self::Item(item) => formatter.debug_tuple("Item").field(item).finish(),
            Self::Value(_) => formatter.write_str("Value(..)"),
        }
    }
}
