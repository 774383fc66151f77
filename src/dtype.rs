//! Element types: the runtime `DType`, PyTorch's promotion, scalars, and the compile-time bridge.
use crate::error::Result;
use half::{bf16, f16};
use num_complex::Complex;

pub type C32 = Complex<f32>;
pub type C64 = Complex<f64>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DType {
    Bool,
    U8,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,
    C64,
    C128,
}
use DType::*;

pub const ALL: [DType; 12] = [Bool, U8, I8, I16, I32, I64, F16, BF16, F32, F64, C64, C128];

/// Kinds of types in the order of promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Bool,
    Int,
    Float,
    Complex,
}

/// The types that kernels compute in; every other dtype is converted on load and on store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    Bool,
    I64,
    F32,
    F64,
    C128,
}

impl Class {
    pub fn size(self) -> usize {
        [1, 8, 4, 8, 16][self as usize]
    }
    /// The dtype whose memory is laid out as this class.
    pub fn dtype(self) -> DType {
        [Bool, I64, F32, F64, C128][self as usize]
    }
}

impl DType {
    pub fn size(self) -> usize {
        [1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16][self as usize]
    }
    pub fn category(self) -> Category {
        match self {
            Bool => Category::Bool,
            U8 | I8 | I16 | I32 | I64 => Category::Int,
            F16 | BF16 | F32 | F64 => Category::Float,
            C64 | C128 => Category::Complex,
        }
    }
    pub fn class(self) -> Class {
        match self {
            Bool => Class::Bool,
            U8 | I8 | I16 | I32 | I64 => Class::I64,
            F16 | BF16 | F32 => Class::F32,
            F64 => Class::F64,
            C64 | C128 => Class::C128,
        }
    }
    pub fn is_float(self) -> bool {
        self.category() == Category::Float
    }
    pub fn is_complex(self) -> bool {
        self.category() == Category::Complex
    }
    /// Bool or an integer type.
    pub fn is_integral(self) -> bool {
        self.category() <= Category::Int
    }
    pub fn is_signed(self) -> bool {
        !matches!(self, Bool | U8)
    }
    /// Only these can require a gradient.
    pub fn is_differentiable(self) -> bool {
        self.category() >= Category::Float
    }
    /// The type of the parts of a complex number; a real type is its own.
    pub fn to_real(self) -> DType {
        match self {
            C64 => F32,
            C128 => F64,
            d => d,
        }
    }
    pub fn to_complex(self) -> DType {
        match self {
            F64 | C128 => C128,
            _ => C64,
        }
    }
    /// As in Python: `float32`.
    pub fn name(self) -> &'static str {
        [
            "bool",
            "uint8",
            "int8",
            "int16",
            "int32",
            "int64",
            "float16",
            "bfloat16",
            "float32",
            "float64",
            "complex64",
            "complex128",
        ][self as usize]
    }
    /// As PyTorch's messages name it: `Float`, `Long`.
    pub fn scalar_name(self) -> &'static str {
        [
            "Bool",
            "Byte",
            "Char",
            "Short",
            "Int",
            "Long",
            "Half",
            "BFloat16",
            "Float",
            "Double",
            "ComplexFloat",
            "ComplexDouble",
        ][self as usize]
    }
    /// As C++ names it in PyTorch's messages: `float`, `long int`.
    pub fn c_name(self) -> &'static str {
        [
            "bool",
            "unsigned char",
            "signed char",
            "short int",
            "int",
            "long int",
            "c10::Half",
            "c10::BFloat16",
            "float",
            "double",
            "c10::complex<float>",
            "c10::complex<double>",
        ][self as usize]
    }
    /// PyTorch's table for two tensors with dims.
    pub fn promote(self, other: DType) -> DType {
        let (a, b) = (self.min(other), self.max(other));
        match (a, b) {
            _ if a == b => a,
            (U8, I8) => I16,
            (F16, BF16) => F32,
            (F64, C64) => C128,
            _ => b,
        }
    }
    /// The integer range as i64 (bool: 0..1); `None` for other types.
    pub fn int_range(self) -> Option<(i64, i64)> {
        Some(match self {
            Bool => (0, 1),
            U8 => (0, 255),
            I8 => (i8::MIN as i64, i8::MAX as i64),
            I16 => (i16::MIN as i64, i16::MAX as i64),
            I32 => (i32::MIN as i64, i32::MAX as i64),
            I64 => (i64::MIN, i64::MAX),
            _ => return None,
        })
    }
}

/// Whether a result of type `from` may be written into a tensor of type `to` (in-place ops, `out=`).
pub fn can_cast(from: DType, to: DType) -> bool {
    let (from, to) = (from.category(), to.category());
    from <= to
}

/// A Python number: it takes part in promotion by its category only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Complex(C64),
}

impl Scalar {
    pub fn category(self) -> Category {
        match self {
            Scalar::Bool(_) => Category::Bool,
            Scalar::Int(_) => Category::Int,
            Scalar::Float(_) => Category::Float,
            Scalar::Complex(_) => Category::Complex,
        }
    }
    /// The dtype it has when it stands alone.
    pub fn dtype(self) -> DType {
        match self {
            Scalar::Bool(_) => Bool,
            Scalar::Int(_) => I64,
            Scalar::Float(_) => default_dtype(),
            Scalar::Complex(_) => default_dtype().to_complex(),
        }
    }
    pub fn to_f64(self) -> f64 {
        match self {
            Scalar::Bool(b) => b as i64 as f64,
            Scalar::Int(i) => i as f64,
            Scalar::Float(f) => f,
            Scalar::Complex(c) => c.re,
        }
    }
    pub fn to_i64(self) -> i64 {
        match self {
            Scalar::Bool(b) => b as i64,
            Scalar::Int(i) => i,
            Scalar::Float(f) => f as i64,
            Scalar::Complex(c) => c.re as i64,
        }
    }
    pub fn to_c64(self) -> C64 {
        match self {
            Scalar::Complex(c) => c,
            s => C64::new(s.to_f64(), 0.0),
        }
    }
    pub fn to_bool(self) -> bool {
        match self {
            Scalar::Bool(b) => b,
            Scalar::Int(i) => i != 0,
            Scalar::Float(f) => f != 0.0,
            Scalar::Complex(c) => c != C64::new(0.0, 0.0),
        }
    }
    pub fn is_complex(self) -> bool {
        matches!(self, Scalar::Complex(_))
    }
    /// Bool or int.
    pub fn is_integral(self) -> bool {
        self.category() <= Category::Int
    }
    /// Refuses a number that `dtype` cannot hold, in PyTorch's words; floats become infinite, as there.
    pub fn check_fits(self, dtype: DType) -> Result<()> {
        let fits = match (self, dtype.int_range()) {
            (_, None) | (_, Some((0, 1))) => true,
            (Scalar::Complex(c), Some(_)) if c.im != 0.0 => false,
            // An unsigned type takes negative numbers that wrap, as PyTorch does.
            (Scalar::Int(i), Some((lo, hi))) => i <= hi && (i >= lo || (lo == 0 && i >= -hi)),
            (s, Some((lo, hi))) => {
                let f = s.to_f64().trunc();
                f <= hi as f64 && (f >= lo as f64 || (lo == 0 && f >= -(hi as f64)))
            }
        };
        ensure!(fits, "value cannot be converted to type {} without overflow", dtype_word(dtype));
        Ok(())
    }
}

/// The word PyTorch's overflow message uses for a type.
fn dtype_word(d: DType) -> &'static str {
    match d {
        U8 => "uint8_t",
        I8 => "int8_t",
        I16 => "int16_t",
        I32 => "int",
        I64 => "int64_t",
        d => d.c_name(),
    }
}

impl From<f64> for Scalar {
    fn from(v: f64) -> Self {
        Scalar::Float(v)
    }
}
impl From<i64> for Scalar {
    fn from(v: i64) -> Self {
        Scalar::Int(v)
    }
}
impl From<bool> for Scalar {
    fn from(v: bool) -> Self {
        Scalar::Bool(v)
    }
}
impl From<C64> for Scalar {
    fn from(v: C64) -> Self {
        Scalar::Complex(v)
    }
}

static DEFAULT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(F32 as u8);

/// The dtype of Python floats: float32 unless `set_default_dtype` changed it.
pub fn default_dtype() -> DType {
    ALL[DEFAULT.load(std::sync::atomic::Ordering::Relaxed) as usize]
}

pub fn set_default_dtype(d: DType) -> Result<()> {
    ensure!(d.is_float(), Type, "only floating-point types are supported as the default type");
    DEFAULT.store(d as u8, std::sync::atomic::Ordering::Relaxed);
    Ok(())
}

/// A Rust type that a tensor can hold.
pub trait Element: Copy + Send + Sync + PartialEq + Default + 'static {
    const DTYPE: DType;
    fn of(s: Scalar) -> Self;
    fn scalar(self) -> Scalar;
}

macro_rules! element {
    ($($t:ty, $d:ident, |$s:ident| $of:expr, |$x:ident| $scalar:expr;)*) => { $(
        impl Element for $t {
            const DTYPE: DType = DType::$d;
            #[inline(always)]
            fn of($s: Scalar) -> Self { $of }
            #[inline(always)]
            fn scalar(self) -> Scalar { let $x = self; $scalar }
        }
    )* };
}

element! {
    bool, Bool, |s| s.to_bool(), |x| Scalar::Bool(x);
    u8, U8, |s| s.to_i64() as u8, |x| Scalar::Int(x as i64);
    i8, I8, |s| s.to_i64() as i8, |x| Scalar::Int(x as i64);
    i16, I16, |s| s.to_i64() as i16, |x| Scalar::Int(x as i64);
    i32, I32, |s| s.to_i64() as i32, |x| Scalar::Int(x as i64);
    i64, I64, |s| s.to_i64(), |x| Scalar::Int(x);
    f16, F16, |s| f16::from_f32(s.to_f64() as f32), |x| Scalar::Float(x.to_f64());
    bf16, BF16, |s| bf16::from_f32(s.to_f64() as f32), |x| Scalar::Float(x.to_f64());
    f32, F32, |s| s.to_f64() as f32, |x| Scalar::Float(x as f64);
    f64, F64, |s| s.to_f64(), |x| Scalar::Float(x);
    C32, C64, |s| { let c = s.to_c64(); C32::new(c.re as f32, c.im as f32) },
        |x| Scalar::Complex(C64::new(x.re as f64, x.im as f64));
    C64, C128, |s| s.to_c64(), |x| Scalar::Complex(x);
}

/// Runs `$body` with `$T` bound to the Rust type of `$dtype`: `all` of them, or a class of them.
/// Each arm is a copy of the body in the binary: prefer `word` (by size, for moves) or a kernel class.
#[macro_export]
macro_rules! dispatch {
    (all $dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::DType::I16 => {
                type $T = i16;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::F16 => {
                type $T = half::f16;
                $body
            }
            $crate::DType::BF16 => {
                type $T = half::bf16;
                $body
            }
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::C64 => {
                type $T = $crate::dtype::C32;
                $body
            }
            $crate::DType::C128 => {
                type $T = $crate::dtype::C64;
                $body
            }
        }
    };
    (class $class:expr, $T:ident => $body:expr) => {
        match $class {
            $crate::dtype::Class::Bool => {
                type $T = bool;
                $body
            }
            $crate::dtype::Class::I64 => {
                type $T = i64;
                $body
            }
            $crate::dtype::Class::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Class::F64 => {
                type $T = f64;
                $body
            }
            $crate::dtype::Class::C128 => {
                type $T = $crate::dtype::C64;
                $body
            }
        }
    };
    (word $size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            _ => {
                type $T = u128;
                $body
            }
        }
    };
}
