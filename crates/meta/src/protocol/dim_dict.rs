//! The dictionary of one axis on one process.

use super::fields::Fields;
use super::{Dialect, RawDict, RawValue};
use crate::{DistType, Indices, Result};

/// What one process holds of one axis, as the Distributed Array Protocol describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DimDict {
    /// The global size of the axis.
    pub size: usize,
    /// The number of processes along the axis.
    pub proc_grid_size: usize,
    /// The place of this process among them.
    pub proc_grid_rank: usize,
    /// Which part of the axis it holds.
    pub part: DimPart,
}

/// Which part of an axis a process holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DimPart {
    /// All of it: our own type `'n'`.
    NotDistributed,
    /// A contiguous part.
    Block {
        /// The first index.
        start: usize,
        /// The index after the last.
        stop: usize,
        /// The widths of the padding to the left and to the right.
        padding: [usize; 2],
        /// Whether the ends of the axis are neighbours.
        periodic: bool,
    },
    /// Blocks that go round robin.
    Cyclic {
        /// The first index, or anything past the end when there is none.
        start: usize,
        /// The length of a block.
        block_size: usize,
    },
    /// Any indices.
    Unstructured {
        /// The indices, in local order.
        indices: Indices,
        /// The promise that no index is on two processes.
        one_to_one: bool,
    },
}

impl DimDict {
    /// What the empty dictionary stands for on an axis of a buffer that is `size` long.
    pub fn undistributed(size: usize) -> Self {
        let part = DimPart::Block { start: 0, stop: size, padding: [0, 0], periodic: false };
        Self { size, proc_grid_size: 1, proc_grid_rank: 0, part }
    }

    /// The dictionary that `raw` holds, with everything checked that one dictionary can show.
    /// `extent` is the length of the local buffer along the axis, where it is known; without it the
    /// empty dictionary means nothing.
    ///
    /// # Errors
    ///
    /// [`MetaError::Protocol`](crate::MetaError::Protocol) that names the key at fault.
    pub fn parse(
        axis: usize,
        raw: &RawDict,
        dialect: Dialect,
        extent: Option<usize>,
    ) -> Result<Self> {
        let fields = Fields { axis, raw, dialect };
        if let (true, Some(size)) = (raw.is_empty(), extent) {
            return Ok(Self::undistributed(size));
        }
        let dist_type = fields.dist_type()?;
        let size = fields.integer("size", 0, None)?;
        let proc_grid_size = fields.integer("proc_grid_size", 1, fields.lenient(1))?;
        let proc_grid_rank = fields.integer("proc_grid_rank", 0, fields.lenient(0))?;
        if proc_grid_rank >= proc_grid_size {
            let expected = format!("less than \"proc_grid_size\", {proc_grid_size}");
            return fields.unexpected("proc_grid_rank", &expected);
        }
        let part = match dist_type {
            DistType::NotDistributed if proc_grid_size > 1 => {
                return fields.unexpected("proc_grid_size", "1 on an axis of type 'n'");
            }
            DistType::NotDistributed => DimPart::NotDistributed,
            DistType::Block => block(&fields, size, proc_grid_rank)?,
            DistType::Cyclic => cyclic(&fields, size, proc_grid_rank)?,
            DistType::Unstructured => unstructured(&fields)?,
        };
        let dim_dict = Self { size, proc_grid_size, proc_grid_rank, part };
        dim_dict.check_extent(&fields, extent)?;
        Ok(dim_dict)
    }

    /// Checks one dictionary of an exporter by the protocol's own rules. The empty dictionary is
    /// good.
    ///
    /// # Errors
    ///
    /// As [`DimDict::parse`].
    pub fn validate(axis: usize, raw: &RawDict) -> Result<()> {
        if raw.is_empty() {
            return Ok(());
        }
        Self::parse(axis, raw, Dialect::Protocol, None).map(|_| ())
    }

    /// The distribution type.
    pub fn dist_type(&self) -> DistType {
        match self.part {
            DimPart::NotDistributed => DistType::NotDistributed,
            DimPart::Block { .. } => DistType::Block,
            DimPart::Cyclic { .. } => DistType::Cyclic,
            DimPart::Unstructured { .. } => DistType::Unstructured,
        }
    }

    /// The global indices on this process, in local order.
    pub fn indices(&self) -> Indices {
        match &self.part {
            DimPart::NotDistributed => Indices::strided(0, 1, self.size),
            DimPart::Block { start, stop, .. } => Indices::strided(*start as i64, 1, stop - start),
            DimPart::Cyclic { start, block_size } => {
                dealt(self.size, self.proc_grid_size, *start, *block_size)
            }
            DimPart::Unstructured { indices, .. } => indices.clone(),
        }
    }

    /// The dictionary with its keys spelled out.
    pub fn to_raw(&self) -> RawDict {
        let number = |number: usize| RawValue::Integer(number as i64);
        let text = RawValue::Text(self.dist_type().letter().into());
        let mut entries = vec![
            ("dist_type", text),
            ("size", number(self.size)),
            ("proc_grid_size", number(self.proc_grid_size)),
            ("proc_grid_rank", number(self.proc_grid_rank)),
        ];
        match &self.part {
            DimPart::NotDistributed => {}
            DimPart::Block { start, stop, padding, periodic } => {
                let padding = padding.iter().map(|&width| number(width)).collect();
                entries.push(("start", number(*start)));
                entries.push(("stop", number(*stop)));
                entries.push(("padding", RawValue::Sequence(padding)));
                entries.extend(periodic.then_some(("periodic", RawValue::Boolean(true))));
            }
            DimPart::Cyclic { start, block_size } => {
                entries.push(("start", number(*start)));
                entries.push(("block_size", number(*block_size)));
            }
            DimPart::Unstructured { indices, one_to_one } => {
                entries.push(("indices", RawValue::Buffer(indices.to_vec().into())));
                entries.extend(one_to_one.then_some(("one_to_one", RawValue::Boolean(true))));
            }
        }
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn check_extent(&self, fields: &Fields, extent: Option<usize>) -> Result<()> {
        let held = self.indices().len();
        let Some(extent) = extent.filter(|&extent| extent != held) else { return Ok(()) };
        let key = match self.part {
            DimPart::NotDistributed | DimPart::Cyclic { .. } => "size",
            DimPart::Block { .. } => "stop",
            DimPart::Unstructured { .. } => "indices",
        };
        fields.wrong(
            key,
            format!("makes this process hold {held} indices, but its buffer has {extent}"),
        )
    }
}

/// The indices from `start` on of blocks of `block_size` dealt over `grid_size` places, the first
/// of them being the one that begins at `start`.
pub fn dealt(size: usize, grid_size: usize, start: usize, block_size: usize) -> Indices {
    let period = grid_size.saturating_mul(block_size);
    let left = size.saturating_sub(start);
    let len = left / period * block_size + (left % period).min(block_size);
    Indices::blocks(start as i64, block_size, period, 0, len)
}

fn block(fields: &Fields, size: usize, rank: usize) -> Result<DimPart> {
    let start = fields.integer("start", 0, None)?;
    let stop = fields.integer("stop", 0, None)?;
    if stop > size {
        return fields.unexpected("stop", &format!("at most \"size\", {size}"));
    }
    if start > stop {
        return fields.unexpected("start", &format!("at most \"stop\", {stop}"));
    }
    if rank == 0 && start > 0 {
        return fields.unexpected("start", "0 on the first process");
    }
    let padding = match fields.raw.get("padding") {
        None => [0, 0],
        Some(value) => match value.integers().as_deref() {
            Some(&[left, right]) if left >= 0 && right >= 0 => [left as usize, right as usize],
            _ => return fields.unexpected("padding", "a pair of integers that are at least 0"),
        },
    };
    Ok(DimPart::Block { start, stop, padding, periodic: fields.flag("periodic")? })
}

fn cyclic(fields: &Fields, size: usize, rank: usize) -> Result<DimPart> {
    let block_size = fields.integer("block_size", 1, Some(1))?;
    let turn = rank.saturating_mul(block_size);
    let start = fields.integer("start", 0, fields.lenient(turn))?;
    // A process without elements may start at the end.
    if start != turn && !(start == size && turn > size) {
        let expected = format!("{turn}, \"proc_grid_rank\" times \"block_size\"");
        return fields.unexpected("start", &expected);
    }
    Ok(DimPart::Cyclic { start, block_size })
}

fn unstructured(fields: &Fields) -> Result<DimPart> {
    let indices = fields.indices("indices")?;
    let mut sorted = indices.clone();
    sorted.sort_unstable();
    if let Some([twice, _]) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return fields.wrong("indices", format!("has {twice} more than once"));
    }
    let one_to_one = fields.flag("one_to_one")?;
    Ok(DimPart::Unstructured { indices: Indices::from_list(indices), one_to_one })
}
