//! What a rank knows of a group and of all communicators split from it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::control::{Control, Poison};
use super::header::{Header, Kind};
use super::mailbox::{Content, Mailbox};
use super::members::Members;
use super::presence::Presence;
use crate::call::{Call, Operation};
use crate::{CommError, Result};

/// The context of the whole group; those of splits are derived from it.
pub const WHOLE: u64 = 0;

/// A message that has arrived, or has been announced.
pub struct Parcel {
    /// Who sent it, as a rank of the world.
    pub source: usize,
    pub header: Header,
    pub content: Content,
}

/// Something that another endpoint is to be told.
pub struct Note {
    /// Whom, as a rank of the world.
    pub dest: usize,
    pub header: Header,
    pub control: Control,
}

/// Numbers that are not used any more; what arrives for them late is dropped. Only the last ones are
/// remembered: whoever closes something has received what was sent to it, unless something failed.
#[derive(Default)]
pub struct Closed(VecDeque<u64>);

impl Closed {
    const REMEMBERED: usize = 256;

    pub fn add(&mut self, number: u64) {
        if self.0.len() == Self::REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(number);
    }

    pub fn contains(&self, number: u64) -> bool {
        self.0.contains(&number)
    }
}

/// One communicator. It may be there before this rank has made it, for others are quicker.
#[derive(Default)]
pub struct Context {
    /// Its ranks; `None` until this rank has made it.
    members: Option<Arc<Members>>,
    pub mailbox: Mailbox,
    /// The last collective call of this rank.
    last: Option<Call>,
    /// Calls that others wait in, and which this rank has not come to.
    asked: Vec<(usize, Call)>,
    /// From which call on none can end, and why.
    poison: Option<(u32, Poison)>,
}

impl Context {
    /// Why a call cannot end.
    pub fn poison(&self, call: Call) -> Option<Poison> {
        self.poison.filter(|(sequence, _)| call.sequence >= *sequence).map(|(_, poison)| poison)
    }

    fn clear(&mut self) {
        *self = Self { members: self.members.take(), ..Self::default() };
    }
}

/// One group.
pub struct GroupState {
    id: u64,
    /// This rank's rank in the world.
    me: usize,
    members: Arc<Members>,
    pub epoch: u64,
    aborted: bool,
    /// Who aborted the group last, and why.
    culprit: (usize, String),
    contexts: HashMap<u64, Context>,
    closed: Closed,
    /// What came from ranks that have been reset before this one.
    early: Vec<Parcel>,
    pub presence: Presence,
}

impl GroupState {
    pub fn new(id: u64, me: usize, members: Arc<Members>) -> Self {
        let mut state = Self {
            id,
            me,
            members: members.clone(),
            epoch: 0,
            aborted: false,
            culprit: (0, String::new()),
            contexts: HashMap::new(),
            closed: Closed::default(),
            early: Vec::new(),
            presence: Presence::default(),
        };
        state.open(WHOLE, members);
        state
    }

    /// Makes a communicator; `false` if it is there already.
    pub fn open(&mut self, context: u64, members: Arc<Members>) -> bool {
        self.context(context).members.replace(members).is_none()
    }

    /// Forgets a communicator, for ever unless it may be made again.
    pub fn close(&mut self, context: u64, may_return: bool) {
        self.contexts.remove(&context);
        if !may_return {
            self.closed.add(context);
        }
    }

    pub fn context(&mut self, context: u64) -> &mut Context {
        self.contexts.entry(context).or_default()
    }

    /// How many communicators there are.
    #[cfg(test)]
    pub fn contexts(&self) -> usize {
        self.contexts.len()
    }

    /// The epoch in which a call begins, unless the group is aborted.
    pub fn enter(&self) -> Result<u64> {
        self.check(self.epoch).map(|()| self.epoch)
    }

    /// Fails if a call that began in this epoch is aborted.
    pub fn check(&self, epoch: u64) -> Result<()> {
        if self.aborted || self.epoch != epoch {
            let (rank, reason) = self.culprit.clone();
            return Err(CommError::Aborted { rank, reason });
        }
        Ok(())
    }

    pub fn is_aborted(&self) -> bool {
        self.aborted
    }

    fn note(&self, context: u64, dest: usize, control: Control) -> Note {
        let (group, epoch) = (self.id, self.epoch);
        let header = Header { group, context, epoch, kind: Kind::Control, bulk: None };
        Note { dest, header, control }
    }

    /// Notes to these ranks of the world.
    pub fn notes(&self, notes: Vec<(usize, Control)>) -> Vec<Note> {
        notes.into_iter().map(|(dest, control)| self.note(WHOLE, dest, control)).collect()
    }

    /// A note to all other members of a communicator.
    fn notes_to_all(&self, context: u64, members: &Members, control: &Control) -> Vec<Note> {
        let others = members.ranks().filter(|&rank| rank != self.me);
        others.map(|rank| self.note(context, rank, control.clone())).collect()
    }

    /// Aborts the group, unless it is already; returns what others are to be told.
    pub fn abort(&mut self, number: usize, reason: &str) -> Vec<Note> {
        if self.aborted {
            return Vec::new();
        }
        self.aborted = true;
        self.culprit = (number, reason.to_owned());
        // Straight to each rank: one that computes, and so doesn't pass anything on, would otherwise
        // keep those below it in a tree waiting.
        let abort = Control::Abort { number, reason: reason.to_owned() };
        self.notes_to_all(WHOLE, &self.members, &abort)
    }

    /// Begins another epoch; returns what others are to be told.
    pub fn reset(&mut self, epoch: u64) -> Vec<Note> {
        if !std::mem::take(&mut self.aborted) {
            let me = self.members.index(self.me).unwrap_or_default();
            self.culprit = (me, "its group was reset".to_owned());
        }
        self.epoch = epoch;
        // Splits that were not made in the old epoch never will be.
        self.contexts.retain(|_, context| context.members.is_some());
        self.contexts.values_mut().for_each(Context::clear);
        self.presence.reset();
        let early = std::mem::take(&mut self.early);
        early.into_iter().flat_map(|parcel| self.file(parcel)).collect()
    }

    /// Begins a collective call; also returns what others are to be told.
    pub fn begin(
        &mut self,
        id: u64,
        me: usize,
        operation: Operation,
        root: usize,
    ) -> (Result<(u64, Call)>, Vec<Note>) {
        let epoch = match self.enter() {
            Ok(epoch) => epoch,
            Err(error) => return (Err(error), Vec::new()),
        };
        let context = self.context(id);
        let sequence = context.last.map_or(1, |last| last.sequence.wrapping_add(1));
        let call = Call { sequence, operation, root: root as u32 };
        context.last = Some(call);
        context.asked.retain(|(_, asked)| asked.sequence >= sequence);
        let differs = |&(_, asked): &(usize, Call)| asked.sequence == sequence && asked != call;
        let notes = match context.asked.iter().copied().find(differs) {
            Some((source, theirs)) => self.mismatch(id, call, source, theirs),
            None => Vec::new(),
        };
        let poison = self.context(id).poison(call);
        (poison.map_or(Ok((epoch, call)), |poison| Err(poison.error(me, call))), notes)
    }

    fn mismatch(&mut self, id: u64, mine: Call, source: usize, theirs: Call) -> Vec<Note> {
        let Some(members) = self.context(id).members.clone() else { return Vec::new() };
        let (Some(rank), Some(other_rank)) = (members.index(self.me), members.index(source)) else {
            return Vec::new();
        };
        let poison = Poison::Mismatch { rank, call: mine, other_rank, other_call: theirs };
        self.poison(id, mine.sequence, poison)
    }

    /// Notes that calls of a communicator cannot end; returns what others are to be told.
    pub fn poison(&mut self, id: u64, sequence: u32, poison: Poison) -> Vec<Note> {
        if !self.take_poison(id, sequence, poison) {
            return Vec::new();
        }
        let Some(members) = self.context(id).members.clone() else { return Vec::new() };
        self.notes_to_all(id, &members, &Control::Poison { sequence, poison })
    }

    /// Whether that is news.
    fn take_poison(&mut self, id: u64, sequence: u32, poison: Poison) -> bool {
        let known = &mut self.context(id).poison;
        let news = known.is_none_or(|(first, _)| sequence < first);
        if news {
            *known = Some((sequence, poison));
        }
        news
    }

    /// Takes what has arrived; returns what others are to be told.
    pub fn file(&mut self, parcel: Parcel) -> Vec<Note> {
        let Parcel { source, header, content } = parcel;
        if header.epoch > self.epoch {
            self.early.push(Parcel { source, header, content });
            return Vec::new();
        }
        if header.epoch < self.epoch || self.closed.contains(header.context) {
            return Vec::new();
        }
        match header.kind {
            Kind::Message(tag) => {
                self.context(header.context).mailbox.put_message(source, tag, content);
            }
            Kind::Part(call) => {
                self.context(header.context).mailbox.put_part(source, call, content);
            }
            Kind::Exchanged => self.context(header.context).mailbox.put_exchanged(source, content),
            Kind::Control => {
                if let Content::Here(content) = content
                    && let Ok(control) = Control::decode(&content)
                {
                    return self.obey(source, header.context, control);
                }
            }
        }
        Vec::new()
    }

    fn obey(&mut self, source: usize, id: u64, control: Control) -> Vec<Note> {
        match control {
            Control::Abort { number, reason } => {
                if !self.aborted {
                    self.aborted = true;
                    self.culprit = (number, reason);
                }
            }
            Control::Poison { sequence, poison } => {
                self.take_poison(id, sequence, poison);
            }
            Control::Left { generation, number } => {
                self.presence.has_left(source, generation, number);
            }
            Control::Ask { generation, call } => {
                let answer =
                    generation.and_then(|generation| self.presence.asked_by(source, generation));
                let mut notes =
                    self.notes(answer.map(|answer| (source, answer)).into_iter().collect());
                if let Some(theirs) = call {
                    notes.extend(self.asked_about_call(source, id, theirs));
                }
                return notes;
            }
        }
        Vec::new()
    }

    fn asked_about_call(&mut self, source: usize, id: u64, theirs: Call) -> Vec<Note> {
        let context = self.context(id);
        match context.last {
            Some(mine) if mine.sequence == theirs.sequence => {
                if mine == theirs {
                    Vec::new()
                } else {
                    self.mismatch(id, mine, source, theirs)
                }
            }
            Some(mine) if mine.sequence > theirs.sequence => Vec::new(),
            _ => {
                context.asked.push((source, theirs));
                Vec::new()
            }
        }
    }

    /// What to ask whom, after a long wait in a call for `source`, or for anybody.
    pub fn ask(&mut self, id: u64, source: Option<usize>, call: Option<Call>) -> Vec<Note> {
        let Some(members) = self.context(id).members.clone() else { return Vec::new() };
        let mut notes = Vec::new();
        for rank in awaited(&members, source).filter(|&rank| rank != self.me) {
            let generation = self.presence.ask(rank);
            if generation.is_some() || call.is_some() {
                notes.push(self.note(id, rank, Control::Ask { generation, call }));
            }
        }
        notes
    }

    /// Fails if nobody is left from whom something can come: `source`, or any other rank.
    pub fn check_present(&mut self, id: u64, source: Option<usize>) -> Result<()> {
        let Some(members) = self.context(id).members.clone() else { return Ok(()) };
        let (me, mut first) = (self.me, None);
        for rank in awaited(&members, source).filter(|&rank| rank != me) {
            let Some(number) = self.presence.gone(rank) else { return Ok(()) };
            if self.context(id).mailbox.expects(rank) {
                return Ok(());
            }
            first = first.or(Some(number));
        }
        // A rank may still send to itself from another thread, so alone it waits.
        first.map_or(Ok(()), |rank| Err(CommError::Gone { rank }))
    }
}

/// The ranks of the world of whom one is waited for.
fn awaited(members: &Members, source: Option<usize>) -> impl Iterator<Item = usize> {
    let others = if source.is_none() { members.len() } else { 0 };
    source.into_iter().chain((0..others).map(|index| members.rank(index)))
}
