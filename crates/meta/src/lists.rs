//! Lists of indices, written for other processes: those of a rule in a few bytes, others in as few
//! bytes each as the largest needs.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An index, or a position.
pub trait Index: Copy {
    /// As a number of 64 bits.
    fn to_word(self) -> i64;
    /// From that number.
    fn from_word(word: i64) -> Self;
}

impl Index for i64 {
    fn to_word(self) -> i64 {
        self
    }
    fn from_word(word: i64) -> Self {
        word
    }
}

impl Index for usize {
    fn to_word(self) -> i64 {
        self as i64
    }
    fn from_word(word: i64) -> Self {
        word as Self
    }
}

/// A list as it is written.
#[derive(Serialize, Deserialize)]
enum Form<'a> {
    /// `first, first + step, ...`: `len` of them, but none beyond `last`, as are the bounds of equal
    /// blocks.
    Rule { first: i64, step: i64, last: i64, len: usize },
    /// Each index by so many bytes, the low ones first.
    Each {
        width: u8,
        #[serde(borrow, with = "serde_bytes")]
        bytes: &'a [u8],
    },
}

/// Element `place` of the list of a rule.
fn ruled(first: i64, step: i64, last: i64, place: usize) -> i64 {
    let free = step.saturating_mul(place as i64).saturating_add(first);
    if step < 0 { free.max(last) } else { free.min(last) }
}

fn rule<T: Index>(indices: &[T]) -> Option<Form<'static>> {
    let [first, last] = [indices.first()?, indices.last()?].map(|index| index.to_word());
    let step = indices.get(1).map_or(0, |second| second.to_word().wrapping_sub(first));
    let is_ruled = indices
        .iter()
        .enumerate()
        .all(|(place, index)| index.to_word() == ruled(first, step, last, place));
    is_ruled.then_some(Form::Rule { first, step, last, len: indices.len() })
}

/// Writes a list.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<T: Index, S: Serializer>(
    list: &Arc<[T]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if let Some(form) = rule(list) {
        return form.serialize(serializer);
    }
    let words = list.iter().map(|index| index.to_word() as u64);
    let bits = words.clone().fold(0, |bits, word| bits | word);
    let width = match bits {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    let mut bytes = Vec::with_capacity(list.len() * width);
    match width {
        1 => bytes.extend(words.map(|word| word as u8)),
        2 => words.for_each(|word| bytes.extend_from_slice(&(word as u16).to_le_bytes())),
        4 => words.for_each(|word| bytes.extend_from_slice(&(word as u32).to_le_bytes())),
        _ => words.for_each(|word| bytes.extend_from_slice(&word.to_le_bytes())),
    }
    Form::Each { width: width as u8, bytes: &bytes }.serialize(serializer)
}

/// Reads a list.
///
/// # Errors
///
/// Those of the deserializer, and when there is no list.
pub fn deserialize<'de, T: Index, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<[T]>, D::Error> {
    let (width, bytes) = match Form::deserialize(deserializer)? {
        Form::Rule { first, step, last, len } => {
            let each = (0..len).map(|place| T::from_word(ruled(first, step, last, place)));
            return Ok(each.collect());
        }
        Form::Each { width, bytes } => (width, bytes),
    };
    let index = |word: u64| T::from_word(word as i64);
    Ok(match width {
        1 => bytes.iter().map(|&byte| index(byte.into())).collect(),
        2 => bytes.as_chunks().0.iter().map(|&b| index(u16::from_le_bytes(b).into())).collect(),
        4 => bytes.as_chunks().0.iter().map(|&b| index(u32::from_le_bytes(b).into())).collect(),
        8 => bytes.as_chunks().0.iter().map(|&b| index(u64::from_le_bytes(b))).collect(),
        _ => return Err(D::Error::custom("indices of an unknown width")),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held<T: Index>(#[serde(with = "super")] Arc<[T]>);

    fn written<T: Index>(list: &[T]) -> Vec<u8> {
        postcard::to_stdvec(&Held(list.into())).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            list in prop::collection::vec(any::<i64>(), 0..20),
            shift in 0_u32..64,
            steps in (-9_i64..9, -9_i64..9, -40_i64..40, 0_usize..20),
        ) {
            let (first, step, last, len) = steps;
            let ruled: Vec<i64> = (0..len).map(|place| ruled(first, step, last, place)).collect();
            let shifted: Vec<i64> = list.iter().map(|word| word >> shift).collect();
            for list in [list, shifted, ruled] {
                let back: Held<i64> = postcard::from_bytes(&written(&list)).unwrap();
                prop_assert_eq!(&back.0[..], &list[..]);
                let positions: Vec<usize> = list.iter().map(|&word| word as usize).collect();
                let back: Held<usize> = postcard::from_bytes(&written(&positions)).unwrap();
                prop_assert_eq!(&back.0[..], &positions[..]);
            }
        }
    }

    #[test]
    fn lists_are_short() {
        let engines: Vec<usize> = (0..4096).collect();
        assert!(written(&engines).len() < 10);
        let bounds: Vec<usize> = (0..=4096).map(|place| (place * 245).min(1_000_000)).collect();
        assert!(written(&bounds).len() < 16);
        let scattered: Vec<i64> = (0..1000).map(|place| place * place % 65_521).collect();
        assert!(written(&scattered).len() < 2010);
    }
}
