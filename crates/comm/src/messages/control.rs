//! What endpoints tell each other beside the messages of their users.

use crate::call::Call;
use crate::{CommError, Result};

/// Why a collective call cannot end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    /// A rank that it needs has left, with this number.
    Gone { number: usize },
    /// Two ranks of the communicator are in different calls.
    Mismatch { rank: usize, call: Call, other_rank: usize, other_call: Call },
}

impl Poison {
    /// The error for `rank`, which is in `call`.
    pub fn error(self, me: usize, mine: Call) -> CommError {
        match self {
            Self::Gone { number } => CommError::Gone { rank: number },
            Self::Mismatch { rank, call, other_rank, other_call } => {
                // Of the two calls, the one that is not this rank's own tells more.
                let first = call != mine && rank != me;
                let (other_rank, other_call) =
                    if first { (rank, call) } else { (other_rank, other_call) };
                CommError::Mismatch {
                    rank: me,
                    call: mine.to_string(),
                    other_rank,
                    other_call: other_call.to_string(),
                }
            }
        }
    }
}

/// A message from one endpoint to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The group is aborted.
    Abort { number: usize, reason: String },
    /// The sender has been waiting for long, in a user's function of this generation, or in this
    /// collective call of the header's context. Whoever has left, or is in another call, says so.
    Ask { generation: Option<u64>, call: Option<Call> },
    /// The sender has left the user's function of this generation.
    Left { generation: u64, number: usize },
    /// Calls of the header's context, from this one on, cannot end.
    Poison { sequence: u32, poison: Poison },
}

impl Control {
    /// The content of a packet, not longer than `limit`: a reason that is too long loses its end.
    pub fn encode(&self, limit: usize) -> Vec<u8> {
        let (words, text): ([u64; 6], &str) = match self {
            Self::Abort { number, reason } => ([0, *number as u64, 0, 0, 0, 0], reason),
            Self::Ask { generation, call } => {
                let call = call.map_or(0, Call::pack);
                ([1, generation.unwrap_or(0), u64::from(generation.is_some()), call, 0, 0], "")
            }
            Self::Left { generation, number } => ([2, *generation, *number as u64, 0, 0, 0], ""),
            Self::Poison { sequence, poison: Poison::Gone { number } } => {
                ([3, u64::from(*sequence), *number as u64, 0, 0, 0], "")
            }
            Self::Poison {
                sequence,
                poison: Poison::Mismatch { rank, call, other_rank, other_call },
            } => {
                let ranks = (*rank as u64, *other_rank as u64);
                let sequence = u64::from(*sequence);
                ([4, sequence, ranks.0, call.pack(), ranks.1, other_call.pack()], "")
            }
        };
        let mut content: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut end = text.len().min(limit.saturating_sub(content.len()));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        content.extend_from_slice(&text.as_bytes()[..end]);
        content
    }

    /// The inverse of [`encode`](Self::encode).
    pub fn decode(content: &[u8]) -> Result<Control> {
        let unreadable = || CommError::Transport("a control message is unreadable".into());
        let (words, text) = content.split_at_checked(6 * 8).ok_or_else(unreadable)?;
        let mut words = words.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut next = || words.next().unwrap_or_default();
        let call = |word| Call::unpack(word).ok_or_else(unreadable);
        Ok(match next() {
            0 => {
                let reason = String::from_utf8_lossy(text).into_owned();
                Self::Abort { number: next() as usize, reason }
            }
            1 => {
                let generation = next();
                let generation = (next() == 1).then_some(generation);
                Self::Ask { generation, call: Call::unpack(next()) }
            }
            2 => Self::Left { generation: next(), number: next() as usize },
            3 => {
                let sequence = next() as u32;
                Self::Poison { sequence, poison: Poison::Gone { number: next() as usize } }
            }
            4 => {
                let sequence = next() as u32;
                let (rank, first) = (next() as usize, call(next())?);
                let (other_rank, other_call) = (next() as usize, call(next())?);
                let poison = Poison::Mismatch { rank, call: first, other_rank, other_call };
                Self::Poison { sequence, poison }
            }
            _ => return Err(unreadable()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Operation;

    #[test]
    fn control_messages_are_decoded_as_they_were_encoded() {
        let call = Call { sequence: 9, operation: Operation::Gather, root: 4 };
        let other_call = Call { sequence: 9, operation: Operation::Reduce, root: 0 };
        let mismatch = Poison::Mismatch { rank: 3, call, other_rank: 5, other_call };
        for control in [
            Control::Abort { number: 3, reason: "a bad day".into() },
            Control::Ask { generation: None, call: Some(call) },
            Control::Ask { generation: Some(0), call: None },
            Control::Left { generation: 8, number: 41 },
            Control::Poison { sequence: 9, poison: Poison::Gone { number: 2 } },
            Control::Poison { sequence: 9, poison: mismatch },
        ] {
            assert_eq!(Control::decode(&control.encode(100)), Ok(control));
        }
        assert!(Control::decode(&[0; 47]).is_err());
        assert!(Control::decode(&[9; 48]).is_err());
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let abort = Control::Abort { number: 1, reason: "aéé".into() };
        let cut = Control::Abort { number: 1, reason: "aé".into() };
        assert_eq!(Control::decode(&abort.encode(48 + 4)), Ok(cut));
    }
}
