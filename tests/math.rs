//! Tries the float32 functions and the special functions: error bounds, special values, every instruction set.
use rusttorch::cpu::simd::{Isa, set_isa};
use rusttorch::cpu::special::*;
use rusttorch::{cpu::math, simd_kernel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The instruction set belongs to the process: tests that set it take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const ISAS: [Isa; 3] = [Isa::Baseline, Isa::V3, Isa::V4];

// ---------------------------------------------------------------- math

/// The distance of `got` from `want` in units in the last place of a float32; nan and infinities must agree, signed zeros too.
fn ulps(got: f32, want: f64) -> f64 {
    let nearest = want as f32;
    let same = got == nearest && (got != 0.0 || got.is_sign_negative() == want.is_sign_negative());
    if same || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    if !got.is_finite() || !nearest.is_finite() {
        // at the edge of overflow either may be the largest number
        return if got.abs().min(nearest.abs()) == f32::MAX && got * nearest > 0.0 { 1.0 } else { f64::INFINITY };
    }
    let exponent = want.abs().log2().floor().max(-126.0);
    (got as f64 - want).abs() / 2f64.powf(exponent - 23.0)
}

/// Numbers of every size and both signs, and the ones where something changes.
fn samples() -> Vec<f32> {
    let edges = [0.0, 1.0, 0.5, 0.625, 0.9375, 2.0, 10.0, 20.0, 88.7, 89.5, 104.5, 128.0, 1e5, 1e10, f32::MAX];
    let small = [f32::MIN_POSITIVE, 1e-45, 1e-40, f32::EPSILON, f32::INFINITY, f32::NAN, 1.0 - f32::EPSILON / 2.0];
    let mut x: Vec<f32> = edges.iter().chain(&small).flat_map(|&v| [v, -v]).collect();
    x.extend((0..20_000u32).map(|i| f32::from_bits(i.wrapping_mul(214_741))));
    x.extend((0..20_000).map(|i| (i as f32 - 10_000.0) * 1.1e-3));
    x
}

macro_rules! unary {
    ($($name:ident $limit:literal $want:expr;)*) => { $(
        #[test]
        fn $name() {
            simd_kernel! {
                fn run<L>(x: &[f32], y: &mut [f32]) {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = math::$name::<L>(x);
                    }
                }
            }
            let want: fn(f64) -> f64 = $want;
            let x = samples();
            let mut y = vec![0.0; x.len()];
            let _turn = turn();
            for isa in ISAS {
                set_isa(isa);
                run(&x, &mut y);
                for (&x, &y) in x.iter().zip(&y) {
                    let ulps = ulps(y, want(x as f64));
                    assert!(ulps <= $limit, "{isa:?} {x:e}: {y:e}, not {:e}: {ulps} ulp", want(x as f64));
                }
            }
        }
    )* };
}
mod float32 {
    use super::*;
    unary! {
        exp 1.0 |x| x.exp();
        exp2 1.1 |x| x.exp2();
        expm1 1.5 |x| x.exp_m1();
        log 0.8 |x| x.ln();
        log2 1.2 |x| x.log2();
        log10 2.0 |x| x.log10();
        log1p 1.4 |x| x.ln_1p();
        sin 1.6 |x| x.sin();
        cos 1.6 |x| x.cos();
        tan 2.4 |x| x.tan();
        asin 1.8 |x| x.asin();
        acos 1.1 |x| x.acos();
        atan 1.4 |x| x.atan();
        tanh 2.3 |x| x.tanh();
        sinh 1.6 |x| x.sinh();
        cosh 1.4 |x| x.cosh();
        asinh 0.6 |x| libm::asinh(x);
        acosh 0.6 |x| x.acosh();
        atanh 0.6 |x| libm::atanh(x);
        erf 1.2 |x| libm::erf(x);
        erfc 2.7 |x| libm::erfc(x);
        sqrt 0.5 |x| x.sqrt();
        rsqrt 1.5 |x| 1.0 / x.sqrt();
        sigmoid 2.2 |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    }
}

simd_kernel! {
    fn two_arguments<L>(x: &[f32], y: &[f32], power: &mut [f32], angle: &mut [f32]) {
        for i in 0..x.len() {
            power[i] = math::pow::<L>(x[i], y[i]);
            angle[i] = math::atan2::<L>(x[i], y[i]);
        }
    }
    fn activations<L>(x: &[f32], y: &mut [[f32; 5]]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = [
                math::gelu::<L>(x),
                math::gelu_tanh::<L>(x),
                math::silu::<L>(x),
                math::mish::<L>(x),
                math::softplus::<L>(x, 2.0, 20.0),
            ];
        }
    }
}

#[test]
fn pow_and_atan2() {
    let edges = [0.0, 1.0, 0.5, 2.0, 3.0, 1.5, 1e-45, 1e30, f32::MAX, 8_388_609.0, 16_777_215.0, 1e8, f32::INFINITY];
    let mut edges: Vec<f32> = edges.iter().flat_map(|&v| [v, -v]).collect();
    edges.push(f32::NAN);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for &a in &edges {
        for &b in &edges {
            x.push(a);
            y.push(b);
        }
    }
    for (i, a) in samples().into_iter().enumerate() {
        // exponents that keep the power in range, whole ones among them
        let range = 120.0 / a.abs().log2().abs().max(1.0);
        let b = ((i * 7919 % 1000) as f32 / 500.0 - 1.0) * range;
        x.push(a);
        y.push(if i % 3 == 0 { b.round() } else { b });
    }
    let (mut power, mut angle) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let _turn = turn();
    for isa in ISAS {
        set_isa(isa);
        two_arguments(&x, &y, &mut power, &mut angle);
        for i in 0..x.len() {
            let (a, b) = (x[i] as f64, y[i] as f64);
            assert!(ulps(power[i], a.powf(b)) <= 0.6, "{isa:?} {a:e}^{b:e} = {:e}", power[i]);
            assert!(ulps(angle[i], a.atan2(b)) <= 1.5, "{isa:?} atan2({a:e}, {b:e}) = {:e}", angle[i]);
        }
    }
}

#[test]
fn gelu_silu_mish_softplus() {
    let x: Vec<f32> = samples().into_iter().filter(|x| x.is_finite()).collect();
    let mut y = vec![[0.0; 5]; x.len()];
    let _turn = turn();
    for isa in ISAS {
        set_isa(isa);
        activations(&x, &mut y);
        for (&x, y) in x.iter().zip(&y) {
            let v = x as f64;
            let inner = 0.797_884_560_802_865_4 * (v + 0.044715 * v * v * v);
            let e = v.min(40.0).exp();
            let n = e * (e + 2.0);
            let want = [
                0.5 * v * erfc(-v * std::f64::consts::FRAC_1_SQRT_2),
                0.5 * v * (1.0 + inner.tanh()),
                v / (1.0 + (-v).exp()),
                v * n / (n + 2.0),
                if 2.0 * v > 20.0 { v } else { (2.0 * v).exp().ln_1p() / 2.0 },
            ];
            for (k, &want) in want.iter().enumerate() {
                let error = (y[k] as f64 - want).abs();
                assert!(error <= 2.5e-7 * v.abs().max(1.0), "{isa:?} function {k} at {x:e}: {:e}, not {want:e}", y[k]);
            }
        }
    }
}

#[test]
fn large_arguments_in_a_row() {
    let mut x: Vec<f32> = (0..1000).map(|i| i as f32 * 0.37).collect();
    x[130] = 1e30;
    x[131] = f32::NAN;
    x[999] = -f32::MAX;
    let mut y = vec![0.0; 1000];
    let _turn = turn();
    for isa in ISAS {
        set_isa(isa);
        // SAFETY: both have 1000 elements.
        unsafe { math::sin_rows(1000, x.as_ptr(), y.as_mut_ptr()) };
        assert!(x.iter().zip(&y).all(|(&x, &y)| ulps(y, (x as f64).sin()) <= 1.6));
        // SAFETY: both have 1000 elements.
        unsafe { math::tan_rows(1000, x.as_ptr(), y.as_mut_ptr()) };
        assert!(x.iter().zip(&y).all(|(&x, &y)| ulps(y, (x as f64).tan()) <= 2.4));
    }
}

// ---------------------------------------------------------------- special

/// The values were computed with mpmath, to 40 digits.
#[test]
#[allow(clippy::excessive_precision)]
fn special_functions() {
    let pairs = [
        (erf(-1.5), -0.966105146475310727),
        (erf(0.25), 0.276326390168236933),
        (erf(3.0), 0.999977909503001415),
        (erfcx(-3.0), 16205.9888539995866),
        (erfcx(5.5), 0.100962218399499088),
        (erfcx(40.0), 0.0141003359833778136),
        (erfinv(0.1), 0.088855990494257692),
        (erfinv(-0.75), -0.813419847597618542),
        (erfinv(0.999999), 3.45891073727549878),
        (log_ndtr(-30.0), -454.321243956343197),
        (log_ndtr(-0.5), -1.17591176159361861),
        (log_ndtr(2.0), -0.0230129093289634885),
        (ndtri(1e-100), -21.2734535609653243),
        (ndtri(0.02), -2.05374891063182304),
        (ndtri(0.4), -0.253347103135799741),
        (lgamma(0.5), 0.572364942924700087),
        (lgamma(4.75), 2.8085714185757365),
        (lgamma(-2.5), -0.0562437164976740507),
        (lgamma(1e5), 1051287.70897365689),
        (digamma(0.125), -8.38849266329585487),
        (digamma(6.0), 1.70611766843180047),
        (digamma(-3.3), 3.62035346059212579),
        (trigamma(0.125), 65.3881334449880345),
        (trigamma(50.0), 0.0202013332266971258),
        (trigamma(-3.3), 14.8177395255159288),
        (polygamma(2, 1.5), -0.828796644234319996),
        (polygamma(5, -0.7), 165654.829269500544),
        (polygamma(20, 13.8), -3.68518491216169093e-6),
        (zeta(1.5, 2.0), 1.61237534868548834),
        (zeta(30.0, 0.5), 1073741824.00000522),
        (zeta(3.0, 100.0), 0.0000505024999166749985),
        (igamma(0.3, 0.1), 0.545912849591796483),
        (igammac(0.3, 0.1), 0.454087150408203517),
        (igamma(2.5, 7.0), 0.984390583899733085),
        (igammac(2.5, 7.0), 0.0156094161002669147),
        (igamma(100.0, 90.0), 0.158220989186430168),
        (igammac(100.0, 90.0), 0.841779010813569832),
        (igamma(200000.0, 200300.0), 0.748963161705179071),
        (igammac(200000.0, 200300.0), 0.251036838294820929),
        (igamma(100000000.0, 99990000.0), 0.15865525352814383),
        (igammac(100000000.0, 99990000.0), 0.84134474647185617),
        (bessel_j0(0.5), 0.938469807240812904),
        (bessel_j0(12.0), 0.0476893107968335366),
        (bessel_j0(30.0), -0.0863679835810402113),
        (bessel_j1(0.5), 0.242268457674873886),
        (bessel_j1(12.0), -0.223447104490627612),
        (bessel_j1(30.0), -0.118751062616622937),
        (bessel_y0(0.5), -0.444518733506706557),
        (bessel_y0(12.0), -0.225237312634361434),
        (bessel_y0(30.0), -0.117295731686664025),
        (bessel_y1(0.5), -1.47147239267024307),
        (bessel_y1(12.0), -0.0570992182608965211),
        (bessel_y1(30.0), 0.0844255706617472349),
        (i0(0.5), 1.06348337074132352),
        (i0(12.0), 18948.9253492963089),
        (i0(30.0), 781672297823.97749),
        (i1(0.5), 0.257894305390896316),
        (i1(12.0), 18141.3487816388316),
        (i1(30.0), 768532038938.956999),
        (i0e(0.5), 0.645035270449150068),
        (i0e(12.0), 0.116426221213440443),
        (i0e(30.0), 0.0731459464822372939),
        (i1e(0.5), 0.156420803184871697),
        (i1e(12.0), 0.111464299290180976),
        (i1e(30.0), 0.0719163305986475547),
    ];
    for (i, (got, want)) in pairs.into_iter().enumerate() {
        let error = (got - want).abs() / want.abs();
        assert!(error < 1e-13, "line {i}: {got:e}, not {want:e}: {error:e}");
    }
}

#[test]
fn ends_of_special_functions() {
    const INF: f64 = f64::INFINITY;
    let pairs = [
        (erfcx(-30.0), INF),
        (erfcx(INF), 0.0),
        (erfinv(1.0), INF),
        (erfinv(-1.0), -INF),
        (ndtri(0.0), -INF),
        (ndtri(1.0), INF),
        (ndtri(0.5), 0.0),
        (log_ndtr(INF), 0.0),
        (entr(0.0), 0.0),
        (entr(-1.0), -INF),
        (sinc(0.0), 1.0),
        (lgamma(0.0), INF),
        (lgamma(-3.0), INF),
        (digamma(0.0), -INF),
        (digamma(-0.0), INF),
        (trigamma(-2.0), INF),
        (trigamma(INF), 0.0),
        (zeta(1.0, 2.0), INF),
        (zeta(1e9, 5.0), 0.0),
        (igamma(0.0, 1.0), 1.0),
        (igamma(1.0, INF), 1.0),
        (igammac(INF, 1.0), 1.0),
        (bessel_y0(0.0), -INF),
        (i0(0.0), 1.0),
        (i1(0.0), 0.0),
        (i0(1000.0), INF),
        (i1e(INF), 0.0),
    ];
    for (i, (got, want)) in pairs.into_iter().enumerate() {
        assert_eq!(got, want, "line {i}");
    }
    let nan = [
        erfinv(1.5),
        ndtri(-0.1),
        digamma(-1.0),
        zeta(0.5, 1.0),
        zeta(2.5, -0.5),
        igamma(-1.0, 1.0),
        igamma(0.0, 0.0),
        bessel_y1(-1.0),
        erfcx(f64::NAN),
        entr(f64::NAN),
        i0(f64::NAN),
        zeta(2.0, f64::NAN),
        igammac(1.0, f64::NAN),
    ];
    assert!(nan.iter().all(|x| x.is_nan()), "{nan:?}");
}
