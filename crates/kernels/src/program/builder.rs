//! Putting programs together.

use super::{Input, Operand, Output, Program, Step};
use crate::promotion::Kind;
use crate::random::Draw;
use crate::{DType, KernelError, Loop, Op, Result, Scalar};

/// What one argument of an operation comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Elements of a block with this dtype.
    Block(DType),
    /// The global index along this axis.
    Label(usize),
    /// The same value everywhere.
    Constant(Scalar),
}

/// A program in the making. Adds the conversions that loops need.
#[derive(Debug, Default)]
pub struct Builder {
    program: Program,
    /// The dtype of each register.
    registers: Vec<DType>,
}

impl Builder {
    /// A program without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input of elements of a block.
    pub fn input(&mut self, dtype: DType) -> Operand {
        self.program.inputs.push(Input::Block(dtype));
        Operand::Input(self.program.inputs.len() - 1)
    }

    /// Adds an input of global indices along an axis.
    pub fn label(&mut self, axis: usize) -> Operand {
        self.program.inputs.push(Input::Label(axis));
        Operand::Input(self.program.inputs.len() - 1)
    }

    /// Adds an input of random numbers.
    pub fn random(&mut self, draw: Draw) -> Operand {
        self.program.inputs.push(Input::Random(self.program.draws.len()));
        self.program.draws.push(draw);
        Operand::Input(self.program.inputs.len() - 1)
    }

    /// Adds what a source describes; a constant needs no input.
    pub fn source(&mut self, source: &Source) -> Operand {
        match *source {
            Source::Block(dtype) => self.input(dtype),
            Source::Label(axis) => self.label(axis),
            Source::Constant(value) => Operand::Constant(value),
        }
    }

    /// The dtype of an operand.
    ///
    /// # Panics
    ///
    /// When the operand belongs to another program.
    pub fn dtype(&self, operand: Operand) -> DType {
        match operand {
            Operand::Input(input) => match self.program.inputs[input] {
                Input::Block(dtype) => dtype,
                Input::Label(_) => DType::Int64,
                Input::Random(draw) => self.program.draws[draw].dtype,
            },
            Operand::Register(register) => self.registers[register],
            Operand::Constant(value) => value.dtype(),
        }
    }

    /// The number of steps so far: between two calls, those that an operation took.
    pub fn step_count(&self) -> usize {
        self.program.steps.len()
    }

    /// Adds a conversion, if the operand has another dtype.
    pub fn cast(&mut self, argument: Operand, to: DType) -> Operand {
        let from = self.dtype(argument);
        if from == to {
            return argument;
        }
        if let Operand::Constant(value) = argument
            && let Ok(value) = value.cast(to)
        {
            return Operand::Constant(value);
        }
        self.step(Step::Cast { argument, from, to }, to)
    }

    /// Adds an operation on operands of any dtypes, by the loop that [`Op::resolve`] chose.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoLoop`] when the operation has no such loop.
    pub fn apply(&mut self, op: Op, looped: &Loop, operands: &[Operand]) -> Result<Operand> {
        let no_loop = KernelError::NoLoop { op: op.name() };
        if looped.inputs.len() != operands.len() || operands.len() != op.arity() {
            return Err(no_loop);
        }
        let arguments: Vec<Operand> = operands
            .iter()
            .zip(&looped.inputs)
            .map(|(&operand, &dtype)| self.cast(operand, dtype))
            .collect();
        if let &[DType::Int64, DType::UInt64] | &[DType::UInt64, DType::Int64] = &looped.inputs[..]
        {
            return self.compare_signs(op, &arguments);
        }
        self.raw(op, looped.key(), arguments)
    }

    /// Adds an operation by its loop `key`, in whatever dtypes that takes its arguments.
    fn raw(&mut self, op: Op, key: DType, mut arguments: Vec<Operand>) -> Result<Operand> {
        // A loop for float16 is that for float32 with each result rounded once more.
        let by_float32 = op.output(key).is_none() && key == DType::Float16;
        let key = if by_float32 { DType::Float32 } else { key };
        let output = op.output(key).ok_or(KernelError::NoLoop { op: op.name() })?;
        for (position, argument) in arguments.iter_mut().enumerate() {
            *argument = self.cast(*argument, op.argument(key, position));
        }
        let value = self.step(Step::Apply { op, dtype: key, arguments }, output);
        Ok(if by_float32 && output == key { self.cast(value, DType::Float16) } else { value })
    }

    /// Compares `int64` with `uint64` exactly, which no common dtype of the two can.
    fn compare_signs(&mut self, op: Op, arguments: &[Operand]) -> Result<Operand> {
        let signed_first = self.dtype(arguments[0]) == DType::Int64;
        let (signed, unsigned) =
            if signed_first { (arguments[0], arguments[1]) } else { (arguments[1], arguments[0]) };
        // `signed op unsigned`
        let op = match op {
            _ if signed_first => op,
            Op::Less => Op::Greater,
            Op::LessEqual => Op::GreaterEqual,
            Op::Greater => Op::Less,
            Op::GreaterEqual => Op::LessEqual,
            other => other,
        };
        let (sign_test, combine) = match op {
            Op::Less | Op::LessEqual | Op::NotEqual => (Op::Less, Op::LogicalOr),
            Op::Greater | Op::GreaterEqual | Op::Equal => (Op::GreaterEqual, Op::LogicalAnd),
            _ => return Err(KernelError::NoLoop { op: op.name() }),
        };
        let zero = Operand::Constant(Scalar::zero(DType::Int64));
        let sign = self.raw(sign_test, DType::Int64, vec![signed, zero])?;
        let same_sign = self.cast(signed, DType::UInt64);
        let compared = self.raw(op, DType::UInt64, vec![same_sign, unsigned])?;
        self.raw(combine, DType::Bool, vec![sign, compared])
    }

    fn step(&mut self, step: Step, output: DType) -> Operand {
        self.program.steps.push(step);
        self.registers.push(output);
        Operand::Register(self.registers.len() - 1)
    }

    /// Stores an operand in the next output block, whose dtype is the operand's; where a boolean
    /// `mask` is given, only where it is true.
    pub fn output(&mut self, value: Operand, mask: Option<Operand>) {
        let mask = mask.map(|mask| self.cast(mask, DType::Bool));
        let dtype = self.dtype(value);
        self.program.outputs.push(Output { value, dtype, mask });
    }

    /// The program.
    pub fn finish(self) -> Program {
        self.program
    }
}

impl Program {
    /// The program of one operation by the loop that [`Op::resolve`] chose, its result converted
    /// to the dtype of the output block. With `masked`, a further input, the last, holds booleans
    /// that say which elements are stored.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoLoop`] when the operation has no such loop, [`KernelError::Type`] when the
    /// result cannot be converted.
    pub fn single(
        op: Op,
        looped: &Loop,
        operands: &[Source],
        output: DType,
        masked: bool,
    ) -> Result<Self> {
        if output.kind() == Kind::Opaque {
            return Err(crate::scalar::no_cast(looped.output, output));
        }
        let mut builder = Builder::new();
        let operands: Vec<Operand> = operands.iter().map(|source| builder.source(source)).collect();
        let value = builder.apply(op, looped, &operands)?;
        let value = builder.cast(value, output);
        let mask = masked.then(|| builder.input(DType::Bool));
        builder.output(value, mask);
        Ok(builder.finish())
    }
}
