//! Distributions, written for other processes.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Distribution;
use crate::{AxisMap, lists};

/// What a distribution is made of. Whoever reads it has the maps checked against the engines; the
/// maps themselves are believed, for they come from a process of the same program.
#[derive(Serialize, Deserialize)]
struct Parts<M> {
    maps: M,
    #[serde(with = "lists")]
    targets: Arc<[usize]>,
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Parts { maps: self.maps(), targets: self.targets().into() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::<Vec<AxisMap>>::deserialize(deserializer)?;
        Self::new(parts.maps, parts.targets.to_vec()).map_err(D::Error::custom)
    }
}
