//! How the element types of PyTorch take a drawn number: the conversions of C++ on x86-64, which PyTorch relies on.

use super::{Generator, fill_from_u32, fill_from_u64, unit_f32, unit_f64};
use half::{bf16, f16};
use std::ops::{Add, Div, Mul, Sub};

/// An element type that random numbers can be written to.
pub trait Element: Copy + Default + 'static {
    /// `random_` without bounds draws below this; `None` where PyTorch has no such kernel.
    const SPAN: Option<u64>;
    /// Whether `random_` without bounds takes 64 bits per element rather than 32.
    const SPAN_IS_WIDE: bool = false;
    /// Bits of precision of a floating type; `None` for integers and bool.
    const DIGITS: Option<u32> = None;

    /// The integer in this type: wrapped for integers, rounded once (half types: by way of f32) for floats.
    fn from_i64(value: i64) -> Self;

    /// The integer after a trip through this type.
    fn through(value: i64) -> i64;

    /// The real number in this type: rounded for floats (half types: by way of f32), cut towards zero for integers.
    fn from_f64(value: f64) -> Self;
}

/// A floating element type.
pub trait Float: Element + PartialOrd {
    /// The type that PyTorch computes this one in.
    type Wide: Wide;
    /// Whether this is its own wide type.
    const IS_WIDE: bool;

    fn from_wide(value: Self::Wide) -> Self;
    fn to_wide(self) -> Self::Wide;
}

/// f32 or f64: the types that arithmetic is done in.
pub trait Wide: Float + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    const ZERO: Self;
    const ONE: Self;

    fn is_finite(self) -> bool;
    fn to_f64(self) -> f64;

    /// Numbers in [0, 1): 24 bits from one draw each in f32, 53 bits from two in f64.
    fn fill_unit(generator: &mut Generator, out: &mut [Self]);

    /// Replaces each x by x * span + from, rounded once.
    fn stretch(numbers: &mut [Self], span: Self, from: Self);

    /// Turns blocks of 16 numbers in [0, 1) into normal ones: see `normal`.
    fn box_muller(blocks: &mut [Self], mean: Self, std: Self);
}

macro_rules! integer_elements {
    ($($type:ty, $span:expr, $wide:expr, |$x:ident| $cut:expr;)*) => {$(
        impl Element for $type {
            const SPAN: Option<u64> = $span;
            const SPAN_IS_WIDE: bool = $wide;

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as $type
            }

            fn through(value: i64) -> i64 {
                value as $type as i64
            }

            #[inline(always)]
            fn from_f64($x: f64) -> Self {
                $cut as $type
            }
        }
    )*};
}

integer_elements! {
    u8, Some(1 << 8), false, |x| cut_i32(x);
    i8, Some(1 << 7), false, |x| cut_i32(x);
    i16, Some(1 << 15), false, |x| cut_i32(x);
    i32, Some(1 << 31), false, |x| cut_i32(x);
    i64, Some(1 << 63), true, |x| cut_i64(x);
    u16, None, false, |x| cut_i32(x);
    u32, None, false, |x| cut_i64(x);
    u64, None, false, |x| x;
}

/// The processor's conversion: what does not fit becomes the smallest integer. (Narrower types keep its low bits.)
#[inline(always)]
fn cut_i32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

#[inline(always)]
fn cut_i64(value: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) { value as i64 } else { i64::MIN }
}

impl Element for bool {
    const SPAN: Option<u64> = Some(2);

    #[inline(always)]
    fn from_i64(value: i64) -> Self {
        value != 0
    }

    fn through(value: i64) -> i64 {
        i64::from(value != 0)
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
}

macro_rules! wide_types {
    ($($type:ident, $digits:literal, $is_wide:expr, $draw:ident, $unit:ident, $stretch:ident, $box_muller:path;)*) => {$(
        impl Element for $type {
            const SPAN: Option<u64> = Some((1 << $digits) + 1);
            const SPAN_IS_WIDE: bool = $is_wide;
            const DIGITS: Option<u32> = Some($digits);

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as $type
            }

            fn through(value: i64) -> i64 {
                cut_i64(f64::from(value as $type))
            }

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
        }

        impl Float for $type {
            type Wide = $type;
            const IS_WIDE: bool = true;

            #[inline(always)]
            fn from_wide(value: $type) -> Self {
                value
            }

            #[inline(always)]
            fn to_wide(self) -> $type {
                self
            }
        }

        impl Wide for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn is_finite(self) -> bool {
                <$type>::is_finite(self)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            fn fill_unit(generator: &mut Generator, out: &mut [Self]) {
                $draw(generator, out, $unit);
            }

            fn stretch(numbers: &mut [Self], span: Self, from: Self) {
                #[cfg(target_arch = "x86_64")]
                if super::has_avx2_fma() {
                    #[target_feature(enable = "avx2,fma")]
                    fn stretch_avx2(numbers: &mut [$type], span: $type, from: $type) {
                        $stretch(numbers, span, from);
                    }
                    // SAFETY: the processor has both features.
                    return unsafe { stretch_avx2(numbers, span, from) };
                }
                $stretch(numbers, span, from);
            }

            fn box_muller(blocks: &mut [Self], mean: Self, std: Self) {
                $box_muller(blocks, mean, std);
            }
        }

        #[inline(always)]
        fn $stretch(numbers: &mut [$type], span: $type, from: $type) {
            for x in numbers {
                *x = x.mul_add(span, from);
            }
        }
    )*};
}

wide_types! {
    f32, 24, false, fill_from_u32, unit_f32, stretch_f32, super::normal::box_muller_f32;
    f64, 53, true, fill_from_u64, unit_f64, stretch_f64, super::normal::box_muller_f64;
}

macro_rules! half_types {
    ($($type:ident, $digits:literal;)*) => {$(
        impl Element for $type {
            const SPAN: Option<u64> = Some((1 << $digits) + 1);
            const DIGITS: Option<u32> = Some($digits);

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                $type::from_f32(value as f32)
            }

            fn through(value: i64) -> i64 {
                cut_i64(Self::from_i64(value).to_f64())
            }

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                $type::from_f32(value as f32)
            }
        }

        impl Float for $type {
            type Wide = f32;
            const IS_WIDE: bool = false;

            #[inline(always)]
            fn from_wide(value: f32) -> Self {
                $type::from_f32(value)
            }

            #[inline(always)]
            fn to_wide(self) -> f32 {
                self.to_f32()
            }
        }
    )*};
}

half_types! {
    f16, 11;
    bf16, 8;
}
