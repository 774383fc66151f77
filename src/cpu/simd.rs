//! Chooses the instruction set at run time and compiles one plain scalar loop for each of them.
//!
//! A kernel is written once, as branch-free scalar code over a [`Level`], inside [`simd_kernel!`](crate::simd_kernel).
//! The macro makes one copy of the loop per instruction set and a function that calls the best one this machine has;
//! the compiler turns each copy into vector code. Two things keep a loop scalar, so look at the machine code once per
//! kernel: a float-to-integer `as` (it saturates), and any call that is not inlined (`f32::exp`, or `mul_add` where the
//! hardware has no fused multiply-add; write `L::fma32`, which is a plain product and sum there).

use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set that kernels are compiled for, from the poorest to the richest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Isa {
    /// What every machine of the target has: SSE2 on x86-64, NEON on aarch64.
    Baseline = 1,
    /// x86-64-v3: AVX2, FMA, BMI2, F16C.
    V3 = 2,
    /// x86-64-v4: AVX-512 F, BW, DQ, VL, CD besides.
    V4 = 3,
}

/// The choice, as the enum's number; 0 until the first question.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set that kernels use: the best of this machine, or less where `RUSTTORCH_ISA` says so
/// (`baseline`, `v3` or `v4`). Found once, then one relaxed load.
#[inline]
pub fn isa() -> Isa {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Isa::Baseline,
        2 => Isa::V3,
        3 => Isa::V4,
        _ => choose(),
    }
}

#[cold]
fn choose() -> Isa {
    let asked = match std::env::var("RUSTTORCH_ISA").ok().as_deref() {
        Some("baseline") => Isa::Baseline,
        Some("v3") => Isa::V3,
        _ => Isa::V4,
    };
    set_isa(asked)
}

/// Sets the instruction set for the whole process, never above what the machine has; returns the one in force.
/// For tests and benchmarks: a kernel that runs meanwhile may use either.
pub fn set_isa(asked: Isa) -> Isa {
    let chosen = asked.min(detect());
    CHOSEN.store(chosen as u8, Ordering::Relaxed);
    chosen
}

/// The instruction sets of this machine that kernels are written for, by their names.
pub fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        let all = [
            ("sse4.2", has!("sse4.2")),
            ("avx2", has!("avx2")),
            ("fma", has!("fma")),
            ("f16c", has!("f16c")),
            ("avx512f", has!("avx512f")),
            ("avx512bw", has!("avx512bw")),
            ("avx512bf16", has!("avx512bf16")),
        ];
        all.into_iter().filter(|f| f.1).map(|f| f.0).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Isa {
    use std::arch::is_x86_feature_detected as has;
    let v3 = has!("avx2") && has!("fma") && has!("bmi2") && has!("f16c");
    let v4 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("avx512cd");
    match (v3, v4) {
        (true, true) => Isa::V4,
        (true, false) => Isa::V3,
        _ => Isa::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Isa {
    Isa::Baseline
}

/// What a kernel may assume of the hardware it is compiled for; a type parameter, so that each copy is its own code.
pub trait Level: Copy + 'static {
    /// Whether `fma32` and `fma64` round once.
    const FUSED: bool;
    /// `a * b + c`, rounded once where the hardware can.
    fn fma32(a: f32, b: f32, c: f32) -> f32;
    /// `a * b + c`, rounded once where the hardware can.
    fn fma64(a: f64, b: f64, c: f64) -> f64;
}

/// Hardware with a fused multiply-add.
#[derive(Clone, Copy)]
pub struct Fused;

/// Hardware without: `f32::mul_add` would be a function call there.
#[derive(Clone, Copy)]
pub struct Plain;

impl Level for Fused {
    const FUSED: bool = true;
    #[inline(always)]
    fn fma32(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn fma64(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
}

impl Level for Plain {
    const FUSED: bool = false;
    #[inline(always)]
    fn fma32(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    #[inline(always)]
    fn fma64(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
}

/// The level of [`Isa::Baseline`] on this target.
#[cfg(any(target_arch = "aarch64", target_feature = "fma"))]
pub type Base = Fused;
/// The level of [`Isa::Baseline`] on this target.
#[cfg(not(any(target_arch = "aarch64", target_feature = "fma")))]
pub type Base = Plain;

/// Makes a function that runs its body compiled for the best instruction set of the machine.
///
/// ```
/// use rusttorch::cpu::simd::Level;
/// rusttorch::simd_kernel! {
///     /// `y[i] = a * x[i] + y[i]`
///     pub fn axpy<L>(a: f32, x: &[f32], y: &mut [f32]) {
///         for (y, &x) in y.iter_mut().zip(x) {
///             *y = L::fma32(a, x, *y);
///         }
///     }
/// }
/// let mut y = [1.0; 5];
/// axpy(2.0, &[3.0; 5], &mut y);
/// assert_eq!(y, [7.0; 5]);
/// ```
///
/// The first type parameter is the level and is not part of the made function's signature. More may follow, each with
/// one bound (`<L, T: Element, F: Unary>`), then, after a semicolon, constants (`<L, T: Element; const N: usize>`). `unsafe fn` makes an
/// unsafe function with the same contract as its body. What the body calls must be `#[inline(always)]`.
#[macro_export]
macro_rules! simd_kernel {
    ($($(#[$meta:meta])* $vis:vis unsafe fn $name:ident
        <$L:ident $(, $g:ident: $bound:path)* $(; $(const $c:ident: $ct:ty),+)?>
        ($($a:ident: $t:ty),* $(,)?) $(-> $r:ty)? $body:block)+) => { $(
        $(#[$meta])*
        #[inline]
        #[allow(clippy::too_many_arguments, clippy::extra_unused_type_parameters)]
        $vis unsafe fn $name<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
            #[inline(always)]
            unsafe fn body<$L: $crate::cpu::simd::Level, $($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,fma,avx2,bmi2,f16c")]
            unsafe fn v4<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                // SAFETY: the caller's contract is the body's.
                unsafe { body::<$crate::cpu::simd::Fused, $($g,)* $($($c,)+)?>($($a),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,bmi2,f16c")]
            unsafe fn v3<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                // SAFETY: the caller's contract is the body's.
                unsafe { body::<$crate::cpu::simd::Fused, $($g,)* $($($c,)+)?>($($a),*) }
            }
            #[inline(never)]
            unsafe fn baseline<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                // SAFETY: the caller's contract is the body's.
                unsafe { body::<$crate::cpu::simd::Base, $($g,)* $($($c,)+)?>($($a),*) }
            }
            // SAFETY: `isa` names an instruction set that this machine has; the rest is the caller's contract.
            unsafe {
                match $crate::cpu::simd::isa() {
                    #[cfg(target_arch = "x86_64")]
                    $crate::cpu::simd::Isa::V4 => v4::<$($g,)* $($($c,)+)?>($($a),*),
                    #[cfg(target_arch = "x86_64")]
                    $crate::cpu::simd::Isa::V3 => v3::<$($g,)* $($($c,)+)?>($($a),*),
                    _ => baseline::<$($g,)* $($($c,)+)?>($($a),*),
                }
            }
        }
    )+ };
    ($($(#[$meta:meta])* $vis:vis fn $name:ident
        <$L:ident $(, $g:ident: $bound:path)* $(; $(const $c:ident: $ct:ty),+)?>
        ($($a:ident: $t:ty),* $(,)?) $(-> $r:ty)? $body:block)+) => { $(
        $(#[$meta])*
        #[inline]
        #[allow(clippy::too_many_arguments, clippy::extra_unused_type_parameters)]
        $vis fn $name<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
            #[inline(always)]
            fn body<$L: $crate::cpu::simd::Level, $($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,fma,avx2,bmi2,f16c")]
            fn v4<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                body::<$crate::cpu::simd::Fused, $($g,)* $($($c,)+)?>($($a),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,bmi2,f16c")]
            fn v3<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                body::<$crate::cpu::simd::Fused, $($g,)* $($($c,)+)?>($($a),*)
            }
            #[inline(never)]
            fn baseline<$($g: $bound,)* $($(const $c: $ct,)+)?>($($a: $t),*) $(-> $r)? {
                body::<$crate::cpu::simd::Base, $($g,)* $($($c,)+)?>($($a),*)
            }
            match $crate::cpu::simd::isa() {
                // SAFETY: `isa` names an instruction set that this machine has.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::simd::Isa::V4 => unsafe { v4::<$($g,)* $($($c,)+)?>($($a),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::simd::Isa::V3 => unsafe { v3::<$($g,)* $($($c,)+)?>($($a),*) },
                _ => baseline::<$($g,)* $($($c,)+)?>($($a),*),
            }
        }
    )+ };
}
