//! Python index expressions.

use distarray_meta::{AxisSlice, IndexItem};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyInt, PySlice, PyTuple};

/// What an index expression selects.
pub enum Index {
    /// One element, at these non-negative indices.
    Element(Vec<i64>),
    /// A part of the array.
    View(Vec<IndexItem>),
}

impl Index {
    /// The items, one for each axis and each new axis.
    pub fn into_items(self) -> Vec<IndexItem> {
        match self {
            Self::Element(index) => index.into_iter().map(IndexItem::Integer).collect(),
            Self::View(items) => items,
        }
    }
}

const SUPPORTED: &str = "only integers, slices (`:`), ellipsis (`...`) and numpy.newaxis (`None`) are \
                         valid indices of a DistArray";

/// Reads an index expression for an array of this shape.
///
/// # Errors
///
/// `IndexError`, as NumPy's, for integers out of bounds, too many indices and objects that are no
/// indices.
pub fn parse(index: &Bound<'_, PyAny>, shape: &[usize]) -> PyResult<Index> {
    if let Ok(tuple) = index.cast::<PyTuple>() {
        return parse_items(&tuple.iter().collect::<Vec<_>>(), shape);
    }
    parse_items(std::slice::from_ref(index), shape)
}

fn parse_items(given: &[Bound<'_, PyAny>], shape: &[usize]) -> PyResult<Index> {
    let indexed = given.iter().filter(|item| !item.is_none() && !is_ellipsis(item)).count();
    if indexed > shape.len() {
        return Err(PyIndexError::new_err(format!(
            "too many indices for array: array is {}-dimensional, but {indexed} were indexed",
            shape.len()
        )));
    }
    let mut items = Vec::with_capacity(shape.len());
    let mut axis = 0;
    let mut is_expanded = false;
    for item in given {
        if is_ellipsis(item) {
            // The first one stands for the axes that are not named, later ones for none.
            if !is_expanded {
                for _ in indexed..shape.len() {
                    items.push(IndexItem::Slice(AxisSlice::full(shape[axis])));
                    axis += 1;
                }
                is_expanded = true;
            }
        } else if item.is_none() {
            items.push(IndexItem::NewAxis);
        } else {
            items.push(parse_item(item, axis, shape[axis])?);
            axis += 1;
        }
    }
    let is_element = !is_expanded
        && items.len() == shape.len()
        && items.iter().all(|item| matches!(item, IndexItem::Integer(_)));
    if is_element {
        return Ok(Index::Element(
            items
                .into_iter()
                .filter_map(|item| match item {
                    IndexItem::Integer(index) => Some(index),
                    _ => None,
                })
                .collect(),
        ));
    }
    for &len in &shape[axis..] {
        items.push(IndexItem::Slice(AxisSlice::full(len)));
    }
    Ok(Index::View(items))
}

fn is_ellipsis(item: &Bound<'_, PyAny>) -> bool {
    item.is_instance_of::<PyEllipsis>()
}

fn parse_item(item: &Bound<'_, PyAny>, axis: usize, size: usize) -> PyResult<IndexItem> {
    if let Ok(slice) = item.cast::<PySlice>() {
        // Large bounds are clipped, and a step of zero refused, by Python itself.
        let bounds = slice.indices(size as isize)?;
        return Ok(IndexItem::Slice(AxisSlice {
            start: if bounds.slicelength == 0 { 0 } else { bounds.start as i64 },
            step: bounds.step as i64,
            len: bounds.slicelength,
        }));
    }
    if item.is_instance_of::<PyBool>() || is_array_like(item)? {
        return Err(PyIndexError::new_err(format!(
            "{SUPPORTED}; indexing with arrays of integers or booleans is not supported yet"
        )));
    }
    let index = integer(item)?;
    let positive = if index < 0 { index + size as i64 } else { index };
    if !(0..size as i64).contains(&positive) {
        return Err(PyIndexError::new_err(format!(
            "index {index} is out of bounds for axis {axis} with size {size}"
        )));
    }
    Ok(IndexItem::Integer(positive))
}

/// Whether an object is an array, or a sequence that NumPy would make one of.
fn is_array_like(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    if item.is_instance_of::<PyInt>() {
        return Ok(false);
    }
    let py = item.py();
    if item.hasattr(pyo3::intern!(py, "ndim"))? {
        let is_boolean = item
            .getattr(pyo3::intern!(py, "dtype"))
            .and_then(|dtype| dtype.getattr(pyo3::intern!(py, "kind")))
            .is_ok_and(|kind| kind.eq("b").unwrap_or(false));
        let ndim: usize = item.getattr(pyo3::intern!(py, "ndim"))?.extract()?;
        return Ok(ndim > 0 || is_boolean);
    }
    Ok(item.is_instance_of::<pyo3::types::PyList>() || item.is_instance_of::<PyTuple>())
}

fn integer(item: &Bound<'_, PyAny>) -> PyResult<i64> {
    let py = item.py();
    let index = item.call_method0(pyo3::intern!(py, "__index__"));
    let index = match index {
        _ if item.is_instance_of::<PyInt>() => item.clone(),
        Ok(index) => index,
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyAttributeError>(py) => {
            return Err(PyIndexError::new_err(SUPPORTED));
        }
        Err(error) if error.is_instance_of::<PyTypeError>(py) => {
            return Err(PyIndexError::new_err(SUPPORTED));
        }
        Err(error) => return Err(error),
    };
    index.extract().map_err(|_| {
        PyIndexError::new_err(format!("cannot fit '{index}' into an index-sized integer"))
    })
}
