//! One exact number, and what is computed with it before it is rounded.

use super::sums::LIMB;

/// As many words as the square of the widest sum has, times a count.
const WORDS: usize = 72;

/// An integer times a power of two.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    negative: bool,
    /// The magnitude, its lowest word first. Words from `len` on are zero, the one before is not.
    words: [u64; WORDS],
    len: usize,
    /// The exponent of the lowest bit.
    exponent: i32,
}

impl Number {
    pub(crate) const ZERO: Self = Self { negative: false, words: [0; WORDS], len: 0, exponent: 0 };

    /// The number whose limbs these are, the lowest first: neither are they positive nor was
    /// anything carried.
    pub(super) fn of_limbs(limbs: impl Iterator<Item = i64> + Clone, exponent: i32) -> Self {
        let mut number = Self { exponent, ..Self::ZERO };
        let sign = limbs.clone().fold(0, |carry, limb| (limb + carry) >> LIMB);
        number.negative = sign < 0;
        let (mut carry, mut position) = (0, 0);
        for limb in limbs {
            let limb = if number.negative { -limb } else { limb } + carry;
            carry = limb >> LIMB;
            number.put((limb & ((1 << LIMB) - 1)) as u64, position);
            position += LIMB as usize;
        }
        // As the number is positive now, so is what is left.
        number.put(carry as u64, position);
        number.trim();
        number
    }

    /// Adds bits at a position where there are none yet.
    fn put(&mut self, bits: u64, position: usize) {
        if bits == 0 {
            return;
        }
        let (word, shift) = (position / 64, position % 64);
        self.words[word] |= bits << shift;
        let above = if shift == 0 { 0 } else { bits >> (64 - shift) };
        if above != 0 {
            self.words[word + 1] |= above;
        }
        self.len = word + 2;
    }

    fn trim(&mut self) {
        self.len = self.len.min(WORDS);
        while self.len > 0 && self.words[self.len - 1] == 0 {
            self.len -= 1;
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.len == 0
    }

    /// Its product with a count.
    pub(crate) fn times(mut self, count: u64) -> Self {
        let mut carry = 0_u64;
        for word in &mut self.words[..self.len] {
            let product = u128::from(*word) * u128::from(count) + u128::from(carry);
            (*word, carry) = (product as u64, (product >> 64) as u64);
        }
        if carry != 0 {
            self.words[self.len] = carry;
            self.len += 1;
        }
        self.trim();
        self
    }

    /// Its square.
    pub(crate) fn squared(&self) -> Self {
        let mut square = Self { exponent: 2 * self.exponent, ..Self::ZERO };
        for left in 0..self.len {
            let mut carry = 0;
            for right in 0..self.len {
                let word = &mut square.words[left + right];
                let product = u128::from(self.words[left]) * u128::from(self.words[right])
                    + u128::from(*word)
                    + u128::from(carry);
                (*word, carry) = (product as u64, (product >> 64) as u64);
            }
            square.words[left + self.len] = carry;
        }
        square.len = 2 * self.len;
        square.trim();
        square
    }

    /// The sum of this number and another, neither of them negative.
    pub(crate) fn plus(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other } else { self };
        }
        let exponent = self.exponent.min(other.exponent);
        let (mut sum, other) = (self.lowered_to(exponent), other.lowered_to(exponent));
        let mut carry = false;
        for (word, &more) in sum.words.iter_mut().zip(&other.words) {
            let (first, over) = word.overflowing_add(more);
            let (second, again) = first.overflowing_add(u64::from(carry));
            (*word, carry) = (second, over | again);
        }
        sum.len = WORDS;
        sum.trim();
        sum
    }

    /// This number less one that is no greater, neither of them negative.
    pub(crate) fn less(self, other: &Self) -> Self {
        if other.is_zero() {
            return self;
        }
        let exponent = self.exponent.min(other.exponent);
        let (mut difference, other) =
            (self.lowered_to(exponent), other.clone().lowered_to(exponent));
        let mut borrow = false;
        for (word, &less) in difference.words.iter_mut().zip(&other.words) {
            let (first, under) = word.overflowing_sub(less);
            let (second, again) = first.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (second, under | again);
        }
        debug_assert!(!borrow, "the greater number is taken from the smaller one");
        difference.len = WORDS;
        difference.trim();
        difference
    }

    /// The same number with another, lower exponent of the lowest bit.
    fn lowered_to(mut self, exponent: i32) -> Self {
        let shift = (self.exponent - exponent) as usize;
        self.exponent = exponent;
        if shift == 0 || self.len == 0 {
            return self;
        }
        let (words, bits) = (shift / 64, shift % 64);
        for word in (0..=self.len).rev() {
            let this = if word < self.len { self.words[word] } else { 0 };
            let below = if word > 0 { self.words[word - 1] } else { 0 };
            let shifted = if bits == 0 { this } else { this << bits | below >> (64 - bits) };
            if shifted != 0 {
                self.words[word + words] = shifted;
            } else if word + words < WORDS {
                self.words[word + words] = 0;
            }
        }
        self.words[..words].fill(0);
        self.len += words + 1;
        self.trim();
        self
    }

    /// The number divided by others.
    pub(crate) fn over(&self, divisors: impl IntoIterator<Item = u64>) -> Quotient {
        const KEPT: usize = 4;
        // The highest words are kept, and of those below only whether they are zero.
        let kept: [u64; KEPT] = std::array::from_fn(|word| {
            (self.len + word).checked_sub(KEPT).map_or(0, |word| self.words[word])
        });
        let below = self.len.saturating_sub(KEPT);
        let mut is_inexact = self.words[..below].iter().any(|&word| word != 0);
        let mut exponent = self.exponent + 64 * (self.len as i32 - KEPT as i32);
        let mut words = kept;
        for divisor in divisors {
            let mut remainder = 0_u64;
            for word in words.iter_mut().rev() {
                let part = u128::from(remainder) << 64 | u128::from(*word);
                *word = (part / u128::from(divisor)) as u64;
                remainder = (part % u128::from(divisor)) as u64;
            }
            is_inexact |= remainder != 0;
        }
        // The highest 128 bits.
        let Some(highest) = (0..KEPT).rev().find(|&word| words[word] != 0) else {
            return Quotient { magnitude: 0, is_inexact, exponent, negative: self.negative };
        };
        let zeros = words[highest].leading_zeros();
        let at = |word: usize| highest.checked_sub(word).map_or(0, |word| u128::from(words[word]));
        let mut magnitude = at(0) << 64 | at(1);
        if zeros > 0 {
            magnitude = magnitude << zeros | at(2) >> (64 - zeros);
        }
        is_inexact |= at(2) << zeros & u128::from(u64::MAX) != 0 || at(3) != 0;
        exponent += 64 * (highest as i32 - 1) - zeros as i32;
        Quotient { magnitude, is_inexact, exponent, negative: self.negative }
    }
}

/// The first 128 bits of a quotient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quotient {
    /// The bits; the highest one is set, unless the quotient is zero.
    pub magnitude: u128,
    /// Whether there are more bits than these.
    pub is_inexact: bool,
    /// The exponent of the lowest of the bits.
    pub exponent: i32,
    /// Whether the quotient is negative.
    pub negative: bool,
}

impl Quotient {
    /// The quotient times a power of two.
    pub(crate) fn scaled(self, exponent: i32) -> Self {
        Self { exponent: self.exponent + exponent, ..self }
    }

    /// The first 64 bits of the square root, or 63.
    pub(crate) fn root(self) -> Self {
        let odd = self.exponent.rem_euclid(2);
        let square = self.magnitude >> odd;
        let root = square.isqrt();
        let is_inexact =
            self.is_inexact || root * root != square || square << odd != self.magnitude;
        let exponent = (self.exponent + odd) >> 1;
        if root == 0 {
            return Self { is_inexact, ..self };
        }
        let zeros = root.leading_zeros();
        Self {
            magnitude: root << zeros,
            is_inexact,
            exponent: exponent - zeros as i32,
            negative: false,
        }
    }
}
