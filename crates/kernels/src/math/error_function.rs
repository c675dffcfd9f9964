//! The error function: a polynomial near zero, and `1 - exp(-x^2) G(x)` with a smooth `G` beyond.

use super::arithmetic::{
    Isa, flip, fma, is_below, long_polynomial, magnitude, polynomial, residue, scale, select, sign,
};
use super::exponential::{reduce, small_exp, small_exp_single};
use super::loops::Function;
use crate::ops::library::Library;

/// 2 / sqrt(pi), in two parts.
const FACTOR: [f64; 2] = [std::f64::consts::FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17];

/// `(erf(x) / x - 2 / sqrt(pi)) / x^2` as a function of `x^2` for `x <= 1`, to 2^-61.
const NEAR: [f64; 12] = [
    -0.376_126_389_031_837_54,
    0.112_837_916_709_550_05,
    -0.026_866_170_645_096_558,
    0.005_223_977_624_976_745,
    -0.000_854_832_698_828_319_9,
    0.000_120_553_313_301_265_58,
    -1.492_559_939_746_396e-5,
    1.646_105_096_823_931e-6,
    -1.635_070_051_689_836_3e-7,
    1.466_150_785_796_967_7e-8,
    -1.137_654_731_998_413_8e-9,
    5.958_930_743_143_991e-11,
];

/// The same to 2^-33.
const NEAR_SINGLE: [f64; 7] = [
    -0.376_126_387_128_514_26,
    0.112_837_853_703_900_2,
    -0.026_865_555_095_955_96,
    0.005_221_277_931_790_361,
    -0.000_848_638_725_622_303_8,
    0.000_112_748_759_416_052_37,
    -9.673_590_811_764_157e-6,
];

/// `exp(x^2) (1 - erf(x))` as a function of `1 / (x + 2)` for `1 <= x <= 6`, with the error that
/// `exp(-x^2)` leaves below 2^-58.
const FAR: [f64; 15] = [
    -9.286_666_495_799_07e-7,
    0.564_241_150_010_690_4,
    1.127_089_040_371_646,
    1.993_684_735_982_061_3,
    2.641_148_460_680_494_5,
    3.761_787_293_857_881,
    -3.690_865_084_484_399_5,
    -11.287_182_468_202_987,
    92.679_095_668_638_1,
    -601.155_769_620_667_6,
    1_989.683_504_760_785_4,
    -3_723.267_745_126_271,
    4_134.878_473_624_841,
    -2_586.056_772_016_788,
    710.511_487_636_688_2,
];

/// The same to 2^-35.
const FAR_SINGLE: [f64; 9] = [
    -5.950_868_522_940_393e-5,
    0.566_609_597_679_933_6,
    1.086_039_470_441_59,
    2.389_018_422_494_619,
    0.367_512_856_967_262_94,
    11.415_973_478_155_086,
    -16.805_692_874_567_04,
    0.004_066_072_841_528_414,
    7.576_051_225_956_935_5,
];

/// Beyond, the function is 1 in all digits.
const SATURATED: f64 = 6.0;

/// The magnitude of a number, or that limit if it is greater.
#[inline(always)]
fn clamp(x: f64) -> f64 {
    select(is_below(x, SATURATED), x.abs(), SATURATED)
}

/// The error function.
pub(crate) struct Erf;

impl Function<f64, 1> for Erf {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f64; 1]) -> (f64, bool) {
        let size = clamp(x);
        let square = size * size;
        let tail = square * long_polynomial::<I, _>(square, square * square, &NEAR);
        let rest = size * (tail + FACTOR[1]);
        let near = if I::FUSED {
            fma::<I>(size, FACTOR[0], rest)
        } else {
            let product = size * FACTOR[0];
            product + (residue::<I>(size, FACTOR[0], product) + rest)
        };
        let (r, multiple) = reduce::<I>(-square);
        let power = scale(small_exp::<I>(r), multiple);
        let variable = 1.0 / (size + 2.0);
        let factor = long_polynomial::<I, _>(variable, variable * variable, &FAR);
        let far = fma::<I>(-power, factor, 1.0);
        let value = flip(select(is_below(x, 1.0), near, far), sign(x));
        (value, magnitude(x) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f64; 1]) -> f64 {
        x.error_function()
    }
}

impl Function<f32, 1> for Erf {
    #[inline(always)]
    fn usual<I: Isa>([x]: [f32; 1]) -> (f32, bool) {
        let wide = f64::from(x);
        let size = clamp(wide);
        let square = size * size;
        let near = size * fma::<I>(square, polynomial::<I, _>(square, &NEAR_SINGLE), FACTOR[0]);
        let (r, multiple) = reduce::<I>(-square);
        let power = scale(small_exp_single::<I>(r), multiple);
        let variable = 1.0 / (size + 2.0);
        let far = fma::<I>(-power, polynomial::<I, _>(variable, &FAR_SINGLE), 1.0);
        let value = flip(select(is_below(wide, 1.0), near, far), sign(wide)) as f32;
        (value, magnitude(wide) <= f64::INFINITY.to_bits() as i64)
    }

    fn unusual([x]: [f32; 1]) -> f32 {
        f64::from(x).error_function() as f32
    }
}
