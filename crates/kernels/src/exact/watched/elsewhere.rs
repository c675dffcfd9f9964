//! Processors that don't say enough.

use super::Places;
use crate::exact::terms::Term;

/// A kernel that there is none of.
#[derive(Clone, Copy)]
pub(super) enum Kernel {}

/// A part of rows and the integers of each of its columns.
#[expect(dead_code, reason = "what other processors read")]
pub(super) struct Columns<'a, T> {
    pub rows: &'a [&'a [T]],
    pub start: usize,
    pub planes: &'a mut [u64],
    pub stride: usize,
    pub first: usize,
}

impl Kernel {
    pub(super) fn is_supported(_: bool) -> bool {
        false
    }

    pub(super) fn new(_: [f64; 2], _: bool) -> Option<Self> {
        None
    }

    pub(super) fn run<T: Term>(self, _: &[T]) -> Option<Places> {
        match self {}
    }

    pub(super) fn columns<T: Term>(self, _: &mut Columns<'_, T>) -> (usize, bool) {
        match self {}
    }
}
