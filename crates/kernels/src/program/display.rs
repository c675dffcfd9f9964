//! Programs as text, for people.

use std::fmt;

use super::{Input, Operand, Program, Step};

impl fmt::Display for Program {
    /// One line for each loop that is run, in order: what comes in is `x0`, `x1`, ..., random numbers
    /// are `random0`, ..., results of loops `t0`, `t1`, ... Where a loop does two steps at once, the
    /// first stands in the place of its result.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A program that cannot run has steps all the same.
        let loops: Vec<usize> = match self.ready() {
            Ok(ready) => ready.instructions.iter().map(|instruction| instruction.step).collect(),
            Err(_) => (0..self.steps.len()).collect(),
        };
        for (place, &step) in loops.iter().enumerate() {
            writeln!(formatter, "t{place} = {}", self.call(step, &loops))?;
        }
        Ok(())
    }
}

impl Program {
    /// A step and what it takes; `loops` are the steps whose results have names.
    fn call(&self, step: usize, loops: &[usize]) -> String {
        match &self.steps[step] {
            Step::Apply { op, arguments, .. } => {
                let arguments: Vec<String> =
                    arguments.iter().map(|operand| self.name(*operand, loops)).collect();
                format!("{}({})", op.name(), arguments.join(", "))
            }
            Step::Cast { argument, to, .. } => format!("{to}({})", self.name(*argument, loops)),
        }
    }

    /// What an operand is called in the program's text.
    fn name(&self, operand: Operand, loops: &[usize]) -> String {
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
            Operand::Register(step) => match loops.iter().position(|&named| named == step) {
                Some(place) => format!("t{place}"),
                None => self.call(step, loops),
            },
            Operand::Constant(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Builder, DType, Loop, Op, Operand, Scalar};

    #[test]
    fn a_program_is_a_line_for_each_loop() {
        let mut builder = Builder::new();
        let input = builder.input(DType::Int32);
        let two = Operand::Constant(Scalar::from(2.0));
        let looped = Loop { inputs: vec![DType::Float64; 2], output: DType::Float64 };
        let mut value = builder.apply(Op::Multiply, &looped, &[two, input]).unwrap();
        for _ in 0..2 {
            value = builder.apply(Op::Add, &looped, &[value, two]).unwrap();
        }
        builder.output(value, None);
        assert_eq!(
            builder.finish().to_string(),
            "t0 = float64(x0)\nt1 = multiply(2.0, t0)\nt2 = add(add(t1, 2.0), 2.0)\n"
        );
    }
}
