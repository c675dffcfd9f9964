//! One axis of a region: which positions of the file, and where in memory they go.

use distarray_kernels::{AxisLayout, Labels};

use super::memory::Distances;
use crate::{Result, StorageError};

/// The labels of an axis, ascending.
#[derive(Clone, Debug)]
enum Places {
    Strided { start: usize, step: usize },
    List(Vec<usize>),
}

/// Distances in memory, in bytes.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Stride(isize),
    Offsets(Vec<isize>),
}

/// One axis of a region, its positions ordered as in the file.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) len: usize,
    places: Places,
    pub(super) memory: Step,
}

impl Axis {
    /// The axis of a block whose elements have these labels in an axis of `file_len`; also the
    /// distance in memory to its first position in the file.
    pub(super) fn new(
        layout: &AxisLayout,
        labels: &Labels,
        file_len: usize,
    ) -> Result<(Self, isize)> {
        let len = layout.len();
        let (axis, start) = match labels {
            Labels::Strided { start, step } => Self::strided(layout, *start, *step, file_len)?,
            Labels::List(list) => {
                if list.len() != len {
                    let found = list.len();
                    return Err(StorageError::Region(format!("{found} labels for {len} elements")));
                }
                (Self::listed(layout, list, file_len)?, 0)
            }
        };
        Ok((axis, start))
    }

    fn strided(
        layout: &AxisLayout,
        start: i64,
        step: i64,
        file_len: usize,
    ) -> Result<(Self, isize)> {
        let len = layout.len();
        let last = i64::try_from(len.saturating_sub(1))
            .ok()
            .and_then(|count| step.checked_mul(count)?.checked_add(start));
        let (start, last) = (check(Some(start), file_len)?, check(last, file_len)?);
        if len > 1 && step == 0 {
            return Err(repeated());
        }
        let memory = Step::from(layout);
        let step = usize::try_from(step.unsigned_abs()).unwrap_or(1);
        if start <= last {
            return Ok((Self { len, places: Places::Strided { start, step }, memory }, 0));
        }
        let (memory, origin) = match memory {
            Step::Stride(stride) => (Step::Stride(-stride), stride * (len as isize - 1)),
            Step::Offsets(mut offsets) => {
                offsets.reverse();
                (Step::Offsets(offsets), 0)
            }
        };
        Ok((Self { len, places: Places::Strided { start: last, step }, memory }, origin))
    }

    fn listed(layout: &AxisLayout, list: &[i64], file_len: usize) -> Result<Self> {
        let mut places = Vec::with_capacity(list.len());
        for &label in list {
            places.push(check(Some(label), file_len)?);
        }
        let mut memory = Step::from(layout);
        if !places.is_sorted() {
            let mut order: Vec<usize> = (0..list.len()).collect();
            order.sort_by_key(|&position| places[position]);
            memory = Step::Offsets(order.iter().map(|&position| memory.at(position)).collect());
            places.sort_unstable();
        }
        if places.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(repeated());
        }
        Ok(Self { len: list.len(), places: Places::List(places), memory })
    }

    /// An axis of one position, for what has none.
    pub(super) fn single() -> Self {
        let places = Places::Strided { start: 0, step: 1 };
        Self { len: 1, places, memory: Step::Stride(0) }
    }

    /// Whether all of an axis of `file_len` is asked for.
    pub(super) fn is_whole(&self, file_len: usize) -> bool {
        self.len == file_len
            && match &self.places {
                // As many different labels as there are places are all of them.
                Places::Strided { .. } => true,
                Places::List(list) => list.iter().copied().eq(0..file_len),
            }
    }

    /// The place in the file.
    pub(super) fn place(&self, position: usize) -> usize {
        match &self.places {
            Places::Strided { start, step } => start + step * position,
            Places::List(list) => list[position],
        }
    }

    /// The distance between places, if it is the same for all.
    pub(super) fn stride(&self) -> Option<usize> {
        match &self.places {
            Places::Strided { step, .. } => Some(*step),
            Places::List(_) => None,
        }
    }

    /// Where the group of places ends that begins with the one at position `first`: gaps in it are
    /// at most `gap` places, and it spans at most `span`, or has one place only.
    pub(super) fn group_end(&self, first: usize, gap: usize, span: usize) -> usize {
        match &self.places {
            Places::Strided { step, .. } if step - 1 > gap => first + 1,
            Places::Strided { step, .. } => {
                let count = span.saturating_sub(1) / step + 1;
                self.len.min(first.saturating_add(count))
            }
            Places::List(list) => {
                let end = list[first].saturating_add(span);
                let group = list[first..].windows(2);
                let joins = |pair: &[usize]| pair[1] - pair[0] <= gap + 1 && pair[1] < end;
                first + 1 + group.take_while(|pair| joins(pair)).count()
            }
        }
    }
}

impl Step {
    #[inline]
    pub(super) fn at(&self, position: usize) -> isize {
        match self {
            Self::Stride(stride) => stride * position as isize,
            Self::Offsets(offsets) => offsets[position],
        }
    }

    /// The stride, if there is one.
    pub(super) fn stride(&self) -> Option<isize> {
        match self {
            Self::Stride(stride) => Some(*stride),
            Self::Offsets(_) => None,
        }
    }
}

impl Step {
    /// The distances from position `first` on, and what they are counted from.
    pub(super) fn distances(&self, first: usize) -> (Distances<'_>, isize) {
        match self {
            Self::Stride(stride) => (Distances::Stride(*stride), stride * first as isize),
            Self::Offsets(offsets) => (Distances::Offsets(&offsets[first..]), 0),
        }
    }
}

impl From<&AxisLayout> for Step {
    fn from(layout: &AxisLayout) -> Self {
        match layout {
            AxisLayout::Strided { stride, .. } => Self::Stride(*stride),
            AxisLayout::Indexed { offsets } => Self::Offsets(offsets.to_vec()),
        }
    }
}

fn repeated() -> StorageError {
    StorageError::Region("one index for several elements".to_owned())
}

fn check(label: Option<i64>, file_len: usize) -> Result<usize> {
    label
        .and_then(|label| usize::try_from(label).ok())
        .filter(|&label| label < file_len)
        .ok_or_else(|| {
            let label = label.map_or_else(|| "far outside".to_owned(), |label| label.to_string());
            StorageError::Region(format!(
                "index {label} is out of bounds for an axis of {file_len}"
            ))
        })
}
