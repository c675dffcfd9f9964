//! Arithmetic progressions, and where two of them meet.

/// The indices `start + step * j` for `j < len`; `step` is not 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progression {
    pub start: i64,
    pub step: i64,
    pub len: usize,
}

/// The common members of two progressions: position `first_start + first_step * j` of the first
/// is position `second_start + second_step * j` of the second, for `j < len`. The positions in the
/// second ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meeting {
    pub first_start: usize,
    pub first_step: isize,
    pub second_start: usize,
    pub second_step: isize,
    pub len: usize,
}

impl Progression {
    /// The smallest and the largest member; `len` is not 0.
    fn hull(&self) -> (i64, i64) {
        let last = self.start + self.step * (self.len as i64 - 1);
        if self.step > 0 { (self.start, last) } else { (last, self.start) }
    }
}

/// The common members of two progressions, `None` when there are none.
pub(crate) fn meet(first: &Progression, second: &Progression) -> Option<Meeting> {
    if first.len == 0 || second.len == 0 {
        return None;
    }
    let (low_a, high_a) = first.hull();
    let (low_b, high_b) = second.hull();
    let low = low_a.max(low_b);
    let high = high_a.min(high_b);
    if low > high {
        return None;
    }
    let (member, period) =
        first_common(low_a, first.step.unsigned_abs(), low_b, second.step.unsigned_abs(), low)?;
    if member > i128::from(high) {
        return None;
    }
    let member = member as i64;
    let further = i128::from(high - member) / period;
    if further == 0 {
        return Some(Meeting {
            first_start: ((member - first.start) / first.step) as usize,
            first_step: 1,
            second_start: ((member - second.start) / second.step) as usize,
            second_step: 1,
            len: 1,
        });
    }
    // The period is at most `high - low` here, so that everything fits 64 bits again.
    let (period, further) = (period as i64, further as i64);
    let (begin, stride) =
        if second.step > 0 { (member, period) } else { (member + period * further, -period) };
    Some(Meeting {
        first_start: ((begin - first.start) / first.step) as usize,
        first_step: (stride / first.step) as isize,
        second_start: ((begin - second.start) / second.step) as usize,
        second_step: (stride / second.step) as isize,
        len: further as usize + 1,
    })
}

/// The smallest number at or above `low` that is congruent to `a` modulo `step_a` and to `b` modulo
/// `step_b`, and the distance to the next one: the Chinese remainder theorem.
fn first_common(a: i64, step_a: u64, b: i64, step_b: u64, low: i64) -> Option<(i128, i128)> {
    let (a, b, low) = (i128::from(a), i128::from(b), i128::from(low));
    let (step_a, step_b) = (i128::from(step_a), i128::from(step_b));
    let (one, period) = if step_b == 1 {
        (a, step_a)
    } else if step_a == 1 {
        (b, step_b)
    } else if step_a == step_b {
        if (b - a) % step_a != 0 {
            return None;
        }
        (a, step_a)
    } else {
        let (divisor, inverse) = inverse_modulo(step_a, step_b);
        if (b - a) % divisor != 0 {
            return None;
        }
        let modulus = step_b / divisor;
        let turns = ((b - a) / divisor % modulus * inverse).rem_euclid(modulus);
        (a + step_a * turns, step_a * modulus)
    };
    Some((low + (one - low).rem_euclid(period), period))
}

/// The greatest common divisor `d` of `a` and `b`, and the inverse of `a / d` modulo `b / d`.
fn inverse_modulo(a: i128, b: i128) -> (i128, i128) {
    let (mut r0, mut r1) = (a, b);
    let (mut x0, mut x1) = (1, 0);
    while r1 != 0 {
        let quotient = r0 / r1;
        (r0, r1) = (r1, r0 - quotient * r1);
        (x0, x1) = (x1, x0 - quotient * x1);
    }
    (r0, x0.rem_euclid(b / r0))
}

/// The greatest common divisor; that of 0 and `b` is `b`.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
