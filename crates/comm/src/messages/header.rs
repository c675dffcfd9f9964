//! What a packet says about itself, at its end.

use crate::call::Call;
use crate::{CommError, Result};

/// The length of an encoded header.
pub const TRAILER: usize = 6 * 8;

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of `send`, with its tag.
    Message(i32),
    /// A part of a collective call.
    Part(Call),
    /// Of `exchange`.
    Exchanged,
    /// From one endpoint to another (see `control`).
    Control,
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub group: u64,
    pub context: u64,
    pub epoch: u64,
    pub kind: Kind,
    /// The length of the content where that follows in chunks; `None` where it is in the packet.
    pub bulk: Option<usize>,
}

impl Header {
    /// The packet of this header and a content.
    pub fn packet(&self, content: &[u8]) -> Vec<u8> {
        let (kind, word) = match self.kind {
            Kind::Message(tag) => (0, u64::from(tag.cast_unsigned())),
            Kind::Part(call) => (1, call.pack()),
            Kind::Exchanged => (2, 0),
            Kind::Control => (3, 0),
        };
        let bulk = self.bulk.map_or(u64::MAX, |len| len as u64);
        let mut packet = Vec::with_capacity(content.len() + TRAILER);
        packet.extend_from_slice(content);
        for word in [self.group, self.context, self.epoch, kind, word, bulk] {
            packet.extend_from_slice(&word.to_le_bytes());
        }
        packet
    }

    /// Takes a packet apart.
    pub fn split(mut packet: Vec<u8>) -> Result<(Header, Vec<u8>)> {
        let unreadable = || CommError::Transport("a packet has no readable header".into());
        let start = packet.len().checked_sub(TRAILER).ok_or_else(unreadable)?;
        let mut words = [0; 6];
        for (word, bytes) in words.iter_mut().zip(packet[start..].as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let [group, context, epoch, kind, word, bulk] = words;
        let kind = match kind {
            0 => Kind::Message((word as u32).cast_signed()),
            1 => Kind::Part(Call::unpack(word).ok_or_else(unreadable)?),
            2 => Kind::Exchanged,
            3 => Kind::Control,
            _ => return Err(unreadable()),
        };
        packet.truncate(start);
        let bulk = (bulk != u64::MAX).then_some(bulk as usize);
        Ok((Header { group, context, epoch, kind, bulk }, packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Operation;

    #[test]
    fn packets_come_apart_as_they_were_put_together() {
        let call = Call { sequence: u32::MAX, operation: Operation::Share, root: 0xff_ffff };
        for kind in [Kind::Message(-7), Kind::Part(call), Kind::Exchanged, Kind::Control] {
            for bulk in [None, Some(0), Some(usize::MAX - 1)] {
                let header = Header { group: 1, context: u64::MAX, epoch: 3, kind, bulk };
                for content in [&b""[..], b"content"] {
                    let packet = header.packet(content);
                    assert_eq!(packet.len(), content.len() + TRAILER);
                    assert_eq!(Header::split(packet), Ok((header, content.to_vec())));
                }
            }
        }
    }

    #[test]
    fn what_is_no_packet_is_an_error() {
        assert!(Header::split(vec![0; TRAILER - 1]).is_err());
        assert!(Header::split(vec![9; TRAILER]).is_err());
    }
}
