//! Who has left a user's function, which others may still be in.
//!
//! Nobody is told before asking: whoever has waited for long asks the rank that it waits for, which
//! answers when it has left. Functions are numbered, so that late answers do no harm.

use std::collections::{HashMap, HashSet};

use super::control::Control;

/// What a rank knows of its own and others' presence.
#[derive(Default)]
pub struct Presence {
    /// The function that this rank is in, or was in last.
    generation: Option<u64>,
    left: bool,
    /// How errors name this rank.
    number: usize,
    /// Ranks of the world that wait for this one, and the function that they are in.
    askers: Vec<(usize, u64)>,
    /// Ranks of the world that have left this function, and how errors name them.
    gone: HashMap<usize, usize>,
    /// Ranks of the world that know that this one waits for them.
    asked: HashSet<usize>,
}

impl Presence {
    /// Notes that this rank enters a function; returns what others are to be told.
    pub fn enter(&mut self, generation: u64) -> Vec<(usize, Control)> {
        self.generation = Some(generation);
        self.left = false;
        self.gone.clear();
        self.asked.clear();
        self.answers()
    }

    /// Notes that this rank leaves the function; returns what others are to be told.
    pub fn leave(&mut self, number: usize) -> Vec<(usize, Control)> {
        self.left = true;
        self.number = number;
        self.answers()
    }

    /// Answers whoever waits in a function that this rank has left.
    fn answers(&mut self) -> Vec<(usize, Control)> {
        let askers = std::mem::take(&mut self.askers);
        let mut answers = Vec::new();
        for (asker, generation) in askers {
            match self.answer(generation) {
                Some(answer) => answers.push((asker, answer)),
                None => self.askers.push((asker, generation)),
            }
        }
        answers
    }

    fn answer(&self, generation: u64) -> Option<Control> {
        let mine = self.generation?;
        let left = mine > generation || (mine == generation && self.left);
        left.then_some(Control::Left { generation, number: self.number })
    }

    /// Takes the question of a rank that waits; answers at once or when this rank leaves.
    pub fn asked_by(&mut self, source: usize, generation: u64) -> Option<Control> {
        let answer = self.answer(generation);
        if answer.is_none() {
            self.askers.push((source, generation));
        }
        answer
    }

    /// Takes an answer.
    pub fn has_left(&mut self, source: usize, generation: u64, number: usize) {
        if self.generation == Some(generation) {
            self.gone.insert(source, number);
        }
    }

    /// How errors name a rank that has left.
    pub fn gone(&self, rank: usize) -> Option<usize> {
        self.gone.get(&rank).copied()
    }

    /// The function that a rank is to be asked about, unless there is none or it has been asked.
    pub fn ask(&mut self, rank: usize) -> Option<u64> {
        let generation = self.generation.filter(|_| !self.left)?;
        self.asked.insert(rank).then_some(generation)
    }

    /// Forgets what others have said.
    pub fn reset(&mut self) {
        self.askers.clear();
        self.gone.clear();
        self.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_that_has_left_says_so_to_those_who_ask() {
        let left = |generation| Control::Left { generation, number: 7 };
        let mut presence = Presence::default();
        assert_eq!(presence.asked_by(1, 5), None, "it has not come yet");
        assert_eq!(presence.enter(5), []);
        assert_eq!(presence.asked_by(2, 6), None, "it has not come there yet");
        assert_eq!(presence.leave(7), [(1, left(5))]);
        assert_eq!(presence.asked_by(3, 5), Some(left(5)));
        assert_eq!(presence.enter(6), []);
        assert_eq!(presence.asked_by(3, 5), Some(left(5)), "it is elsewhere by now");
        assert_eq!(presence.leave(7), [(2, left(6))]);
    }

    #[test]
    fn answers_about_another_function_are_ignored_and_nobody_is_asked_twice() {
        let mut presence = Presence::default();
        assert_eq!(presence.ask(1), None);
        presence.enter(5);
        assert_eq!((presence.ask(1), presence.ask(1), presence.ask(2)), (Some(5), None, Some(5)));
        presence.has_left(1, 4, 11);
        assert_eq!(presence.gone(1), None);
        presence.has_left(1, 5, 11);
        assert_eq!(presence.gone(1), Some(11));
        presence.enter(6);
        assert_eq!((presence.gone(1), presence.ask(1)), (None, Some(6)));
    }
}
