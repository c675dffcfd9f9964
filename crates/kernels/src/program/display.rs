//! Programs as text, for people.

use std::fmt;

use super::{Input, Operand, Program, Step};

impl fmt::Display for Program {
    /// One line for each step and each output: what comes in is `x0`, `x1`, ..., random
    /// numbers are `random0`, ..., results of steps `t0`, `t1`, ...
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (register, step) in self.steps.iter().enumerate() {
            match step {
                Step::Apply { op, arguments, .. } => {
                    let arguments: Vec<String> =
                        arguments.iter().map(|operand| self.name(*operand)).collect();
                    writeln!(formatter, "t{register} = {}({})", op.name(), arguments.join(", "))?;
                }
                Step::Cast { argument, to, .. } => {
                    writeln!(formatter, "t{register} = {to}({})", self.name(*argument))?;
                }
            }
        }
        Ok(())
    }
}

impl Program {
    /// What an operand is called in the program's text.
    pub fn name(&self, operand: Operand) -> String {
        match operand {
            Operand::Input(input) => match self.inputs[input] {
                Input::Block(_) => {
                    let before = &self.inputs[..input];
                    let blocks = before.iter().filter(|it| matches!(it, Input::Block(_)));
                    format!("x{}", blocks.count())
                }
                Input::Label(axis) => format!("index{axis}"),
                Input::Random(draw) => format!("random{draw}"),
            },
            Operand::Register(register) => format!("t{register}"),
            Operand::Constant(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Builder, DType, Loop, Op, Operand, Scalar};

    #[test]
    fn a_program_is_a_line_for_each_step() {
        let mut builder = Builder::new();
        let input = builder.input(DType::Int32);
        let two = Operand::Constant(Scalar::from(2.0));
        let looped = Loop { inputs: vec![DType::Float64; 2], output: DType::Float64 };
        let value = builder.apply(Op::Multiply, &looped, &[two, input]).unwrap();
        builder.output(value, None);
        assert_eq!(builder.finish().to_string(), "t0 = float64(x0)\nt1 = multiply(2.0, t0)\n");
    }
}
