//! Registers: small pieces of memory that stay in a first-level cache.

use smallvec::SmallVec;

use super::scratch::Scratch;
use crate::buffer::ALIGNMENT;

/// The registers of a program, and the table of pointers that its steps find things by, while they
/// are laid out.
pub struct Registers {
    bytes: usize,
    /// The number of elements in a register.
    capacity: usize,
    /// Where the register of each place in the table lies; `None` for the memory of a block.
    places: SmallVec<[Option<Register>; 16]>,
    /// The registers whose contents nobody needs any more.
    free: SmallVec<[Register; 8]>,
}

#[derive(Clone, Copy)]
struct Register {
    offset: usize,
    bytes: usize,
}

impl Registers {
    /// No registers yet, of `capacity` elements each.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: 0, capacity, places: SmallVec::new(), free: SmallVec::new() }
    }

    /// The number of elements in a register.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// A place with a register that keeps its contents from one tile to the next.
    pub fn add_lasting(&mut self, itemsize: usize) -> usize {
        let bytes = self.len(itemsize);
        let register = self.make(bytes);
        self.push(Some(register))
    }

    /// A place with a register, which others may have used.
    pub fn add(&mut self, itemsize: usize) -> usize {
        let bytes = self.len(itemsize);
        // The last one that became free is the likeliest to be in the cache.
        let found = self.free.iter().rposition(|register| register.bytes >= bytes);
        let register = match found {
            Some(place) => self.free.remove(place),
            None => self.make(bytes),
        };
        self.push(Some(register))
    }

    /// A place without.
    pub fn add_pointer(&mut self) -> usize {
        self.push(None)
    }

    /// Whether two places have one register.
    pub fn are_same(&self, place: usize, other: usize) -> bool {
        let offset = |place: usize| self.places[place].map(|register| register.offset);
        offset(place).is_some() && offset(place) == offset(other)
    }

    /// Lets others have the register of a place, if it has one.
    pub fn release(&mut self, place: usize) {
        if let Some(register) = self.places[place] {
            self.free.push(register);
        }
    }

    /// The memory of the registers and the table of pointers into it, in which the places of
    /// blocks' own memory are still null.
    pub fn allocate(&self) -> (Scratch, SmallVec<[*mut u8; 16]>) {
        let mut scratch = Scratch::new(self.bytes);
        let base = scratch.as_mut_ptr();
        let pointers = self
            .places
            .iter()
            .map(|place| place.map_or(std::ptr::null_mut(), |it| base.wrapping_add(it.offset)))
            .collect();
        (scratch, pointers)
    }

    fn len(&self, itemsize: usize) -> usize {
        (self.capacity * itemsize).next_multiple_of(ALIGNMENT)
    }

    fn make(&mut self, bytes: usize) -> Register {
        let register = Register { offset: self.bytes, bytes };
        self.bytes += bytes;
        register
    }

    fn push(&mut self, register: Option<Register>) -> usize {
        self.places.push(register);
        self.places.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_registers_are_used_again() {
        let mut registers = Registers::new(256);
        let first = registers.add(8);
        let second = registers.add(4);
        assert_eq!(registers.bytes, 3072);
        registers.release(first);
        registers.release(second);
        registers.add(8);
        registers.add(1);
        assert_eq!(registers.bytes, 3072, "both were free and large enough");
        registers.add(1);
        registers.add_lasting(1);
        assert_eq!(registers.bytes, 3072 + 512);
        let pointer = registers.add_pointer();
        registers.release(pointer);
        let (_scratch, pointers) = registers.allocate();
        assert!(pointers[pointer].is_null());
        assert_eq!(pointers[first], pointers[2]);
        assert_eq!(pointers[first].align_offset(ALIGNMENT), 0);
    }
}
