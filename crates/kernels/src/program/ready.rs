//! What a program needs to run: checked and made when it first does, and kept with it.

use std::sync::OnceLock;

use super::exits::{self, Exit};
use super::instruction::Instruction;
use super::{Operand, Program};
use crate::Result;

/// A program that was found to be well formed, as it runs.
#[derive(Debug)]
pub struct Ready {
    /// The instructions, for one step or for two at once.
    pub instructions: Box<[Instruction]>,
    /// One instruction for each step.
    pub single: Box<[Instruction]>,
    /// Whether it is one call that reads and writes nothing but blocks and single numbers.
    pub is_one_call: bool,
    /// The number of operands that are numbers.
    pub constants: usize,
    exits: OnceLock<Box<[Exit]>>,
}

impl Ready {
    fn new(program: &Program) -> Result<Self> {
        program.verify()?;
        let single = Instruction::one_by_one(program)?;
        let reads_blocks = |instruction: &Instruction| {
            let mut operands = instruction.operands.iter().zip(instruction.numbers);
            operands.all(|(operand, number)| number || matches!(operand, Operand::Input(_)))
        };
        let instructions = Instruction::in_pairs(program)?;
        let is_one_call = match (&*instructions, &*program.outputs) {
            ([instruction], [output]) => {
                output.value == Operand::Register(instruction.step) && reads_blocks(instruction)
            }
            _ => false,
        };
        let is_constant = |operand: &Operand| matches!(operand, Operand::Constant(_));
        Ok(Self {
            instructions,
            single,
            is_one_call,
            constants: program.operands().filter(is_constant).count(),
            exits: OnceLock::new(),
        })
    }
}

/// So many steps on elements take longer than looking for exits.
const WORTH_EXITS: usize = 1 << 21;

impl Ready {
    /// Where a run over so many elements may be left before its end; `program` is the one that this
    /// was made of.
    pub fn exits(&self, program: &Program, elements: usize) -> &[Exit] {
        if program.steps.len().saturating_mul(elements) < WORTH_EXITS {
            return &[];
        }
        self.exits.get_or_init(|| exits::find(program, &self.instructions))
    }
}

/// What is kept with a program: nothing that makes it another one.
#[derive(Debug, Default)]
pub struct Kept(OnceLock<Box<Ready>>);

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Program {
    /// The program as it runs.
    ///
    /// # Errors
    ///
    /// As [`Program::verify`], each time.
    pub(super) fn ready(&self) -> Result<&Ready> {
        if let Some(ready) = self.ready.0.get() {
            return Ok(ready);
        }
        let ready = Box::new(Ready::new(self)?);
        Ok(self.ready.0.get_or_init(|| ready))
    }
}
