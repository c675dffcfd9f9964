//! Views and copies against brute force.

#![expect(unsafe_code, reason = "the whole buffer of a view is looked at")]

mod common;

use common::{Change, View, indices, view};
use distarray_kernels::{Block, DType, Scalar, copy};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_view_shows_the_elements_it_should(view in view(DType::Int64)) {
        let seen: Vec<usize> = indices(&view.block.shape())
            .iter()
            .map(|index| view.block.read(index).as_i64().unwrap() as usize)
            .collect();
        prop_assert_eq!(&seen, &view.places);
        let copied: Vec<i64> = view.block.to_vec().unwrap();
        prop_assert!(copied.iter().map(|&place| place as usize).eq(view.places));
    }

    #[test]
    fn a_copy_into_a_view_sets_its_elements_and_no_others(
        view in view(DType::Int32),
        repeated in prop::collection::vec(any::<bool>(), 9),
        from in prop::sample::select(vec![DType::Int32, DType::Int64, DType::Float64]),
    ) {
        let shape: Vec<usize> = view
            .block
            .shape()
            .iter()
            .zip(&repeated)
            .map(|(&len, &repeated)| if repeated { 1 } else { len })
            .collect();
        let source = View::base(from, &shape);
        check_copy(&source.block, &view)?;
    }

    #[test]
    fn a_copy_between_views_of_every_item_size(
        changes in prop::collection::vec(common::change(), 0..5),
        other in prop::collection::vec(common::change(), 0..5),
        itemsize in prop::sample::select(vec![1usize, 2, 3, 4, 8, 12, 16, 24]),
    ) {
        let dtype = DType::opaque(itemsize, &format!("V{itemsize}"));
        let numbers = |changes: &[common::Change]| {
            changes.iter().fold(View::base(DType::Int64, &[5, 6, 4]), |view, change| {
                view.change(change)
            })
        };
        let (source, dest) = crop(numbers(&changes), numbers(&other));
        let opaque = |view: &View, seed: u8| {
            let bytes: Vec<u8> = (0..120 * itemsize).map(|j| (j as u8).wrapping_mul(7) ^ seed).collect();
            let base = Block::from_slice(&bytes, &[120 * itemsize]).unwrap();
            (rebase(view, dtype, &base), bytes)
        };
        let (source_block, source_bytes) = opaque(&source, 1);
        let (dest_block, mut expected) = opaque(&dest, 99);
        copy::copy(&source_block, &dest_block).unwrap();
        for (&from, &to) in source.places.iter().zip(&dest.places) {
            let item = &source_bytes[from * itemsize..][..itemsize];
            expected[to * itemsize..][..itemsize].copy_from_slice(item);
        }
        let base = whole(&dest_block, 120 * itemsize);
        prop_assert_eq!(base.to_vec::<u8>().unwrap(), expected);
    }

    #[test]
    fn filling_a_view_sets_its_elements_and_no_others(view in view(DType::UInt16)) {
        let base = whole(&view.block, view.block.buffer().len());
        let mut expected: Vec<u16> = typed(&base);
        copy::fill(&view.block, &Scalar::from(777.0)).unwrap();
        for &place in &view.places {
            expected[place] = 777;
        }
        prop_assert_eq!(typed::<u16>(&base), expected);
    }
}

fn check_copy(source: &Block, view: &View) -> Result<(), TestCaseError> {
    let base = whole(&view.block, view.block.buffer().len());
    let mut expected: Vec<i32> = typed(&base);
    let broadcast = source.broadcast_to(&view.block.shape()).unwrap();
    copy::copy(source, &view.block).unwrap();
    for (index, &place) in indices(&view.block.shape()).iter().zip(&view.places) {
        expected[place] = broadcast.read(index).as_f64() as i32;
    }
    prop_assert_eq!(typed::<i32>(&base), expected);
    Ok(())
}

/// Indexes and slices two views until they have the same shape.
fn crop(mut first: View, mut second: View) -> (View, View) {
    let ndim = first.block.ndim().min(second.block.ndim());
    for view in [&mut first, &mut second] {
        while view.block.ndim() > ndim {
            *view = view.change(&Change::Slice(0, 0, false, 1));
            *view = if view.block.shape()[0] > 0 {
                view.change(&Change::Index(0, 0))
            } else {
                return (view.clone(), view.clone());
            };
        }
    }
    for axis in 0..ndim {
        let len = first.block.shape()[axis].min(second.block.shape()[axis]);
        let positions: Vec<usize> = (0..len).collect();
        first = first.change(&Change::Take(axis, positions.clone()));
        second = second.change(&Change::Take(axis, positions));
    }
    (first, second)
}

/// The bytes of a block's whole buffer.
fn whole(block: &Block, len: usize) -> Block {
    let axes = vec![distarray_kernels::AxisLayout::Strided { len, stride: 1 }];
    // SAFETY: the buffer has at least `len` bytes.
    unsafe { Block::from_parts(block.buffer().clone(), 0, DType::UInt8, axes) }
}

fn typed<T: distarray_kernels::Element>(bytes: &Block) -> Vec<T> {
    let len = bytes.size() / size_of::<T>() * size_of::<T>();
    bytes.slice_axis(0, 0, 1, len).view_dtype(T::DTYPE).unwrap().to_vec().unwrap()
}

/// The view of another buffer that is laid out like `view` of 8-byte items.
fn rebase(view: &View, dtype: DType, base: &Block) -> Block {
    use distarray_kernels::AxisLayout;
    let scale = |distance: isize| distance / 8 * dtype.itemsize() as isize;
    let axes = view
        .block
        .axes()
        .iter()
        .map(|axis| match axis {
            AxisLayout::Strided { len, stride } => {
                AxisLayout::Strided { len: *len, stride: scale(*stride) }
            }
            AxisLayout::Indexed { offsets } => AxisLayout::Indexed {
                offsets: offsets.iter().map(|&offset| scale(offset)).collect(),
            },
        })
        .collect();
    // SAFETY: both bases have the same number of items.
    unsafe { Block::from_parts(base.buffer().clone(), scale(view.block.offset()), dtype, axes) }
}

#[test]
fn a_copy_of_a_part_of_irregular_rows() {
    let base = View::base(DType::Int32, &[6, 3]).block;
    let rows = base.take_axis(0, &[0, 1, 2, 3, 5]).slice_axis(0, 1, 1, 4);
    let dest = Block::zeroed(DType::Int32, &[4, 3]).unwrap();
    copy::copy(&rows, &dest).unwrap();
    assert_eq!(dest.to_vec::<i32>().unwrap(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17]);
}

#[test]
fn overlapping_copies_behave_as_if_the_source_were_read_first() {
    let block = Block::from_slice(&[0i64, 1, 2, 3, 4, 5], &[6]).unwrap();
    copy::copy(&block.slice_axis(0, 0, 1, 5), &block.slice_axis(0, 1, 1, 5)).unwrap();
    assert_eq!(block.to_vec::<i64>().unwrap(), [0, 0, 1, 2, 3, 4]);
    copy::copy(&block.slice_axis(0, 5, -1, 6), &block).unwrap();
    assert_eq!(block.to_vec::<i64>().unwrap(), [4, 3, 2, 1, 0, 0]);
}

#[test]
fn large_transposed_copies() {
    let dtypes = [DType::UInt8, DType::Int16, DType::Float32, DType::Float64, DType::Complex128];
    for dtype in dtypes {
        for (rows, columns) in [(67, 133), (16, 300), (300, 5), (1, 40), (130, 64)] {
            let bytes: Vec<u8> = (0..rows * columns).map(|j| (j % 251) as u8).collect();
            let base = Block::zeroed(dtype, &[rows, columns]).unwrap();
            copy::copy(&Block::from_slice(&bytes, &[rows, columns]).unwrap(), &base).unwrap();
            let transposed = base.transpose(&[1, 0]).copied().unwrap();
            assert!(transposed.is_contiguous());
            for index in indices(&[rows, columns]) {
                assert_eq!(base.read(&index), transposed.read(&[index[1], index[0]]));
            }
        }
    }
}

#[test]
fn errors_are_numpys() {
    let block = Block::zeroed(DType::Int64, &[2, 3]).unwrap();
    let error = block.broadcast_to(&[3, 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not broadcast input array from shape (2,3) into shape (3,3)"
    );
    assert!(block.view_dtype(DType::Complex128).is_err());
    assert_eq!(block.view_dtype(DType::Int16).unwrap().shape(), [2, 12]);
    assert!(
        copy::copy(&block, &Block::zeroed(DType::opaque(8, "M8[s]"), &[2, 3]).unwrap()).is_err()
    );
}

#[test]
fn bytes_of_any_alignment_are_a_block() {
    let all = Block::from_slice(&[1.5_f64, -2.0, 0.25, 8.0, 9.0, 10.0], &[2, 3]).unwrap();
    let bytes = all.to_bytes().unwrap();
    let block = Block::of_bytes(DType::Float64, &[2, 3], bytes.clone());
    let dest = Block::uninitialised(DType::Float32, &[3, 2]).unwrap();
    distarray_kernels::copy::copy(&block.transpose(&[1, 0]), &dest).unwrap();
    assert_eq!(dest.to_vec::<f32>().unwrap(), [1.5, 8.0, -2.0, 9.0, 0.25, 10.0]);
    assert_eq!(block.to_bytes().unwrap(), bytes);
    let mut appended = vec![7; 3];
    for part in [block.transpose(&[1, 0]), block.slice_axis(1, 2, -2, 2), block.clone()] {
        part.append_to(&mut appended).unwrap();
    }
    let appended = Block::of_bytes(DType::Float64, &[16], appended.split_off(3));
    let expected =
        [1.5, 8.0, -2.0, 9.0, 0.25, 10.0, 0.25, 1.5, 10.0, 8.0, 1.5, -2.0, 0.25, 8.0, 9.0, 10.0];
    assert_eq!(appended.to_vec::<f64>().unwrap(), expected);
    assert_eq!(Block::of_bytes(DType::Int16, &[0, 4], Vec::new()).size(), 0);
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn long_strided_rows_are_copied_item_by_item() {
    // So long that they come from memory, and no multiple of what is copied together.
    for (step, len) in [(2, 40_003), (3, 20_002), (16, 5_001)] {
        let numbers: Vec<i64> = (0..(step * len) as i64).collect();
        let source = Block::from_slice(&numbers, &[step * len]).unwrap();
        let dest = Block::zeroed(DType::Int64, &[step * len]).unwrap();
        let (stride, last) = (step as isize, step * (len - 1));
        for (start, stride) in [(0, stride), (last, -stride)] {
            let selected = |block: &Block| block.slice_axis(0, start, stride, len);
            copy::fill(&dest, &Scalar::from(-1_i64)).unwrap();
            copy::copy(&selected(&source), &selected(&dest)).unwrap();
            let found = dest.to_vec::<i64>().unwrap();
            let expected = numbers.iter().map(|&j| if j % step as i64 == 0 { j } else { -1 });
            assert!(found.into_iter().eq(expected));
        }
    }
}
