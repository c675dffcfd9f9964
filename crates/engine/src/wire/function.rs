//! How functions of the host language get to engines in other processes, and what they return comes
//! back.

use std::any::Any;
use std::sync::Arc;

use crate::EngineFunction;
use crate::error::{FunctionError, Result, SessionError};

/// Writes functions of the host language, what they return and how they fail as bytes, and reads
/// them. The parts are passed on as they are: large ones need not be copied into others.
pub trait FunctionCodec: Send + Sync {
    /// Writes a function.
    ///
    /// # Errors
    ///
    /// [`SessionError::Host`] when it cannot be sent to another process.
    fn encode(&self, function: &dyn EngineFunction) -> Result<Vec<Vec<u8>>>;

    /// Reads a function, on an engine.
    ///
    /// # Errors
    ///
    /// When it cannot be made in this process.
    fn decode(
        &self,
        parts: Vec<Vec<u8>>,
    ) -> std::result::Result<Arc<dyn EngineFunction>, FunctionError>;

    /// Writes what a function returned, on an engine.
    ///
    /// # Errors
    ///
    /// When it cannot be sent to another process.
    fn encode_value(
        &self,
        value: Box<dyn Any + Send>,
    ) -> std::result::Result<Vec<Vec<u8>>, FunctionError>;

    /// Reads what a function returned.
    ///
    /// # Errors
    ///
    /// When it cannot be made in this process.
    fn decode_value(
        &self,
        parts: Vec<Vec<u8>>,
    ) -> std::result::Result<Box<dyn Any + Send>, FunctionError>;

    /// Writes the cause of a failure.
    fn encode_failure(&self, cause: Box<dyn Any + Send + Sync>) -> Vec<Vec<u8>>;

    /// Reads the cause of a failure.
    fn decode_failure(&self, parts: Vec<Vec<u8>>) -> Box<dyn Any + Send + Sync>;
}

/// A host without functions that could be sent anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFunctions;

const REFUSAL: &str = "this program sends no functions to other processes";

fn refused() -> FunctionError {
    FunctionError { cause: Box::new(REFUSAL), is_echo: false, is_interrupt: false }
}

impl FunctionCodec for NoFunctions {
    fn encode(&self, _function: &dyn EngineFunction) -> Result<Vec<Vec<u8>>> {
        Err(SessionError::Type(REFUSAL.to_owned()))
    }

    fn decode(
        &self,
        _parts: Vec<Vec<u8>>,
    ) -> std::result::Result<Arc<dyn EngineFunction>, FunctionError> {
        Err(refused())
    }

    fn encode_value(
        &self,
        _value: Box<dyn Any + Send>,
    ) -> std::result::Result<Vec<Vec<u8>>, FunctionError> {
        Err(refused())
    }

    fn decode_value(
        &self,
        _parts: Vec<Vec<u8>>,
    ) -> std::result::Result<Box<dyn Any + Send>, FunctionError> {
        Err(refused())
    }

    fn encode_failure(&self, _cause: Box<dyn Any + Send + Sync>) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn decode_failure(&self, _parts: Vec<Vec<u8>>) -> Box<dyn Any + Send + Sync> {
        refused().cause
    }
}
