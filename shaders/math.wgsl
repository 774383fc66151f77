// Functions that WGSL lacks or defines too loosely: of float32, and of integers `T`, which is i32 or i64.
//
// Every function stands alone between blank lines, so that the prelude can pick those that an expression names, and
// those that they name in turn.
//
// Compilers may regroup sums and products, fuse them or not, and assume that no NaN or infinity occurs: Metal does all
// of that, Mesa folds `x + c - c`. So comparisons that a NaN may meet look at the bits, what must be exact is done in
// integers, and `apart` keeps the two steps of a reduction from becoming one.
//
// Polynomials are those of src/cpu/math.rs where that has the function; others are minimax fits by Lawson's method,
// their coefficients rounded to float32 one after the other. The bound in a comment is the largest error that
// tests/python/test_shaders_math.py allows, in units in the last place of float32 unless it says otherwise.

// ---------------------------------------------------------------- bits

fn nan_value() -> f32 {
    var bits = 0x7fc00000u;
    return bitcast<f32>(bits);
}

// The size of v with the sign of s.
fn with_sign(v: f32, s: f32) -> f32 {
    return bitcast<f32>((bitcast<u32>(v) & 0x7fffffffu) | (bitcast<u32>(s) & 0x80000000u));
}

fn sign_bit(v: f32) -> bool {
    return (bitcast<u32>(v) >> 31u) != 0u;
}

fn is_zero(v: f32) -> bool {
    return (bitcast<u32>(v) & 0x7fffffffu) == 0u;
}

fn is_inf(v: f32) -> bool {
    return (bitcast<u32>(v) & 0x7fffffffu) == 0x7f800000u;
}

fn is_finite(v: f32) -> bool {
    return (bitcast<u32>(v) & 0x7fffffffu) < 0x7f800000u;
}

// An integer in the order of the numbers; both zeros give 0. Subnormal numbers count, whatever the device makes of
// them.
fn order(v: f32) -> i32 {
    let bits = bitcast<i32>(v);
    return select(bits, i32(-2147483648) - bits, bits < 0);
}

fn equal(a: T, b: T) -> bool {
    return order(a) == order(b) && !is_nan(a) && !is_nan(b);
}

fn less(a: T, b: T) -> bool {
    return order(a) < order(b) && !is_nan(a) && !is_nan(b);
}

fn less_equal(a: T, b: T) -> bool {
    return order(a) <= order(b) && !is_nan(a) && !is_nan(b);
}

// The larger one, the first of equal ones; NaN if either is.
fn maximum(a: T, b: T) -> T {
    return select(a, b, less(a, b) || is_nan(b));
}

// The smaller one, the first of equal ones; NaN if either is.
fn minimum(a: T, b: T) -> T {
    return select(a, b, less(b, a) || is_nan(b));
}

// v itself, made in integers that no compiler looks through, for |n| below 2^22.
fn apart(v: f32, n: i32) -> f32 {
    return bitcast<f32>(bitcast<i32>(v) + ((n + 0x400000) >> 24u));
}

// The upper 12 bits of the significand: the product of two such numbers is exact.
fn upper_half(v: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(v) & 0xfffff000u);
}

// The significand with its leading bit at bit 23, and the biased exponent, of a finite number other than 0; subnormal
// numbers have exponents below 1.
fn significand(v: f32) -> vec2<i32> {
    let bits = bitcast<u32>(v) & 0x7fffffffu;
    let shift = max(i32(countLeadingZeros(bits)) - 8, 0);
    if bits < 0x800000u {
        return vec2<i32>(i32(bits << u32(shift)), 1 - shift);
    }
    return vec2<i32>(i32((bits & 0x7fffffu) | 0x800000u), i32(bits >> 23u));
}

// m * 2^(e - 150) for a significand m with its leading bit at bit 23, rounded down where that is subnormal.
fn from_significand(m: u32, e: i32) -> f32 {
    if e > 254 {
        return infinity();
    }
    if e > 0 {
        return bitcast<f32>((m & 0x7fffffu) | (u32(e) << 23u));
    }
    return bitcast<f32>(select(0u, m >> u32(1 - e), e > -24));
}

// p * 2^n for p between 1/2 and 2 and -160 < n <= 128; the caller sees to overflow.
fn times_power(p: f32, n: i32) -> f32 {
    let tiny = n < -120;
    let y = bitcast<f32>(bitcast<i32>(p) + ((n + select(0, 64, tiny)) << 23u));
    return select(y, y * 5.421010862427522e-20, tiny);
}

// ---------------------------------------------------------------- division

// The quotient, rounded to nearest as IEEE 754 has it (WGSL allows 2.5 ulp), by long division of the significands.
fn divide(a: f32, b: f32) -> f32 {
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
    if is_nan(a) || is_nan(b) || (is_zero(a) && is_zero(b)) || (is_inf(a) && is_inf(b)) {
        return nan_value();
    }
    if is_inf(a) || is_zero(b) {
        return bitcast<f32>(0x7f800000u | sign);
    }
    if is_zero(a) || is_inf(b) {
        return bitcast<f32>(sign);
    }
    let x = significand(a);
    let y = significand(b);
    let d = u32(y.x);
    // the first bit is 1: the dividend is not below the divisor
    let small = x.x < y.x;
    var r = u32(x.x) << select(0u, 1u, small);
    var e = x.y - y.y + 127 - select(0, 1, small);
    var q = 1u;
    r = r - d;
    for (var i = 0; i < 3; i++) {
        r = r << 8u;
        q = (q << 8u) | (r / d);
        r = r % d;
    }
    // q has its leading bit at bit 24: one bit more than the result, or more where that is subnormal
    let drop = u32(clamp(2 - e, 1, 26));
    let half = 1u << (drop - 1u);
    let below = (q & (half - 1u)) | select(0u, 1u, r != 0u);
    let m = q >> drop;
    let up = (q & half) != 0u && (below != 0u || (m & 1u) != 0u);
    // the leading bit, and a carry out of the significand, count into the exponent by themselves
    let bits = m + select(0u, 1u, up) + (u32(clamp(e, 1, 255) - 1) << 23u);
    return bitcast<f32>(select(bits, 0x7f800000u, e > 254) | sign);
}

// The remainder of division with the sign of the dividend, exact: the significands are divided eight bits at a time.
fn fmod(a: f32, b: f32) -> f32 {
    if is_nan(a) || is_nan(b) || is_inf(a) || is_zero(b) {
        return nan_value();
    }
    if is_zero(a) || is_inf(b) || less(abs(a), abs(b)) {
        return a;
    }
    let x = significand(a);
    let y = significand(b);
    let d = u32(y.x);
    var r = u32(x.x) % d;
    var left = x.y - y.y;
    while left > 0 && r != 0u {
        let step = min(left, 8);
        r = (r << u32(step)) % d;
        left -= step;
    }
    if r == 0u {
        return with_sign(0.0, a);
    }
    let shift = i32(countLeadingZeros(r)) - 8;
    return with_sign(from_significand(r << u32(shift), y.y - shift), a);
}

// The remainder of division rounded down: it has the sign of the divisor.
fn remainder(a: T, b: T) -> T {
    let r = fmod(a, b);
    return select(r, r + b, !is_zero(r) && !is_nan(r) && sign_bit(r) != sign_bit(b));
}

// The quotient rounded down, as Python has it: exact where the rounded quotient would not be.
fn floor_divide(a: T, b: T) -> T {
    if is_zero(b) {
        return divide(a, b);
    }
    let r = fmod(a, b);
    var q = divide(a - r, b);
    q = select(q, q - 1.0, !is_zero(r) && !is_nan(r) && sign_bit(r) != sign_bit(b));
    if is_zero(q) {
        return with_sign(0.0, divide(a, b));
    }
    let down = floor(q);
    return select(down, down + 1.0, q - down > 0.5);
}

// The quotient without its fraction; 0 where the divisor is 0, which the op has refused.
fn quotient(a: T, b: T) -> T {
    return select(a / b, T(0), b == T(0));
}

// The quotient rounded down.
fn floor_quotient(a: T, b: T) -> T {
    let q = quotient(a, b);
    return select(q, q - T(1), b != T(0) && a % b != T(0) && (a < T(0)) != (b < T(0)));
}

// The remainder with the sign of the dividend.
fn remaining(a: T, b: T) -> T {
    return select(a % b, T(0), b == T(0));
}

// The remainder with the sign of the divisor.
fn floor_remaining(a: T, b: T) -> T {
    let r = remaining(a, b);
    return select(r, r + b, r != T(0) && (r < T(0)) != (b < T(0)));
}

// ---------------------------------------------------------------- integers

// Greatest common divisor, by Euclid's algorithm on magnitudes.
fn greatest_divisor(x: T, y: T) -> T {
    var a = abs(x);
    var b = abs(y);
    while b != T(0) {
        let r = a % b;
        a = b;
        b = r;
    }
    return abs(a);
}

// Least common multiple.
fn least_multiple(x: T, y: T) -> T {
    let d = greatest_divisor(x, y);
    let m = quotient(x, d) * y;
    return select(m, T(0) - m, (x < T(0)) != (y < T(0)));
}

// x^e; of a negative e the power rounded to zero.
fn integer_power(x: T, e: T) -> T {
    if e < T(0) {
        let odd = (e & T(1)) != T(0);
        return select(select(T(0), select(T(1), T(-1), odd), x == T(-1)), T(1), x == T(1));
    }
    var base = x;
    var left = e;
    var y = T(1);
    while left > T(0) {
        y = select(y, y * base, (left & T(1)) != T(0));
        base = base * base;
        left = left >> 1u;
    }
    return y;
}

// x * 2^n, 0 for a negative n and for one of 64 or more. A shift counts modulo the width, so a large one is made of
// three.
fn shift_left(x: T, n: T) -> T {
    let all = u32(clamp(n, T(0), T(63)));
    let first = min(all, 31u);
    let second = min(all - first, 31u);
    let y = ((x << first) << second) << (all - first - second);
    return select(T(0), y, n >= T(0) && n < T(64));
}

// x / 2^n rounded down; for a negative n and for one of 64 or more as for 63.
fn shift_right(x: T, n: T) -> T {
    let all = u32(select(T(63), n, n >= T(0) && n < T(64)));
    let first = min(all, 31u);
    let second = min(all - first, 31u);
    return ((x >> first) >> second) >> (all - first - second);
}

// ---------------------------------------------------------------- signs and neighbours

// -1, 0 or 1; 0 of NaN.
fn sign_of(x: T) -> T {
    return select(select(T(0.0), T(1.0), less(0.0, x)), -1.0, less(x, 0.0));
}

// Length of the hypotenuse without overflow in between; 2 ulp. Infinity counts before NaN, as in C.
fn hypot(x: T, y: T) -> T {
    let a = abs(x);
    let b = abs(y);
    let m = maximum(a, b);
    let q = minimum(a, b) / m;
    let length = select(m * sqrt(q * q + 1.0), m, is_zero(m) || is_nan(m));
    return select(length, infinity(), is_inf(x) || is_inf(y));
}

// The bits of a float32 that is a float16.
fn half_bits(v: f32) -> u32 {
    let bits = bitcast<u32>(v);
    let a = bits & 0x7fffffffu;
    let small = u32(abs(v) * 16777216.0);
    let normal = select((a - 0x38000000u) >> 13u, 0x7c00u, a >= 0x47800000u);
    return ((bits >> 16u) & 0x8000u) | select(normal, small, a < 0x38800000u);
}

// The number of the bits of a float16.
fn half_value(bits: u32) -> f32 {
    let a = bits & 0x7fffu;
    let normal = select(bitcast<f32>((a << 13u) + 0x38000000u), infinity(), a == 0x7c00u);
    return with_sign(select(normal, f32(a) * 5.9604644775390625e-8, a < 0x400u), bitcast<f32>(bits << 16u));
}

// The next number towards y: of float16 for format 1, of bfloat16 for format 2, otherwise of float32.
fn next_after(x: f32, y: f32, format: f32) -> f32 {
    if is_nan(x) || is_nan(y) {
        return nan_value();
    }
    if equal(x, y) {
        return y;
    }
    // in all three formats the numbers of one sign are in the order of their bits
    let step = select(-1, 1, is_zero(x) || less(x, y) == !sign_bit(x));
    let start = select(x, with_sign(0.0, y), is_zero(x));
    if format == 1.0 {
        return half_value(u32(i32(half_bits(start)) + step));
    }
    if format == 2.0 {
        return bitcast<f32>(u32(i32(bitcast<u32>(start) >> 16u) + step) << 16u);
    }
    return bitcast<f32>(bitcast<i32>(start) + step);
}

// ---------------------------------------------------------------- exponentials

// x - n ln 2 for whole |n| below 2^15: the upper part of ln 2 has nine bits, so its product with n is exact.
fn without_ln_2(x: f32, n: f32) -> f32 {
    return apart(x - n * 0.693359375, i32(n)) + n * 2.12194440e-4;
}

// e^r - 1 for |r| <= ln 2 / 2.
fn expm1_near(r: f32) -> f32 {
    let p = ((((1.9743487e-4 * r + 1.3935933e-3) * r + 8.333568e-3) * r + 4.1666456e-2) * r + 0.16666666) * r + 0.5;
    return p * (r * r) + r;
}

// e^x; 1.5 ulp.
fn exp_of(x: f32) -> f32 {
    let c = clamp(x, -104.0, 89.0);
    let n = round(c * 1.44269504);
    let y = times_power(expm1_near(without_ln_2(c, n)) + 1.0, i32(n));
    return select(select(y, infinity(), less_equal(88.72284, x)), x, is_nan(x));
}

// 2^x; 1.5 ulp.
fn exp2_of(x: f32) -> f32 {
    let c = clamp(x, -151.0, 129.0);
    let n = round(c);
    let r = c - n;
    let p = ((((((1.4324421e-5 * r + 1.5452164e-4) * r + 1.3337962e-3) * r + 9.618087e-3) * r + 5.550405e-2) * r +
        0.2402265) * r + 0.69314718) * r + 1.0;
    let y = times_power(p, i32(n));
    return select(select(y, infinity(), less_equal(128.0, x)), x, is_nan(x));
}

// e^x - 1; 2 ulp.
fn expm1(x: f32) -> f32 {
    let c = clamp(x, -30.0, 90.0);
    let n = round(c * 1.44269504);
    let q = expm1_near(without_ln_2(c, n));
    // half of 2^n (q + 1) - 1, because 2^128 is not a float32
    let h = times_power(1.0, min(i32(n), 128) - 1);
    let y = with_sign(2.0 * (h * q + (h - 0.5)), x);
    return select(select(y, infinity(), less_equal(88.72284, x)), x, is_nan(x) || is_zero(x));
}

// 1 / (1 + e^-x); 2.5 ulp.
fn sigmoid(x: T) -> T {
    // the exponential of -|x| cannot overflow, so that small results keep their bits
    let e = exp_of(-abs(x));
    return select(1.0, e, sign_bit(x)) / (1.0 + e);
}

// ---------------------------------------------------------------- logarithms

// x = m 2^e with m between sqrt(1/2) and sqrt(2): m - 1 and e, for x above 0 and finite.
fn split(x: f32) -> vec2<f32> {
    let s = significand(x);
    let large = s.x >= 0xb504f3;
    let m = bitcast<f32>((s.x & 0x7fffff) | select(0x3f800000, 0x3f000000, large));
    return vec2<f32>(m - 1.0, f32(s.y - select(127, 126, large)));
}

// log(1 + f) - f for 1 + f between sqrt(1/2) and sqrt(2).
fn log_near(f: f32) -> f32 {
    let p = (((((((6.750023e-2 * f - 0.11670448) * f + 0.11883413) * f - 0.12406168) * f + 0.14220364) * f -
        0.16667992) * f + 0.20002072) * f - 0.2500001) * f + 0.33333313;
    let t = f * f;
    return f * t * p - 0.5 * t;
}

// y, or the value of a logarithm outside the positive finite numbers.
fn log_ends(x: f32, y: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let outside = select(nan_value(), -infinity(), is_zero(x));
    return select(select(y, outside, bits == 0u || bits > 0x7f800000u), infinity(), bits == 0x7f800000u);
}

// Natural logarithm; 1 ulp.
fn log_of(x: f32) -> f32 {
    let s = split(x);
    return log_ends(x, s.y * 0.693359375 + (s.x + (s.y * -2.12194440e-4 + log_near(s.x))));
}

// Logarithm to base 2; 1.5 ulp.
fn log2_of(x: f32) -> f32 {
    let s = split(x);
    let low = log_near(s.x);
    // log2(e) = 1 + 0.4427: the large part of the product is exact
    return log_ends(x, s.y + (s.x + (s.x * 0.44269504 + (low * 0.44269504 + low))));
}

// Logarithm to base 10; 2.5 ulp.
fn log10_of(x: f32) -> f32 {
    let s = split(x);
    let y = s.x * 0.43429448 + (log_near(s.x) * 0.43429448 + s.y * 4.605039e-6);
    return log_ends(x, s.y * 0.3010254 + y);
}

// log(1 + x); 3 ulp.
fn log1p(x: f32) -> f32 {
    let near = x + log_near(x);
    let y = select(log_of(1.0 + x), near, less(-0.29289323, x) && less(x, 0.41421356));
    return select(y, x, is_zero(x));
}

// log(e^x + e^y), without overflow in between.
fn log_add_exp(x: T, y: T) -> T {
    let sum = maximum(x, y) + log1p(exp_of(-abs(x - y)));
    return select(sum, x, is_inf(x) && equal(x, y));
}

// log2(2^x + 2^y), without overflow in between.
fn log_add_exp2(x: T, y: T) -> T {
    let sum = maximum(x, y) + log1p(exp2_of(-abs(x - y))) * 1.4426950408889634;
    return select(sum, x, is_inf(x) && equal(x, y));
}

// x log y; 0 where x is 0, unless y is NaN.
fn x_log_y(x: T, y: T) -> T {
    return select(select(x * log_of(y), 0.0, is_zero(x)), y, is_nan(y));
}

// x log(1 + y); 0 where x is 0, unless y is NaN.
fn x_log1p_y(x: T, y: T) -> T {
    return select(select(x * log1p(y), 0.0, is_zero(x)), y, is_nan(y));
}

// ---------------------------------------------------------------- trigonometry

// The upper word of the product of two words.
fn upper_word(a: u32, b: u32) -> u32 {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let mid = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let mid2 = (a & 0xffffu) * (b >> 16u) + (mid & 0xffffu);
    return (a >> 16u) * (b >> 16u) + (mid >> 16u) + (mid2 >> 16u);
}

// Word i of the bits of 2/pi, after one word of zeros.
fn two_over_pi(i: u32) -> u32 {
    switch i {
        case 0u: { return 0u; }
        case 1u: { return 0xa2f9836eu; }
        case 2u: { return 0x4e441529u; }
        case 3u: { return 0xfc2757d1u; }
        case 4u: { return 0xf534ddc0u; }
        case 5u: { return 0xdb629599u; }
        case 6u: { return 0x3c439041u; }
        default: { return 0xfe5163abu; }
    }
}

// |x| = n pi/2 + r: r, and n modulo 4, for a finite x. Large ones by the 96 bits of 2/pi that count (Payne and Hanek
// 1983).
fn by_half_pi(x: f32) -> vec2<f32> {
    let a = abs(x);
    if a < 201.0 {
        // pi/2 in three parts; the products of the first two with an n of 8 bits are exact
        let n = round(a * 0.63661977);
        let i = i32(n);
        let r = apart(apart(a - n * 1.570770263671875, i) - n * 2.6063062250614166e-5, i) - n * 6.0771006e-11;
        return vec2<f32>(r, f32(i & 3));
    }
    let s = significand(a);
    let m = u32(s.x);
    // a is m 2^e; the bits of 2/pi above 2^(1 - e) give multiples of 4
    let first = u32(s.y - 150 - 2 + 32);
    let w = first >> 5u;
    let shift = first & 31u;
    let back = 32u - shift;
    var words = vec4<u32>(two_over_pi(w), two_over_pi(w + 1u), two_over_pi(w + 2u), two_over_pi(w + 3u));
    if shift != 0u {
        words = (words << vec4<u32>(shift)) | (vec4<u32>(words.yzw, 0u) >> vec4<u32>(back));
    }
    let low = m * words.z;
    let carried = upper_word(m, words.z);
    let mid = m * words.y + carried;
    let high = m * words.x + upper_word(m, words.y) + select(0u, 1u, mid < carried);
    // the first two bits are the quadrant; the rest is rounded to the nearest one
    let quadrant = (high + 0x20000000u) >> 30u;
    var f = vec2<u32>((high << 2u) | (mid >> 30u), (mid << 2u) | (low >> 30u));
    let negative = (f.x >> 31u) != 0u;
    if negative {
        f = vec2<u32>(~f.x + select(0u, 1u, f.y == 0u), ~f.y + 1u);
    }
    let r = (f32(f.x) * 2.3283064365386963e-10 + f32(f.y) * 5.421010862427522e-20) * 1.5707963;
    return vec2<f32>(select(r, -r, negative), f32(quadrant & 3u));
}

fn sin_near(r: f32) -> f32 {
    let z = r * r;
    let p = ((2.8308045e-6 * z - 1.9852983e-4) * z + 8.333379e-3) * z - 0.16666667;
    return p * z * r + r;
}

fn cos_near(r: f32) -> f32 {
    let z = r * r;
    let p = (2.4430092e-5 * z - 1.3887298e-3) * z + 4.1666646e-2;
    return p * (z * z) + (z * -0.5 + 1.0);
}

// sin x; 3 ulp.
fn sin_of(x: f32) -> f32 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let q = u32(h.y);
    let y = select(sin_near(h.x), cos_near(h.x), (q & 1u) != 0u);
    let signed = bitcast<f32>(bitcast<u32>(y) ^ (bitcast<u32>(x) & 0x80000000u) ^ ((q & 2u) << 30u));
    return select(nan_value(), signed, is_finite(x));
}

// cos x; 3 ulp.
fn cos_of(x: f32) -> f32 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let q = u32(h.y);
    let y = select(cos_near(h.x), sin_near(h.x), (q & 1u) != 0u);
    return select(nan_value(), bitcast<f32>(bitcast<u32>(y) ^ (((q + 1u) & 2u) << 30u)), is_finite(x));
}

// tan x; 4.5 ulp.
fn tan_of(x: f32) -> f32 {
    let h = by_half_pi(select(0.0, x, is_finite(x)));
    let z = h.x * h.x;
    let p = (((((4.531729e-3 * z - 2.2904178e-4) * z + 1.1090583e-2) * z + 2.118216e-2) * z + 5.4079734e-2) * z +
        0.13332483) * z + 0.33333355;
    let t = p * z * h.x + h.x;
    let y = select(t, -1.0 / t, (u32(h.y) & 1u) != 0u);
    let signed = bitcast<f32>(bitcast<u32>(y) ^ (bitcast<u32>(x) & 0x80000000u));
    return select(nan_value(), signed, is_finite(x));
}

// sin(pi x) / (pi x), 1 at 0.
fn sinc(x: T) -> T {
    let t = x * 3.141592653589793;
    return select(sin_of(t) / t, 1.0, is_zero(x));
}

// For a = |x|: asin(a) where a <= 1/2, else asin(sqrt((1 - a) / 2)); as a sum of two parts.
fn asin_half(a: f32) -> vec2<f32> {
    let big = a > 0.5;
    let z = select(a * a, 0.5 - 0.5 * a, big);
    let s = select(a, sqrt(z), big);
    let p = ((((3.7613846e-2 * z + 1.4364563e-2) * z + 3.182875e-2) * z + 4.451423e-2) * z + 7.5005196e-2) * z +
        0.1666666;
    return vec2<f32>(s, p * z * s);
}

// asin x; 2.5 ulp.
fn asin_of(x: f32) -> f32 {
    let a = abs(x);
    let h = asin_half(a);
    let big = (1.57079633 - 2.0 * h.x) + (h.y * -2.0 - 4.371139e-8);
    return select(nan_value(), with_sign(select(h.x + h.y, big, a > 0.5), x), less_equal(a, 1.0));
}

// acos x; 2 ulp.
fn acos_of(x: f32) -> f32 {
    let a = abs(x);
    let h = asin_half(a);
    let p = h.x + h.y;
    let side = select(2.0 * p, (p * -2.0 - 8.742278e-8) + 3.14159265, x < 0.0);
    let middle = (-4.371139e-8 - with_sign(p, x)) + 1.57079633;
    return select(nan_value(), select(middle, side, a > 0.5), less_equal(a, 1.0));
}

// atan z for z in [0, 1].
fn atan_unit(z: f32) -> f32 {
    let t = z * z;
    let p = (((((((-1.7876632e-3 * t + 1.0887797e-2) * t - 3.1127647e-2) * t + 5.790701e-2) * t - 8.400492e-2) * t
        + 0.10951177) * t - 0.14264052) * t + 0.19998531) * t - 0.333333;
    return p * t * z + z;
}

// atan x; 2 ulp.
fn atan_of(x: f32) -> f32 {
    let a = abs(x);
    let steep = a > 1.0;
    let p = atan_unit(select(a, 1.0 / a, steep));
    let y = with_sign(select(p, (-4.371139e-8 - p) + 1.57079633, steep), x);
    return select(select(y, with_sign(1.57079633, x), is_inf(x)), x, is_nan(x));
}

// The angle of the point (x, y), in (-pi, pi]; 3 ulp.
fn atan2_of(y: f32, x: f32) -> f32 {
    let b = abs(y);
    let a = abs(x);
    let steep = less(a, b);
    let high = select(a, b, steep);
    let low = select(b, a, steep);
    let q = select(select(low / high, 0.0, is_zero(high) || is_inf(high)), 1.0, is_inf(low));
    var p = atan_unit(q);
    p = select(p, (-4.371139e-8 - p) + 1.57079633, steep);
    p = select(p, (-8.742278e-8 - p) + 3.14159265, sign_bit(x));
    return select(with_sign(p, y), nan_value(), is_nan(x) || is_nan(y));
}

// ---------------------------------------------------------------- hyperbolics

// tanh x; 3 ulp.
fn tanh_of(x: f32) -> f32 {
    // from 9.02 on the result is 1
    let a = 2.0 * min(abs(x), 9.2);
    let n = round(a * 1.44269504);
    let s = times_power(1.0, i32(n));
    let m = s * expm1_near(without_ln_2(a, n)) + (s - 1.0);
    return select(with_sign(m / (m + 2.0), x), x, is_nan(x));
}

// e^a / 2 for a >= 0, also where e^a overflows.
fn half_exp(a: f32) -> f32 {
    let c = min(a, 90.0);
    let n = round(c * 1.44269504);
    return times_power(expm1_near(without_ln_2(c, n)) + 1.0, i32(n) - 1);
}

// sinh x; 2.5 ulp.
fn sinh_of(x: f32) -> f32 {
    let a = abs(x);
    let h = half_exp(a);
    let z = a * a;
    let p = ((2.7822125e-6 * z + 1.9842896e-4) * z + 8.3333105e-3) * z + 0.16666667;
    let y = with_sign(select(h - 0.25 / h, p * z * a + a, a < 1.0), x);
    return select(select(y, with_sign(infinity(), x), less_equal(89.41599, a)), x, is_nan(x));
}

// cosh x; 2 ulp.
fn cosh_of(x: f32) -> f32 {
    let a = abs(x);
    let h = half_exp(a);
    return select(select(h + 0.25 / h, infinity(), less_equal(89.41599, a)), x, is_nan(x));
}

// asinh x; 3 ulp.
fn asinh_of(x: f32) -> f32 {
    let a = abs(x);
    let z = a * a;
    let y = select(log1p(a + z / (1.0 + sqrt(z + 1.0))), log_of(a) + 0.69314718, less(1e6, a));
    return select(with_sign(y, x), x, is_nan(x) || is_zero(x));
}

// acosh x, NaN below 1; 3 ulp.
fn acosh_of(x: f32) -> f32 {
    let t = x - 1.0;
    let y = select(log1p(t + sqrt(t * (t + 2.0))), log_of(x) + 0.69314718, less(1e6, x));
    return select(nan_value(), y, less_equal(1.0, x));
}

// atanh x; 3 ulp.
fn atanh_of(x: f32) -> f32 {
    let a = abs(x);
    let t = a + a;
    let y = 0.5 * log1p(select(t + t * a / (1.0 - a), t / (1.0 - a), a >= 0.5));
    let inside = select(y, infinity(), equal(a, 1.0));
    return select(select(nan_value(), with_sign(inside, x), less_equal(a, 1.0)), x, is_zero(x));
}

// ---------------------------------------------------------------- powers

// log2(a) of a positive finite number as a sum of two, the first of 12 bits, to 2^-30 of its size.
fn log2_pair(a: f32) -> vec2<f32> {
    // log2 m = 2/ln 2 (s + s^3/3 + ...), with s = (m - 1) / (m + 1) as a sum of two parts
    let t = split(a);
    let e = i32(t.y);
    let whole = u32(i32(t.x * 16777216.0) + 0x2000000);
    let d_high = f32(whole & 0xffffc000u) * 5.9604644775390625e-8;
    let d_low = f32(whole & 0x3fffu) * 5.9604644775390625e-8;
    let d = f32(whole) * 5.9604644775390625e-8;
    let s_high = upper_half(t.x / d);
    let s_low = (apart(t.x - s_high * d_high, e) - s_high * d_low) / d;
    let s = s_high + s_low;
    let z = s * s;
    let q = (((0.268 * z + 0.3205989) * z + 0.41219858) * z + 0.57707802) * z + 0.96179669;
    // 2.884765625 + 6.2445678e-4 = 2 / ln 2
    let large = s_high * 2.884765625;
    let small = s_high * 6.2445678e-4 + (s_low * 2.8853901 + s * z * q);
    let high = upper_half(t.y + (large + small));
    let low = apart(apart(t.y - high, e) + large, e) + small;
    return vec2<f32>(high, low);
}

// x^y with C's rules for every special case; 3.5 ulp.
fn power(x: f32, y: f32) -> f32 {
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
        let grows = (a > 1.0) != sign_bit(y);
        return select(1.0, -1.0, negative) * select(0.0, infinity(), grows);
    }
    if sign_bit(x) && odd_or_whole == 0 {
        return nan_value();
    }
    let l = log2_pair(a);
    let y_high = upper_half(y);
    let large = y_high * l.x;
    let small = y_high * l.y + (y - y_high) * (l.x + l.y);
    let n = round(clamp(large + small, -152.0, 129.0));
    let f = clamp(apart(large - n, i32(n)) + small, -1.0, 1.0);
    let p = ((((((1.4324421e-5 * f + 1.5452164e-4) * f + 1.3337962e-3) * f + 9.618087e-3) * f + 5.550405e-2) * f +
        0.2402265) * f + 0.69314718) * f + 1.0;
    let big = large + small;
    // 2^f lies between 1/2 and 2, and so does what is left of it where n is at its end
    let r = select(times_power(p, i32(n)), infinity(), big >= 128.0);
    return select(select(r, 0.0, big < -151.0), -select(r, 0.0, big < -151.0), negative);
}

// 2 of an odd integer, 1 of another integer (infinity is one), 0 of what is none.
fn wholeness(y: f32) -> i32 {
    let bits = bitcast<u32>(y) & 0x7fffffffu;
    let e = i32(bits >> 23u) - 127;
    if bits == 0u || e > 23 {
        return 1;
    }
    if e < 0 {
        return 0;
    }
    let m = (bits & 0x7fffffu) | 0x800000u;
    let unit = 23u - u32(e);
    if (m & ((1u << unit) - 1u)) != 0u {
        return 0;
    }
    return select(1, 2, ((m >> unit) & 1u) != 0u);
}

// ---------------------------------------------------------------- activations and losses

// The slope of gelu: area below x and x times the density.
fn gelu_slope(x: T) -> T {
    return normal_area(x) + x * exp_of(x * x * -0.5) * 0.3989422804014327;
}

// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
fn gelu_tanh(x: T) -> T {
    let h = x * 0.5;
    return tanh_of(0.7978845608028654 * (0.044715 * x * x * x + x)) * h + h;
}

fn gelu_tanh_slope(x: T) -> T {
    let q = 0.044715 * x * x;
    let t = tanh_of(0.7978845608028654 * (q * x + x));
    return 0.5 * (1.0 + t + x * ((1.0 - t * t) * 0.7978845608028654 * (1.0 + q * 3.0)));
}

fn sigmoid_slope(x: T) -> T {
    let s = sigmoid(x);
    return s * (1.0 - s);
}

fn tanh_slope(x: T) -> T {
    let t = tanh_of(x);
    return 1.0 - t * t;
}

fn silu_slope(x: T) -> T {
    let s = sigmoid(x);
    return s * (1.0 + x * (1.0 - s));
}

// tanh(log(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2); from 20 on it is 1.
fn tanh_softplus(x: T) -> T {
    let e = exp_of(minimum(x, 20.0));
    let n = e * (e + 2.0);
    return n / (n + 2.0);
}

fn mish_slope(x: T) -> T {
    let w = tanh_softplus(x);
    return w + x * sigmoid(x) * (1.0 - w * w);
}

// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.
fn softplus(x: T, beta: T, threshold: T) -> T {
    return select(log1p(exp_of(x * beta)) / beta, x, less(threshold, x * beta));
}

// log(1 / (1 + e^-x)), without overflow in between.
fn log_sigmoid(x: T) -> T {
    return minimum(x, 0.0) - log1p(exp_of(-abs(x)));
}

// x between two numbers, the upper one where they cross; NaN if any is.
fn between(x: T, low: T, high: T) -> T {
    return minimum(maximum(x, low), high);
}

// The same of integers.
fn between_integers(x: T, low: T, high: T) -> T {
    return min(max(x, low), high);
}

// x moved by a towards 0; a zero with its sign within a, and NaN of NaN, which a compiler's x * 0 need not give.
fn soft_shrink(x: T, a: T) -> T {
    let inside = select(with_sign(0.0, x), x, is_nan(x));
    return select(select(inside, x + a, less(x, -a)), x - a, less(a, x));
}

// The point between a (weight 0) and b (weight 1), exact at both.
fn point_between(a: T, b: T, weight: T) -> T {
    return select(b - (b - a) * (1.0 - weight), a + weight * (b - a), abs(weight) < 0.5);
}

// log(x / (1 - x)), x brought into [eps, 1 - eps] first unless eps is negative.
fn logit(x: T, eps: T) -> T {
    let v = select(between(x, eps, 1.0 - eps), x, eps < 0.0);
    return log_of(v / (1.0 - v));
}

// The slope of logit times g: outside NaN where eps is negative, else 0.
fn logit_backward(g: T, x: T, eps: T) -> T {
    let free = eps < 0.0;
    let low = select(eps, 0.0, free);
    let outside = less(x, low) || less(1.0 - low, x);
    return select(g / (x * (1.0 - x)), select(0.0, nan_value(), free), outside);
}

// Whether elements differ by at most atol + rtol |b|.
fn close(a: T, b: T, rtol: T, atol: T, equal_nan: T) -> bool {
    let d = abs(a - b);
    let near = is_finite(d) && less_equal(d, atol + abs(rtol * b));
    return equal(a, b) || near || (equal_nan != 0.0 && is_nan(a) && is_nan(b));
}

// d^2 / (2 beta) where |d| is below beta, |d| - beta / 2 elsewhere.
fn smooth_error(d: T, beta: T) -> T {
    let a = abs(d);
    return select(a - beta * 0.5, d * d * 0.5 / beta, less(a, beta));
}

// d^2 / 2 where |d| is at most delta, delta (|d| - delta / 2) elsewhere.
fn huber_error(d: T, delta: T) -> T {
    let a = abs(d);
    return select(delta * (a - delta * 0.5), d * d * 0.5, less_equal(a, delta));
}

// Cross entropy of two classes; each logarithm is at least -100.
fn cross_entropy_of_two(x: T, t: T) -> T {
    return (t - 1.0) * maximum(log1p(-x), -100.0) - t * maximum(log_of(x), -100.0);
}
