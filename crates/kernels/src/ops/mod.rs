//! The one table of operations.

#![expect(clippy::float_cmp, reason = "operations compare floats exactly, as NumPy does")]
#![expect(clippy::cast_lossless, reason = "one formula serves many types")]

mod arithmetic;
mod bits;
mod comparison;
mod convert;
mod counts;
mod define;
mod division;
mod exponential;
mod extrema;
mod floating;
pub(crate) mod library;
mod logic;
mod loops;
mod pairs;
mod power;
mod resolve;
mod rounding;
mod scalars;
mod select;
mod trigonometric;

use serde::{Deserialize, Serialize};

use crate::DType;

pub(crate) use comparison::{Greater, GreaterEqual, Less, LessEqual};
pub(crate) use convert::{Convert, nearest_half};
pub(crate) use counts::counting_kernel;
pub(crate) use loops::{Binary, Entry, Kernel, Status, cast_kernel, cast_scalar};
pub(crate) use pairs::{Pair, Shape};
pub use resolve::{Argument, Loop};
pub(crate) use scalars::kernel_with_number;

/// Whether floating-point exceptions in the loops of an operation are NumPy's too.
enum Flags {
    Loud,
    Quiet,
}

macro_rules! table {
    ($($variant:ident $name:literal $arity:literal $loops:path, $flags:ident $doc:literal;)*) => {
        /// An elementwise operation, named as NumPy's ufunc; where NumPy's has several results,
        /// there is an operation for each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Op {
            $(
                #[doc = concat!("`", $name, "`: ", $doc, ".")]
                $variant,
            )*
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
                let flags = match self {
                    $(Self::$variant => Flags::$flags,)*
                };
                matches!(flags, Flags::Quiet)
            }

            /// The loop that a dtype names.
            pub(crate) fn entry(self, dtype: DType) -> Option<Entry> {
                match self {
                    $(Self::$variant => <$loops>::entry(dtype),)*
                }
            }
        }
    };
}

table! {
    // Arithmetic.
    Add "add" 2 arithmetic::Add, Loud "the sum";
    Subtract "subtract" 2 arithmetic::Subtract, Loud "the difference";
    Multiply "multiply" 2 arithmetic::Multiply, Loud "the product";
    Divide "divide" 2 division::Divide, Loud "the quotient";
    FloorDivide "floor_divide" 2 division::FloorDivide, Loud "the quotient, rounded down";
    Remainder "remainder" 2 division::Remainder, Loud "what `floor_divide` leaves";
    Fmod "fmod" 2 division::Fmod, Loud "what division towards zero leaves";
    Power "power" 2 power::Power, Loud "the first to the power of the second";
    FloatPower "float_power" 2 power::FloatPower, Loud "the same, in double precision";
    Negative "negative" 1 arithmetic::Negative, Quiet "the number with the other sign";
    Positive "positive" 1 arithmetic::Positive, Quiet "the number itself";
    Absolute "absolute" 1 arithmetic::Absolute, Loud "the magnitude";
    Fabs "fabs" 1 arithmetic::Fabs, Quiet "the magnitude, as a float";
    Sign "sign" 1 arithmetic::Sign, Quiet "-1, 0 or 1; the direction of a complex number";
    Square "square" 1 arithmetic::Square, Loud "the number times itself";
    Reciprocal "reciprocal" 1 arithmetic::Reciprocal, Loud "one by the number";
    Conjugate "conjugate" 1 arithmetic::Conjugate, Quiet "the complex conjugate";
    Real "real" 1 arithmetic::Real, Quiet "the real part (a function in NumPy, no ufunc)";
    Imag "imag" 1 arithmetic::Imag, Quiet "the imaginary part (a function in NumPy, no ufunc)";
    // Comparisons and choices.
    Less "less" 2 comparison::Less, Quiet "`a < b`";
    LessEqual "less_equal" 2 comparison::LessEqual, Quiet "`a <= b`";
    Greater "greater" 2 comparison::Greater, Quiet "`a > b`";
    GreaterEqual "greater_equal" 2 comparison::GreaterEqual, Quiet "`a >= b`";
    Equal "equal" 2 comparison::Equal, Quiet "`a == b`";
    NotEqual "not_equal" 2 comparison::NotEqual, Quiet "`a != b`";
    Maximum "maximum" 2 extrema::Maximum, Quiet "the larger, or NaN";
    Minimum "minimum" 2 extrema::Minimum, Quiet "the smaller, or NaN";
    Fmax "fmax" 2 extrema::Fmax, Quiet "the larger, NaN only if both are";
    Fmin "fmin" 2 extrema::Fmin, Quiet "the smaller, NaN only if both are";
    LogicalAnd "logical_and" 2 logic::LogicalAnd, Quiet "whether both are true";
    LogicalOr "logical_or" 2 logic::LogicalOr, Quiet "whether one of them is true";
    LogicalXor "logical_xor" 2 logic::LogicalXor, Quiet "whether exactly one of them is true";
    LogicalNot "logical_not" 1 logic::LogicalNot, Quiet "whether it is false";
    Select "where" 3 select::Select, Quiet "the second where the first is true, else the third";
    // Integers.
    BitwiseAnd "bitwise_and" 2 bits::BitwiseAnd, Quiet "the bits that both have";
    BitwiseOr "bitwise_or" 2 bits::BitwiseOr, Quiet "the bits that either has";
    BitwiseXor "bitwise_xor" 2 bits::BitwiseXor, Quiet "the bits that exactly one has";
    Invert "invert" 1 bits::Invert, Quiet "the other bits";
    LeftShift "left_shift" 2 bits::LeftShift, Quiet "the bits moved up";
    RightShift "right_shift" 2 bits::RightShift, Quiet "the bits moved down";
    BitwiseCount "bitwise_count" 1 bits::BitwiseCount, Quiet "the number of bits set";
    Gcd "gcd" 2 bits::Gcd, Quiet "the greatest common divisor";
    Lcm "lcm" 2 bits::Lcm, Quiet "the least common multiple";
    // Rounding.
    Rint "rint" 1 rounding::Rint, Quiet "the nearest whole number";
    Floor "floor" 1 rounding::Floor, Quiet "the whole number below";
    Ceil "ceil" 1 rounding::Ceil, Quiet "the whole number above";
    Trunc "trunc" 1 rounding::Trunc, Quiet "the whole number towards zero";
    ModfFraction "modf[0]" 1 rounding::ModfFraction, Quiet "the fraction";
    ModfWhole "modf[1]" 1 rounding::ModfWhole, Quiet "the whole number";
    // Floats.
    Isnan "isnan" 1 floating::Isnan, Quiet "whether it is NaN";
    Isinf "isinf" 1 floating::Isinf, Quiet "whether it is infinite";
    Isfinite "isfinite" 1 floating::Isfinite, Quiet "whether it is neither";
    Signbit "signbit" 1 floating::Signbit, Quiet "whether the sign bit is set";
    Copysign "copysign" 2 floating::Copysign, Quiet "the first with the sign of the second";
    Nextafter "nextafter" 2 floating::Nextafter, Loud "the next number towards the second";
    Spacing "spacing" 1 floating::Spacing, Loud "the distance to the next number";
    Heaviside "heaviside" 2 floating::Heaviside, Quiet "0 below zero, 1 above, the second at zero";
    Ldexp "ldexp" 2 floating::Ldexp, Loud "the first times 2 to the power of the second";
    FrexpFraction "frexp[0]" 1 floating::FrexpFraction, Quiet "the fraction";
    FrexpExponent "frexp[1]" 1 floating::FrexpExponent, Quiet "the exponent";
    // Roots, exponentials and logarithms.
    Sqrt "sqrt" 1 exponential::Sqrt, Loud "the square root";
    Cbrt "cbrt" 1 exponential::Cbrt, Loud "the cube root";
    Exp "exp" 1 exponential::Exp, Loud "e to a power";
    Exp2 "exp2" 1 exponential::Exp2, Loud "2 to a power";
    Expm1 "expm1" 1 exponential::Expm1, Loud "`exp(x) - 1`";
    Log "log" 1 exponential::Log, Loud "the natural logarithm";
    Log2 "log2" 1 exponential::Log2, Loud "the logarithm to base 2";
    Log10 "log10" 1 exponential::Log10, Loud "the logarithm to base 10";
    Log1p "log1p" 1 exponential::Log1p, Loud "`log(1 + x)`";
    Logaddexp "logaddexp" 2 exponential::Logaddexp, Loud "`log(exp(a) + exp(b))`";
    Logaddexp2 "logaddexp2" 2 exponential::Logaddexp2, Loud "`log2(2**a + 2**b)`";
    Hypot "hypot" 2 exponential::Hypot, Loud "`sqrt(a**2 + b**2)`";
    // Circular and hyperbolic functions.
    Sin "sin" 1 trigonometric::Sin, Loud "the sine";
    Cos "cos" 1 trigonometric::Cos, Loud "the cosine";
    Tan "tan" 1 trigonometric::Tan, Loud "the tangent";
    Arcsin "arcsin" 1 trigonometric::Arcsin, Loud "the inverse sine";
    Arccos "arccos" 1 trigonometric::Arccos, Loud "the inverse cosine";
    Arctan "arctan" 1 trigonometric::Arctan, Loud "the inverse tangent";
    Arctan2 "arctan2" 2 trigonometric::Arctan2, Loud "the angle of the point (second, first)";
    Sinh "sinh" 1 trigonometric::Sinh, Loud "the hyperbolic sine";
    Cosh "cosh" 1 trigonometric::Cosh, Loud "the hyperbolic cosine";
    Tanh "tanh" 1 trigonometric::Tanh, Loud "the hyperbolic tangent";
    Arcsinh "arcsinh" 1 trigonometric::Arcsinh, Loud "the inverse hyperbolic sine";
    Arccosh "arccosh" 1 trigonometric::Arccosh, Loud "the inverse hyperbolic cosine";
    Arctanh "arctanh" 1 trigonometric::Arctanh, Loud "the inverse hyperbolic tangent";
    Erf "erf" 1 exponential::Erf, Loud "the error function (SciPy's)";
    Deg2rad "deg2rad" 1 trigonometric::Deg2rad, Loud "degrees as radians";
    Rad2deg "rad2deg" 1 trigonometric::Rad2deg, Loud "radians as degrees";
    Radians "radians" 1 trigonometric::Deg2rad, Loud "degrees as radians";
    Degrees "degrees" 1 trigonometric::Rad2deg, Loud "radians as degrees";
}

/// Other names that NumPy has for operations.
const ALIASES: [(&str, Op); 15] = [
    ("abs", Op::Absolute),
    ("acos", Op::Arccos),
    ("acosh", Op::Arccosh),
    ("asin", Op::Arcsin),
    ("asinh", Op::Arcsinh),
    ("atan", Op::Arctan),
    ("atan2", Op::Arctan2),
    ("atanh", Op::Arctanh),
    ("bitwise_invert", Op::Invert),
    ("bitwise_left_shift", Op::LeftShift),
    ("bitwise_right_shift", Op::RightShift),
    ("conj", Op::Conjugate),
    ("mod", Op::Remainder),
    ("pow", Op::Power),
    ("true_divide", Op::Divide),
];

impl Op {
    /// The operation with one of NumPy's names.
    pub fn from_name(name: &str) -> Option<Self> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, op)| *op);
        alias.or_else(|| Self::ALL.iter().copied().find(|op| op.name() == name))
    }

    /// The dtype of the result of the loop that a dtype names.
    pub(crate) fn output(self, dtype: DType) -> Option<DType> {
        self.entry(dtype).map(|entry| entry.output)
    }
}
