//! Several parts in one message.

use crate::{CommError, Result};

/// As [`join`], for parts that are needed no more.
pub fn join_owned(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    if parts.len() == 1 { parts.swap_remove(0) } else { join(&parts) }
}

/// One message of several parts; a single one needs no table of lengths.
pub fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    if let [part] = parts {
        return part.clone();
    }
    let total: usize = parts.iter().map(|part| 8 + part.len()).sum();
    let mut message = Vec::with_capacity(total);
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
    }
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

/// The `count` parts of a message that [`join`] made.
pub fn cut(message: Vec<u8>, count: usize) -> Result<Vec<Vec<u8>>> {
    if count == 1 {
        return Ok(vec![message]);
    }
    let unreadable = || CommError::Transport(format!("a message has not {count} parts"));
    let (table, mut rest) = message.split_at_checked(8 * count).ok_or_else(unreadable)?;
    let lengths = table.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes) as usize);
    lengths
        .map(|len| {
            let (part, others) = rest.split_at_checked(len).ok_or_else(unreadable)?;
            rest = others;
            Ok(part.to_vec())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_as_they_were_joined() {
        for count in 0..5 {
            let parts: Vec<Vec<u8>> = (0..count).map(|part| vec![part as u8; part * 3]).collect();
            assert_eq!(cut(join(&parts), count), Ok(parts.clone()));
            assert_eq!(cut(join_owned(parts.clone()), count), Ok(parts));
        }
        assert!(cut(vec![1; 8], 2).is_err());
        assert!(cut(vec![1; 16], 2).is_err());
    }
}
