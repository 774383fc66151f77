//! Loading any dtype as a compute class, storing a class as a dtype, and strided moves: the only casts there are.
#[cfg(target_arch = "x86_64")]
use crate::cpu::simd::{Isa, isa};
use crate::dtype::{C32, C64, Class, DType};
use half::{bf16, f16};

/// A value of a dtype seen as a class, and back. Casts between dtypes go through the class of the target.
trait Convert<To> {
    fn convert(self) -> To;
}
macro_rules! convert {
    ($($from:ty => $to:ty: |$x:ident| $e:expr;)*) => { $(
        impl Convert<$to> for $from {
            #[inline(always)]
            fn convert(self) -> $to { let $x = self; $e }
        }
    )* };
}
macro_rules! from_number {
    ($($t:ty),*) => { $(
        convert! {
            $t => bool: |x| x != (0 as $t);
            $t => f32: |x| x as f32;
            $t => f64: |x| x as f64;
            $t => C64: |x| C64::new(x as f64, 0.0);
        }
    )* };
}
from_number!(u8, i8, i16, i32, i64, f32, f64);
convert! {
    u8 => i64: |x| x as i64;
    i8 => i64: |x| x as i64;
    i16 => i64: |x| x as i64;
    i32 => i64: |x| x as i64;
    i64 => i64: |x| x;
    f32 => i64: |x| cut!(x, f32);
    f64 => i64: |x| cut!(x, f64);
    bool => bool: |x| x;
    bool => i64: |x| x as i64;
    bool => f32: |x| x as u8 as f32;
    bool => f64: |x| x as u8 as f64;
    bool => C64: |x| C64::new(x as u8 as f64, 0.0);
    f16 => bool: |x| x.to_bits() & 0x7fff != 0;
    f16 => i64: |x| half_to_f32(x) as i64;
    f16 => f32: |x| half_to_f32(x);
    f16 => f64: |x| half_to_f32(x) as f64;
    f16 => C64: |x| C64::new(half_to_f32(x) as f64, 0.0);
    bf16 => bool: |x| x.to_bits() & 0x7fff != 0;
    bf16 => i64: |x| bf16_to_f32(x) as i64;
    bf16 => f32: |x| bf16_to_f32(x);
    bf16 => f64: |x| bf16_to_f32(x) as f64;
    bf16 => C64: |x| C64::new(bf16_to_f32(x) as f64, 0.0);
    C32 => bool: |x| x.re != 0.0 || x.im != 0.0;
    C32 => i64: |x| x.re as i64;
    C32 => f32: |x| x.re;
    C32 => f64: |x| x.re as f64;
    C32 => C64: |x| C64::new(x.re as f64, x.im as f64);
    C64 => bool: |x| x.re != 0.0 || x.im != 0.0;
    C64 => i64: |x| x.re as i64;
    C64 => f32: |x| x.re as f32;
    C64 => f64: |x| x.re;
    C64 => C64: |x| x;
    // stores
    i64 => u8: |x| x as u8;
    i64 => i8: |x| x as i8;
    i64 => i16: |x| x as i16;
    i64 => i32: |x| x as i32;
    f32 => f16: |x| f32_to_half(x);
    f32 => bf16: |x| f32_to_bf16(x);
    C64 => C32: |x| C32::new(x.re as f32, x.im as f32);
    f64 => C32: |x| C32::new(x as f32, 0.0);
}

/// `x as i64`, which the compiler does not vectorise.
macro_rules! cut {
    ($x:ident, $t:ty) => {{
        const END: $t = 9_223_372_036_854_775_808.0;
        let inside = $x.abs() < END;
        // SAFETY: the number is 0 where it would not fit.
        let y: i64 = unsafe { (if inside { $x } else { 0.0 }).to_int_unchecked() };
        let y = if $x >= END { i64::MAX } else { y };
        if $x <= -END { i64::MIN } else { y }
    }};
}
use cut;

/// Branch-free, so that loops of it are vectorised: shifts the exponent by a float multiplication.
#[inline(always)]
fn half_to_f32(h: f16) -> f32 {
    let b = h.to_bits() as u32;
    let magnitude = f32::from_bits((b & 0x7fff) << 13) * f32::from_bits((254 - 15) << 23);
    let special = (b & 0x7c00) == 0x7c00;
    let bits = if special { ((b & 0x7fff) << 13) | 0x7f80_0000 } else { magnitude.to_bits() };
    f32::from_bits(bits | ((b & 0x8000) << 16))
}
#[inline(always)]
fn bf16_to_f32(h: bf16) -> f32 {
    f32::from_bits((h.to_bits() as u32) << 16)
}
/// Rounds to nearest even; NaN stays NaN.
#[inline(always)]
fn f32_to_bf16(x: f32) -> bf16 {
    let b = x.to_bits();
    let r = b.wrapping_add(0x7fff + ((b >> 16) & 1)) >> 16;
    bf16::from_bits(if x.is_nan() { 0x7fc0 | ((b >> 16) & 0x8000) as u16 } else { r as u16 })
}
/// Rounds to nearest even by adding a power of two that aligns the mantissa (Fabian Giesen, "float->half variants").
#[inline(always)]
fn f32_to_half(x: f32) -> f16 {
    let b = x.to_bits();
    let sign = (b >> 16) & 0x8000;
    let a = b & 0x7fff_ffff;
    let overflow = 0x7c00 | ((a > 0x7f80_0000) as u32) << 9;
    let denormal_magic = 126 << 23;
    let small = (f32::from_bits(a) + f32::from_bits(denormal_magic)).to_bits().wrapping_sub(denormal_magic);
    let normal = a.wrapping_sub((127 - 15) << 23).wrapping_add(0xfff).wrapping_add((a >> 13) & 1) >> 13;
    let bits = if a >= ((127 + 16) << 23) {
        overflow
    } else if a < (113 << 23) {
        small
    } else {
        normal
    };
    f16::from_bits((bits | sign) as u16)
}

#[inline(always)]
unsafe fn strided<S: Copy + Convert<D>, D: Copy>(n: usize, src: *const S, from: usize, dst: *mut D, to: usize) {
    // SAFETY: the caller of `load` and `store` vouches for n elements at these steps, aligned or not.
    unsafe {
        if from == 1 && to == 1 {
            for i in 0..n {
                dst.add(i).write_unaligned(src.add(i).read_unaligned().convert());
            }
        } else {
            for i in 0..n {
                dst.add(i * to).write_unaligned(src.add(i * from).read_unaligned().convert());
            }
        }
    }
}

/// Two types, as one parameter of a kernel.
trait Pair: 'static {
    type From: Copy + Convert<Self::To>;
    type To: Copy;
}
impl<S: Copy + Convert<D> + 'static, D: Copy + 'static> Pair for (S, D) {
    type From = S;
    type To = D;
}
crate::simd_kernel! {
    unsafe fn converted<L, P: Pair>(n: usize, src: *const u8, from: usize, dst: *mut u8, to: usize) {
        // SAFETY: passed on.
        unsafe { strided::<P::From, P::To>(n, src.cast(), from, dst.cast(), to) }
    }
}

unsafe fn convert<S: Copy + Convert<D> + 'static, D: Copy + 'static>(
    n: usize,
    src: *const u8,
    from: usize,
    dst: *mut u8,
    to: usize,
) {
    // SAFETY: passed on.
    unsafe { converted::<(S, D)>(n, src, from, dst, to) }
}

/// float16 by the processor's own conversions, which round as `f32_to_half` does and are a quarter of its work.
#[cfg(target_arch = "x86_64")]
mod half_rows {
    use std::arch::x86_64::*;

    /// # Safety
    /// The processor must have F16C, and both places be good for `n` elements.
    #[target_feature(enable = "avx2,f16c")]
    pub unsafe fn to_half(n: usize, src: *const f32, dst: *mut u16) {
        let mut i = 0;
        // SAFETY: as the caller says.
        unsafe {
            while i + 8 <= n {
                let x = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm256_loadu_ps(src.add(i)));
                _mm_storeu_si128(dst.add(i).cast(), x);
                i += 8;
            }
            while i < n {
                dst.add(i).write_unaligned(super::f32_to_half(src.add(i).read_unaligned()).to_bits());
                i += 1;
            }
        }
    }

    /// As `to_half` for the largest vectors; returns how many elements are done.
    ///
    /// # Safety
    /// The processor must have AVX-512, and both places be good for `n` elements.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn to_half_wide(n: usize, src: *const f32, dst: *mut u16) -> usize {
        for i in (0..n / 16 * 16).step_by(16) {
            // SAFETY: as the caller says.
            unsafe {
                let x = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm512_loadu_ps(src.add(i)));
                _mm256_storeu_si256(dst.add(i).cast(), x);
            }
        }
        n / 16 * 16
    }

    /// As `to_f32` for the largest vectors; returns how many elements are done.
    ///
    /// # Safety
    /// As `to_half_wide`.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn to_f32_wide(n: usize, src: *const u16, dst: *mut f32) -> usize {
        for i in (0..n / 16 * 16).step_by(16) {
            // SAFETY: as the caller says.
            unsafe { _mm512_storeu_ps(dst.add(i), _mm512_cvtph_ps(_mm256_loadu_si256(src.add(i).cast()))) };
        }
        n / 16 * 16
    }

    /// # Safety
    /// As `to_half`.
    #[target_feature(enable = "avx2,f16c")]
    pub unsafe fn to_f32(n: usize, src: *const u16, dst: *mut f32) {
        let mut i = 0;
        // SAFETY: as the caller says.
        unsafe {
            while i + 8 <= n {
                _mm256_storeu_ps(dst.add(i), _mm256_cvtph_ps(_mm_loadu_si128(src.add(i).cast())));
                i += 8;
            }
            while i < n {
                dst.add(i).write_unaligned(super::half_to_f32(super::f16::from_bits(src.add(i).read_unaligned())));
                i += 1;
            }
        }
    }
}

/// Reads `n` elements of `dtype`, `step` elements apart, into contiguous memory of `class`.
///
/// # Safety
/// `src` must be good for those reads and `dst` for `n` elements of the class.
pub unsafe fn load(dtype: DType, class: Class, n: usize, src: *const u8, step: usize, dst: *mut u8) {
    // SAFETY: the types are those that the dtypes name; memory as the caller says.
    unsafe {
        if dtype == class.dtype() {
            return move_words(dtype.size(), n, src, step, dst, 1);
        }
        #[cfg(target_arch = "x86_64")]
        if dtype == DType::F16 && class == Class::F32 && step == 1 && isa() != Isa::Baseline {
            let done = if isa() == Isa::V4 { half_rows::to_f32_wide(n, src.cast(), dst.cast()) } else { 0 };
            return half_rows::to_f32(n - done, src.cast::<u16>().add(done), dst.cast::<f32>().add(done));
        }
        dispatch!(class class, T => dispatch!(all dtype, S => convert::<S, T>(n, src, step, dst, 1)))
    }
}

/// Writes `n` contiguous elements of `class` as `dtype`, `step` elements apart.
///
/// # Safety
/// `src` must be good for `n` elements of the class and `dst` for those writes; `dtype` must be of this class, or
/// a pair that some kernel produces (see the match).
pub unsafe fn store(class: Class, dtype: DType, n: usize, src: *const u8, dst: *mut u8, step: usize) {
    // SAFETY: the types are those that the dtypes name; memory as the caller says.
    unsafe {
        match (class, dtype) {
            (c, d) if c.dtype() == d => move_words(d.size(), n, src, 1, dst, step),
            (Class::I64, DType::U8) => convert::<i64, u8>(n, src, 1, dst, step),
            (Class::I64, DType::I8) => convert::<i64, i8>(n, src, 1, dst, step),
            (Class::I64, DType::I16) => convert::<i64, i16>(n, src, 1, dst, step),
            (Class::I64, DType::I32) => convert::<i64, i32>(n, src, 1, dst, step),
            #[cfg(target_arch = "x86_64")]
            (Class::F32, DType::F16) if step == 1 && isa() != Isa::Baseline => {
                let done = if isa() == Isa::V4 { half_rows::to_half_wide(n, src.cast(), dst.cast()) } else { 0 };
                half_rows::to_half(n - done, src.cast::<f32>().add(done), dst.cast::<u16>().add(done))
            }
            (Class::F32, DType::F16) => convert::<f32, f16>(n, src, 1, dst, step),
            (Class::F32, DType::BF16) => convert::<f32, bf16>(n, src, 1, dst, step),
            (Class::C128, DType::C64) => convert::<C64, C32>(n, src, 1, dst, step),
            // Any other pair: through the class of the target, element by element.
            (c, d) => dispatch!(class c, S => dispatch!(class d.class(), T => {
                let mut block = [T::default(); 64];
                let mut i = 0;
                while i < n {
                    let m = (n - i).min(64);
                    strided::<S, T>(m, src.cast::<S>().add(i), 1, block.as_mut_ptr(), 1);
                    store(d.class(), d, m, block.as_ptr().cast(), dst.add(i * step * d.size()), step);
                    i += m;
                }
            })),
        }
    }
}

crate::simd_kernel! {
    /// `n` times `x`. In vectors as wide as those of the kernels, which soon read them: a load that spans several stores
    /// waits until they have left the processor.
    unsafe fn repeat<L, T: Copy>(n: usize, x: T, dst: *mut T) {
        for i in 0..n {
            // SAFETY: as the caller of `move_words` says.
            unsafe { dst.add(i).write_unaligned(x) };
        }
    }
}

/// Moves `n` elements of `size` bytes between strided places.
///
/// # Safety
/// Both places must be good for `n` elements at their steps; they may be the same but must not partly overlap.
pub unsafe fn move_words(size: usize, n: usize, src: *const u8, from: usize, dst: *mut u8, to: usize) {
    // SAFETY: as the caller says.
    unsafe {
        if from == 1 && to == 1 {
            return std::ptr::copy(src, dst, n * size);
        }
        dispatch!(word size, T => {
            let (src, dst) = (src.cast::<T>(), dst.cast::<T>());
            if from == 0 {
                let x = src.read_unaligned();
                if to == 1 {
                    repeat(n, x, dst);
                } else {
                    for i in 0..n {
                        dst.add(i * to).write_unaligned(x);
                    }
                }
            } else if to == 1 {
                for i in 0..n {
                    dst.add(i).write_unaligned(src.add(i * from).read_unaligned());
                }
            } else {
                for i in 0..n {
                    dst.add(i * to).write_unaligned(src.add(i * from).read_unaligned());
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_convert_as_the_half_crate_does() {
        for b in 0..=u16::MAX {
            let (h, g) = (f16::from_bits(b), bf16::from_bits(b));
            let (x, y) = (half_to_f32(h), bf16_to_f32(g));
            assert!(x.to_bits() == h.to_f32().to_bits() || x.is_nan() && h.is_nan(), "{b:x}");
            assert!(y.to_bits() == g.to_f32().to_bits() || y.is_nan() && g.is_nan(), "{b:x}");
            for d in [-1i32, 0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001] {
                for base in [x, y] {
                    let v = f32::from_bits(base.to_bits().wrapping_add(d as u32));
                    let (a, b) = (f32_to_half(v), f16::from_f32(v));
                    assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{v:e}: {a} {b}");
                    let (a, b) = (f32_to_bf16(v), bf16::from_f32(v));
                    assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{v:e}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn every_dtype_goes_through_every_class() {
        for d in crate::dtype::ALL {
            for c in [Class::Bool, Class::I64, Class::F32, Class::F64, Class::C128] {
                let (mut a, mut b) = ([0u128; 4], [0u128; 4]);
                // SAFETY: four elements of at most 16 bytes each.
                unsafe {
                    store(Class::I64, d, 4, [0i64, 1, 1, 0].as_ptr().cast(), a.as_mut_ptr().cast(), 1);
                    load(d, c, 4, a.as_ptr().cast(), 1, b.as_mut_ptr().cast());
                    let mut back = [0i64; 4];
                    load(c.dtype(), Class::I64, 4, b.as_ptr().cast(), 1, back.as_mut_ptr().cast());
                    assert_eq!(back, [0, 1, 1, 0], "{d:?} {c:?}");
                }
            }
        }
    }
}
