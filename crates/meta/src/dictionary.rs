//! Long lists of indices that other processes have been sent once, and are named by a number from
//! then on: a command about an array must not be as long as the array.
//!
//! The writer keeps a [`WriterDictionary`], each reader a [`ReaderDictionary`]; what is written and
//! read within [`WriterDictionary::writing`] and [`ReaderDictionary::reading`] uses them. Otherwise
//! all lists are written in full.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Indices;

/// The indices on each place of an axis.
type Pieces = Arc<[Indices]>;

/// So many indices in lists are not worth a number.
const FEW: usize = 256;

/// What a process has written, and who has read it.
#[derive(Debug, Default)]
pub struct WriterDictionary {
    next_number: u64,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    pieces: Weak<[Indices]>,
    /// Who may have it, in ascending order.
    written_for: Vec<usize>,
    /// Who has said so, in ascending order.
    readers: Vec<usize>,
    /// Whether the last message has it in full.
    is_new: bool,
}

/// What a process has read.
#[derive(Debug, Default)]
pub struct ReaderDictionary {
    pieces: HashMap<u64, Pieces>,
}

/// What the values that this thread writes or reads at the moment refer to.
enum Scope {
    None,
    Writing { dictionary: WriterDictionary, readers: Vec<usize> },
    Reading(ReaderDictionary),
}

thread_local! {
    static SCOPE: RefCell<Scope> = const { RefCell::new(Scope::None) };
}

/// Runs `work` in a scope; returns the scope as it is at the end, too. A panic in `work` loses it,
/// and the thread goes on without.
fn within<T>(scope: Scope, work: impl FnOnce() -> T) -> (T, Scope) {
    struct Restore(Option<Scope>);
    impl Restore {
        fn now(&mut self) -> Scope {
            let outer = self.0.take().unwrap_or(Scope::None);
            SCOPE.with(|current| current.replace(outer))
        }
    }
    impl Drop for Restore {
        fn drop(&mut self) {
            if self.0.is_some() {
                self.now();
            }
        }
    }
    let mut restore = Restore(Some(SCOPE.with(|current| current.replace(scope))));
    let result = work();
    (result, restore.now())
}

impl WriterDictionary {
    /// Runs `write`, which writes for `readers`, given in ascending order: what all of them have is
    /// named by its number, and other long lists get one.
    pub fn writing<T>(&mut self, readers: &[usize], write: impl FnOnce() -> T) -> T {
        let mut dictionary = std::mem::take(self);
        dictionary.entries.iter_mut().for_each(|entry| entry.is_new = false);
        let scope = Scope::Writing { dictionary, readers: readers.to_vec() };
        let (result, scope) = within(scope, write);
        if let Scope::Writing { dictionary, .. } = scope {
            *self = dictionary;
        }
        result
    }

    /// Says that `readers`, given in ascending order, have read what was written last.
    pub fn confirm(&mut self, readers: &[usize]) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_new) {
            entry.is_new = false;
            join(&mut entry.readers, readers);
        }
    }

    /// The numbers of what nobody here uses any more, for these readers, given in ascending order, to
    /// [`forget`](ReaderDictionary::forget).
    pub fn dropped(&mut self, readers: &[usize]) -> Vec<u64> {
        let mut dropped = Vec::new();
        self.entries.retain_mut(|entry| {
            if entry.pieces.strong_count() > 0 {
                return true;
            }
            let before = entry.written_for.len();
            entry.written_for.retain(|reader| readers.binary_search(reader).is_err());
            if entry.written_for.len() < before {
                dropped.push(entry.number);
            }
            !entry.written_for.is_empty()
        });
        dropped
    }

    /// The number of these pieces, and whether all `readers` know it.
    fn number(&mut self, pieces: &Pieces, readers: &[usize]) -> (u64, bool) {
        // While there is an entry, the memory of what it refers to is nobody else's.
        let address = Arc::as_ptr(pieces);
        let find = |entry: &Entry| std::ptr::addr_eq(entry.pieces.as_ptr(), address);
        let place = self.entries.iter().position(find).unwrap_or_else(|| {
            self.entries.push(Entry {
                number: self.next_number,
                pieces: Arc::downgrade(pieces),
                written_for: Vec::new(),
                readers: Vec::new(),
                is_new: false,
            });
            self.next_number += 1;
            self.entries.len() - 1
        });
        let entry = &mut self.entries[place];
        let is_known = entry.is_new
            || readers.iter().all(|reader| entry.readers.binary_search(reader).is_ok());
        if !is_known {
            entry.is_new = true;
            join(&mut entry.written_for, readers);
        }
        (entry.number, is_known)
    }
}

/// Adds to a list in ascending order.
fn join(list: &mut Vec<usize>, more: &[usize]) {
    list.extend_from_slice(more);
    list.sort_unstable();
    list.dedup();
}

impl ReaderDictionary {
    /// Runs `read`, which reads what a writer has written with its dictionary.
    pub fn reading<T>(&mut self, read: impl FnOnce() -> T) -> T {
        let (result, scope) = within(Scope::Reading(std::mem::take(self)), read);
        if let Scope::Reading(dictionary) = scope {
            *self = dictionary;
        }
        result
    }

    /// Forgets what the writer has [dropped](WriterDictionary::dropped).
    pub fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.pieces.remove(number);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// Pieces as they are written.
#[derive(Serialize, Deserialize)]
enum Form<P> {
    /// In full.
    Whole(P),
    /// In full, and named by this number from now on.
    Numbered(u64, P),
    /// Those of this number.
    Known(u64),
}

/// Writes the pieces of an axis.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(pieces: &Pieces, serializer: S) -> Result<S::Ok, S::Error> {
    let listed = |piece: &Indices| match piece {
        Indices::List(list) => list.len(),
        _ => 1,
    };
    let is_long = pieces.iter().map(listed).sum::<usize>() > FEW;
    let number = SCOPE.with(|scope| match &mut *scope.borrow_mut() {
        Scope::Writing { dictionary, readers } if is_long => {
            Some(dictionary.number(pieces, readers))
        }
        _ => None,
    });
    let form = match number {
        None => Form::Whole(&**pieces),
        Some((number, true)) => Form::Known(number),
        Some((number, false)) => Form::Numbered(number, &**pieces),
    };
    form.serialize(serializer)
}

/// Reads the pieces of an axis.
///
/// # Errors
///
/// Those of the deserializer, and when a number stands for nothing.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pieces, D::Error> {
    let form = Form::<Vec<Indices>>::deserialize(deserializer)?;
    SCOPE.with(|scope| {
        let mut scope = scope.borrow_mut();
        let dictionary = match &mut *scope {
            Scope::Reading(dictionary) => Some(&mut dictionary.pieces),
            Scope::None | Scope::Writing { .. } => None,
        };
        match (form, dictionary) {
            (Form::Whole(pieces), _) | (Form::Numbered(_, pieces), None) => Ok(pieces.into()),
            (Form::Numbered(number, pieces), Some(dictionary)) => {
                let pieces = Pieces::from(pieces);
                dictionary.insert(number, pieces.clone());
                Ok(pieces)
            }
            (Form::Known(number), dictionary) => dictionary
                .and_then(|dictionary| dictionary.get(&number).cloned())
                .ok_or_else(|| D::Error::custom(format!("no indices have the number {number}"))),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held(#[serde(with = "super")] Pieces);

    /// Pieces of an axis of `len` indices, none of which follow a rule.
    fn pieces(len: i64) -> Pieces {
        let scattered: Vec<i64> = (0..len).map(|place| place * place % 65_521).collect();
        [Indices::from_list(scattered), Indices::EMPTY].into()
    }

    fn write(dictionary: &mut WriterDictionary, readers: &[usize], held: &[Held]) -> Vec<u8> {
        dictionary.writing(readers, || postcard::to_stdvec(held).unwrap())
    }

    fn read(dictionary: &mut ReaderDictionary, bytes: &[u8]) -> Vec<Held> {
        dictionary.reading(|| postcard::from_bytes(bytes).unwrap())
    }

    #[test]
    fn long_lists_travel_once() {
        let (mut writer, mut reader) = (WriterDictionary::default(), ReaderDictionary::default());
        let long = pieces(1000);
        let held = [Held(long.clone()), Held(long)];
        let first = write(&mut writer, &[3], &held);
        assert!((2000..2100).contains(&first.len()), "{}", first.len());
        assert_eq!(read(&mut reader, &first), held);
        // Who has not confirmed gets all again.
        assert_eq!(write(&mut writer, &[3], &held), first);
        writer.confirm(&[3]);
        let second = write(&mut writer, &[3], &held);
        assert!(second.len() < 10);
        assert_eq!(read(&mut reader, &second), held);
        // So do others.
        assert_eq!(write(&mut writer, &[2, 3], &held), first);
        assert!(postcard::from_bytes::<Vec<Held>>(&second).is_err());
        assert_eq!(writer.dropped(&[2, 3]), []);
        drop(held);
        assert_eq!(writer.dropped(&[3]), [0]);
        assert_eq!(writer.dropped(&[2, 3]), [0]);
        assert_eq!(writer.dropped(&[2, 3]), []);
        reader.forget(&[0]);
        assert!(reader.is_empty());
    }

    #[test]
    fn without_dictionaries_everything_is_written() {
        let held = [Held(pieces(1000)), Held(pieces(3))];
        let bytes = postcard::to_stdvec(&held).unwrap();
        assert_eq!(postcard::from_bytes::<[Held; 2]>(&bytes).unwrap(), held);
    }

    /// What happens to one of a few lists.
    #[derive(Clone, Debug)]
    enum Event {
        /// Readers, as bits, are written some lists; some of the messages arrive.
        Write { readers: usize, lists: Vec<usize>, arrives: bool },
        /// A list is replaced by another.
        Replace(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        let lists = prop::collection::vec(0_usize..3, 1..4);
        prop_oneof![
            (1_usize..8, lists, any::<bool>()).prop_map(|(readers, lists, arrives)| Event::Write {
                readers,
                lists,
                arrives
            }),
            (0_usize..3).prop_map(Event::Replace),
        ]
    }

    proptest! {
        #[test]
        fn readers_get_what_was_meant_and_keep_no_more(
            events in prop::collection::vec(event(), 0..40)
        ) {
            let mut writer = WriterDictionary::default();
            let mut readers: [ReaderDictionary; 3] = Default::default();
            let mut lists = [300, 5, 400].map(pieces);
            let mut length = 500;
            let mut send = |readers: &mut [ReaderDictionary], chosen: usize, held: &[Held], arrives| {
                let numbers: Vec<usize> = (0..3).filter(|reader| chosen >> reader & 1 == 1).collect();
                let dropped = writer.dropped(&numbers);
                let bytes = write(&mut writer, &numbers, held);
                for &number in &numbers {
                    readers[number].forget(&dropped);
                    if arrives {
                        assert_eq!(read(&mut readers[number], &bytes), held);
                    }
                }
                if arrives {
                    writer.confirm(&numbers);
                }
            };
            for event in events {
                match event {
                    Event::Write { readers: chosen, lists: some, arrives } => {
                        let held: Vec<Held> =
                            some.into_iter().map(|list| Held(lists[list].clone())).collect();
                        send(&mut readers, chosen, &held, arrives);
                    }
                    Event::Replace(list) => {
                        length += 1;
                        lists[list] = pieces(length);
                    }
                }
            }
            lists = [1, 1, 1].map(pieces);
            send(&mut readers, 7, &[Held(lists[0].clone())], true);
            prop_assert!(readers.iter().all(ReaderDictionary::is_empty));
        }
    }
}
