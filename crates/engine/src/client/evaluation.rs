//! Evaluating expressions: one program for all that is computed over one layout.

use std::cell::RefCell;
use std::sync::Arc;

use distarray_kernels::program::{Builder, FloatFlags};
use distarray_kernels::random::{Draw, Variate};
use distarray_kernels::{DType, Operand as Value, Program};
use distarray_meta::Distribution;

use super::expression::{Expression, Note, Operation, Term};
use super::layout::participants;
use super::node::Node;
use crate::command::{Destination, Evaluate, Source};
use crate::error::Result;
use crate::{ArrayId, Command, Initial, Reply, Session};

/// A program in the making, for expressions over one layout.
///
/// What several expressions have in common is computed once. Arrays on the way that have a handle
/// are stored, because somebody may ask for them later; the others never reach memory.
pub struct Evaluation<'a> {
    session: &'a Arc<dyn Session>,
    layout: &'a Distribution,
    builder: Builder,
    inputs: Vec<Arc<Node>>,
    /// What is known already: arrays, and where the program has their elements.
    known: Vec<(Arc<Node>, Value)>,
    /// The arrays that are stored, in the order of the program's outputs.
    stored: Vec<Arc<Node>>,
    /// Which steps belong to which operation: the number of steps after it, and its note.
    notes: Vec<(usize, Note)>,
    /// Whether nothing is to be evaluated, not even what this evaluation needs.
    is_rehearsal: bool,
}

/// A program, what it reads and what it stores.
pub struct Prepared {
    pub program: Program,
    pub inputs: Vec<Arc<Node>>,
    pub stored: Vec<Arc<Node>>,
    notes: Vec<(usize, Note)>,
}

impl<'a> Evaluation<'a> {
    /// An evaluation of nothing yet.
    pub fn new(session: &'a Arc<dyn Session>, layout: &'a Distribution) -> Self {
        Self {
            session,
            layout,
            builder: Builder::new(),
            inputs: Vec::new(),
            known: Vec::new(),
            stored: Vec::new(),
            notes: Vec::new(),
            is_rehearsal: false,
        }
    }

    /// An evaluation that will not be run.
    pub fn rehearse(session: &'a Arc<dyn Session>, layout: &'a Distribution) -> Self {
        Self { is_rehearsal: true, ..Self::new(session, layout) }
    }

    /// The arrays that the program computes, whether they are stored or not.
    pub fn computed(&self) -> Vec<Arc<Node>> {
        let arrays = self.known.iter().map(|(node, _)| node);
        arrays.filter(|node| node.id().is_none()).cloned().collect()
    }

    /// Adds an array that is stored, whoever has handles of it.
    ///
    /// # Errors
    ///
    /// When an operation has no loop, which creating its expression ruled out.
    pub fn store(&mut self, node: &Arc<Node>) -> Result<()> {
        let value = self.array(node)?;
        if node.id().is_none() && !self.stored.iter().any(|stored| Arc::ptr_eq(stored, node)) {
            self.keep(node, value);
        }
        Ok(())
    }

    /// Adds a value for which there is a place already; where `mask` is given, only where it is
    /// true.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::store`].
    pub fn value(
        &mut self,
        expression: &Expression,
        dtype: DType,
        mask: Option<&Term>,
    ) -> Result<()> {
        let value = self.compute(expression, dtype)?;
        let mask = mask.map(|mask| self.term(mask)).transpose()?;
        self.keep_wanted();
        self.builder.output(value, mask);
        Ok(())
    }

    /// Adds the elements of an array, for which there is a place already; converts them.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::store`].
    pub fn copy(&mut self, node: &Arc<Node>, dtype: DType) -> Result<()> {
        let value = self.array(node)?;
        self.keep_wanted();
        let value = self.builder.cast(value, dtype);
        self.builder.output(value, None);
        Ok(())
    }

    /// Adds the elements of an array, converted, as an output: the last one, which goes nowhere,
    /// unless the array is stored. Gives the number of the output.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::store`].
    pub fn value_of(&mut self, node: &Arc<Node>, dtype: DType) -> Result<usize> {
        let value = self.array(node)?;
        self.keep_wanted();
        let stored = self.stored.iter().position(|stored| Arc::ptr_eq(stored, node));
        if let Some(place) = stored.filter(|_| dtype == node.dtype) {
            return Ok(place);
        }
        let value = self.builder.cast(value, dtype);
        self.builder.output(value, None);
        Ok(self.stored.len())
    }

    /// Where the program has the elements of an array.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::store`].
    pub fn array(&mut self, node: &Arc<Node>) -> Result<Value> {
        if let Some((_, value)) = self.known.iter().find(|(known, _)| Arc::ptr_eq(known, node)) {
            return Ok(*value);
        }
        let value = match node.expression() {
            Some(expression) if expression.is_full() => {
                // From now on, the elements are what they were computed with.
                node.is_first_use(self.is_rehearsal);
                self.compute(&expression, node.dtype)?
            }
            // What is stored in another layout is computed for that one.
            Some(_) if node.is_held() && !node.lies_as(self.layout) => {
                if !self.is_rehearsal {
                    evaluate(std::slice::from_ref(node))?;
                }
                self.input(node)
            }
            Some(expression) => {
                let value = self.compute(&expression, node.dtype)?;
                if node.is_held()
                    && !self.is_redrawn(node, &expression)
                    && !node.memory.is_outside()
                {
                    self.keep(node, value);
                }
                value
            }
            None => self.input(node),
        };
        self.known.push((node.clone(), value));
        Ok(value)
    }

    /// Whether an array is not stored, although somebody holds it, as it is as quickly computed as
    /// read: uniform random numbers, the first time that they are computed with.
    fn is_redrawn(&self, node: &Node, expression: &Expression) -> bool {
        matches!(expression.operation, Operation::Random { variate: Variate::Uniform, .. })
            && node.is_first_use(self.is_rehearsal)
    }

    fn input(&mut self, node: &Arc<Node>) -> Value {
        self.inputs.push(node.clone());
        self.builder.input(node.dtype)
    }

    fn keep(&mut self, node: &Arc<Node>, value: Value) {
        self.builder.output(value, None);
        self.stored.push(node.clone());
    }

    /// Stores what others read that are computed later: it would be computed again for them.
    fn keep_wanted(&mut self) {
        let is_known =
            |node: &Arc<Node>| self.known.iter().any(|(known, _)| Arc::ptr_eq(known, node));
        let wanted = self.known.iter().filter(|(node, _)| {
            let is_made_anew = node.expression().is_none_or(|expression| expression.is_source());
            let is_anew = is_made_anew || node.memory.is_outside();
            !is_anew && !node.is_held() && node.memory.is_wanted(is_known)
        });
        let wanted: Vec<(Arc<Node>, Value)> = wanted.cloned().collect();
        for (node, value) in wanted {
            if !self.stored.iter().any(|stored| Arc::ptr_eq(stored, &node)) {
                self.keep(&node, value);
            }
        }
    }

    fn term(&mut self, term: &Term) -> Result<Value> {
        match term {
            Term::Array(node) => self.array(node),
            Term::Constant(value) => Ok(Value::Constant(*value)),
        }
    }

    fn compute(&mut self, expression: &Expression, dtype: DType) -> Result<Value> {
        let terms =
            expression.terms.iter().map(|term| self.term(term)).collect::<Result<Vec<Value>>>()?;
        let value = match &expression.operation {
            Operation::Apply { op, looped } => self.builder.apply(*op, looped, &terms)?,
            Operation::Cast => terms[0],
            Operation::Full { value, .. } => Value::Constant(*value),
            Operation::Random { variate, key } => {
                self.builder.random(Draw::new(*variate, *key, dtype, self.layout.shape()))
            }
        };
        let value = self.builder.cast(value, dtype);
        if let Some(note) = &expression.note {
            self.notes.push((self.builder.step_count(), note.clone()));
        }
        Ok(value)
    }

    /// The program, for a command that does more than evaluate it.
    pub fn prepare(self) -> Prepared {
        Prepared {
            program: self.builder.finish(),
            inputs: self.inputs,
            stored: self.stored,
            notes: self.notes,
        }
    }

    /// Evaluates what was added and stores it.
    ///
    /// # Errors
    ///
    /// [`crate::SessionError::Engines`] when memory is short or an operation refuses a value.
    pub fn run(mut self) -> Result<()> {
        self.keep_wanted();
        if self.stored.is_empty() {
            return Ok(());
        }
        let (session, layout) = (self.session, self.layout);
        let mut prepared = self.prepare();
        let (names, outputs) = prepared.destinations();
        let sources = prepared.sources(layout);
        let flags = prepared.execute(session, layout, sources, outputs)?;
        prepared.stored(&names);
        prepared.report(&flags);
        Ok(())
    }

    /// Evaluates the one value that was added into its place, a new array or `dest`; also stores
    /// whatever else the expressions have that somebody holds. Gives the floating-point exceptions.
    ///
    /// # Errors
    ///
    /// As [`Evaluation::run`].
    pub fn run_into(self, place: Destination, dest: Option<&Node>) -> Result<FloatFlags> {
        let (session, layout) = (self.session, self.layout);
        let mut prepared = self.prepare();
        let (names, mut outputs) = prepared.destinations();
        let sources = prepared.sources(layout);
        let apart = match (place, dest) {
            // An engine must not write what another one still reads.
            (Destination::Existing(id), Some(dest)) if prepared.is_elsewhere(&sources, dest) => {
                let apart = Destination::New(session.new_array_id(), dest.dtype);
                Some((apart, id, dest))
            }
            _ => None,
        };
        outputs.push(apart.map_or(place, |(apart, ..)| apart));
        let flags = prepared.execute(session, layout, sources, outputs)?;
        prepared.stored(&names);
        let flags = prepared.report(&flags);
        if let Some((Destination::New(source, dtype), id, dest)) = apart {
            let result = Node::stored(session, source, layout.clone(), dtype, Arc::default());
            let copy = Command::CopyLocal { source, dest: id };
            execute(session, layout, copy, dest.bytes() / layout.ranks().max(1))?;
            drop(result);
        }
        Ok(flags)
    }
}

impl Prepared {
    /// New names for what is stored, and the places of these names.
    pub fn destinations(&self) -> (Vec<ArrayId>, Vec<Destination>) {
        let names: Vec<ArrayId> =
            self.stored.iter().map(|node| node.session.new_array_id()).collect();
        let places = self.stored.iter().zip(&names);
        let places = places.map(|(node, &name)| Destination::New(name, node.dtype)).collect();
        (names, places)
    }

    /// Says that what is stored has been, under these names.
    pub fn stored(&self, names: &[ArrayId]) {
        for (node, &name) in self.stored.iter().zip(names) {
            node.store(name);
        }
    }

    /// What is read, by a program over `layout`.
    ///
    /// # Panics
    ///
    /// When an input is not on the engines.
    pub fn sources(&self, layout: &Distribution) -> Vec<Source> {
        let source = |node: &Arc<Node>| Source {
            array: node.id().expect("inputs are on the engines"),
            dtype: node.dtype,
            // What is repeated lies where it is needed.
            elsewhere: (node.distribution.shape() == layout.shape() && !node.lies_as(layout))
                .then(|| node.distribution.clone()),
        };
        self.inputs.iter().map(source).collect()
    }

    /// Reports what operations met that were asked for earlier; gives what the others met.
    pub fn report(&self, flags: &[(usize, FloatFlags)]) -> FloatFlags {
        let mut rest = FloatFlags::default();
        let mut noted = vec![FloatFlags::default(); self.notes.len()];
        for &(step, met) in flags {
            // The steps of an operation end where its note says.
            let place = self.notes.partition_point(|(end, _)| *end <= step);
            match noted.get_mut(place) {
                Some(all) => *all = all.union(met),
                None => rest = rest.union(met),
            }
        }
        for ((_, note), met) in self.notes.iter().zip(noted) {
            if !met.is_empty() {
                REPORTS.with_borrow_mut(|reports| reports.push((note.clone(), met)));
            }
        }
        rest
    }

    /// Whether engines read what others have of the memory of `dest`.
    fn is_elsewhere(&self, sources: &[Source], dest: &Node) -> bool {
        let reads = |(node, source): (&Arc<Node>, &Source)| {
            source.elsewhere.is_some() && Arc::ptr_eq(&node.memory, &dest.memory)
        };
        self.inputs.iter().zip(sources).any(reads)
    }

    /// Runs the program, and is left without it.
    fn execute(
        &mut self,
        session: &Arc<dyn Session>,
        layout: &Distribution,
        inputs: Vec<Source>,
        outputs: Vec<Destination>,
    ) -> Result<Vec<(usize, FloatFlags)>> {
        let elsewhere = inputs.iter().filter_map(|input| input.elsewhere.as_ref());
        let participants = participants(layout, elsewhere);
        let read = inputs.iter().map(|input| input.dtype);
        let written = self.program.outputs().iter().map(|output| output.dtype);
        let widest = read.chain(written).map(DType::itemsize).max().unwrap_or(1);
        let elements = layout.global_size() / layout.ranks().max(1);
        let weight = elements.saturating_mul(widest.max(self.program.steps().len()));
        let command = Command::Evaluate(Evaluate {
            program: Arc::new(std::mem::take(&mut self.program)),
            distribution: layout.clone(),
            inputs,
            outputs,
        });
        Ok(met(session.execute(&participants, command, weight)?))
    }
}

/// The floating-point exceptions that steps of a program met on any engine.
pub fn met(replies: Vec<Reply>) -> Vec<(usize, FloatFlags)> {
    let mut flags = Vec::new();
    for reply in replies {
        if let Reply::Evaluated { flags: met } = reply {
            flags.extend(met);
        }
    }
    flags
}

/// Sends a command to the engines of a layout.
///
/// # Errors
///
/// As [`Session::execute`].
pub fn execute(
    session: &Arc<dyn Session>,
    layout: &Distribution,
    command: Command,
    weight: usize,
) -> Result<Vec<Reply>> {
    session.execute(&participants(layout, std::iter::empty()), command, weight)
}

/// Evaluates arrays, all that have one layout in one pass.
///
/// # Errors
///
/// As [`Evaluation::run`].
pub fn evaluate(nodes: &[Arc<Node>]) -> Result<()> {
    let pending = nodes.iter().filter(|node| node.id().is_none());
    let (full, mut rest): (Vec<&Arc<Node>>, Vec<&Arc<Node>>) =
        pending.partition(|node| node.expression().is_some_and(|expression| expression.is_full()));
    while let Some(&first) = rest.first() {
        let mut evaluation = Evaluation::new(&first.session, &first.distribution);
        let (alike, others) = rest.into_iter().partition(|node| {
            Arc::ptr_eq(&node.session, &first.session)
                && node.distribution.same_layout(&first.distribution)
        });
        for node in alike {
            evaluation.store(node)?;
        }
        evaluation.run()?;
        rest = others;
    }
    // Last, so that the others compute with the value instead of reading it.
    full.into_iter().try_for_each(create)
}

/// Makes the pieces of an array that is the same everywhere.
fn create(node: &Arc<Node>) -> Result<()> {
    let Some(expression) = node.expression() else { return Ok(()) };
    let Operation::Full { value, is_wanted } = expression.operation else { return Ok(()) };
    let initial = if !is_wanted && node.is_first_use(true) {
        Initial::Uninitialised
    } else if value.bytes().iter().all(|&byte| byte == 0) {
        Initial::Zero
    } else {
        Initial::Item(value.bytes().into())
    };
    let weight = match initial {
        Initial::Uninitialised => 0,
        _ => node.bytes() / node.distribution.ranks().max(1),
    };
    let array = node.session.new_array_id();
    let (distribution, dtype) = (node.distribution.clone(), node.dtype);
    let command = Command::Create { array, distribution, dtype, initial };
    execute(&node.session, &node.distribution, command, weight)?;
    node.store(array);
    Ok(())
}

/// Floating-point exceptions of an operation that was evaluated later than it was asked for.
pub type Report = (Note, FloatFlags);

thread_local! {
    static REPORTS: RefCell<Vec<Report>> = const { RefCell::new(Vec::new()) };
}

/// The floating-point exceptions that evaluations on this thread met since this was last asked.
pub fn take_reports() -> Vec<Report> {
    REPORTS.take()
}
