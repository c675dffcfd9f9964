//! Broadcasting of shapes, by NumPy's rules.

use std::fmt::Write as _;

use crate::{MetaError, Result};

/// The shape to which all `shapes` broadcast; `[]` for none.
///
/// # Errors
///
/// [`MetaError::Broadcast`], with NumPy's message, when two sizes of one axis differ and neither
/// is 1.
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let ndim = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result = vec![1; ndim];
    for shape in shapes {
        for (common, &size) in result[ndim - shape.len()..].iter_mut().zip(*shape) {
            if *common == 1 {
                *common = size;
            } else if size != 1 && size != *common {
                return Err(mismatch(shapes));
            }
        }
    }
    Ok(result)
}

/// The error for shapes that do not broadcast together.
pub(crate) fn mismatch(shapes: &[&[usize]]) -> MetaError {
    // NumPy ends every shape, the last one too, with a space.
    let shapes = shapes.iter().fold(String::new(), |mut text, shape| {
        let _ = write!(text, "{} ", shape_text(shape));
        text
    });
    MetaError::Broadcast { shapes }
}

/// A shape as NumPy prints it: `()`, `(3,)`, `(3,4)`.
fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    format!("({}{comma})", sizes.join(","))
}
