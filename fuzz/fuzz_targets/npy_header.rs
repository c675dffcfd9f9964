//! Whatever the bytes of an npy file are: there is a header or an error, no panic, and no memory is
//! asked for that the file does not have.

#![no_main]

use std::path::Path;

use distarray_storage::file::Beginning;
use distarray_storage::npy::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let len = bytes.len() as u64;
    let source = Beginning { bytes, len, path: Path::new("fuzz") };
    let Ok(header) = Header::read(&source, 0) else { return };
    assert!(header.layout.end().is_some_and(|end| end <= len));
    assert_eq!(header.layout.itemsize, header.dtype.itemsize());
    // What is read can be written, and is read again.
    let layout = &header.layout;
    let Ok(written) = Header::new(header.dtype, &layout.shape, layout.fortran_order) else {
        return;
    };
    let beginning = written.to_bytes();
    let len = written.layout.end().expect("it was checked");
    let again = Beginning { bytes: &beginning, len, path: Path::new("fuzz") };
    assert_eq!(Header::read(&again, 0).expect("we wrote it"), written);
});
