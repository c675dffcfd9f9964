//! Where the indices of an unstructured axis live, looked up in no time once that pays.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use crate::Indices;

/// So many searches of lists are quicker than making a table of all indices.
const SEARCHES: u32 = 8;

/// The position of an index that no place holds.
const NOWHERE: u32 = u32::MAX;

/// A table of the first home of each index: its place, and the position there. Made when it has been
/// needed often; maps that are clones share it. It says nothing that the pieces don't say, and so all
/// are equal.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    searches: AtomicU32,
    table: OnceLock<Box<[(u32, u32)]>>,
}

impl PartialEq for Homes {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Homes {}

impl Homes {
    /// The first place that holds an index, and the position of the index there.
    pub(super) fn find(
        &self,
        size: usize,
        pieces: &[Indices],
        index: usize,
    ) -> Option<(usize, usize)> {
        if let Some(table) = self.shared.table.get() {
            let (place, position) = table[index];
            return (position != NOWHERE).then_some((place as usize, position as usize));
        }
        if self.shared.searches.fetch_add(1, Ordering::Relaxed) >= SEARCHES && pays(size, pieces) {
            self.shared.table.get_or_init(|| table(size, pieces));
            return self.find(size, pieces, index);
        }
        let mut places = pieces.iter().enumerate();
        places.find_map(|(place, piece)| Some((place, piece.position(index as i64)?)))
    }
}

/// Whether there are lists to search, and not too many indices for a table.
fn pays(size: usize, pieces: &[Indices]) -> bool {
    let listed = pieces.iter().filter(|piece| matches!(piece, Indices::List(_)));
    let listed: usize = listed.map(Indices::len).sum();
    listed > 0 && listed >= size / 2 && u32::try_from(size).is_ok()
}

fn table(size: usize, pieces: &[Indices]) -> Box<[(u32, u32)]> {
    let mut table = vec![(0, NOWHERE); size];
    // The first place last, so that it stays.
    for (place, piece) in pieces.iter().enumerate().rev() {
        for (position, index) in piece.iter().enumerate() {
            table[index as usize] = (place as u32, position as u32);
        }
    }
    table.into()
}
