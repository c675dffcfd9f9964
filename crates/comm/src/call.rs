//! Which collective call a rank is in, so that calls that do not match are errors and not hangs.

use std::fmt;

/// The collective operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Barrier,
    Broadcast,
    Gather,
    Scatter,
    AllGather,
    AllToAll,
    Reduce,
    AllReduce,
    Split,
    Share,
}

/// The `sequence`-th collective call of a rank on one communicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub sequence: u32,
    pub operation: Operation,
    /// The root of a rooted operation, else 0.
    pub root: u32,
}

const OPERATIONS: [Operation; 10] = [
    Operation::Barrier,
    Operation::Broadcast,
    Operation::Gather,
    Operation::Scatter,
    Operation::AllGather,
    Operation::AllToAll,
    Operation::Reduce,
    Operation::AllReduce,
    Operation::Split,
    Operation::Share,
];

impl Call {
    /// One word, never 0: sequence, operation, root.
    pub fn pack(self) -> u64 {
        (u64::from(self.sequence) << 32)
            | ((self.operation as u64 + 1) << 24)
            | u64::from(self.root & 0xff_ffff)
    }

    /// The inverse of [`pack`](Self::pack); `None` for 0, a rank that has made no call.
    pub fn unpack(word: u64) -> Option<Call> {
        let number = ((word >> 24) & 0xff) as usize;
        let operation = *OPERATIONS.get(number.checked_sub(1)?)?;
        Some(Call { sequence: (word >> 32) as u32, operation, root: (word & 0xff_ffff) as u32 })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { sequence, operation, root } = *self;
        match operation {
            Operation::Barrier => write!(f, "barrier"),
            Operation::Broadcast => write!(f, "broadcast from {root}"),
            Operation::Gather => write!(f, "gather to {root}"),
            Operation::Scatter => write!(f, "scatter from {root}"),
            Operation::AllGather => write!(f, "all-gather"),
            Operation::AllToAll => write!(f, "all-to-all"),
            Operation::Reduce => write!(f, "reduce to {root}"),
            Operation::AllReduce => write!(f, "all-reduce"),
            Operation::Split => write!(f, "split"),
            Operation::Share => write!(f, "share"),
        }?;
        write!(f, " (its collective call number {sequence})")
    }
}
