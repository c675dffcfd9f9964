//! Headers as NumPy writes them, and files that are not what they should be.

use std::io;
use std::path::Path;

use distarray_kernels::{Block, DType, Labels};
use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::scratch::Scratch;

/// A file with a header of this text.
fn file(version: u8, text: &[u8], data: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    if version == 1 {
        bytes.extend((text.len() as u16).to_le_bytes());
    } else {
        bytes.extend((text.len() as u32).to_le_bytes());
    }
    bytes.extend(text);
    bytes.resize(bytes.len() + data, 7);
    bytes
}

fn header(bytes: &[u8]) -> Result<Header> {
    open(Scratch::with(bytes).path()).map(|(_, header)| header)
}

/// What `numpy.save` writes before the data.
const WRITTEN: [(&str, &[usize], bool, u8, &str); 8] = [
    ("'<f8'", &[3], false, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"),
    ("'>i2'", &[2, 3], true, 1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }"),
    ("'<c8'", &[], false, 1, "{'descr': '<c8', 'fortran_order': False, 'shape': (), }"),
    (
        "[('x', '<f4'), ('\u{e9}', '|S3', (2,))]",
        &[0, 4],
        false,
        1,
        "{'descr': [('x', '<f4'), ('\u{e9}', '|S3', (2,))], 'fortran_order': False, 'shape': (0, 4), }",
    ),
    (
        "[('\u{65e5}', '<f4')]",
        &[2],
        false,
        3,
        "{'descr': [('\u{65e5}', '<f4')], 'fortran_order': False, 'shape': (2,), }",
    ),
    ("'<M8[ns]'", &[3], false, 1, "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,), }"),
    ("'<U4'", &[3, 2], false, 1, "{'descr': '<U4', 'fortran_order': False, 'shape': (3, 2), }"),
    ("'|b1'", &[7], false, 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }"),
];

#[cfg(target_endian = "little")]
#[test]
fn headers_are_written_as_numpy_writes_them() {
    for (descr, shape, fortran_order, version, text) in WRITTEN {
        let dtype = super::descr::to_dtype(&crate::literal::parse(descr).unwrap()).unwrap();
        let header = Header::new(dtype, shape, fortran_order).unwrap();
        let mut text: Vec<u8> = if version == 1 {
            text.chars().map(|character| character as u8).collect()
        } else {
            text.as_bytes().to_vec()
        };
        let len = if version == 1 { 118 } else { 116 };
        text.resize(len - 1, b' ');
        text.push(b'\n');
        assert_eq!(header.to_bytes(), file(version, &text, 0), "{descr}");
        assert_eq!(header.layout.offset, 128);
    }
}

#[test]
fn headers_are_read_back() {
    for (descr, shape, fortran_order, ..) in WRITTEN {
        let dtype = super::descr::to_dtype(&crate::literal::parse(descr).unwrap()).unwrap();
        let written = Header::new(dtype, shape, fortran_order).unwrap();
        let scratch = Scratch::new();
        create(scratch.path(), &written).unwrap();
        assert_eq!(open(scratch.path()).unwrap().1, written);
        let len = std::fs::metadata(scratch.path()).unwrap().len();
        assert_eq!(len, written.layout.end().unwrap());
    }
}

#[test]
fn long_headers_take_version_two() {
    let fields: Vec<String> = (0..6000).map(|field| format!("('f{field}', '<f4')")).collect();
    let dtype = DType::opaque(24_000, &format!("[{}]", fields.join(", ")));
    let written = Header::new(dtype, &[2], false).unwrap();
    let bytes = written.to_bytes();
    assert_eq!(bytes[6], 2);
    assert_eq!(bytes.len() % 64, 0);
    let scratch = Scratch::new();
    create(scratch.path(), &written).unwrap();
    assert_eq!(open(scratch.path()).unwrap().1, written);
}

#[test]
fn unusual_headers_are_read() {
    let text = b"{'shape':(2,),\n 'fortran_order':False,'descr':\"<i4\"}";
    for version in 1..=3 {
        let header = header(&file(version, text, 8)).unwrap();
        assert_eq!(header.dtype, DType::Int32);
        assert_eq!(header.layout.shape, [2]);
    }
    // Python 2 wrote long integers, and more data than the shape says do no harm.
    let header =
        header(&file(1, b"{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }", 9));
    assert_eq!(header.unwrap().layout.shape, [2, 3]);
}

#[test]
fn corrupt_headers_are_refused() {
    let cases: [&[u8]; 18] = [
        b"",
        b"{",
        b"[]",
        b"{'descr': '<f8', 'fortran_order': False}",
        b"{'descr': '<f8', 'shape': (3,)}",
        b"{'fortran_order': False, 'shape': (3,)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        b"{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551617,)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}",
        b"{'descr': 'float', 'fortran_order': False, 'shape': (3,)}",
        b"{'descr': 8, 'fortran_order': False, 'shape': (3,)}",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
    ];
    for text in cases {
        let error = header(&file(1, text, 24)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Value, "{}", String::from_utf8_lossy(text));
        assert!(!matches!(error, StorageError::Truncated { .. }), "{error}");
    }
    let error = header(&file(3, b"{'descr\xff': 1}", 0)).unwrap_err();
    assert!(matches!(error, StorageError::Syntax { position: 7, .. }), "{error}");
    let axes =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({})}}", "1,".repeat(65));
    assert!(matches!(header(&file(1, axes.as_bytes(), 8)), Err(StorageError::Header { .. })));
}

#[test]
fn foreign_and_truncated_files_are_refused() {
    let good = file(1, b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", 24);
    assert!(header(&good).is_ok());
    for len in 0..good.len() {
        let error = header(&good[..len]).unwrap_err();
        assert!(matches!(error, StorageError::Truncated { .. }), "{len}: {error}");
    }
    for foreign in [&b"PK\x03\x04 a zip file"[..], b"\x93DARRY\x01\x00", b"x"] {
        assert!(matches!(header(foreign), Err(StorageError::Magic { .. })));
    }
    let mut newer = good.clone();
    newer[6] = 4;
    assert!(matches!(header(&newer), Err(StorageError::Version { major: 4, .. })));
}

/// A header that says that it is 4 GB long, or has the elements of a city, costs nothing.
#[test]
fn lies_about_size_allocate_nothing() {
    let mut long = file(2, b"{}", 100);
    long[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(header(&long), Err(StorageError::Truncated { .. })));
    let text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }";
    assert!(matches!(header(&file(1, text, 100)), Err(StorageError::Truncated { .. })));
}

#[test]
fn the_system_s_refusals_are_os_errors() {
    let missing = open(Path::new("/nonexistent/file.npy")).unwrap_err();
    let StorageError::Io { source, .. } = &missing else { panic!("{missing}") };
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
    assert_eq!(open(&std::env::temp_dir()).unwrap_err().kind(), ErrorKind::Os);
    let header = Header::new(DType::Bool, &[1], false).unwrap();
    let error = create(Path::new("/nonexistent/file.npy"), &header).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Os);
}

#[test]
fn a_block_of_another_dtype_is_refused() {
    let written = Header::new(DType::Int64, &[2], false).unwrap();
    let scratch = Scratch::new();
    let file = create(scratch.path(), &written).unwrap();
    let block = Block::zeroed(DType::Float64, &[2]).unwrap();
    let axes = [Labels::POSITIONS];
    assert!(matches!(read_region(&file, &written, &axes, &block), Err(StorageError::Region(_))));
    assert!(matches!(write_region(&file, &written, &axes, &block), Err(StorageError::Region(_))));
    assert!(matches!(
        Header::new(DType::opaque(8, "no description"), &[2], false),
        Err(StorageError::Region(_))
    ));
}

#[test]
fn arrays_come_back() {
    let values: Vec<f32> = (0..60_u8).map(f32::from).collect();
    let block = Block::from_slice(&values, &[3, 20]).unwrap();
    let written = Header::new(DType::Float32, &[3, 20], true).unwrap();
    let scratch = Scratch::new();
    let file = create(scratch.path(), &written).unwrap();
    write_region(&file, &written, &[Labels::POSITIONS, Labels::POSITIONS], &block).unwrap();
    let (file, header) = open(scratch.path()).unwrap();
    let dest = Block::zeroed(DType::Float32, &[3, 20]).unwrap();
    read_region(&file, &header, &[Labels::POSITIONS, Labels::POSITIONS], &dest).unwrap();
    assert_eq!(dest.to_vec::<f32>().unwrap(), values);
}

proptest! {
    /// Whatever the bytes, there is an answer and no panic.
    #[test]
    fn any_bytes_are_survived(
        damage in prop::collection::vec((0_usize..90, any::<u8>()), 0..6),
        cut in 0_usize..90,
    ) {
        let mut bytes = file(1, b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", 24);
        for (place, byte) in damage {
            let len = bytes.len();
            bytes[place % len] = byte;
        }
        bytes.truncate(bytes.len() - cut / 4);
        if let Ok(header) = header(&bytes) {
            prop_assert!(header.layout.end().unwrap() <= bytes.len() as u64);
        }
    }

    /// Any text is a value or an error.
    #[test]
    fn any_text_is_survived(text in "[\\[\\](){},:'\"a-cL0-9 \\\\-]{0,40}") {
        if let Ok(value) = crate::literal::parse(&text) {
            let repr = value.repr();
            prop_assert_eq!(crate::literal::parse(&repr).unwrap(), value);
        }
    }
}
