//! The shortest ways of an operation on arrays that lie alike: on small ones at once, on others later.
//!
//! Nothing is to be moved or evaluated before, so that what remains is to find the loop and to have it
//! called, or to note that it will be. On ten elements an operation takes as long as its bookkeeping.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use distarray_kernels::program::{FloatFlags, Source as Value};
use distarray_kernels::{Argument, Casting, DType, Loop, Op, Program};
use rustc_hash::FxHashMap;

use super::elementwise::{Elementwise, Operand};
use super::evaluation::met;
use super::expression::{Expression, Operation, Term};
use super::layout::{is_replicated, participants};
use super::{Array, deferral};
use crate::Command;
use crate::command::{Destination, Evaluate, Source};
use crate::error::Result;

/// What operations on operands of the same dtypes have in common.
struct Plan {
    looped: Loop,
    /// The program, unless it has numbers in it.
    program: Option<Arc<Program>>,
}

/// An operation, what promotion sees of its operands, and whether there are numbers among them.
type Key = (Op, [Option<Argument>; 3], bool);

thread_local! {
    static PLANS: RefCell<FxHashMap<Key, Rc<Plan>>> = RefCell::default();
}

impl Elementwise<'_> {
    /// Carries the operation out if it is that simple; `None` if not.
    ///
    /// # Errors
    ///
    /// As [`Elementwise::run`].
    pub(super) fn run_directly(&self) -> Result<Option<(Array, FloatFlags)>> {
        let Some(first) = self.first_of_plain() else { return Ok(None) };
        let (session, layout) = (first.session(), first.distribution());
        let Some(inputs) = self.inputs_alike(first) else { return Ok(None) };
        let plan = self.plan()?;
        let dtype = plan.looped.output;
        let read = inputs.iter().map(|input| input.dtype.itemsize());
        let widest = read.fold(dtype.itemsize(), usize::max);
        let weight = layout.global_size() / layout.ranks().max(1) * widest;
        if !session.is_small(weight) || is_replicated(layout) {
            return Ok(None);
        }
        let place = match self.out {
            None => Destination::New(session.new_array_id(), dtype),
            Some(out) if !out.is_pending() && out.dtype() == dtype && lies_alike(out, first) => {
                Destination::Existing(out.written()?)
            }
            Some(_) => return Ok(None),
        };
        let program = match &plan.program {
            Some(program) => program.clone(),
            None => Arc::new(self.program(&plan.looped)?),
        };
        let command = Command::Evaluate(Evaluate {
            program,
            distribution: layout.clone(),
            inputs,
            outputs: vec![place],
        });
        let replies =
            session.execute(&participants(layout, std::iter::empty()), command, weight)?;
        let flags = met(replies).into_iter().map(|(_, flags)| flags);
        let flags = flags.fold(FloatFlags::default(), FloatFlags::union);
        Ok(Some((self.result(place, session, layout), flags)))
    }

    /// Has the operation carried out later, if that is as simple; `None` if not.
    ///
    /// # Errors
    ///
    /// As [`Elementwise::run`].
    pub(super) fn defer_directly(&self) -> Result<Option<Array>> {
        let Some(first) = self.first_of_plain().filter(|_| self.out.is_none()) else {
            return Ok(None);
        };
        let layout = first.distribution();
        let lies_alike = |operand: &Operand| match operand {
            Operand::Array(array) => lies_alike(array, first),
            Operand::Host(_) => false,
            Operand::Scalar(_) | Operand::Python(_) => true,
        };
        if is_replicated(layout) || !self.operands.iter().all(lies_alike) {
            return Ok(None);
        }
        let looped = self.plan()?.looped.clone();
        let terms = self.operands.iter().zip(&looped.inputs).map(|(operand, &dtype)| {
            Ok(match operand.array() {
                Some(array) => Term::Array(array.node().clone()),
                None => Term::Constant(operand.constant(dtype)?),
            })
        });
        let terms = terms.collect::<Result<Vec<Term>>>()?;
        let dtype = looped.output;
        let operation = Operation::Apply { op: self.op, looped };
        let expression = Expression::new(operation, terms, self.note.clone());
        deferral::defer(&expression, first.session(), layout, dtype, None)
    }

    /// The first array among the operands, if they are all that there is to the operation.
    fn first_of_plain(&self) -> Option<&Array> {
        let is_plain = self.mask.is_none()
            && self.looped.is_none()
            && self.dtype.is_none()
            && self.operands.len() == self.op.arity();
        self.operands.iter().find_map(Operand::array).filter(|_| is_plain)
    }

    /// The arrays among the operands, if all are on the engines and lie as the first one.
    fn inputs_alike(&self, first: &Array) -> Option<Vec<Source>> {
        let mut inputs = Vec::with_capacity(self.operands.len());
        for operand in self.operands {
            match operand {
                Operand::Array(array) => {
                    let lies_alike =
                        array.same_session(first) && array.node().lies_as(first.distribution());
                    if !lies_alike {
                        return None;
                    }
                    let array_id = array.node().id()?;
                    let dtype = array.dtype();
                    inputs.push(Source { array: array_id, dtype, elsewhere: None });
                }
                Operand::Host(_) => return None,
                Operand::Scalar(_) | Operand::Python(_) => {}
            }
        }
        Some(inputs)
    }

    /// The loop for the operands, and the program if it is the same for all of their dtypes.
    fn plan(&self) -> Result<Rc<Plan>> {
        let mut arguments = [None; 3];
        for (argument, operand) in arguments.iter_mut().zip(self.operands) {
            *argument = Some(operand.argument());
        }
        let has_numbers = self.operands.iter().any(|operand| operand.array().is_none());
        let key = (self.op, arguments, has_numbers);
        if let Some(plan) = PLANS.with_borrow(|plans| plans.get(&key).cloned()) {
            return Ok(plan);
        }
        let arguments: Vec<Argument> = self.operands.iter().map(Operand::argument).collect();
        let looped = self.op.resolve(&arguments, None, Casting::SameKind)?;
        let program = if has_numbers { None } else { Some(Arc::new(self.program(&looped)?)) };
        let plan = Rc::new(Plan { looped, program });
        PLANS.with_borrow_mut(|plans| plans.insert(key, plan.clone()));
        Ok(plan)
    }

    fn program(&self, looped: &Loop) -> Result<Program> {
        let value = |(operand, &dtype): (&Operand, &DType)| match operand.array() {
            Some(array) => Ok(Value::Block(array.dtype())),
            None => operand.constant(dtype).map(Value::Constant),
        };
        let values = self.operands.iter().zip(&looped.inputs).map(value);
        let values = values.collect::<Result<Vec<Value>>>()?;
        Ok(Program::single(self.op, looped, &values, looped.output, false)?)
    }
}

fn lies_alike(array: &Array, first: &Array) -> bool {
    array.same_session(first) && array.node().lies_as(first.distribution())
}
