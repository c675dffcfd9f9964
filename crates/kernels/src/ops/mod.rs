//! The one table of operations.

#![expect(clippy::float_cmp, reason = "operations compare floats exactly, as NumPy does")]

mod arithmetic;
mod comparison;
mod convert;
mod define;
mod division;
mod logic;
mod loops;
mod resolve;

use crate::DType;

pub(crate) use loops::{Entry, Kernel, Status, cast_kernel, cast_scalar};
pub use resolve::{Argument, Loop};

macro_rules! table {
    ($($variant:ident $name:literal $arity:literal $module:ident $quiet:literal $doc:literal;)*) => {
        /// An elementwise operation, named as NumPy's ufunc.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $(#[doc = $doc] $variant,)*
        }

        impl Op {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// NumPy's name of the operation.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The number of arguments.
            pub const fn arity(self) -> usize {
                match self {
                    $(Self::$variant => $arity,)*
                }
            }

            /// Whether floating-point exceptions in its loops mean nothing.
            pub(crate) const fn is_quiet(self) -> bool {
                match self {
                    $(Self::$variant => $quiet,)*
                }
            }

            /// The loop that a dtype names.
            pub(crate) fn entry(self, dtype: DType) -> Option<Entry> {
                match self {
                    $(Self::$variant => $module::$variant::entry(dtype),)*
                }
            }
        }
    };
}

table! {
    Add "add" 2 arithmetic false "`numpy.add`: the sum.";
    Subtract "subtract" 2 arithmetic false "`numpy.subtract`: the difference.";
    Multiply "multiply" 2 arithmetic false "`numpy.multiply`: the product.";
    Divide "divide" 2 division false "`numpy.divide`: the quotient.";
    FloorDivide "floor_divide" 2 division false "`numpy.floor_divide`: the quotient rounded down.";
    Remainder "remainder" 2 division false "`numpy.remainder`: what `floor_divide` leaves.";
    Fmod "fmod" 2 division false "`numpy.fmod`: what division towards zero leaves.";
    Less "less" 2 comparison true "`numpy.less`: `a < b`.";
    LessEqual "less_equal" 2 comparison true "`numpy.less_equal`: `a <= b`.";
    Greater "greater" 2 comparison true "`numpy.greater`: `a > b`.";
    GreaterEqual "greater_equal" 2 comparison true "`numpy.greater_equal`: `a >= b`.";
    Equal "equal" 2 comparison true "`numpy.equal`: `a == b`.";
    NotEqual "not_equal" 2 comparison true "`numpy.not_equal`: `a != b`.";
    LogicalAnd "logical_and" 2 logic true "`numpy.logical_and`: whether both are true.";
    LogicalOr "logical_or" 2 logic true "`numpy.logical_or`: whether one is true.";
    LogicalXor "logical_xor" 2 logic true "`numpy.logical_xor`: whether exactly one is true.";
    LogicalNot "logical_not" 1 logic true "`numpy.logical_not`: whether it is false.";
}

impl Op {
    /// The operation with one of NumPy's names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// The dtype of the result of the loop that a dtype names.
    pub(crate) fn output(self, dtype: DType) -> Option<DType> {
        self.entry(dtype).map(|entry| entry.output)
    }
}
