//! Arrays whose elements stay in a file.

use std::sync::Arc;

use distarray_meta::Distribution;

use super::{Array, NpyFile};
use crate::error::{Result, SessionError};
use crate::{Command, Session};

impl NpyFile {
    /// An array of this layout whose elements stay where they are: each engine maps the file. Unless
    /// it `is_writable`, it can only be read; if so, the file gets the space that it needs.
    ///
    /// # Errors
    ///
    /// [`SessionError::Value`] when the layout has another shape; [`SessionError::Engines`] when
    /// engines cannot map the file.
    pub fn mapped(
        &self,
        session: &Arc<dyn Session>,
        distribution: Distribution,
        is_writable: bool,
    ) -> Result<Array> {
        let header = self.header();
        let (shape, dtype) = (&header.layout.shape, header.dtype);
        if distribution.shape() != shape {
            return Err(SessionError::Value(format!(
                "distribution: its shape {:?} is not that of the array in {}, {shape:?}",
                distribution.shape(),
                self.path().display(),
            )));
        }
        let array = Array::named(session, distribution.clone(), dtype);
        let command = Command::OpenFile {
            array: array.id()?,
            distribution,
            path: self.path().to_owned(),
            dtype,
            layout: Arc::new(header.layout.clone()),
            is_writable,
        };
        array.execute(command, 0)?;
        Ok(array)
    }
}
