//! Partial results as bytes.

use crate::{DType, KernelError, Reduction, Result};

use super::floats::Exactly;
use super::memory;
use super::monoid::Monoid;
use super::partial::Partial;
use super::results::Exact;
use super::table::{Visitor, visit_monoid};

/// The length of the fixed part of a message.
const HEAD: usize = 4;

/// What stands for exact sums instead of the number of blocks.
const EXACT: usize = 254;

impl Partial {
    /// The partial result as bytes, for an engine of another process on a machine of the same byte
    /// order.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A dtype that is not native gets a code that `from_bytes` refuses.
        let dtype = DType::NATIVE.iter().position(|&each| each == self.dtype);
        let codes = [
            self.reduction as usize,
            dtype.unwrap_or(DType::NATIVE.len()),
            self.shape.len(),
            if self.exact.is_some() { EXACT } else { self.blocks.len() },
        ];
        let mut bytes: Vec<u8> = codes.map(|code| code as u8).to_vec();
        for &len in &self.shape {
            bytes.extend_from_slice(&(len as u64).to_ne_bytes());
        }
        for block in &self.blocks {
            bytes.extend_from_slice(memory::bytes(block));
        }
        if let Some(exact) = &self.exact {
            exact.write(&mut bytes);
        }
        bytes
    }

    /// The partial result that [`Partial::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// [`KernelError::Value`] for other bytes; [`KernelError::Memory`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let foreign = || KernelError::Value("these bytes are no partial result".to_owned());
        let (head, mut rest) = bytes.split_at_checked(HEAD).ok_or_else(foreign)?;
        let reduction = *Reduction::ALL.get(usize::from(head[0])).ok_or_else(foreign)?;
        let dtype = *DType::NATIVE.get(usize::from(head[1])).ok_or_else(foreign)?;
        let mut shape = Vec::new();
        for _ in 0..head[2] {
            let (len, after) = rest.split_first_chunk().ok_or_else(foreign)?;
            shape.push(usize::try_from(u64::from_ne_bytes(*len)).map_err(|_| foreign())?);
            rest = after;
        }
        if usize::from(head[3]) == EXACT {
            let results = shape.iter().try_fold(1_usize, |size, &len| size.checked_mul(len));
            let exact = Exact::read(rest, results.ok_or_else(foreign)?);
            let exactly = Exactly::of(reduction, dtype);
            let exact = exact.filter(|exact| exactly.is_some_and(|exactly| exact.suits(exactly)));
            let exact = Some(exact.ok_or_else(foreign)?);
            return Ok(Self { reduction, dtype, shape, blocks: Vec::new(), exact });
        }
        let dtypes = if head[3] == 0 {
            Vec::new()
        } else if reduction.is_position() {
            vec![dtype, DType::Int64]
        } else {
            vec![visit_monoid(reduction, dtype, TotalDType).ok_or_else(foreign)?]
        };
        let mut blocks = Vec::new();
        for dtype in dtypes {
            let len = shape.iter().try_fold(dtype.itemsize(), |len, &axis| len.checked_mul(axis));
            let (items, after) =
                len.and_then(|len| rest.split_at_checked(len)).ok_or_else(foreign)?;
            blocks.push(memory::from_bytes(&shape, dtype, items)?);
            rest = after;
        }
        if usize::from(head[3]) != blocks.len() || !rest.is_empty() {
            return Err(foreign());
        }
        Ok(Self { reduction, dtype, shape, blocks, exact: None })
    }
}

struct TotalDType;

impl Visitor for TotalDType {
    type Result = DType;

    fn visit<M: Monoid>(self) -> DType {
        memory::total_dtype::<M::Total>()
    }
}
