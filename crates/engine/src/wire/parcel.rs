//! A message: a head, and parts that are passed on as they are.

use distarray_comm::CommError;

/// A message: a head, and parts that are passed on as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parcel {
    /// What the message is.
    pub head: Vec<u8>,
    /// What it carries.
    pub parts: Vec<Vec<u8>>,
}

const WORD: usize = size_of::<u64>();

impl Parcel {
    /// How many bytes there are in all.
    pub fn len(&self) -> usize {
        self.head.len() + self.parts.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Head and parts in one string of bytes, for who cannot pass them on apart.
    pub fn to_bytes(&self) -> Vec<u8> {
        let lens = || std::iter::once(&self.head).chain(&self.parts);
        let count = 1 + self.parts.len();
        let mut bytes = Vec::with_capacity((1 + count) * WORD + self.len());
        bytes.extend_from_slice(&(count as u64).to_le_bytes());
        for part in lens() {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        }
        for part in lens() {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// The message that was written as one string of bytes.
    ///
    /// # Errors
    ///
    /// [`CommError::Transport`] when it was not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CommError> {
        Self::split(bytes)
            .ok_or_else(|| CommError::Transport("a message ends before its parts do".to_owned()))
    }

    fn split(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<WORD>()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let (lens, mut rest) = rest.split_at_checked(count.checked_mul(WORD)?)?;
        let mut parts = Vec::with_capacity(count);
        for len in lens.as_chunks::<WORD>().0 {
            let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
            let (part, others) = rest.split_at_checked(len)?;
            parts.push(part.to_vec());
            rest = others;
        }
        if parts.is_empty() || !rest.is_empty() {
            return None;
        }
        Some(Self { head: parts.remove(0), parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_string_of_bytes_keeps_the_parts_apart() {
        for parts in [vec![], vec![vec![]], vec![vec![1, 2], vec![], vec![3]]] {
            for head in [vec![], vec![7; 9]] {
                let parcel = Parcel { head, parts: parts.clone() };
                let bytes = parcel.to_bytes();
                assert_eq!(Parcel::from_bytes(&bytes), Ok(parcel));
                assert!((0..bytes.len()).all(|len| Parcel::from_bytes(&bytes[..len]).is_err()));
            }
        }
    }
}
