// The functions of math.wgsl that SPIR-V and WGSL lack in float64, by the same names, for kernels that compute in it.
//
// As there, every function stands alone between blank lines. These name each other only, so that any kernel can use
// them: its calls of `exp`, `log` and `pow` mean the ones here. The methods and coefficients are those of fdlibm (Sun
// Microsystems, 1993), which msun, musl and the libm crate have, too. Where an error is what is left of a sum and one of
// its terms, `apart` keeps compilers from folding the two, or the lower half of the bits is masked away. The bound in a
// comment is the largest error that tests/python/test_shaders_math_f64.py allows, in units in the last place.

// ---------------------------------------------------------------- bits

fn nan_value() -> f64 {
    var bits = 0x7ff8000000000000lu;
    return bitcast<f64>(bits);
}

fn with_sign(v: f64, s: f64) -> f64 {
    return bitcast<f64>((bitcast<u64>(v) & 0x7ffffffffffffffflu) | (bitcast<u64>(s) & 0x8000000000000000lu));
}

fn sign_bit(v: f64) -> bool {
    return (bitcast<u64>(v) >> 63u) != 0lu;
}

fn is_zero(v: f64) -> bool {
    return (bitcast<u64>(v) & 0x7ffffffffffffffflu) == 0lu;
}

fn is_inf(v: f64) -> bool {
    return (bitcast<u64>(v) & 0x7ffffffffffffffflu) == 0x7ff0000000000000lu;
}

fn is_finite(v: f64) -> bool {
    return (bitcast<u64>(v) & 0x7ffffffffffffffflu) < 0x7ff0000000000000lu;
}

// An integer in the order of the numbers; both zeros give 0.
fn order(v: f64) -> i64 {
    let bits = bitcast<i64>(v);
    return select(bits, bitcast<i64>(0x8000000000000000lu) - bits, bits < 0li);
}

// v itself, made in integers that no compiler looks through, for |n| below 2^30.
fn apart(v: f64, n: i32) -> f64 {
    return bitcast<f64>(bitcast<i64>(v) + i64((n + 0x40000000) >> 31u));
}

// The upper 21 bits of the significand: the product of two such numbers is exact.
fn upper_half(v: f64) -> f64 {
    return bitcast<f64>(bitcast<u64>(v) & 0xffffffff00000000lu);
}

// Zeros before the first bit that is set; naga counts those of 32 bits only.
fn leading_zeros(v: u64) -> u32 {
    let high = u32(v >> 32u);
    return select(32u + countLeadingZeros(u32(v & 0xfffffffflu)), countLeadingZeros(high), high != 0u);
}

// The significand with its leading bit at bit 52, of a finite number other than 0.
fn whole_significand(v: f64) -> u64 {
    let bits = bitcast<u64>(v) & 0x7ffffffffffffffflu;
    if bits < 0x10000000000000lu {
        return bits << (leading_zeros(bits) - 11u);
    }
    return (bits & 0xffffffffffffflu) | 0x10000000000000lu;
}

// Its biased exponent; that of subnormal numbers is below 1.
fn exponent_of(v: f64) -> i32 {
    let bits = bitcast<u64>(v) & 0x7ffffffffffffffflu;
    return select(i32(bits >> 52u), 12 - i32(leading_zeros(bits)), bits < 0x10000000000000lu);
}

// m * 2^(e - 1075) for a significand m with its leading bit at bit 52, rounded down where that is subnormal.
fn from_significand(m: u64, e: i32) -> f64 {
    if e > 2046 {
        return infinity();
    }
    if e > 0 {
        return bitcast<f64>((m & 0xffffffffffffflu) | (u64(e) << 52u));
    }
    return bitcast<f64>(select(0lu, m >> u32(min(1 - e, 63)), e > -53));
}

// p * 2^n for p between 1/2 and 2 and -1140 < n <= 1024; the caller sees to overflow.
fn times_power(p: f64, n: i32) -> f64 {
    let tiny = n < -1000;
    let y = bitcast<f64>(bitcast<i64>(p) + (i64(n + select(0, 128, tiny)) << 52u));
    return select(y, y * 2.938735877055718769922e-39, tiny);
}

// ---------------------------------------------------------------- division

fn divide(a: f64, b: f64) -> f64 {
    return a / b;
}

// The remainder of division with the sign of the dividend, exact: the significands are divided eleven bits at a time.
fn fmod(a: f64, b: f64) -> f64 {
    if is_nan(a) || is_nan(b) || is_inf(a) || is_zero(b) {
        return nan_value();
    }
    if is_zero(a) || is_inf(b) || order(abs(a)) < order(abs(b)) {
        return a;
    }
    let d = whole_significand(b);
    var r = whole_significand(a) % d;
    var left = exponent_of(a) - exponent_of(b);
    while left > 0 && r != 0lu {
        let step = min(left, 11);
        r = (r << u32(step)) % d;
        left -= step;
    }
    if r == 0lu {
        return with_sign(0.0, a);
    }
    let shift = i32(leading_zeros(r)) - 11;
    return with_sign(from_significand(r << u32(shift), exponent_of(b) - shift), a);
}

// The next number towards y; the format is that of float64.
fn next_after(x: f64, y: f64, format: f64) -> f64 {
    if is_nan(x) || is_nan(y) {
        return nan_value();
    }
    if order(x) == order(y) {
        return y;
    }
    let step = select(-1li, 1li, is_zero(x) || (order(x) < order(y)) == !sign_bit(x));
    return bitcast<f64>(bitcast<i64>(select(x, with_sign(0.0, y), is_zero(x))) + step);
}

// ---------------------------------------------------------------- exponentials

// x - n ln 2: the upper part of ln 2 has 32 bits, so its product with n is exact.
fn without_ln_2(x: f64, n: f64) -> vec2<f64> {
    return vec2<f64>(apart(x - n * 6.93147180369123816490e-01, i32(n)), n * 1.90821492927058770002e-10);
}

// e^(high - low) for |high - low| <= ln 2 / 2; any n.
fn exp_near(high: f64, low: f64, n: i32) -> f64 {
    let r = high - low;
    let z = r * r;
    let c = r - z * (1.66666666666666019037e-01 + z * (-2.77777777770155933842e-03 + z * (6.61375632143793436117e-05 +
        z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08))));
    return 1.0 + apart(r * c / (2.0 - c) - low + high, n);
}

// e^x; 1.5 ulp.
fn exp_of(x: f64) -> f64 {
    let v = clamp(x, -746.0, 710.0);
    let n = round(v * 1.44269504088896338700);
    let r = without_ln_2(v, n);
    let y = times_power(exp_near(r.x, r.y, i32(n)), i32(n));
    return select(select(y, infinity(), x > 709.782712893383973096), x, is_nan(x));
}

// 2^x; 1.5 ulp.
fn exp2_of(x: f64) -> f64 {
    let v = clamp(x, -1076.0, 1025.0);
    let n = round(v);
    let y = times_power(exp_near((v - n) * 6.93147180559945286227e-01, 0.0, i32(n)), min(i32(n), 1024));
    return select(select(y, infinity(), x >= 1024.0), x, is_nan(x));
}

// e^x - 1; 1.5 ulp.
fn expm1(x: f64) -> f64 {
    if is_nan(x) || is_zero(x) {
        return x;
    }
    if x > 709.782712893383973096 {
        return infinity();
    }
    if x < -56.0 {
        return -1.0;
    }
    let n = select(round(x * 1.44269504088896338700), 0.0, abs(x) < 0.34657359027997264);
    let k = i32(n);
    let parts = without_ln_2(x, n);
    let r = parts.x - parts.y;
    let c = (parts.x - apart(r, k)) - parts.y;
    let half = 0.5 * r;
    let z = r * half;
    let r1 = 1.0 + z * (-3.33333333333331316428e-02 + z * (1.58730158725481460165e-03 + z * (-7.93650757867487942473e-05 +
        z * (4.00821782732936239552e-06 + z * -2.01099218183624371326e-07))));
    let t = 3.0 - r1 * half;
    var e = z * ((r1 - t) / (6.0 - r * t));
    if k == 0 {
        return r - (r * e - z);
    }
    e = r * (e - c) - c - z;
    if k == -1 {
        return 0.5 * (r - e) - 0.5;
    }
    if k == 1 {
        return select(1.0 + 2.0 * (r - e), -2.0 * (e - (r + 0.5)), r < -0.25);
    }
    if k < 0 || k > 56 {
        return times_power(r - e + 1.0, k) - 1.0;
    }
    let small = times_power(1.0, -k);
    return select(r - (e + small) + 1.0, r - e + (1.0 - small), k < 20) * times_power(1.0, k);
}

// ---------------------------------------------------------------- logarithms

// x = m 2^e with m between sqrt(1/2) and sqrt(2): m - 1 and e, for x above 0 and finite.
fn split(x: f64) -> vec2<f64> {
    let s = whole_significand(x);
    let large = s >= 0x16a09e667f3bcdlu;
    let m = bitcast<f64>((s & 0xffffffffffffflu) | select(0x3ff0000000000000lu, 0x3fe0000000000000lu, large));
    return vec2<f64>(m - 1.0, f64(exponent_of(x) - select(1023, 1022, large)));
}

// log(1 + f) - f + f^2 / 2 for 1 + f between sqrt(1/2) and sqrt(2).
fn log_near(f: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    let odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w *
        1.479819860511658591e-01)));
    return s * (0.5 * f * f + even + odd);
}

// y, or the value of a logarithm outside the positive finite numbers.
fn log_ends(x: f64, y: f64) -> f64 {
    let outside = select(nan_value(), -infinity(), is_zero(x));
    let positive = !is_nan(x) && !sign_bit(x) && !is_zero(x);
    return select(select(outside, y, positive), infinity(), is_inf(x) && positive);
}

// Natural logarithm; 1.5 ulp.
fn log_of(x: f64) -> f64 {
    let s = split(x);
    let f = s.x;
    let y = s.y * 6.93147180369123816490e-01 - ((0.5 * f * f - (log_near(f) + s.y * 1.90821492927058770002e-10)) - f);
    return log_ends(x, y);
}

// log(1 + f) as a sum of two, the first of 21 bits.
fn log_pair(f: f64) -> vec2<f64> {
    let square = 0.5 * f * f;
    let high = upper_half(f - square);
    return vec2<f64>(high, (f - high) - square + log_near(f));
}

// Logarithm to base 2; 1.5 ulp.
fn log2_of(x: f64) -> f64 {
    let s = split(x);
    let l = log_pair(s.x);
    let high = l.x * 1.44269504072144627571;
    let low = (l.y + l.x) * 1.67517131648865118353e-10 + l.y * 1.44269504072144627571;
    let sum = apart(s.y + high, i32(s.y));
    return log_ends(x, low + ((s.y - sum) + high) + sum);
}

// Logarithm to base 10; 1.5 ulp.
fn log10_of(x: f64) -> f64 {
    let s = split(x);
    let l = log_pair(s.x);
    let high = l.x * 4.34294481878168880939e-01;
    let whole = s.y * 3.01029995663611771306e-01;
    let low = s.y * 3.69423907715893078616e-13 + (l.y + l.x) * 2.50829467116452752298e-11 + l.y *
        4.34294481878168880939e-01;
    let sum = apart(whole + high, i32(s.y));
    return log_ends(x, low + ((whole - sum) + high) + sum);
}

// log(1 + x); 1.5 ulp.
fn log1p(x: f64) -> f64 {
    if is_zero(x) {
        return x;
    }
    if x > -0.2928932188134524 && x < 0.41421356237309503 {
        return x - (0.5 * x * x - log_near(x));
    }
    let sum = 1.0 + x;
    let s = split(sum);
    let u = apart(sum, i32(clamp(s.y, -2000.0, 2000.0)));
    // what the sum lost
    let lost = select(select(x - (u - 1.0), 1.0 - (u - x), s.y >= 2.0) / u, 0.0, s.y >= 54.0);
    let f = s.x;
    let low = s.y * 1.90821492927058770002e-10 + lost;
    return log_ends(sum, log_near(f) + low - 0.5 * f * f + f + s.y * 6.93147180369123816490e-01);
}

// ---------------------------------------------------------------- trigonometry

// The upper word of the product of two words.
fn upper_word(a: u64, b: u64) -> u64 {
    let low = (a & 0xfffffffflu) * (b & 0xfffffffflu);
    let mid = (a >> 32u) * (b & 0xfffffffflu) + (low >> 32u);
    let mid2 = (a & 0xfffffffflu) * (b >> 32u) + (mid & 0xfffffffflu);
    return (a >> 32u) * (b >> 32u) + (mid >> 32u) + (mid2 >> 32u);
}

// Word i of the bits of 2/pi, after one word of zeros.
fn two_over_pi(i: u32) -> u64 {
    switch i {
        case 0u: { return 0lu; }
        case 1u: { return 0xa2f9836e4e441529lu; }
        case 2u: { return 0xfc2757d1f534ddc0lu; }
        case 3u: { return 0xdb6295993c439041lu; }
        case 4u: { return 0xfe5163abdebbc561lu; }
        case 5u: { return 0xb7246e3a424dd2e0lu; }
        case 6u: { return 0x06492eea09d1921clu; }
        case 7u: { return 0xfe1deb1cb129a73elu; }
        case 8u: { return 0xe88235f52ebb4484lu; }
        case 9u: { return 0xe99c7026b45f7e41lu; }
        case 10u: { return 0x3991d639835339f4lu; }
        case 11u: { return 0x9c845f8bbdf9283blu; }
        case 12u: { return 0x1ff897ffde05980flu; }
        case 13u: { return 0xef2f118b5a0a6d1flu; }
        case 14u: { return 0x6d367ecf27cb09b7lu; }
        case 15u: { return 0x4f463f669e5fea2dlu; }
        case 16u: { return 0x7527bac7ebe5f17blu; }
        case 17u: { return 0x3d0739f78a5292ealu; }
        case 18u: { return 0x6bfb5fb11f8d5d08lu; }
        default: { return 0x56033046fc7b6bablu; }
    }
}

// The bits of 2/pi from bit i on, after one word of zeros.
fn bits_of_two_over_pi(i: u32) -> u64 {
    let w = i >> 6u;
    let shift = i & 63u;
    return select((two_over_pi(w) << shift) | (two_over_pi(w + 1u) >> ((64u - shift) & 63u)), two_over_pi(w), shift == 0u);
}

// |x| = n pi/2 + r: r as a sum of two, and n modulo 4, for a finite x. Large ones by the 192 bits of 2/pi that count
// (Payne and Hanek 1983).
fn by_half_pi(x: f64) -> vec3<f64> {
    let a = abs(x);
    if a < 1e6 {
        // pi/2 in three parts of 33 bits, whose products with an n of 20 bits are exact, and the rest
        let n = round(a * 6.36619772367581382433e-01);
        let i = i32(n);
        let r0 = apart(a - n * 1.57079632673412561417, i);
        let w1 = n * 6.07710050630396597660e-11;
        let r1 = apart(r0 - w1, i);
        let w2 = n * 2.02226624871116645580e-21;
        let r2 = apart(r1 - w2, i);
        let lost = (((r0 - r1) - w1) + ((r1 - r2) - w2)) - n * 8.47842766036889956997e-32;
        let r = apart(r2 + lost, i);
        return vec3<f64>(r, (r2 - r) + lost, f64(i & 3));
    }
    let m = whole_significand(a);
    // a is m 2^e; the bits of 2/pi above 2^(1 - e) give multiples of 4
    let first = u32(exponent_of(a) - 1075 - 2 + 64);
    let x0 = bits_of_two_over_pi(first);
    let x1 = bits_of_two_over_pi(first + 64u);
    let x2 = bits_of_two_over_pi(first + 128u);
    let low = m * x2;
    let carried = upper_word(m, x2);
    let mid = m * x1 + carried;
    let high = m * x0 + upper_word(m, x1) + select(0lu, 1lu, mid < carried);
    // the first two bits are the quadrant; the rest is rounded to the nearest one
    let quadrant = (high + 0x2000000000000000lu) >> 62u;
    var f0 = (high << 2u) | (mid >> 62u);
    var f1 = (mid << 2u) | (low >> 62u);
    let negative = (f0 >> 63u) != 0lu;
    if negative {
        f0 = ~f0 + select(0lu, 1lu, f1 == 0lu);
        f1 = ~f1 + 1lu;
    }
    let shift = leading_zeros(f0);
    if shift > 0u {
        f0 = (f0 << shift) | (f1 >> (64u - shift));
        f1 = f1 << shift;
    }
    let scale = times_power(1.0, -i32(shift));
    let high_part = f64(f0 >> 34u) * 9.31322574615478515625e-10;
    let low_part = f64(f0 & 0x3fffffffflu) * 5.421010862427522170037e-20 + f64(f1) * 2.938735877055718769922e-39;
    // times pi/2; the upper parts have 30 and 23 bits
    let big = high_part * 1.57079625129699707031;
    let small = high_part * 7.549789954891882e-08 + low_part * 1.57079632679489655800;
    let r = apart(big + small, i32(shift));
    let sign = select(scale, -scale, negative);
    return vec3<f64>(r * sign, ((big - r) + small) * sign, f64(quadrant & 3lu));
}

// sin(r + low) for |r| <= pi/4.
fn sin_near(r: f64, low: f64) -> f64 {
    let z = r * r;
    let w = z * z;
    let p = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * 2.75573137070700676789e-06) + z * w *
        (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10);
    let v = z * r;
    return r - ((z * (0.5 * low - v * p) - low) + v * 1.66666666666666324348e-01);
}

// cos(r + low) for |r| <= pi/4.
fn cos_near(r: f64, low: f64) -> f64 {
    let z = r * r;
    let w = z * z;
    let p = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05)) + w * w
        * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
    let half = 0.5 * z;
    let most = apart(1.0 - half, 0);
    return most + (((1.0 - most) - half) + (z * p - r * low));
}

// sin x; 1.5 ulp.
fn sin_of(x: f64) -> f64 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let q = u32(h.z);
    let y = select(sin_near(h.x, h.y), cos_near(h.x, h.y), (q & 1u) != 0u);
    let signed = select(y, -y, ((q & 2u) != 0u) != sign_bit(x));
    return select(nan_value(), signed, is_finite(x));
}

// cos x; 1.5 ulp.
fn cos_of(x: f64) -> f64 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let q = u32(h.z);
    let y = select(cos_near(h.x, h.y), sin_near(h.x, h.y), (q & 1u) != 0u);
    return select(nan_value(), select(y, -y, ((q + 1u) & 2u) != 0u), is_finite(x));
}

// tan x; 2 ulp.
fn tan_of(x: f64) -> f64 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let odd = (u32(h.z) & 1u) != 0u;
    let big = abs(h.x) >= 0.6744;
    let negative = sign_bit(h.x);
    // near pi/4 by the distance to it
    let size = select(h.x, -h.x, negative);
    let size_low = select(h.y, -h.y, negative);
    let t = select(h.x, (7.85398163397448278999e-01 - size) + (3.06161699786838301793e-17 - size_low), big);
    let low = select(h.y, 0.0, big);
    let z = t * t;
    let w = z * z;
    let r0 = 1.33333333333201242699e-01 + w * (2.18694882948595424599e-02 + w * (3.59207910759131235356e-03 + w *
        (5.88041240820264096874e-04 + w * (7.81794442939557092300e-05 + w * -1.85586374855275456654e-05))));
    let v0 = z * (5.39682539762260521377e-02 + w * (8.86323982359930005737e-03 + w * (1.45620945432529025516e-03 + w *
        (2.46463134818469906812e-04 + w * (7.14072491382608190305e-05 + w * 2.59073051863633712884e-05)))));
    let s = z * t;
    let r = low + z * (s * (r0 + v0) + low) + s * 3.33333333333334091986e-01;
    let y = t + r;
    // -1 / (t + r), with what each rounding loses put back
    let high = upper_half(y);
    let rest = r - (high - t);
    let inverse = -1.0 / y;
    let inverse_high = upper_half(inverse);
    let turned = inverse_high + inverse * (1.0 + inverse_high * high + inverse_high * rest);
    let one = select(f64(1.0), -1.0, odd);
    let distant = one - 2.0 * (t + (r - y * y / (y + one)));
    let result = select(select(y, turned, odd), select(distant, -distant, negative), big);
    return select(nan_value(), select(result, -result, sign_bit(x)), is_finite(x));
}

// (asin(sqrt(z)) - sqrt(z)) / sqrt(z) for z <= 1/4.
fn asin_rest(z: f64) -> f64 {
    let p = z * (1.66666666666666657415e-01 + z * (-3.25565818622400915405e-01 + z * (2.01212532134862925881e-01 + z *
        (-4.00555345006794114027e-02 + z * (7.91534994289814532176e-04 + z * 3.47933107596021167570e-05)))));
    let q = 1.0 + z * (-2.40339491173441421878 + z * (2.02094576023350569471 + z * (-6.88283971605453293030e-01 + z *
        7.70381505559019352791e-02)));
    return p / q;
}

// asin x; 1.5 ulp.
fn asin_of(x: f64) -> f64 {
    let a = abs(x);
    if is_nan(x) || a > 1.0 {
        return nan_value();
    }
    if a < 0.5 {
        return select(x + x * asin_rest(x * x), x, is_zero(x));
    }
    let z = (1.0 - a) * 0.5;
    let s = sqrt(z);
    let r = asin_rest(z);
    let high = upper_half(s);
    let c = select((z - high * high) / (s + high), 0.0, is_zero(s));
    let y = 7.85398163397448278999e-01 - (2.0 * s * r - (6.12323399573676603587e-17 - 2.0 * c) -
        (7.85398163397448278999e-01 - 2.0 * high));
    let end = 1.57079632679489655800 - (2.0 * (s + s * r) - 6.12323399573676603587e-17);
    return with_sign(select(y, end, a > 0.975), x);
}

// acos x; 1.5 ulp.
fn acos_of(x: f64) -> f64 {
    let a = abs(x);
    if is_nan(x) || a > 1.0 {
        return nan_value();
    }
    if a < 0.5 {
        return 1.57079632679489655800 - (x - (6.12323399573676603587e-17 - x * asin_rest(x * x)));
    }
    let z = (1.0 - a) * 0.5;
    let s = sqrt(z);
    let r = asin_rest(z);
    let high = upper_half(s);
    let c = select((z - high * high) / (s + high), 0.0, is_zero(s));
    let right = 2.0 * (high + (r * s + c));
    let left = 2.0 * (1.57079632679489655800 - (s + (r * s - 6.12323399573676603587e-17)));
    return select(right, left, sign_bit(x));
}

// atan x; 1.5 ulp.
fn atan_of(x: f64) -> f64 {
    let a = abs(x);
    // atan a = atan c + atan((a - c) / (1 + a c)) for c of 0, 1/2, 1, 3/2 and infinity
    var t = a;
    var high = f64(0.0);
    var low = f64(0.0);
    if a >= 2.4375 {
        t = -1.0 / a;
        high = 1.57079632679489655800;
        low = 6.12323399573676603587e-17;
    } else if a >= 1.1875 {
        t = (a - 1.5) / (1.0 + 1.5 * a);
        high = 9.82793723247329054082e-01;
        low = 1.39033110312309984516e-17;
    } else if a >= 0.6875 {
        t = (a - 1.0) / (a + 1.0);
        high = 7.85398163397448278999e-01;
        low = 3.06161699786838301793e-17;
    } else if a >= 0.4375 {
        t = (2.0 * a - 1.0) / (2.0 + a);
        high = 4.63647609000806093515e-01;
        low = 2.26987774529616870924e-17;
    }
    let z = t * t;
    let w = z * z;
    let even = z * (3.33333333333329318027e-01 + w * (1.42857142725034663711e-01 + w * (9.09088713343650656196e-02 + w *
        (6.66107313738753120669e-02 + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
    let odd = w * (-1.99999999998764832476e-01 + w * (-1.11111104054623557880e-01 + w * (-7.69187620504482999495e-02 + w *
        (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02))));
    let y = high - (t * (even + odd) - low - t);
    return select(with_sign(y, x), x, is_nan(x) || is_zero(x));
}

// The angle of the point (x, y), in (-pi, pi]; 2 ulp.
fn atan2_of(y: f64, x: f64) -> f64 {
    if is_nan(x) || is_nan(y) {
        return nan_value();
    }
    let a = abs(y);
    let b = abs(x);
    var t = atan_of(a / b);
    if is_zero(a) || (is_inf(b) && !is_inf(a)) {
        t = 0.0;
    } else if is_zero(b) || (is_inf(a) && !is_inf(b)) {
        t = 1.57079632679489655800;
    } else if is_inf(a) {
        t = 7.85398163397448278999e-01;
    }
    let left = 3.14159265358979311600 - (t - 1.22464679914735317720e-16);
    return with_sign(select(t, left, sign_bit(x)), y);
}

// ---------------------------------------------------------------- hyperbolics

// sinh x; 2.5 ulp.
fn sinh_of(x: f64) -> f64 {
    if is_nan(x) || is_zero(x) {
        return x;
    }
    let a = abs(x);
    if a > 709.78 {
        // beyond 710.48 one of the factors overflows
        let half = exp_of(0.5 * min(a, 720.0));
        return with_sign(select(0.5 * half * half, infinity(), a > 710.4758600739439), x);
    }
    let t = expm1(a);
    let y = select(t + t / (t + 1.0), 2.0 * t - t * t / (t + 1.0), a < 1.0);
    return with_sign(0.5 * y, x);
}

// cosh x; 2 ulp.
fn cosh_of(x: f64) -> f64 {
    let a = abs(x);
    if is_nan(x) {
        return x;
    }
    if a > 709.78 {
        let half = exp_of(0.5 * min(a, 720.0));
        return select(0.5 * half * half, infinity(), a > 710.4758600739439);
    }
    if a < 0.34657359027997264 {
        let t = expm1(a);
        return 1.0 + t * t / (2.0 * (1.0 + t));
    }
    let e = exp_of(a);
    return 0.5 * (e + 1.0 / e);
}

// tanh x; 2.5 ulp.
fn tanh_of(x: f64) -> f64 {
    if is_nan(x) || is_zero(x) {
        return x;
    }
    let a = min(abs(x), 22.0);
    if a > 0.5493061443340549 {
        return with_sign(1.0 - 2.0 / (expm1(2.0 * a) + 2.0), x);
    }
    if a > 0.2554 {
        let t = expm1(2.0 * a);
        return with_sign(t / (t + 2.0), x);
    }
    let t = expm1(-2.0 * a);
    return with_sign(-t / (t + 2.0), x);
}

// asinh x; 2 ulp.
fn asinh_of(x: f64) -> f64 {
    let a = abs(x);
    let root = sqrt(a * a + 1.0);
    var y = log1p(a + a * a / (root + 1.0));
    if a >= 67108864.0 {
        y = log_of(a) + 6.93147180559945286227e-01;
    } else if a >= 2.0 {
        y = log_of(2.0 * a + 1.0 / (root + a));
    }
    return select(with_sign(y, x), x, is_nan(x) || is_zero(x));
}

// acosh x, NaN below 1; 2.5 ulp.
fn acosh_of(x: f64) -> f64 {
    if is_nan(x) || x < 1.0 {
        return nan_value();
    }
    if x < 2.0 {
        let t = x - 1.0;
        return log1p(t + sqrt(t * t + 2.0 * t));
    }
    if x < 67108864.0 {
        return log_of(2.0 * x - 1.0 / (x + sqrt(x * x - 1.0)));
    }
    return log_of(x) + 6.93147180559945286227e-01;
}

// atanh x; 2 ulp.
fn atanh_of(x: f64) -> f64 {
    let a = abs(x);
    if is_nan(x) || a > 1.0 {
        return nan_value();
    }
    if is_zero(x) {
        return x;
    }
    if a == 1.0 {
        return with_sign(infinity(), x);
    }
    let t = select(2.0 * (a / (1.0 - a)), 2.0 * a + 2.0 * a * a / (1.0 - a), a < 0.5);
    return with_sign(0.5 * log1p(t), x);
}

// ---------------------------------------------------------------- powers

// log2(a) of a positive finite number as a sum of two, the first of 21 bits, to 2^-68 of its size.
fn log2_pair(a: f64) -> vec2<f64> {
    // a = m 2^n; m or 2 m / 3 is near 1
    let bits = whole_significand(a);
    let third = bits > 0x13988e00000000lu && bits < 0x1bb67a00000000lu;
    let over = bits >= 0x1bb67a00000000lu;
    let n = f64(exponent_of(a) - 1023 + select(0, 1, over));
    let m = bitcast<f64>((bits & 0xffffffffffffflu) | select(0x3ff0000000000000lu, 0x3fe0000000000000lu, over));
    let centre = select(f64(1.0), 1.5, third);
    // s = (m - c) / (m + c) as a sum of two
    let u = m - centre;
    let v = 1.0 / (m + centre);
    let s = u * v;
    let s_high = upper_half(s);
    let sum_high = upper_half(m + centre);
    let sum_low = m - apart(sum_high - centre, 0);
    let s_low = v * ((u - s_high * sum_high) - s_high * sum_low);
    // 3 / 2 log((1 + s) / (1 - s)) / s = 3 + s^2 + ...
    let z = s * s;
    let r = z * z * (5.99999999999994648725e-01 + z * (4.28571428578550184252e-01 + z * (3.33333329818377432918e-01 + z *
        (2.72728123808534006489e-01 + z * (2.30660745775561754067e-01 + z * 2.06975017800338417784e-01))))) + s_low *
        (s_high + s);
    let square = s_high * s_high;
    let t_high = upper_half(3.0 + square + r);
    let t_low = r - (apart(t_high - 3.0, 0) - square);
    let large = s_high * t_high;
    let small = s_low * t_high + t_low * s;
    let p_high = upper_half(large + small);
    let p_low = small - (p_high - large);
    // times 2 / (3 ln 2), plus log2 of the centre
    let z_high = 9.61796700954437255859e-01 * p_high;
    let z_low = -7.02846165095275826516e-09 * p_high + p_low * 9.61796693925975554329e-01 + select(f64(0.0),
        1.35003920212974897128e-08, third);
    let d_high = select(f64(0.0), 5.84962487220764160156e-01, third);
    let high = upper_half(((z_high + z_low) + d_high) + n);
    return vec2<f64>(high, z_low - ((apart(apart(high - n, 0) - d_high, 0)) - z_high));
}

// x^y with C's rules for every special case; 1.5 ulp.
fn power(x: f64, y: f64) -> f64 {
    let a = abs(x);
    let odd_or_whole = wholeness(y);
    if is_zero(y) || x == 1.0 {
        return 1.0;
    }
    if is_nan(x) || is_nan(y) {
        return nan_value();
    }
    let negative = sign_bit(x) && odd_or_whole == 2;
    if is_zero(x) || is_inf(x) || is_inf(y) {
        if a == 1.0 {
            return 1.0;
        }
        let size = select(0.0, infinity(), (a > 1.0) != sign_bit(y));
        return select(size, -size, negative);
    }
    if sign_bit(x) && odd_or_whole == 0 {
        return nan_value();
    }
    let l = log2_pair(a);
    // no y of this size has a power between 0 and infinity but 1
    let e = clamp(y, -1e20, 1e20);
    let e_high = upper_half(e);
    let large = e_high * l.x;
    let small = (e - e_high) * l.x + e * l.y;
    let sum = large + small;
    let n = round(clamp(sum, -1080.0, 1025.0));
    let i = i32(n);
    // 2^(large + small - n)
    let rest = apart(large - n, i);
    let t = clamp(upper_half(small + rest), -1.0, 1.0);
    let u = t * 6.93147182464599609375e-01;
    let v = (small - (t - rest)) * 6.93147180559945286227e-01 + t * -1.90465429995776804525e-09;
    let z = apart(u + v, i);
    let w = v - (z - u);
    let q = z * z;
    let t1 = z - q * (1.66666666666666019037e-01 + q * (-2.77777777770155933842e-03 + q * (6.61375632143793436117e-05 + q *
        (-1.65339022054652515390e-06 + q * 4.13813679705723846039e-08))));
    let p = 1.0 - (((z * t1) / (t1 - 2.0) - (w + z * w)) - z);
    var r = times_power(p, min(i, 1024));
    if sum > 1024.0 || (sum == 1024.0 && small + 8.0085662595372944372e-17 > sum - large) {
        r = infinity();
    } else if sum < -1076.0 {
        r = 0.0;
    }
    return select(r, -r, negative);
}

// 2 of an odd integer, 1 of another integer (infinity is one), 0 of what is none.
fn wholeness(y: f64) -> i32 {
    let bits = bitcast<u64>(y) & 0x7ffffffffffffffflu;
    let e = i32(bits >> 52u) - 1023;
    if bits == 0lu || e > 52 {
        return 1;
    }
    if e < 0 {
        return 0;
    }
    let m = (bits & 0xffffffffffffflu) | 0x10000000000000lu;
    let unit = 52u - u32(e);
    if (m & ((1lu << unit) - 1lu)) != 0lu {
        return 0;
    }
    return select(1, 2, ((m >> unit) & 1lu) != 0lu);
}
