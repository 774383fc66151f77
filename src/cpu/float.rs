//! What rows may write about a real float: one trait over f32 (vectorisable, `math.rs`) and f64 (the platform's libm).
use super::simd::Level;
use super::{math, special};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A real float at an instruction-set level; methods are named as the ops.
pub trait Float<L: Level>:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// Machine epsilon of the type.
    const EPS: f64;
    fn of(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn is_nan(self) -> bool;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    /// To nearest, ties to even.
    fn round(self) -> Self;
    fn copysign(self, sign: Self) -> Self;
    fn fma(self, b: Self, c: Self) -> Self;
    fn exp(self) -> Self;
    fn exp2(self) -> Self;
    fn expm1(self) -> Self;
    fn log(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn log1p(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn erf(self) -> Self;
    fn erfc(self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn pow(self, e: Self) -> Self;
    /// The remainder of division, with the sign of the dividend.
    fn fmod(self, b: Self) -> Self;
    fn sigmoid(self) -> Self;
    /// The normal distribution's area below this.
    fn normal_area(self) -> Self;

    /// Largest of two, the first of equal ones; NaN if either is.
    #[inline(always)]
    fn maximum(self, b: Self) -> Self {
        if self < b || b.is_nan() { b } else { self }
    }
    /// Smallest of two, the first of equal ones; NaN if either is.
    #[inline(always)]
    fn minimum(self, b: Self) -> Self {
        if self > b || b.is_nan() { b } else { self }
    }
    /// -1, 0 or 1; 0 of NaN.
    #[inline(always)]
    fn sign(self) -> Self {
        if self > Self::zero() {
            Self::one()
        } else if self < Self::zero() {
            -Self::one()
        } else {
            Self::zero()
        }
    }
    /// The length of (self, b), without overflow in between.
    #[inline(always)]
    fn hypot(self, b: Self) -> Self {
        Self::of(f64::hypot(self.to_f64(), b.to_f64()))
    }
    /// The remainder of division rounded down: it has the sign of the divisor.
    #[inline(always)]
    fn remainder(self, b: Self) -> Self {
        let r = self.fmod(b);
        if r != Self::zero() && (r < Self::zero()) != (b < Self::zero()) { r + b } else { r }
    }
    /// The quotient rounded down, as Python has it: exact where the rounded quotient would not be.
    #[inline(always)]
    fn floor_div(self, b: Self) -> Self {
        if b == Self::zero() {
            return self / b;
        }
        let r = self.fmod(b);
        let mut q = (self - r) / b;
        if r != Self::zero() && (r < Self::zero()) != (b < Self::zero()) {
            q = q - Self::one();
        }
        if q == Self::zero() {
            return Self::zero().copysign(self / b);
        }
        let down = q.floor();
        if q - down > Self::of(0.5) { down + Self::one() } else { down }
    }
    /// The next number towards `b`; of float16 for format 1, of bfloat16 for format 2, otherwise of this type.
    fn nextafter(self, b: Self, format: i32) -> Self;
    /// A function that exists in double precision only.
    #[inline(always)]
    fn via_f64(self, f: fn(f64) -> f64) -> Self {
        Self::of(f(self.to_f64()))
    }
    #[inline(always)]
    fn zero() -> Self {
        Self::of(0.0)
    }
    #[inline(always)]
    fn one() -> Self {
        Self::of(1.0)
    }
}

macro_rules! std_methods {
    ($t:ident, $fma:ident) => {
        const EPS: f64 = $t::EPSILON as f64;
        #[inline(always)]
        fn of(x: f64) -> Self {
            x as $t
        }
        #[inline(always)]
        fn to_f64(self) -> f64 {
            self as f64
        }
        #[inline(always)]
        fn is_nan(self) -> bool {
            self != self
        }
        #[inline(always)]
        fn abs(self) -> Self {
            $t::abs(self)
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            $t::sqrt(self)
        }
        #[inline(always)]
        fn floor(self) -> Self {
            $t::floor(self)
        }
        #[inline(always)]
        fn ceil(self) -> Self {
            $t::ceil(self)
        }
        #[inline(always)]
        fn trunc(self) -> Self {
            $t::trunc(self)
        }
        #[inline(always)]
        fn round(self) -> Self {
            $t::round_ties_even(self)
        }
        #[inline(always)]
        fn copysign(self, sign: Self) -> Self {
            $t::copysign(self, sign)
        }
        #[inline(always)]
        fn fma(self, b: Self, c: Self) -> Self {
            L::$fma(self, b, c)
        }
        #[inline(always)]
        fn fmod(self, b: Self) -> Self {
            self % b
        }
    };
}
macro_rules! f32_methods {
    ($($name:ident)*) => { $( #[inline(always)] fn $name(self) -> Self { math::$name::<L>(self) } )* };
}
macro_rules! f64_methods {
    ($($name:ident = $f:path;)*) => { $( #[inline(always)] fn $name(self) -> Self { $f(self) } )* };
}

impl<L: Level> Float<L> for f32 {
    std_methods!(f32, fma32);
    f32_methods!(exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh
        erf erfc sigmoid normal_area);
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        math::atan2::<L>(self, x)
    }
    #[inline(always)]
    fn pow(self, e: Self) -> Self {
        math::pow::<L>(self, e)
    }
    fn nextafter(self, b: Self, format: i32) -> Self {
        if self.is_nan() || b.is_nan() {
            return f32::NAN;
        }
        if self == b {
            return b;
        }
        // In all three formats the numbers of one sign are in the order of their bits.
        let away = self == 0.0 || (b > self) == (self > 0.0);
        let (bits, sign): (u32, u32) = match format {
            1 => (half::f16::from_f32(self).to_bits() as u32, 15),
            2 => (half::bf16::from_f32(self).to_bits() as u32, 15),
            _ => (self.to_bits(), 31),
        };
        let step = match (self == 0.0, away) {
            (true, _) => ((b < 0.0) as u32) << sign | 1,
            (_, true) => bits + 1,
            _ => bits - 1,
        };
        match format {
            1 => half::f16::from_bits(step as u16).to_f32(),
            2 => half::bf16::from_bits(step as u16).to_f32(),
            _ => f32::from_bits(step),
        }
    }
}

impl<L: Level> Float<L> for f64 {
    std_methods!(f64, fma64);
    f64_methods! {
        exp = f64::exp; exp2 = f64::exp2; expm1 = f64::exp_m1; log = f64::ln; log2 = f64::log2; log10 = f64::log10;
        log1p = f64::ln_1p; sin = f64::sin; cos = f64::cos; tan = f64::tan; sinh = f64::sinh; cosh = f64::cosh;
        tanh = f64::tanh; asin = f64::asin; acos = f64::acos; atan = f64::atan; asinh = f64::asinh;
        acosh = f64::acosh; atanh = f64::atanh; erf = special::erf; erfc = special::erfc;
    }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        f64::atan2(self, x)
    }
    #[inline(always)]
    fn pow(self, e: Self) -> Self {
        f64::powf(self, e)
    }
    fn nextafter(self, b: Self, _format: i32) -> Self {
        libm::nextafter(self, b)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }
    #[inline(always)]
    fn normal_area(self) -> Self {
        0.5 + 0.5 * special::erf(self * std::f64::consts::FRAC_1_SQRT_2)
    }
}
