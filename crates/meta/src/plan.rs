//! Redistribution plans: what each rank receives from which other, in closed form per axis.

/// Positions that match between a source piece and a destination piece along one axis: position
/// `source + source_step * j` goes to `dest + dest_step * j` for `j < len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first position in the source piece.
    pub source: usize,
    /// The first position in the destination piece.
    pub dest: usize,
    /// The distance between neighbours in the source piece.
    pub source_step: isize,
    /// The distance between neighbours in the destination piece.
    pub dest_step: isize,
    /// How many positions there are.
    pub len: usize,
}

/// A pattern of runs that repeats: repetition `k < repeat` adds `k * source_period` to the source
/// positions and `k * dest_period` to the destination positions. Periodic maps (block-cyclic ones)
/// intersect in few runs and many repetitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisTransfer {
    /// The runs of the first repetition.
    pub runs: Vec<Run>,
    /// How often the runs repeat; at least 1.
    pub repeat: usize,
    /// What a repetition adds to source positions.
    pub source_period: isize,
    /// What a repetition adds to destination positions.
    pub dest_period: isize,
}

/// What one rank of the destination receives from one rank of the source: the product over the
/// axes of the union of each axis's patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The rank in the source distribution.
    pub source: usize,
    /// The rank in the destination distribution.
    pub dest: usize,
    /// One list of disjoint patterns per axis.
    pub axes: Vec<Vec<AxisTransfer>>,
}
