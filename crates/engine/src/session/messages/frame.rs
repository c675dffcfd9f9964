//! What a message between client and engines has in it.
//!
//! A frame is a word and the parcels of some engines. Strings of bytes that are long follow it as
//! messages of their own, so that nobody copies them.

use std::collections::VecDeque;
use std::sync::Arc;

use distarray_comm::CommError;

use crate::wire::Parcel;

/// Tags of frames with a request, frames with answers, strings that follow a frame, and notes.
pub const REQUEST: i32 = 0;
pub const ANSWERS: i32 = 1;
pub const STRING: i32 = 2;
pub const NOTE: i32 = 3;

/// In the word of a request: whether engines pass it on along the tree, and gather answers along it.
pub const SPREAD: u64 = 1;
pub const GATHER: u64 = 2;

/// From this length on, a string follows its frame.
pub const LONG: usize = 16 << 10;

const WORD: usize = size_of::<u64>();

/// Set in the length of a string that follows.
const FOLLOWS: u64 = 1 << 63;

/// A string of bytes that several messages may have in common.
pub type Bytes = Arc<Vec<u8>>;

/// A parcel's head and parts.
pub fn strings(parcel: Parcel) -> Vec<Bytes> {
    std::iter::once(parcel.head).chain(parcel.parts).map(Arc::new).collect()
}

/// A frame without parcels.
pub fn empty(word: u64) -> Vec<u8> {
    word.to_le_bytes().to_vec()
}

/// Whether there are no parcels in a frame.
pub fn is_empty(frame: &[u8]) -> bool {
    frame.len() == WORD
}

/// Adds the parcel of an engine to a frame; the long strings are to follow.
pub fn append(frame: &mut Vec<u8>, engine: usize, strings: &[Bytes]) {
    let inline = || strings.iter().filter(|string| string.len() < LONG);
    frame.reserve((2 + strings.len()) * WORD + inline().map(|string| string.len()).sum::<usize>());
    frame.extend_from_slice(&(engine as u64).to_le_bytes());
    frame.extend_from_slice(&(strings.len() as u64).to_le_bytes());
    for string in strings {
        let len = string.len() as u64;
        let len = if string.len() < LONG { len } else { len | FOLLOWS };
        frame.extend_from_slice(&len.to_le_bytes());
    }
    inline().for_each(|string| frame.extend_from_slice(string));
}

/// Adds the parcels of another frame to a frame; none of their strings are to follow.
pub fn extend(frame: &mut Vec<u8>, other: &[u8]) {
    frame.extend_from_slice(other.get(WORD..).unwrap_or_default());
}

/// The word of a frame.
pub fn word(frame: &[u8]) -> Result<u64, CommError> {
    let word = frame.first_chunk::<WORD>().ok_or_else(unreadable)?;
    Ok(u64::from_le_bytes(*word))
}

/// A frame that has been read.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub word: u64,
    pub parcels: Vec<(usize, Parcel)>,
    /// Which strings of which parcels are to follow; 0 is the head.
    missing: VecDeque<(usize, usize)>,
}

impl Frame {
    pub fn read(bytes: &[u8]) -> Result<Self, CommError> {
        let mut reader = Reader(bytes);
        let word = reader.word()?;
        let (mut parcels, mut missing) = (Vec::new(), VecDeque::new());
        while !reader.0.is_empty() {
            let (engine, count) = (reader.word()? as usize, reader.word()? as usize);
            let lens = count.checked_mul(WORD).ok_or_else(unreadable)?;
            let mut lens = Reader(reader.bytes(lens)?);
            let mut parcel = Parcel::default();
            for place in 0..count {
                let len = lens.word()?;
                let follows = len & FOLLOWS != 0;
                if follows {
                    missing.push_back((parcels.len(), place));
                }
                let string =
                    if follows { Vec::new() } else { reader.bytes(len as usize)?.to_vec() };
                if place == 0 {
                    parcel.head = string;
                } else {
                    parcel.parts.push(string);
                }
            }
            parcels.push((engine, parcel));
        }
        Ok(Self { word, parcels, missing })
    }

    /// How many strings are to follow.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Takes the next string that follows.
    pub fn take(&mut self, string: Vec<u8>) {
        let Some((parcel, place)) = self.missing.pop_front() else { return };
        let parcel = &mut self.parcels[parcel].1;
        match place.checked_sub(1) {
            None => parcel.head = string,
            Some(part) => parcel.parts[part] = string,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], CommError> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or_else(unreadable)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn word(&mut self) -> Result<u64, CommError> {
        word(self.bytes(WORD)?)
    }
}

fn unreadable() -> CommError {
    CommError::Transport("a message between client and engines ends too early".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let parcels = [
            Parcel { head: vec![1, 2, 3], parts: vec![] },
            Parcel { head: vec![4; LONG], parts: vec![vec![], vec![5; LONG + 1], vec![6; 9]] },
            Parcel { head: vec![], parts: vec![vec![7; LONG - 1]] },
        ];
        let mut bytes = empty(99);
        assert!(is_empty(&bytes));
        let mut following = VecDeque::new();
        for (engine, parcel) in parcels.iter().enumerate() {
            let mut frame = empty(1);
            append(&mut frame, engine, &strings(parcel.clone()));
            assert!(!is_empty(&frame));
            extend(&mut bytes, &frame);
            let all = std::iter::once(&parcel.head).chain(&parcel.parts);
            following.extend(all.filter(|string| string.len() >= LONG).cloned());
        }
        assert!(bytes.len() < LONG + 300);
        let mut frame = Frame::read(&bytes).unwrap();
        assert_eq!((frame.word, frame.missing(), word(&bytes)), (99, 2, Ok(99)));
        for string in following {
            frame.take(string);
        }
        assert_eq!(frame.missing(), 0);
        let read: Vec<_> = frame.parcels.into_iter().collect();
        assert_eq!(read, parcels.into_iter().enumerate().collect::<Vec<_>>());
        for len in [0, 7, 9, 23, bytes.len() - 1] {
            assert!(Frame::read(&bytes[..len]).is_err(), "{len}");
        }
    }
}
