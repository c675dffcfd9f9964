//! The memory of a program's registers, kept from one evaluation to the next.

use std::cell::Cell;

use crate::buffer::ALIGNMENT;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    #[expect(dead_code, reason = "gives the line its size")]
    bytes: [u8; ALIGNMENT],
}

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// Aligned memory that goes back to its thread when dropped.
pub struct Scratch {
    lines: Vec<Line>,
}

impl Scratch {
    /// At least `len` bytes.
    pub fn new(len: usize) -> Self {
        let mut lines = KEPT.take();
        let count = len.div_ceil(ALIGNMENT);
        if lines.len() < count {
            lines.resize(count, Line { bytes: [0; ALIGNMENT] });
        }
        Self { lines }
    }

    /// The first byte.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        KEPT.set(std::mem::take(&mut self.lines));
    }
}
