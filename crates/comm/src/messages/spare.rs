//! Memory of messages, kept for the next ones.
//!
//! Fresh memory costs more than copying to it: the system has to find and clear each page. So what
//! streams need is kept, as long as it is little.

/// No longer vectors are kept, and no more of them.
const LONGEST: usize = 4 << 20;
const MOST: usize = 12 << 20;

/// Vectors that nobody needs at the moment.
#[derive(Default)]
pub struct Spare {
    vectors: Vec<Vec<u8>>,
    /// The room of all of them.
    room: usize,
}

impl Spare {
    /// A vector of any content and length with room for `len` bytes, and not for many more: it may stay
    /// with a message for long.
    pub fn take(&mut self, len: usize) -> Vec<u8> {
        let fits = |vector: &Vec<u8>| (len..=2 * len).contains(&vector.capacity());
        match self.vectors.iter().rposition(fits) {
            Some(position) => {
                let vector = self.vectors.remove(position);
                self.room -= vector.capacity();
                vector
            }
            None => Vec::new(),
        }
    }

    /// As [`Self::take`], of exactly `len` bytes.
    pub fn of_len(&mut self, len: usize) -> Vec<u8> {
        if len > LONGEST {
            // The system's own zeros cost nothing more.
            return vec![0; len];
        }
        let mut vector = self.take(len);
        if vector.capacity() == 0 {
            return vec![0; len];
        }
        // What is there stays: it is written over.
        vector.resize(len, 0);
        vector
    }

    /// Keeps a vector, unless there is enough.
    pub fn give(&mut self, vector: Vec<u8>) {
        let room = vector.capacity();
        if room > 0 && room <= LONGEST && self.room + room <= MOST {
            self.room += room;
            self.vectors.push(vector);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_used_again_where_they_fit() {
        let mut spare = Spare::default();
        assert_eq!(spare.take(100).capacity(), 0);
        spare.give(vec![7; 100]);
        assert_eq!(spare.take(101).capacity(), 0, "too small");
        assert_eq!(spare.take(49).capacity(), 0, "too large");
        assert_eq!(spare.of_len(50), [7; 50]);
        assert_eq!(spare.room, 0);
        spare.give(vec![7; 50]);
        assert_eq!(spare.of_len(50), [7; 50]);
        assert_eq!(spare.of_len(50), [0; 50]);
    }

    #[test]
    fn little_is_kept() {
        let mut spare = Spare::default();
        spare.give(Vec::with_capacity(LONGEST + 1));
        spare.give(Vec::new());
        assert_eq!(spare.vectors.len(), 0);
        for _ in 0..20 {
            spare.give(Vec::with_capacity(1 << 20));
        }
        assert_eq!(spare.room, MOST);
    }
}
