//! The order of a transfer: which bytes go together.

#![expect(unsafe_code, reason = "elements are read and written where they lie")]

use distarray_kernels::{Block, Labels};

use super::axis::Axis;
pub(super) use super::memory::Mode;
use super::memory::{self, Distances, Lane};
use crate::{ArrayFile, Layout, Result, StorageError};

/// What decides which bytes go together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The size of the buffer in bytes, at least that of an item.
    pub(super) buffer: usize,
    /// Runs of at least so many bytes go without the buffer where they can.
    pub(super) direct: usize,
    /// Gaps up to so many bytes are read along.
    pub(super) gap: usize,
}

impl Limits {
    /// The buffer fits the cache of a core, and requests of its size run at the speed of the disk.
    /// Gaps shorter than a page are read by the system anyway.
    pub(super) const USUAL: Self = Self { buffer: 1 << 20, direct: 1 << 15, gap: 4096 };
}

/// One transfer between a file and a block.
///
/// In the order of the file, the axes are: outer axes, of which each position is visited; the
/// axis of groups, whose positions are moved as many at a time as the buffer takes; and the axes
/// inside a *chunk*, which are whole in the file, so that a chunk is one run of bytes.
pub(super) struct Transfer<'a> {
    file: &'a ArrayFile,
    mode: Mode,
    limits: Limits,
    /// Where the region's block begins.
    memory: *mut u8,
    /// The outer axes, each with the distance between its positions in the file.
    outer: Vec<(Axis, u64)>,
    groups: Axis,
    inner: Vec<Axis>,
    /// The length of a chunk in bytes.
    chunk: usize,
    /// The length in bytes of what is one run both in the file and in memory.
    item: usize,
    offset: u64,
    buffer: Vec<u8>,
    batch: Vec<Piece>,
}

/// Some positions of the axis of groups, to go through the buffer together with others.
struct Piece {
    /// Where the first of them lies in the file.
    start: u64,
    /// The distance of the outer position in memory.
    memory: isize,
    first: usize,
    end: usize,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        file: &'a ArrayFile,
        layout: &Layout,
        labels: &[Labels],
        block: &Block,
        mode: Mode,
        limits: Limits,
    ) -> Result<Self> {
        let ndim = layout.shape.len();
        if block.ndim() != ndim || labels.len() != ndim {
            let (axes, labels) = (block.ndim(), labels.len());
            return Err(StorageError::Region(format!(
                "a block of {axes} axes with labels of {labels} for an array of {ndim}"
            )));
        }
        if block.dtype().itemsize() != layout.itemsize {
            return Err(StorageError::Region(format!(
                "a block of dtype {} for items of {} bytes",
                block.dtype(),
                layout.itemsize
            )));
        }
        let is_empty = block.size() == 0 || layout.itemsize == 0;
        let mut transfer = Self {
            file,
            mode,
            limits,
            memory: block.as_ptr(),
            outer: Vec::new(),
            groups: Axis::single(),
            inner: Vec::new(),
            chunk: layout.itemsize,
            item: layout.itemsize,
            offset: layout.offset,
            buffer: Vec::new(),
            batch: Vec::new(),
        };
        if is_empty {
            transfer.groups.len = 0;
            return Ok(transfer);
        }
        if layout.end().is_none() {
            return Err(StorageError::Region("an array too large for a file".to_owned()));
        }
        // From the fastest axis of the file to the slowest.
        let order: Vec<usize> =
            if layout.fortran_order { (0..ndim).collect() } else { (0..ndim).rev().collect() };
        let mut axes = Vec::new();
        for axis in order {
            let (new, origin) = Axis::new(&block.axes()[axis], &labels[axis], layout.shape[axis])?;
            transfer.memory = transfer.memory.wrapping_offset(origin);
            axes.push((new, layout.shape[axis]));
        }
        transfer.arrange(axes);
        Ok(transfer)
    }

    /// Gives the axes, fastest first, their parts.
    fn arrange(&mut self, axes: Vec<(Axis, usize)>) {
        let mut axes = axes.into_iter().peekable();
        while let Some((axis, file_len)) = axes.next_if(|(axis, len)| self.takes(axis, *len)) {
            // The chunk is one run in memory too for as long as each axis continues the last.
            let is_dense = self.item == self.chunk
                && (axis.len == 1 || axis.memory.stride() == Some(self.chunk as isize));
            self.chunk *= file_len;
            if is_dense {
                self.item = self.chunk;
            } else {
                self.inner.insert(0, axis);
            }
        }
        let mut distance = self.chunk as u64;
        if let Some((axis, file_len)) = axes.next() {
            self.groups = axis;
            distance *= file_len as u64;
        }
        for (axis, file_len) in axes {
            self.outer.insert(0, (axis, distance));
            distance *= file_len as u64;
        }
    }

    /// Whether an axis can be a part of the chunk: it is whole, and the chunk stays one run in
    /// memory or fits the buffer.
    fn takes(&self, axis: &Axis, file_len: usize) -> bool {
        let is_dense = self.item == self.chunk
            && (axis.len == 1 || axis.memory.stride() == Some(self.chunk as isize));
        axis.is_whole(file_len)
            && (is_dense || self.chunk.saturating_mul(file_len) <= self.limits.buffer)
    }

    /// Moves everything.
    pub(super) fn run(mut self) -> Result<()> {
        if self.groups.len == 0 {
            return Ok(());
        }
        self.descend(0, self.offset, 0)?;
        self.flush()
    }

    /// Visits the outer positions from the given axis on.
    fn descend(&mut self, axis: usize, start: u64, memory: isize) -> Result<()> {
        let Some((outer, distance)) = self.outer.get(axis) else {
            return self.visit(start, memory);
        };
        let (len, distance) = (outer.len, *distance);
        for position in 0..len {
            let outer = &self.outer[axis].0;
            let start = start + outer.place(position) as u64 * distance;
            self.descend(axis + 1, start, memory + outer.memory.at(position))?;
        }
        Ok(())
    }

    /// Moves all positions of the axis of groups, or notes them for later.
    fn visit(&mut self, start: u64, memory: isize) -> Result<()> {
        let gap = self.gap() / self.chunk;
        let mut first = 0;
        while first < self.groups.len {
            let place = start + self.groups.place(first) as u64 * self.chunk as u64;
            let run = self.direct_run(first);
            if run > 0 {
                let memory = self.memory.wrapping_offset(memory + self.groups.memory.at(first));
                // SAFETY: the run lies within the block, which the caller lets nobody else use.
                let bytes = unsafe { memory::bytes_mut(memory, run * self.chunk) };
                match self.mode {
                    Mode::Read => self.file.read_at(bytes, place)?,
                    Mode::Write => self.file.write_at(bytes, place)?,
                }
                first += run;
                continue;
            }
            let end = self.groups.group_end(first, gap, self.limits.buffer / self.chunk);
            self.add(Piece { start: place, memory, first, end })?;
            first = end;
        }
        Ok(())
    }

    /// The longest gap in bytes that is moved along with what lies around it.
    fn gap(&self) -> usize {
        if self.mode == Mode::Read { self.limits.gap } else { 0 }
    }

    /// The number of positions from `first` on that can go without the buffer.
    fn direct_run(&self, first: usize) -> usize {
        if self.item != self.chunk {
            return 0;
        }
        let run = if self.groups.memory.stride() == Some(self.chunk as isize) {
            self.groups.group_end(first, 0, usize::MAX) - first
        } else {
            1
        };
        if run * self.chunk >= self.limits.direct { run } else { 0 }
    }

    /// Where a piece ends in the file.
    fn end(&self, piece: &Piece) -> u64 {
        let places = self.groups.place(piece.end - 1) - self.groups.place(piece.first) + 1;
        piece.start + (places * self.chunk) as u64
    }

    /// Notes a piece, to go with the ones before if they are near and the buffer takes it.
    fn add(&mut self, piece: Piece) -> Result<()> {
        if let (Some(first), Some(last)) = (self.batch.first(), self.batch.last()) {
            let is_near = piece.start - self.end(last) <= self.gap() as u64;
            if !is_near || self.end(&piece) - first.start > self.limits.buffer as u64 {
                self.flush()?;
            }
        }
        self.batch.push(piece);
        Ok(())
    }

    /// Moves the pieces that have been noted.
    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        let (start, len) = (first.start, (self.end(last) - first.start) as usize);
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        if self.mode == Mode::Read {
            self.file.read_at(&mut buffer[..len], start)?;
        }
        for piece in &batch {
            self.move_piece(piece, &mut buffer[(piece.start - start) as usize..len]);
        }
        if self.mode == Mode::Write {
            self.file.write_at(&buffer[..len], start)?;
        }
        self.buffer = buffer;
        Ok(())
    }

    fn move_piece(&self, piece: &Piece, buffer: &mut [u8]) {
        let groups = &self.groups;
        let offsets: Vec<isize>;
        let near = if let Some(stride) = groups.stride() {
            Distances::Stride((stride * self.chunk) as isize)
        } else {
            let start = groups.place(piece.first);
            offsets = (piece.first..piece.end)
                .map(|position| ((groups.place(position) - start) * self.chunk) as isize)
                .collect();
            Distances::Offsets(&offsets)
        };
        let (far, origin) = groups.memory.distances(piece.first);
        let mut lanes = vec![Lane { len: piece.end - piece.first, buffer: near, memory: far }];
        // From the slowest axis of the chunk to the fastest.
        let mut stride = self.chunk;
        for axis in &self.inner {
            stride /= axis.len;
            let (memory, _) = axis.memory.distances(0);
            lanes.push(Lane { len: axis.len, buffer: Distances::Stride(stride as isize), memory });
        }
        let memory = self.memory.wrapping_offset(piece.memory + origin);
        // SAFETY: the buffer holds the bytes of the piece from its first to its last, and the
        // positions in memory are those of the block, which the caller lets nobody else use.
        unsafe { memory::move_items(self.mode, buffer.as_mut_ptr(), memory, &lanes, self.item) };
    }
}
