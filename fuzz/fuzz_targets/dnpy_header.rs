//! Whatever the text of a dnpy file's header is: there is a header or an error, and no panic.

#![no_main]

use distarray_storage::dnpy;
use distarray_storage::literal::{self, Literal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = dnpy::parse(bytes) else { return };
    // What is read is written as Python writes it, and read again.
    for axis in header.dim_data {
        let value = Literal::Dict(axis);
        assert_eq!(literal::parse(&value.repr()).expect("we wrote it"), value);
    }
});
