//! The map of an axis whose indices may be anywhere.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::homes::Homes;
use super::invalid;
use crate::{Indices, Result};

/// The map of an axis whose indices may be on any place, in any order, and on several places at
/// once: a *replicated* axis is one whose every piece is the whole of it. Each index is somewhere,
/// and on no place twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unstructured {
    /// The size of the axis.
    pub size: usize,
    /// What each place holds, in local order.
    #[serde(with = "crate::dictionary")]
    pub pieces: Arc<[Indices]>,
    /// Where each index is.
    #[serde(skip)]
    pub homes: Homes,
}

/// How often the indices of an axis are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copies {
    /// Each index by one place.
    One,
    /// Each index by every place.
    Everywhere,
    /// Some indices by several places.
    Some,
}

impl Unstructured {
    pub(super) fn checked(size: usize, pieces: Vec<Indices>) -> Result<Self> {
        let fault = |message: String| Err(invalid("indices", message));
        if pieces.is_empty() {
            return fault("there are no pieces".to_owned());
        }
        for piece in &pieces {
            if let Some((low, high)) = piece.hull()
                && (low < 0 || high >= size as i64)
            {
                let index = if low < 0 { low } else { high };
                return fault(format!("index {index} is outside an axis of size {size}"));
            }
        }
        let wholes = pieces.iter().filter(|piece| piece.is_whole(size)).count();
        if wholes == pieces.len() {
            return Ok(Self { size, pieces: pieces.into(), homes: Homes::default() });
        }
        let held: usize = pieces.iter().map(Indices::len).sum();
        if held < size {
            return fault(format!("only {held} of the {size} indices are on some place"));
        }
        let mut last_holder = vec![0_u32; size];
        for (place, piece) in (1..).zip(&pieces) {
            for index in piece.iter() {
                if std::mem::replace(&mut last_holder[index as usize], place) == place {
                    return fault(format!("index {index} is twice on place {}", place - 1));
                }
            }
        }
        if let Some(index) = last_holder.iter().position(|&holder| holder == 0) {
            return fault(format!("index {index} is on no place"));
        }
        Ok(Self { size, pieces: pieces.into(), homes: Homes::default() })
    }

    pub(super) fn copies(&self) -> Copies {
        if self.pieces.iter().map(Indices::len).sum::<usize>() == self.size {
            Copies::One
        } else if self.pieces.iter().all(|piece| piece.len() == self.size) {
            Copies::Everywhere
        } else {
            Copies::Some
        }
    }
}
