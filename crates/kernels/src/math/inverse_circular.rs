//! Inverse circular functions: polynomials near zero, and the identities that lead there.

use super::arithmetic::{
    Isa, SIGN, exact_sum, fast_sum, flip, fma, is_below, magnitude, polynomial, select, sign,
};
use super::loops::Function;

/// pi / 2 in two parts.
const HALF_PI: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];

/// `(arcsin(x) / x - 1) / x^2` as a function of `x^2` for `x <= 1/2`, to 2^-58.
const ARCSIN: [f64; 13] = [
    0.166_666_666_666_667_02,
    0.074_999_999_999_845_11,
    0.044_642_857_163_635_94,
    0.030_381_943_144_576_987,
    0.022_372_204_933_033_62,
    0.017_351_756_627_662_262,
    0.013_979_471_035_153_014,
    0.011_407_153_963_814_419,
    0.010_748_063_085_250_314,
    0.003_780_689_950_393_743,
    0.021_629_907_438_076_84,
    -0.021_020_611_104_274_12,
    0.032_716_104_830_782_92,
];

/// The same to 2^-35.
const ARCSIN_SINGLE: [f64; 7] = [
    0.166_666_669_734_857_22,
    0.074_999_597_633_278_03,
    0.044_658_220_828_444_097,
    0.030_123_139_379_164_85,
    0.024_591_751_578_354_845,
    0.007_421_107_071_272_413,
    0.034_873_688_718_626_72,
];

/// For `|x| <= 1/2` the arcsine of `|x|`; for greater ones the half of the arccosine, which is
/// the arcsine of a root: the number in front, and what its arcsine is more than itself.
#[inline(always)]
fn near_or_root<I: Isa, const N: usize>(x: f64, coefficients: &[f64; N]) -> (bool, [f64; 2]) {
    let is_near = magnitude(x) <= 0.5_f64.to_bits() as i64;
    // Exact.
    let rest = fma::<I>(x.abs(), -0.5, 0.5);
    let square = select(is_near, x * x, rest);
    let front = select(is_near, x.abs(), rest.sqrt());
    (is_near, [front, front * square * polynomial::<I, _>(square, coefficients)])
}

/// Whether a number is within [-1, 1].
#[inline(always)]
fn is_within(x: f64) -> bool {
    magnitude(x) <= 1.0_f64.to_bits() as i64
}

/// The inverse of the sine.
pub(crate) struct Arcsin;

impl Function<f64, 1> for Arcsin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (is_near, [front, more]) = near_or_root::<I, _>(x, &ARCSIN);
        let [high, low] = fast_sum(HALF_PI[0], -2.0 * front);
        let far = high + fma::<I>(more, -2.0, low + HALF_PI[1]);
        (flip(select(is_near, front + more, far), sign(x)), is_within(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.asin()
    }
}

impl Function<f32, 1> for Arcsin {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let (is_near, [front, more]) = near_or_root::<I, _>(wide, &ARCSIN_SINGLE);
        let far = fma::<I>(front + more, -2.0, HALF_PI[0]);
        (flip(select(is_near, front + more, far), sign(wide)) as f32, is_within(wide))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).asin() as f32
    }
}

/// The inverse of the cosine.
pub(crate) struct Arccos;

impl Function<f64, 1> for Arccos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let (is_near, [front, more]) = near_or_root::<I, _>(x, &ARCSIN);
        // For small numbers pi / 2 - arcsin(x); for greater ones twice the half, or pi without it.
        let turns = sign(x) ^ if is_near { SIGN } else { 0 };
        let factor = select(is_near, 1.0, 2.0);
        let (front, more) = (flip(front, turns) * factor, flip(more, turns) * factor);
        let factor = select(!is_near && sign(x) != SIGN, 0.0, factor);
        let [base, base_low] = [HALF_PI[0] * factor, HALF_PI[1] * factor];
        // Larger than what is added, or zero.
        let [high, low] = fast_sum(base, front);
        (high + (low + (more + base_low)), is_within(x))
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.acos()
    }
}

impl Function<f32, 1> for Arccos {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let (is_near, [front, more]) = near_or_root::<I, _>(wide, &ARCSIN_SINGLE);
        let arcsin = flip(front + more, sign(wide));
        let far = fma::<I>(arcsin, 2.0, select(sign(wide) == SIGN, std::f64::consts::PI, 0.0));
        (select(is_near, HALF_PI[0] - arcsin, far) as f32, is_within(wide))
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).acos() as f32
    }
}

/// `(arctan(t) / t - 1) / t^2` as a function of `t^2` for `t <= tan(pi / 8)`, to 2^-58.
const ARCTAN: [f64; 11] = [
    -0.333_333_333_333_332_7,
    0.199_999_999_999_690_26,
    -0.142_857_142_813_481_97,
    0.111_111_108_245_127_22,
    -0.090_908_985_474_658_78,
    0.076_920_685_194_016_07,
    -0.066_631_442_266_923_9,
    0.058_478_523_669_577_08,
    -0.050_378_942_903_730_16,
    0.038_002_118_055_454_844,
    -0.017_814_206_422_296_77,
];

/// The same to 2^-34.
const ARCTAN_SINGLE: [f64; 6] = [
    -0.333_333_327_249_046_6,
    0.199_999_132_626_790_4,
    -0.142_820_766_186_653_4,
    0.110_438_667_664_248_31,
    -0.084_650_280_599_206_57,
    0.047_108_201_960_242_124,
];

/// The angle of a point of the first quadrant in two parts: a multiple of pi / 4, and the arctangent
/// of what is left of `y / x` without it: `(y - x) / (y + x)`, or `-x / y` nearer to pi / 2.
struct Turned {
    /// The multiple of pi / 4.
    quarters: f64,
    numerator: [f64; 2],
    divisor: [f64; 2],
}

impl Turned {
    #[inline(always)]
    fn new<I: Isa>(y: f64, x: f64) -> Self {
        // The tangent of pi / 8. By their bits: it does not matter where exactly.
        const TANGENT: f64 = 0.414_213_562_373_095_03;
        let is_low = magnitude(y) < magnitude(x * TANGENT);
        let is_high = magnitude(y * TANGENT) > magnitude(x);
        let [difference, difference_low] = exact_sum(y, -x);
        let [sum, sum_low] = exact_sum(y, x);
        let choose = |low, middle, high| select(is_low, low, select(is_high, high, middle));
        Self {
            quarters: choose(0.0, 1.0, 2.0),
            numerator: [choose(y, difference, -x), choose(0.0, difference_low, 0.0)],
            divisor: [choose(x, sum, y), choose(0.0, sum_low, 0.0)],
        }
    }

    /// The angle as a sum of two numbers.
    #[inline(always)]
    fn angle<I: Isa>(&self) -> [f64; 2] {
        let inverse = 1.0 / self.divisor[0];
        let tangent = self.numerator[0] * inverse;
        let rest = if I::FUSED {
            fma::<I>(-tangent, self.divisor[0], self.numerator[0])
        } else {
            let product = tangent * self.divisor[0];
            let lost = super::arithmetic::residue::<I>(tangent, self.divisor[0], product);
            (self.numerator[0] - product) - lost
        };
        let rest = fma::<I>(-tangent, self.divisor[1], rest + self.numerator[1]);
        let low = rest * inverse;
        let square = tangent * tangent;
        // The correction counts by the derivative, about 1 - t^2.
        let low = fma::<I>(-square, low, low);
        let tail = fma::<I>(tangent * square, polynomial::<I, _>(square, &ARCTAN), low);
        let [high, low] = fast_sum(self.quarters * std::f64::consts::FRAC_PI_4, tangent);
        [high, low + fma::<I>(self.quarters, HALF_PI[1] * 0.5, tail)]
    }

    /// The angle for a result in single precision.
    #[inline(always)]
    fn angle_single<I: Isa>(&self) -> f64 {
        let tangent = self.numerator[0] / self.divisor[0];
        let square = tangent * tangent;
        let small = fma::<I>(tangent * square, polynomial::<I, _>(square, &ARCTAN_SINGLE), tangent);
        fma::<I>(self.quarters, std::f64::consts::FRAC_PI_4, small)
    }
}

/// The inverse of the tangent.
pub(crate) struct Arctan;

impl Function<f64, 1> for Arctan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        const LIMIT: f64 = (1_u64 << 60) as f64;
        // Beyond, the angle is pi / 2 in all digits.
        let near = select(is_below(x, LIMIT), x.abs(), LIMIT);
        let [high, low] = Turned::new::<I>(near, 1.0).angle::<I>();
        (flip(high + low, sign(x)), magnitude(x) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.atan()
    }
}

impl Function<f32, 1> for Arctan {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        const LIMIT: f64 = (1_u64 << 60) as f64;
        let wide = f64::from(x);
        let near = select(is_below(wide, LIMIT), wide.abs(), LIMIT);
        let value = Turned::new::<I>(near, 1.0).angle_single::<I>();
        (flip(value, sign(wide)) as f32, magnitude(wide) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).atan() as f32
    }
}

/// The angle of a point, its second coordinate first.
pub(crate) struct Arctan2;

/// Turns an angle of the first quadrant to the quadrant of a point.
#[inline(always)]
fn turn([high, low]: [f64; 2], y: f64, x: f64) -> f64 {
    const PI: [f64; 2] = [HALF_PI[0] * 2.0, HALF_PI[1] * 2.0];
    let is_left = sign(x) == SIGN;
    let [base, base_low] = [select(is_left, PI[0], 0.0), select(is_left, PI[1], 0.0)];
    let [high, low] = [flip(high, sign(x)), flip(low, sign(x))];
    let [high, more] = fast_sum(base, high);
    flip(high + (low + (more + base_low)), sign(y))
}

/// Whether a coordinate is neither too small nor too large for products and quotients of two; the
/// other one may be zero.
#[inline(always)]
fn is_scaled(x: f64) -> bool {
    const LEAST: i64 = f64::from_bits((1023 - 480) << 52).to_bits() as i64;
    const LIMIT: i64 = f64::from_bits((1023 + 480) << 52).to_bits() as i64;
    magnitude(x) >= LEAST && magnitude(x) < LIMIT
}

impl Function<f64, 2> for Arctan2 {
    #[inline(always)]
    fn usual<I: Isa>([y, x]: [f64; 2]) -> (f64, bool) {
        let angle = Turned::new::<I>(y.abs(), x.abs()).angle::<I>();
        let is_usual = (is_scaled(y) && (is_scaled(x) || x == 0.0)) || (is_scaled(x) && y == 0.0);
        (turn(angle, y, x), is_usual)
    }

    fn unusual([y, x]: [f64; 2]) -> f64 {
        y.atan2(x)
    }
}

impl Function<f32, 2> for Arctan2 {
    #[inline(always)]
    fn usual<I: Isa>([y, x]: [f32; 2]) -> (f32, bool) {
        let (y, x) = (f64::from(y), f64::from(x));
        let angle = Turned::new::<I>(y.abs(), x.abs()).angle_single::<I>();
        let is_usual = (is_scaled(y) && (is_scaled(x) || x == 0.0)) || (is_scaled(x) && y == 0.0);
        (turn([angle, 0.0], y, x) as f32, is_usual)
    }

    fn unusual([y, x]: [f32; 2]) -> f32 {
        f64::from(y).atan2(x.into()) as f32
    }
}
