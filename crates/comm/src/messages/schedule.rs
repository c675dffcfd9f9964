//! Who sends to whom in the collective calls, as pure functions of the rank and the size.
//!
//! The calls carry out these schedules, and tests count their messages for sizes at which nobody
//! would start as many threads.

/// A rank's place in a binomial tree over all ranks, along which broadcasts and scatters go down and
/// gathers and reductions come up.
///
/// The tree is over the distance of a rank from the root, upwards and around: below each place are
/// the places next to it, so that what belongs to a subtree is contiguous and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    rank: usize,
    size: usize,
    root: usize,
}

/// A subtree below a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// The rank at its top.
    pub rank: usize,
    /// How many ranks it has.
    pub span: usize,
}

impl Tree {
    /// The place of `rank` in the tree over `size` ranks with this root.
    ///
    /// # Panics
    ///
    /// When the rank or the root is not below the size.
    pub fn new(rank: usize, size: usize, root: usize) -> Self {
        assert!(rank < size && root < size, "ranks {rank} and {root} of {size}");
        Self { rank, size, root }
    }

    fn place(self) -> usize {
        (self.rank + self.size - self.root) % self.size
    }

    fn at(self, place: usize) -> usize {
        (place + self.root) % self.size
    }

    /// How many places the subtree that begins at a place would have, were there enough ranks.
    fn reach(self, place: usize) -> usize {
        if place == 0 { self.size.next_power_of_two() } else { 1 << place.trailing_zeros() }
    }

    /// How many ranks are in the subtree of this rank, itself included.
    pub fn span(self) -> usize {
        self.reach(self.place()).min(self.size - self.place())
    }

    /// The rank above; `None` for the root.
    pub fn parent(self) -> Option<usize> {
        let place = self.place();
        (place > 0).then(|| self.at(place & (place - 1)))
    }

    /// The subtrees below, those of few ranks first: after the rank itself, they are in the order
    /// of the places.
    pub fn children(self) -> impl DoubleEndedIterator<Item = Branch> {
        let place = self.place();
        let children = self.reach(place).trailing_zeros();
        (0..children)
            .map(move |bit| place + (1 << bit))
            .filter(move |&place| place < self.size)
            .map(move |place| Branch {
                rank: self.at(place),
                span: self.reach(place).min(self.size - place),
            })
    }
}

/// A round of a call in which all ranks do the same at a growing distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Whom to send to.
    pub dest: usize,
    /// Whom to receive from.
    pub source: usize,
    /// How many ranks' parts are sent in an all-gather.
    pub count: usize,
}

/// The rounds of a barrier or an all-gather: after a round, a rank has heard of twice as many of the
/// ranks that follow it.
pub fn dissemination(rank: usize, size: usize) -> impl Iterator<Item = Round> {
    let distances = (0..usize::BITS).map(|bit| 1_usize << bit);
    distances.take_while(move |&distance| distance < size).map(move |distance| Round {
        dest: (rank + size - distance) % size,
        source: (rank + distance) % size,
        count: distance.min(size - distance),
    })
}

/// What a rank does next in a reduction for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubling {
    /// Gives its part to the rank before it, and takes no part until [`Take`](Self::Take).
    Give(usize),
    /// Adds the part of the rank after it.
    Add(usize),
    /// Both ranks add each other's totals; those of the lower ranks are on the left.
    Swap(usize),
    /// Takes the final total from the rank before it.
    Take(usize),
    /// Gives the final total to the rank after it.
    Return(usize),
}

/// The steps of a reduction for all by recursive doubling. Where the number of ranks is no power of
/// two, some of the first ranks have their neighbour do it for them. All ranks form the same
/// sums in the same order.
pub fn doubling(rank: usize, size: usize) -> Vec<Doubling> {
    let Some(bits) = size.checked_ilog2() else { return Vec::new() };
    let pairs = size - (1 << bits);
    let paired = rank < 2 * pairs;
    if paired && rank % 2 == 1 {
        return vec![Doubling::Give(rank - 1), Doubling::Take(rank - 1)];
    }
    let place = if paired { rank / 2 } else { rank - pairs };
    let at = |place: usize| if place < pairs { 2 * place } else { place + pairs };
    let mut steps = Vec::with_capacity(bits as usize + 2);
    steps.extend(paired.then_some(Doubling::Add(rank + 1)));
    steps.extend((0..bits).map(|bit| Doubling::Swap(at(place ^ (1 << bit)))));
    steps.extend(paired.then_some(Doubling::Return(rank + 1)));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_reach_every_rank_once_and_in_order() {
        for size in 1..40 {
            for root in [0, size / 2, size - 1] {
                let mut parents = 0;
                for rank in 0..size {
                    let tree = Tree::new(rank, size, root);
                    let mut place = (rank + size - root) % size + 1;
                    for branch in tree.children() {
                        assert_eq!((branch.rank + size - root) % size, place);
                        let child = Tree::new(branch.rank, size, root);
                        assert_eq!((child.parent(), child.span()), (Some(rank), branch.span));
                        place += branch.span;
                    }
                    assert_eq!(place - (rank + size - root) % size, tree.span());
                    parents += usize::from(tree.parent().is_some());
                }
                assert_eq!(parents, size - 1);
                assert_eq!(Tree::new(root, size, root).span(), size);
            }
        }
    }

    #[test]
    fn sends_and_receives_of_all_ranks_match() {
        for size in 1..40 {
            let rounds: Vec<Vec<Round>> =
                (0..size).map(|rank| dissemination(rank, size).collect()).collect();
            for (rank, round) in rounds
                .iter()
                .enumerate()
                .flat_map(|(rank, all)| all.iter().enumerate().map(move |round| (rank, round)))
            {
                assert_eq!(rounds[round.1.dest][round.0].source, rank);
            }
            let heard: usize = rounds[0].iter().map(|round| round.count).sum();
            assert_eq!(heard, size - 1);
        }
    }
}
