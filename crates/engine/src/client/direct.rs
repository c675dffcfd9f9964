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
use super::layout::{Policy, is_replicated, participants};
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
    /// Carries the operation out, or has it carried out later, if that is so simple; `None` if not.
    ///
    /// # Errors
    ///
    /// As [`Elementwise::run`].
    pub(super) fn run_directly(&self, policy: &Policy<'_>) -> Result<Option<(Array, FloatFlags)>> {
        let Some(first) = self.first_of_alike() else { return Ok(None) };
        let layout = first.distribution();
        let plan = self.plan()?;
        let read = self.operands.iter().filter_map(Operand::array);
        let read = read.map(|array| array.dtype().itemsize());
        let widest = read.fold(plan.looped.output.itemsize(), usize::max);
        let elements = layout.global_size() / layout.ranks().max(1);
        let weight = elements.saturating_mul(widest);
        if first.session().is_small(weight) {
            return self.run_now(first, &plan, weight);
        }
        if !policy.deferred || self.out.is_some() {
            return Ok(None);
        }
        let result = self.run_later(first, &plan.looped)?;
        Ok(result.map(|array| (array, FloatFlags::default())))
    }

    fn run_now(
        &self,
        first: &Array,
        plan: &Plan,
        weight: usize,
    ) -> Result<Option<(Array, FloatFlags)>> {
        let (session, layout) = (first.session(), first.distribution());
        let Some(inputs) = self.inputs() else { return Ok(None) };
        let dtype = plan.looped.output;
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

    fn run_later(&self, first: &Array, looped: &Loop) -> Result<Option<Array>> {
        let terms = self.operands.iter().zip(&looped.inputs).map(|(operand, &dtype)| {
            Ok(match operand.array() {
                Some(array) => Term::Array(array.node().clone()),
                None => Term::Constant(operand.constant(dtype)?),
            })
        });
        let terms = terms.collect::<Result<Vec<Term>>>()?;
        let operation = Operation::Apply { op: self.op, looped: looped.clone() };
        let expression = Expression::new(operation, terms, self.note.clone());
        deferral::defer(&expression, first.session(), first.distribution(), looped.output, None)
    }

    /// The first array among the operands, if these are all that there is to the operation, and the
    /// arrays among them lie alike.
    fn first_of_alike(&self) -> Option<&Array> {
        let is_plain = self.mask.is_none()
            && self.looped.is_none()
            && self.dtype.is_none()
            && self.operands.len() == self.op.arity();
        let first = self.operands.iter().find_map(Operand::array).filter(|_| is_plain)?;
        let fits = |operand: &Operand| match operand {
            Operand::Array(array) => lies_alike(array, first),
            Operand::Host(_) => false,
            Operand::Scalar(_) | Operand::Python(_) => true,
        };
        let is_alike = self.operands.iter().all(fits) && !is_replicated(first.distribution());
        is_alike.then_some(first)
    }

    /// The arrays among the operands, if all are on the engines.
    fn inputs(&self) -> Option<Vec<Source>> {
        let arrays = self.operands.iter().filter_map(Operand::array);
        let source = |array: &Array| {
            let (id, dtype) = (array.node().id()?, array.dtype());
            Some(Source { array: id, dtype, elsewhere: None })
        };
        arrays.map(source).collect()
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
