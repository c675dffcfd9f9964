//! Transfers against brute force, for every kind of region and with limits that meet every path.

#![expect(unsafe_code, reason = "elements are read where they lie")]

use distarray_kernels::{Block, DType, Labels};
use proptest::prelude::*;

use super::transfer::{Limits, Mode, Transfer};
use crate::scratch::Scratch;
use crate::{ArrayFile, Layout, StorageError};

/// A region of an axis: its labels in the order of the block, and how they are given.
#[derive(Clone, Debug)]
struct Part {
    len: usize,
    labels: Vec<i64>,
    as_list: bool,
}

impl Part {
    fn labels(&self) -> Labels {
        match self.labels[..] {
            _ if self.as_list => Labels::List(self.labels.clone().into()),
            [] => Labels::Strided { start: 0, step: 1 },
            [start] => Labels::Strided { start, step: 1 },
            [start, second, ..] => Labels::Strided { start, step: second - start },
        }
    }
}

fn part() -> impl Strategy<Value = Part> {
    let strided = (1_usize..12, 0_i64..12, 1_i64..5, any::<bool>(), any::<bool>()).prop_map(
        |(len, start, step, reversed, as_list)| {
            let mut labels: Vec<i64> = (start..len as i64).step_by(step as usize).collect();
            if reversed {
                labels.reverse();
            }
            Part { len, labels, as_list }
        },
    );
    let listed = (1_usize..12)
        .prop_flat_map(|len| {
            (Just(len), Just((0..len as i64).collect::<Vec<_>>()).prop_shuffle(), 0..=len)
        })
        .prop_map(|(len, mut labels, count)| {
            labels.truncate(count);
            Part { len, labels, as_list: true }
        });
    let whole = (1_usize..12).prop_map(|len| Part {
        len,
        labels: (0..len as i64).collect(),
        as_list: false,
    });
    prop_oneof![strided, listed, whole]
}

/// How the block lies in memory.
#[derive(Clone, Copy, Debug)]
enum Memory {
    Contiguous,
    Transposed,
    EverySecond,
    Listed,
}

fn memory() -> impl Strategy<Value = Memory> {
    prop_oneof![
        Just(Memory::Contiguous),
        Just(Memory::Transposed),
        Just(Memory::EverySecond),
        Just(Memory::Listed),
    ]
}

fn block(dtype: DType, shape: &[usize], memory: Memory) -> Block {
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let order: Vec<usize> = (0..shape.len()).rev().collect();
    match memory {
        Memory::Contiguous => Block::zeroed(dtype, shape).unwrap(),
        Memory::Transposed => Block::zeroed(dtype, &reversed).unwrap().transpose(&order),
        Memory::EverySecond => {
            let wide: Vec<usize> = shape.iter().map(|len| 2 * len + 1).collect();
            let mut block = Block::zeroed(dtype, &wide).unwrap();
            for (axis, &len) in shape.iter().enumerate() {
                block = block.slice_axis(axis, 1, 2, len);
            }
            block
        }
        Memory::Listed => {
            let mut block = Block::zeroed(dtype, shape).unwrap();
            for (axis, &len) in shape.iter().enumerate() {
                let positions: Vec<usize> = (0..len).map(|place| (place * 7 + 3) % len).collect();
                if len % 7 != 0 {
                    block = block.take_axis(axis, &positions);
                }
            }
            block
        }
    }
}

/// Every index of a shape, in C order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |indices, &len| {
        let extend = |index: &Vec<usize>, last| [&index[..], &[last]].concat();
        indices.iter().flat_map(|index| (0..len).map(move |last| extend(index, last))).collect()
    })
}

/// The position in the file of the element of the region's index.
fn file_position(layout: &Layout, parts: &[Part], index: &[usize]) -> usize {
    let axes = index.iter().zip(parts).zip(&layout.shape);
    let fold = |flat: usize, ((&index, part), &len): ((&usize, &Part), &usize)| {
        flat * len + part.labels[index] as usize
    };
    if layout.fortran_order { axes.rev().fold(0, fold) } else { axes.fold(0, fold) }
}

const OFFSET: usize = 5;

proptest! {
    #[test]
    fn regions_are_read_and_written(
        parts in prop::collection::vec(part(), 0..4),
        fortran_order: bool,
        memory in memory(),
        itemsize in prop_oneof![Just(1_usize), Just(2), Just(3), Just(8), Just(16), Just(24)],
        limits in (24_usize..400, 0_usize..300, 0_usize..60)
            .prop_map(|(buffer, direct, gap)| Limits { buffer, direct: direct.min(buffer), gap }),
    ) {
        let dtype = DType::opaque(itemsize, "test");
        let shape: Vec<usize> = parts.iter().map(|part| part.len).collect();
        let layout = Layout { offset: OFFSET as u64, itemsize, shape, fortran_order };
        let region: Vec<usize> = parts.iter().map(|part| part.labels.len()).collect();
        let labels: Vec<Labels> = parts.iter().map(Part::labels).collect();
        let len = layout.end().unwrap() as usize;
        let contents: Vec<u8> = (0..len).map(|place| (place * 31 % 251) as u8 + 1).collect();
        let scratch = Scratch::with(&contents);
        let dest = block(dtype, &region, memory);

        let file = ArrayFile::open(scratch.path()).unwrap();
        Transfer::new(&file, &layout, &labels, &dest, Mode::Read, limits).unwrap().run().unwrap();
        for index in indices(&region) {
            let start = OFFSET + file_position(&layout, &parts, &index) * itemsize;
            let place: isize =
                index.iter().zip(dest.axes()).map(|(&position, axis)| axis.offset(position)).sum();
            // SAFETY: the bytes of an element of the block.
            let item = unsafe {
                std::slice::from_raw_parts(dest.as_ptr().wrapping_offset(place), itemsize)
            };
            prop_assert_eq!(item, &contents[start..start + itemsize]);
        }

        // Writing what was read changes what lies there, and nothing else.
        let blank = vec![0; len];
        std::fs::write(scratch.path(), &blank).unwrap();
        let file = ArrayFile::open_writable(scratch.path()).unwrap();
        Transfer::new(&file, &layout, &labels, &dest, Mode::Write, limits).unwrap().run().unwrap();
        let mut expected = blank;
        for index in indices(&region) {
            let start = OFFSET + file_position(&layout, &parts, &index) * itemsize;
            expected[start..start + itemsize].copy_from_slice(&contents[start..start + itemsize]);
        }
        prop_assert_eq!(std::fs::read(scratch.path()).unwrap(), expected);
    }
}

#[test]
fn large_regions_take_the_usual_paths() {
    // 3 MB: whole, every second row, every second column, both; as it lies in the file, transposed.
    let layout = Layout { offset: 0, itemsize: 4, shape: vec![750, 1000], fortran_order: false };
    let values: Vec<u32> = (1..=750_000).collect();
    let contents: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let scratch = Scratch::with(&contents);
    let file = ArrayFile::open(scratch.path()).unwrap();
    let all = Labels::POSITIONS;
    let second = Labels::Strided { start: 1, step: 2 };
    for (axes, shape) in [
        ([all.clone(), all.clone()], [750, 1000]),
        ([second.clone(), all.clone()], [375, 1000]),
        ([all.clone(), second.clone()], [750, 500]),
        ([second.clone(), second.clone()], [375, 500]),
    ] {
        let expected: Vec<u32> = indices(&shape)
            .iter()
            .map(|index| (axes[0].get(index[0]) * 1000 + axes[1].get(index[1]) + 1) as u32)
            .collect();
        let blocks = [
            Block::zeroed(DType::UInt32, &shape).unwrap(),
            Block::zeroed(DType::UInt32, &[shape[1], shape[0]]).unwrap().transpose(&[1, 0]),
        ];
        for dest in blocks {
            super::read(&file, &layout, &axes, &dest).unwrap();
            assert_eq!(dest.to_vec::<u32>().unwrap(), expected);
            // Single columns are written one by one, which would take long.
            if axes[1] == all {
                let copy = Scratch::with(&vec![0; contents.len()]);
                let target = ArrayFile::open_writable(copy.path()).unwrap();
                super::write(&target, &layout, &axes, &dest).unwrap();
                let written = std::fs::read(copy.path()).unwrap();
                let items =
                    written.chunks(4).map(|item| u32::from_ne_bytes(item.try_into().unwrap()));
                let items: Vec<u32> = items.filter(|&item| item != 0).collect();
                assert_eq!(items, expected);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let layout = Layout { offset: 0, itemsize: 8, shape: vec![4], fortran_order: false };
    let scratch = Scratch::with(&[0; 32]);
    let file = ArrayFile::open(scratch.path()).unwrap();
    let block = Block::zeroed(DType::Float64, &[2]).unwrap();
    let strided = |start, step| Labels::Strided { start, step };
    for labels in [
        strided(3, 1),
        strided(-1, 1),
        strided(0, -1),
        strided(0, 0),
        strided(0, i64::MAX),
        strided(i64::MAX, i64::MAX),
        Labels::List([0].into()),
        Labels::List([0, 4].into()),
        Labels::List([-1, 1].into()),
        Labels::List([1, 1].into()),
    ] {
        let result = super::read(&file, &layout, std::slice::from_ref(&labels), &block);
        assert!(matches!(result, Err(StorageError::Region(_))), "{labels:?}");
    }
    let result = super::read(&file, &layout, &[], &block);
    assert!(matches!(result, Err(StorageError::Region(_))));
    let narrow = Block::zeroed(DType::Float32, &[2]).unwrap();
    let result = super::read(&file, &layout, &[strided(0, 1)], &narrow);
    assert!(matches!(result, Err(StorageError::Region(_))));
}

#[test]
fn a_file_that_shrinks_is_noticed() {
    let layout = Layout { offset: 0, itemsize: 8, shape: vec![4], fortran_order: false };
    let scratch = Scratch::with(&[0; 20]);
    let file = ArrayFile::open(scratch.path()).unwrap();
    let block = Block::zeroed(DType::Float64, &[4]).unwrap();
    let result = super::read(&file, &layout, &[Labels::POSITIONS], &block);
    assert!(matches!(result, Err(StorageError::Truncated { needed: 32, found: 20, .. })));
}

#[test]
fn threads_write_one_file() {
    let layout = Layout { offset: 3, itemsize: 8, shape: vec![1000, 30], fortran_order: true };
    let scratch = Scratch::with(&[]);
    let file = ArrayFile::open_writable(scratch.path()).unwrap();
    file.set_len(layout.end().unwrap()).unwrap();
    std::thread::scope(|scope| {
        for engine in 0..4 {
            let (file, layout) = (&file, &layout);
            scope.spawn(move || {
                let values: Vec<i64> = (0..250 * 30)
                    .map(|place| (engine + place / 30 * 4) * 30 + place % 30)
                    .collect();
                let block = Block::from_slice(&values, &[250, 30]).unwrap();
                let axes = [Labels::Strided { start: engine, step: 4 }, Labels::POSITIONS];
                super::write(file, layout, &axes, &block).unwrap();
            });
        }
    });
    let whole = Block::zeroed(DType::Int64, &[1000, 30]).unwrap();
    super::read(&file, &layout, &[Labels::POSITIONS, Labels::POSITIONS], &whole).unwrap();
    assert!(whole.to_vec::<i64>().unwrap().into_iter().eq(0..30_000));
}
