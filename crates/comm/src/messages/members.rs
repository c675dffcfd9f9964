//! The ranks of a communicator.

use std::collections::HashMap;
use std::sync::Arc;

/// The ranks in the world of the members of a communicator, in order.
pub enum Members {
    /// Ranks that follow each other, as they mostly do: nothing grows with their number.
    Range { first: usize, len: usize },
    /// Any.
    List { ranks: Vec<usize>, index: HashMap<usize, usize> },
}

impl Members {
    pub fn new(ranks: Vec<usize>) -> Arc<Self> {
        let first = ranks.first().copied().unwrap_or(0);
        if ranks.iter().enumerate().all(|(index, &rank)| rank == first + index) {
            return Arc::new(Self::Range { first, len: ranks.len() });
        }
        let index = ranks.iter().enumerate().map(|(index, &rank)| (rank, index)).collect();
        Arc::new(Self::List { ranks, index })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Range { len, .. } => *len,
            Self::List { ranks, .. } => ranks.len(),
        }
    }

    /// The rank in the world of a member.
    pub fn rank(&self, index: usize) -> usize {
        match self {
            Self::Range { first, .. } => first + index,
            Self::List { ranks, .. } => ranks[index],
        }
    }

    pub fn ranks(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|index| self.rank(index))
    }

    /// The member that a rank of the world is.
    pub fn index(&self, rank: usize) -> Option<usize> {
        match self {
            Self::Range { first, len } => rank.checked_sub(*first).filter(|index| index < len),
            Self::List { index, .. } => index.get(&rank).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_ranks() {
        for ranks in [vec![], vec![4], vec![0, 1, 2], vec![3, 4, 5], vec![5, 4], vec![1, 3]] {
            let members = Members::new(ranks.clone());
            assert_eq!(members.ranks().collect::<Vec<_>>(), ranks);
            assert_eq!(members.len(), ranks.len());
            for rank in 0..7 {
                assert_eq!(members.index(rank), ranks.iter().position(|&other| other == rank));
            }
        }
    }
}
