//! What the process has in memory while there is a limit. The tests of this file are one, for they
//! watch the memory of the whole process.

#![cfg(all(target_os = "linux", not(miri)))]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use distarray_kernels::buffer::{self, MemoryLimit};
use distarray_kernels::{Block, Buffer, DType, KernelError, Scalar, copy};

const LIMIT: usize = 160 << 20;
const SIZE: usize = 400 << 20;

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// What `work` gives, and the most that lay in memory meanwhile.
fn watched<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let (peak, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                peak.fetch_max(resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        result
    });
    (result, peak.into_inner())
}

#[test]
fn memory_stays_within_the_limit_and_elements_as_they_were() {
    assert_eq!(MemoryLimit::in_force(), None);
    let limit = MemoryLimit::new(LIMIT);
    let larger = MemoryLimit::new(2 * LIMIT);
    assert_eq!(MemoryLimit::in_force(), Some(LIMIT));
    drop(larger);
    assert_eq!(MemoryLimit::in_force(), Some(LIMIT));
    let columns = 1 << 12;
    let rows = SIZE / 8 / columns;
    let (block, peak) = watched(|| {
        let block = Block::uninitialised(DType::Float64, &[rows, columns]).unwrap();
        for row in 0..rows {
            let row_block = block.index_axis(0, row);
            copy::fill(&row_block, &Scalar::from(row as f64)).unwrap();
        }
        block
    });
    assert!(peak < LIMIT, "{peak}");
    assert_eq!(buffer::usage().scratch, SIZE);
    let (transposed, peak) = watched(|| {
        let dest = Block::uninitialised(DType::Float64, &[columns, rows]).unwrap();
        copy::copy(&block.transpose(&[1, 0]), &dest).unwrap();
        dest
    });
    assert!(peak < LIMIT, "{peak}");
    let expected: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    for column in [0, 1, columns / 2, columns - 1] {
        assert!(transposed.index_axis(0, column).to_vec::<f64>().unwrap() == expected);
    }
    drop((block, transposed));
    assert_eq!(buffer::usage().scratch, 0);
    let small = Buffer::zeroed(1 << 20).unwrap();
    assert_eq!((buffer::usage().memory, buffer::usage().scratch), (1 << 20, 0));
    drop(small);
    no_room_for_a_file_is_an_error();
    drop(limit);
    assert_eq!(MemoryLimit::in_force(), None);
    let block = Buffer::uninitialised(SIZE).unwrap();
    assert_eq!(buffer::usage().scratch, 0);
    drop(block);
}

fn no_room_for_a_file_is_an_error() {
    let error = Buffer::uninitialised(1 << 58).unwrap_err();
    assert!(matches!(&error, KernelError::Scratch { bytes, .. } if *bytes == 1 << 58));
    let text = error.to_string();
    assert!(text.contains("memory limit of 167772160 bytes") && text.contains("scratch file in"));
}
