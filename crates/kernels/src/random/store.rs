//! Runs of random numbers, written to memory: where the module is `unsafe`.

#![expect(clippy::cast_ptr_alignment, reason = "items are written unaligned")]

use half::f16;

use super::threefry::{Words, threefry};
use super::variate::{self, Variate};
use crate::{AxisLayout, Block, DType, Labels};

/// How many numbers are made at a time.
const RUN: usize = 512;

/// Fills a block that has elements and a dtype that the variate gives.
pub(super) fn fill(dest: &Block, variate: Variate, key: Words, labels: &[Labels], weights: &[i64]) {
    let axes: Vec<_> = dest
        .axes()
        .iter()
        .zip(labels.iter().zip(weights))
        .map(|(layout, (labels, &weight))| Axis { layout, labels, weight })
        .collect();
    let mut writer =
        Writer { variate, key, dtype: dest.dtype(), indices: Vec::new(), numbers: Numbers::new() };
    match axes.split_last() {
        None => writer.run(0, 1, |_| 0, |_| dest.as_ptr()),
        Some((inner, outer)) => each_row(outer, 0, 0, &mut |index, offset| {
            let start = dest.as_ptr().wrapping_offset(offset);
            writer.run(
                index,
                inner.layout.len(),
                |position| inner.labels.get(position) * inner.weight,
                |position| start.wrapping_offset(inner.offset(position)),
            );
        }),
    }
}

struct Axis<'a> {
    layout: &'a AxisLayout,
    labels: &'a Labels,
    weight: i64,
}

impl Axis<'_> {
    #[inline]
    fn offset(&self, position: usize) -> isize {
        match self.layout {
            AxisLayout::Strided { stride, .. } => stride * position as isize,
            AxisLayout::Indexed { offsets } => offsets[position],
        }
    }
}

/// Calls `visit` with the index and the byte offset of every row.
fn each_row(axes: &[Axis<'_>], index: i64, offset: isize, visit: &mut impl FnMut(i64, isize)) {
    match axes.split_first() {
        None => visit(index, offset),
        Some((outer, inner)) => {
            for position in 0..outer.layout.len() {
                let index = index + outer.labels.get(position) * outer.weight;
                each_row(inner, index, offset + outer.offset(position), visit);
            }
        }
    }
}

/// Numbers on their way to memory.
struct Numbers {
    floats: Vec<f64>,
    words: Vec<u64>,
}

impl Numbers {
    fn new() -> Self {
        Self { floats: vec![0.0; RUN], words: vec![0; RUN] }
    }
}

struct Writer {
    variate: Variate,
    key: Words,
    dtype: DType,
    indices: Vec<u64>,
    numbers: Numbers,
}

impl Writer {
    /// Writes one row: `index` and `address` of each position.
    fn run(
        &mut self,
        base: i64,
        len: usize,
        index: impl Fn(usize) -> i64,
        address: impl Fn(usize) -> *mut u8,
    ) {
        for first in (0..len).step_by(RUN) {
            let count = RUN.min(len - first);
            self.indices.clear();
            self.indices.extend((first..first + count).map(|each| (base + index(each)) as u64));
            self.make(count);
            self.store(count, |position| address(first + position));
        }
    }

    /// Makes the numbers of the indices.
    fn make(&mut self, count: usize) {
        let (key, indices) = (self.key, &self.indices[..count]);
        let (floats, words) = (&mut self.numbers.floats[..count], &mut self.numbers.words[..count]);
        match self.variate {
            Variate::Normal { loc, scale } => {
                make_normals(key, indices, floats);
                for float in floats {
                    *float = loc + scale * *float;
                }
            }
            Variate::Uniform => {
                make_words(key, indices, words);
                let bits = match self.dtype {
                    DType::Float16 => 11,
                    DType::Float32 => 24,
                    _ => 53,
                };
                for (float, &word) in floats.iter_mut().zip(&*words) {
                    *float = variate::uniform(word, bits);
                }
            }
            Variate::Integers { low, high } => {
                make_words(key, indices, words);
                let range = high.wrapping_sub(low) as u64;
                for (word, &index) in words.iter_mut().zip(indices) {
                    let number = variate::below(range, key, index, *word);
                    *word = (low as u64).wrapping_add(number);
                }
            }
        }
    }

    /// Writes the numbers to memory.
    fn store(&self, count: usize, address: impl Fn(usize) -> *mut u8) {
        macro_rules! write {
            ($source:ident, $type:ty, $value:ident => $item:expr) => {
                for (position, &$value) in self.numbers.$source[..count].iter().enumerate() {
                    let place = address(position).cast::<$type>();
                    let item = $item;
                    // SAFETY: the address is that of an element of the block, of this dtype.
                    unsafe { place.write_unaligned(item) };
                }
            };
        }
        match self.dtype {
            DType::Float64 => write!(floats, f64, value => value),
            DType::Float32 => write!(floats, f32, value => value as f32),
            DType::Float16 => write!(floats, f16, value => f16::from_f64(value)),
            DType::Int64 | DType::UInt64 => write!(words, u64, value => value),
            DType::Int32 | DType::UInt32 => write!(words, u32, value => value as u32),
            DType::Int16 | DType::UInt16 => write!(words, u16, value => value as u16),
            _ => write!(words, u8, value => value as u8),
        }
    }
}

/// Whether the indices are consecutive.
fn is_run(indices: &[u64]) -> bool {
    indices.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

fn make_words(key: Words, indices: &[u64], words: &mut [u64]) {
    each_pair(key, indices, |pair| pair, words);
}

fn make_normals(key: Words, indices: &[u64], floats: &mut [f64]) {
    each_pair(key, indices, variate::normals, floats);
}

/// Sets each number to its half of what `make` makes of the words of its pair.
#[inline(always)]
fn each_pair<T: Copy>(
    key: Words,
    indices: &[u64],
    make: impl Fn(Words) -> [T; 2],
    numbers: &mut [T],
) {
    let half = |index: u64| make(threefry(key, [index / 2, 0]))[(index % 2) as usize];
    if !is_run(indices) {
        for (number, &index) in numbers.iter_mut().zip(indices) {
            *number = half(index);
        }
        return;
    }
    // Whole pairs, and the halves of pairs that stick out at either end.
    let (mut first, mut rest) = (indices[0], numbers);
    if first % 2 == 1 {
        let (number, others) = rest.split_first_mut().expect("a run is not empty");
        *number = half(first);
        (first, rest) = (first + 1, others);
    }
    let (pairs, last) = rest.as_chunks_mut::<2>();
    let counter = first / 2;
    for (pair, counter) in pairs.iter_mut().zip(counter..) {
        *pair = make(threefry(key, [counter, 0]));
    }
    if let [number] = last {
        *number = half(indices[indices.len() - 1]);
    }
}
