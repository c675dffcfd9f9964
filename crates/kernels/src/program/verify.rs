//! Whether a program is well formed: its loops then find what they read and write.

use super::{Operand, Program, Step};
use crate::{DType, KernelError, Result};

impl Program {
    /// Checks that every step has a loop and arguments of the dtypes that it takes, and that what is
    /// stored is computed and of the dtype that the output names.
    ///
    /// # Errors
    ///
    /// [`KernelError::NoLoop`] when a step has no loop, [`KernelError::Type`] when an operand is of
    /// another dtype, [`KernelError::Value`] when it is none.
    pub(super) fn verify(&self) -> Result<()> {
        for (place, step) in self.steps.iter().enumerate() {
            match step {
                Step::Apply { op, dtype, arguments } => {
                    if arguments.len() != op.arity() || op.output(*dtype).is_none() {
                        return Err(KernelError::NoLoop { op: op.name() });
                    }
                    for (position, &argument) in arguments.iter().enumerate() {
                        self.expect(op.argument(*dtype, position), argument, place)?;
                    }
                }
                Step::Cast { argument, from, .. } => self.expect(*from, *argument, place)?,
            }
        }
        for output in &self.outputs {
            self.expect(output.dtype, output.value, self.steps.len())?;
            if let Some(mask) = output.mask {
                self.expect(DType::Bool, mask, self.steps.len())?;
            }
        }
        Ok(())
    }

    /// Checks an operand that is used after the first `steps` steps.
    fn expect(&self, dtype: DType, operand: Operand, steps: usize) -> Result<()> {
        let found = match operand {
            Operand::Input(input) => self.inputs.get(input).and_then(|input| self.dtype_of(*input)),
            Operand::Register(register) => match self.steps[..steps].get(register) {
                Some(Step::Apply { op, dtype, .. }) => op.output(*dtype),
                Some(Step::Cast { to, .. }) => Some(*to),
                None => None,
            },
            Operand::Constant(value) => Some(value.dtype()),
        };
        match found {
            Some(found) if found == dtype => Ok(()),
            Some(found) => {
                Err(KernelError::Type(format!("an operand of {found} where {dtype} was expected")))
            }
            None => Err(KernelError::Value(format!("there is no {operand:?} at this step"))),
        }
    }
}
