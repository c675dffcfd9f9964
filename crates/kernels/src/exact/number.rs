//! One exact number, and what is computed with it before it is rounded.

use smallvec::SmallVec;

use super::sums::LIMB;

/// The magnitude of a number, its lowest word first; the last word is not zero.
type Words = SmallVec<[u64; 12]>;

/// An integer times a power of two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Number {
    negative: bool,
    words: Words,
    /// The exponent of the lowest bit.
    exponent: i32,
}

impl Number {
    /// The number whose limbs these are, the lowest first: neither are they positive nor was
    /// anything carried.
    pub(super) fn of_limbs(limbs: impl Iterator<Item = i64> + Clone, exponent: i32) -> Self {
        let sign = limbs.clone().fold(0, |carry, limb| (limb + carry) >> LIMB);
        let mut number = Self { negative: sign < 0, exponent, ..Self::default() };
        let (mut carry, mut bits, mut position) = (0_i64, 0_u128, 0);
        for limb in limbs {
            let limb = if number.negative { -limb } else { limb } + carry;
            carry = limb >> LIMB;
            bits |= u128::from((limb & ((1 << LIMB) - 1)) as u64) << position;
            position += LIMB;
            if position >= 64 {
                number.words.push(bits as u64);
                (bits, position) = (bits >> 64, position - 64);
            }
        }
        // As the number is positive now, so is what is left.
        bits |= (carry as u128) << position;
        number.words.extend([bits as u64, (bits >> 64) as u64]);
        number.trim();
        number
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.words.is_empty()
    }

    /// Its product with a count.
    pub(crate) fn times(mut self, count: u64) -> Self {
        let mut carry = 0_u64;
        for word in &mut self.words {
            let product = u128::from(*word) * u128::from(count) + u128::from(carry);
            (*word, carry) = (product as u64, (product >> 64) as u64);
        }
        self.words.push(carry);
        self.trim();
        self
    }

    /// Its square.
    pub(crate) fn squared(&self) -> Self {
        let len = self.words.len();
        let mut words = Words::from_elem(0, 2 * len);
        for (place, &left) in self.words.iter().enumerate() {
            let mut carry = 0;
            for (word, &right) in words[place..].iter_mut().zip(&self.words) {
                let product =
                    u128::from(left) * u128::from(right) + u128::from(*word) + u128::from(carry);
                (*word, carry) = (product as u64, (product >> 64) as u64);
            }
            words[place + len] = carry;
        }
        let mut square = Self { negative: false, words, exponent: 2 * self.exponent };
        square.trim();
        square
    }

    /// The sum of this number and another, neither of them negative.
    pub(crate) fn plus(self, other: Self) -> Self {
        self.combined(other, |left, right, carry| {
            let sum = u128::from(left) + u128::from(right) + u128::from(carry);
            (sum as u64, sum >> 64 != 0)
        })
    }

    /// This number less one that is no greater, neither of them negative.
    pub(crate) fn less(self, other: Self) -> Self {
        self.combined(other, |left, right, borrow| {
            let difference = i128::from(left) - i128::from(right) - i128::from(borrow);
            (difference as u64, difference < 0)
        })
    }

    /// Two numbers combined word by word, from the lowest on.
    fn combined(self, other: Self, combine: impl Fn(u64, u64, bool) -> (u64, bool)) -> Self {
        if other.is_zero() {
            return self;
        }
        let exponent = self.exponent.min(other.exponent);
        let exponent = if self.is_zero() { other.exponent } else { exponent };
        let (mut result, other) = (self.lowered_to(exponent), other.lowered_to(exponent));
        let len = result.words.len().max(other.words.len()) + 1;
        result.words.resize(len, 0);
        let mut carry = false;
        for (place, word) in result.words.iter_mut().enumerate() {
            let right = other.words.get(place).copied().unwrap_or(0);
            (*word, carry) = combine(*word, right, carry);
        }
        debug_assert!(!carry, "the greater number is taken from the smaller one");
        result.trim();
        result
    }

    /// The same number with another, lower exponent of the lowest bit.
    fn lowered_to(mut self, exponent: i32) -> Self {
        if self.is_zero() {
            return Self { exponent, ..self };
        }
        let shift = (self.exponent - exponent) as usize;
        self.exponent = exponent;
        let (words, bits) = (shift / 64, shift % 64);
        if bits > 0 {
            let mut carry = 0;
            for word in &mut self.words {
                let above = *word >> (64 - bits);
                *word = *word << bits | carry;
                carry = above;
            }
            self.words.push(carry);
            self.trim();
        }
        self.words.insert_many(0, std::iter::repeat_n(0, words));
        self
    }

    /// The number divided by others.
    pub(crate) fn over(&self, divisors: impl IntoIterator<Item = u64>) -> Quotient {
        const KEPT: usize = 4;
        let len = self.words.len();
        // The highest words are kept, and of those below only whether they are zero.
        let kept: [u64; KEPT] = std::array::from_fn(|word| {
            (len + word).checked_sub(KEPT).map_or(0, |word| self.words[word])
        });
        let below = len.saturating_sub(KEPT);
        let mut is_inexact = self.words[..below].iter().any(|&word| word != 0);
        let mut exponent = self.exponent + 64 * (len as i32 - KEPT as i32);
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
    /// A number of up to 128 bits times a power of two, of which there may be less than one more.
    pub(crate) fn of(negative: bool, magnitude: u128, exponent: i32, is_inexact: bool) -> Self {
        let zeros = if magnitude == 0 { 0 } else { magnitude.leading_zeros() };
        let exponent = exponent - zeros as i32;
        Self { magnitude: magnitude << zeros, is_inexact, exponent, negative }
    }

    /// A quotient without more bits, divided by a number.
    pub(crate) fn over(self, divisor: u64) -> Self {
        debug_assert!(!self.is_inexact);
        let divisor = u128::from(divisor);
        let quotient = self.magnitude / divisor;
        let is_inexact = quotient * divisor != self.magnitude;
        Self::of(self.negative, quotient, self.exponent, is_inexact)
    }

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
