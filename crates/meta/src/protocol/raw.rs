//! Dictionaries as they come from outside: any keys, any values.

use std::sync::Arc;

/// A value of a dictionary from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawValue {
    /// An integer.
    Integer(i64),
    /// `True` or `False`.
    Boolean(bool),
    /// A string.
    Text(String),
    /// A one-dimensional buffer of integers.
    Buffer(Arc<[i64]>),
    /// A list or a tuple.
    Sequence(Vec<RawValue>),
    /// Anything else: what to call it.
    Other(String),
}

impl RawValue {
    /// The integers of a buffer or of a sequence of nothing else.
    pub fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::Buffer(integers) => Some(integers.to_vec()),
            Self::Sequence(values) => values
                .iter()
                .map(|value| if let Self::Integer(integer) = value { Some(*integer) } else { None })
                .collect(),
            _ => None,
        }
    }

    /// The value as an error message shows it.
    pub fn describe(&self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Boolean(true) => "True".into(),
            Self::Boolean(false) => "False".into(),
            Self::Text(text) => format!("'{text}'"),
            Self::Buffer(integers) => format!("a buffer of {} integers", integers.len()),
            Self::Sequence(values) => format!("a sequence of length {}", values.len()),
            Self::Other(description) => description.clone(),
        }
    }
}

/// A dictionary from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawDict {
    entries: Vec<(String, RawValue)>,
}

impl RawDict {
    /// The value of `key`, `None` when it is missing.
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        self.entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1)
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Gives `key` a value, replacing the one it has.
    pub fn insert(&mut self, key: &str, value: RawValue) {
        self.remove(key);
        self.entries.push((key.to_owned(), value));
    }

    /// Removes `key`, if it is there.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|entry| entry.0 != key);
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(String, RawValue)> for RawDict {
    fn from_iter<I: IntoIterator<Item = (String, RawValue)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}
