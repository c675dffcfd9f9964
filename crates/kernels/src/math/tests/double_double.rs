//! Sums of two floats, which have twice the digits of one: about those of quadruple precision.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// The sum of two floats that don't overlap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub f64, pub f64);

impl From<f64> for Double {
    fn from(x: f64) -> Self {
        Self(x, 0.0)
    }
}

fn two_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    let part = sum - a;
    Double(sum, (a - (sum - part)) + (b - part))
}

fn fast_two_sum(a: f64, b: f64) -> Double {
    let sum = a + b;
    Double(sum, b - (sum - a))
}

impl Add for Double {
    type Output = Self;
    /// Accurate for opposite signs too (Joldes, Muller and Popescu, 2017).
    fn add(self, other: Self) -> Self {
        let high = two_sum(self.0, other.0);
        let low = two_sum(self.1, other.1);
        let first = fast_two_sum(high.0, high.1 + low.0);
        fast_two_sum(first.0, low.1 + first.1)
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = self.0 * other.0;
        let lost = self.0.mul_add(other.0, -product);
        fast_two_sum(product, lost + self.0.mul_add(other.1, self.1 * other.0))
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.0 / other.0;
        let rest = self - Self::from(first) * other;
        let second = rest.0 / other.0;
        let rest = rest - Self::from(second) * other;
        fast_two_sum(first, second) + Self::from(rest.0 / other.0)
    }
}

const LN_2: Double = Double(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
/// 2 / sqrt(pi).
const ERF_FACTOR: Double = Double(std::f64::consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17);
/// pi / 2.
const HALF_PI: [f64; 4] = [
    std::f64::consts::FRAC_PI_2,
    6.123_233_995_736_766e-17,
    -1.497_384_904_859_169_8e-33,
    5.562_271_104_316_826e-50,
];

/// A value times a power of two, so that what is too large or too small for a float can be said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled(pub Double, pub i32);

impl From<Double> for Scaled {
    fn from(value: Double) -> Self {
        Self(value, 0)
    }
}

impl Double {
    pub fn abs(self) -> Self {
        if self.0 < 0.0 { -self } else { self }
    }

    pub fn sqrt(self) -> Self {
        if self.0 == 0.0 {
            return self;
        }
        let root = Self::from(self.0.sqrt());
        root + (self - root * root) / (root + root)
    }

    /// Of 2^-8 at most.
    fn small_exp_m1(self) -> Self {
        let mut term = self;
        let mut sum = self;
        for n in 2..16 {
            term = term * self / Self::from(f64::from(n));
            sum = sum + term;
        }
        sum
    }

    /// `exp(x) - 1` for numbers up to the logarithm of 2.
    fn near_exp_m1(self) -> Self {
        let mut value = (self * Self::from(1.0 / 256.0)).small_exp_m1();
        for _ in 0..8 {
            value = value * (value + Self::from(2.0));
        }
        value
    }

    pub fn exp(self) -> Scaled {
        let k = (self.0 / LN_2.0).round();
        let rest = self - Self::from(k) * LN_2;
        Scaled(Self::from(1.0) + rest.near_exp_m1(), k as i32)
    }

    pub fn exp_m1(self) -> Scaled {
        if self.0.abs() < 0.6 {
            return self.near_exp_m1().into();
        }
        let Scaled(value, k) = self.exp();
        if k > 200 {
            return Scaled(value, k);
        }
        (value * Self::from(2.0_f64.powi(k)) - Self::from(1.0)).into()
    }

    /// `log(1 + x)`.
    pub fn ln_1p(self) -> Self {
        if self.0 > 1e10 {
            return (self + Self::from(1.0)).ln();
        }
        let guess = self.0.ln_1p();
        // (1 + x) exp(-guess) - 1, by which the guess is wrong.
        let Scaled(power, 0) = Self::from(-guess).exp_m1() else {
            unreachable!("exponentials of logarithms are not so large")
        };
        Self::from(guess) + (self + power + self * power)
    }

    pub fn ln(self) -> Self {
        let scaled = if self.0 < f64::MIN_POSITIVE { 1074 } else { 0 };
        let up = if scaled > 0 { 2.0_f64.powi(537) } else { 1.0 };
        let x = self * Self::from(up) * Self::from(up);
        let mut k = ((x.0.to_bits() >> 52) as i32) - 1023;
        let down = |k: i32| {
            let half = 2.0_f64.powi(-(k / 2));
            x * Self::from(half) * Self::from(2.0_f64.powi(-(k - k / 2)))
        };
        let mut mantissa = down(k);
        if mantissa.0 > std::f64::consts::SQRT_2 {
            k += 1;
            mantissa = down(k);
        }
        Self::from(f64::from(k - scaled)) * LN_2 + (mantissa - Self::from(1.0)).ln_1p()
    }

    /// Sine and cosine of numbers below 2^45.
    pub fn sin_cos(self) -> [Self; 2] {
        let k = (self.0 / HALF_PI[0]).round();
        let mut rest = self;
        for part in HALF_PI {
            let product = k * part;
            rest = rest - Self(product, k.mul_add(part, -product));
        }
        let square = rest * rest;
        let (mut sine, mut cosine) = (rest, Self::from(1.0));
        let (mut odd, mut even) = (rest, Self::from(1.0));
        for n in 1..16 {
            let n = 2.0 * f64::from(n);
            even = -(even * square) / Self::from(n * (n - 1.0));
            odd = -(odd * square) / Self::from(n * (n + 1.0));
            cosine = cosine + even;
            sine = sine + odd;
        }
        match (k as i64).rem_euclid(4) {
            0 => [sine, cosine],
            1 => [cosine, -sine],
            2 => [-sine, -cosine],
            _ => [-cosine, sine],
        }
    }

    /// The angle of a point whose coordinates are not far from 1.
    pub fn atan2(self, x: Self) -> Self {
        let guess = self.0.atan2(x.0);
        let [sine, cosine] = Self::from(guess).sin_cos();
        Self::from(guess) + (self * cosine - x * sine) / (x * cosine + self * sine)
    }

    pub fn asin(self) -> Self {
        self.atan2(self.cofunction())
    }

    pub fn acos(self) -> Self {
        self.cofunction().atan2(self)
    }

    fn cofunction(self) -> Self {
        ((Self::from(1.0) - self) * (Self::from(1.0) + self)).sqrt()
    }

    pub fn sinh(self) -> Scaled {
        let Scaled(value, k) = self.abs().exp_m1();
        let sum = if k > 0 { value } else { value + value / (value + Self::from(1.0)) };
        Scaled(if self.0 < 0.0 { -sum } else { sum }, k - 1)
    }

    pub fn cosh(self) -> Scaled {
        let Scaled(value, k) = self.abs().exp();
        let inverse = if k > 200 {
            Self::from(0.0)
        } else {
            Self::from(2.0_f64.powi(-k)) * Self::from(2.0_f64.powi(-k)) / value
        };
        Scaled(value + inverse, k - 1)
    }

    pub fn tanh(self) -> Self {
        if self.0.abs() > 60.0 {
            return Self::from(1.0_f64.copysign(self.0));
        }
        let Scaled(value, _) = (self + self).abs().exp_m1();
        let tangent = value / (value + Self::from(2.0));
        if self.0 < 0.0 { -tangent } else { tangent }
    }

    pub fn asinh(self) -> Self {
        let x = self.abs();
        let one = Self::from(1.0);
        let value = if x.0 > 1e20 {
            x.ln() + LN_2
        } else {
            (x + x * x / (one + (one + x * x).sqrt())).ln_1p()
        };
        if self.0 < 0.0 { -value } else { value }
    }

    pub fn acosh(self) -> Self {
        if self.0 > 1e20 {
            return self.ln() + LN_2;
        }
        let more = self - Self::from(1.0);
        (more + (more * (more + Self::from(2.0))).sqrt()).ln_1p()
    }

    pub fn atanh(self) -> Self {
        let x = self.abs();
        let value = ((x + x) / (Self::from(1.0) - x)).ln_1p() * Self::from(0.5);
        if self.0 < 0.0 { -value } else { value }
    }

    pub fn cbrt(self) -> Scaled {
        let power = if self.0.abs() < 1e-200 {
            600
        } else if self.0.abs() > 1e200 {
            -600
        } else {
            0
        };
        let x = self * Self::from(2.0_f64.powi(power));
        let mut root = Self::from(x.0.cbrt());
        for _ in 0..2 {
            let square = root * root;
            root = root - (square * root - x) / (square * Self::from(3.0));
        }
        Scaled(root, -power / 3)
    }

    pub fn hypot(self, other: Self) -> Scaled {
        let power = (self.0.abs().max(other.0.abs()).to_bits() >> 52) as i32 - 1023;
        let down = |x: Self| {
            let half = Self::from(2.0_f64.powi(-(power / 2)));
            x * half * Self::from(2.0_f64.powi(-(power - power / 2)))
        };
        let (a, b) = (down(self), down(other));
        Scaled((a * a + b * b).sqrt(), power)
    }

    pub fn erf(self) -> Self {
        let x = self.abs();
        if x.0 > 6.5 {
            return Self::from(1.0_f64.copysign(self.0));
        }
        let square = x * x;
        let (mut term, mut sum) = (x, x);
        let mut n = 0.0;
        while term.0 > sum.0 * 1e-34 {
            n += 1.0;
            term = term * square * Self::from(2.0) / Self::from(2.0 * n + 1.0);
            sum = sum + term;
        }
        let Scaled(power, k) = (-square).exp();
        let value = sum * power * Self::from(2.0_f64.powi(k)) * ERF_FACTOR;
        if self.0 < 0.0 { -value } else { value }
    }
}
