// Functions of complex numbers `Z`, whose parts are of type `T`: f32 or f64.
//
// As in math.wgsl, every function stands alone between blank lines; they name those of math.wgsl, too. Formulas, branch
// cuts and values at infinities are those of src/cpu/complex_math.rs, in the parts' own type: where it has a product or a
// sum that float32 would lose, what stands here is the form that keeps it.

// ---------------------------------------------------------------- products and quotients

fn times_c(a: Z, b: Z) -> Z {
    return Z(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// a / b by Smith's method: no overflow in between, and infinities where b is 0.
fn divide_c(a: Z, b: Z) -> Z {
    if abs(b.x) >= abs(b.y) {
        if is_zero(b.x) && is_zero(b.y) {
            return Z(a.x / abs(b.x), a.y / abs(b.x));
        }
        let ratio = b.y / b.x;
        let scale = T(1.0) / (b.x + b.y * ratio);
        return Z((a.x + a.y * ratio) * scale, (a.y - a.x * ratio) * scale);
    }
    let ratio = b.x / b.y;
    let scale = T(1.0) / (b.x * ratio + b.y);
    return Z((a.x * ratio + a.y) * scale, (a.y * ratio - a.x) * scale);
}

fn conjugate_c(z: Z) -> Z {
    return Z(z.x, -z.y);
}

// i z.
fn times_i_c(z: Z) -> Z {
    return Z(-z.y, z.x);
}

// -i z.
fn over_i_c(z: Z) -> Z {
    return Z(z.y, -z.x);
}

fn one_plus_c(z: Z) -> Z {
    return Z(T(1.0) + z.x, z.y);
}

fn one_minus_c(z: Z) -> Z {
    return Z(T(1.0) - z.x, -z.y);
}

// ---------------------------------------------------------------- questions

fn equal_c(a: Z, b: Z) -> bool {
    return equal(a.x, b.x) && equal(a.y, b.y);
}

fn is_zero_c(z: Z) -> bool {
    return is_zero(z.x) && is_zero(z.y);
}

fn is_nan_c(z: Z) -> bool {
    return is_nan(z.x) || is_nan(z.y);
}

fn close_c(a: Z, b: Z, rtol: Z, atol: Z, equal_nan: Z) -> bool {
    let d = hypot(a.x - b.x, a.y - b.y);
    let most = atol.x + abs(rtol.x) * hypot(b.x, b.y);
    return equal_c(a, b) || (is_finite(d) && less_equal(d, most)) || (equal_nan.x != T(0.0) && is_nan_c(a) && is_nan_c(b));
}

// ---------------------------------------------------------------- exponentials and logarithms

fn angle_c(z: Z) -> T {
    return atan2_of(z.y, z.x);
}

fn exp_c(z: Z) -> Z {
    if is_inf(z.x) {
        if sign_bit(z.x) && !is_finite(z.y) {
            return Z();
        }
        if !sign_bit(z.x) && (is_zero(z.y) || !is_finite(z.y)) {
            return Z(z.x, select(z.y, nan_value(), is_inf(z.y)));
        }
    }
    if is_nan(z.x) && is_zero(z.y) {
        return z;
    }
    let size = exp_of(z.x);
    return Z(size * cos_of(z.y), size * sin_of(z.y));
}

// The length's logarithm: near 1 by what the square differs from 1.
fn log_length_c(z: Z) -> T {
    let size = hypot(z.x, z.y);
    if less(T(0.5), size) && less(size, T(2.0)) {
        let a = max(abs(z.x), abs(z.y));
        let b = min(abs(z.x), abs(z.y));
        return T(0.5) * log1p((a - T(1.0)) * (a + T(1.0)) + b * b);
    }
    return log_of(size);
}

fn log_c(z: Z) -> Z {
    return Z(log_length_c(z), angle_c(z));
}

// Without loss near 0: the parts by expm1 and a half-angle sine.
fn expm1_c(z: Z) -> Z {
    let half = sin_of(z.y * T(0.5));
    return Z(expm1(z.x) * cos_of(z.y) - T(2.0) * half * half, exp_of(z.x) * sin_of(z.y));
}

fn log1p_c(z: Z) -> Z {
    if less(hypot(z.x, z.y), T(0.5)) {
        return Z(T(0.5) * log1p(z.x * (T(2.0) + z.x) + z.y * z.y), atan2_of(z.y, T(1.0) + z.x));
    }
    return log_c(one_plus_c(z));
}

fn sigmoid_c(z: Z) -> Z {
    return divide_c(Z(T(1.0), T(0.0)), one_plus_c(exp_c(-z)));
}

fn log_add_exp_c(x: Z, y: Z) -> Z {
    if equal_c(x, y) && is_inf(x.x) {
        return x;
    }
    let first = less_equal(y.x, x.x);
    return select(y, x, first) + log_c(one_plus_c(exp_c(select(x - y, y - x, first))));
}

// x^e, where 0^0 is NaN.
fn power_c(x: Z, e: Z) -> Z {
    if is_zero_c(x) && is_zero_c(e) {
        return Z(nan_value(), nan_value());
    }
    if is_zero_c(e) {
        return Z(T(1.0), T(0.0));
    }
    if is_zero_c(x) && less(T(0.0), e.x) {
        return Z();
    }
    return exp_c(times_c(e, log_c(x)));
}

// With C's values where a part is infinite; by eighths, so that no sum overflows.
fn sqrt_c(z: Z) -> Z {
    if is_inf(z.y) {
        return Z(infinity(), z.y);
    }
    if is_inf(z.x) {
        let other = select(T(0.0), nan_value(), is_nan(z.y));
        if !sign_bit(z.x) {
            return Z(z.x, select(with_sign(other, z.y), other, is_nan(other)));
        }
        return Z(other, with_sign(infinity(), z.y));
    }
    if is_nan(z.x) || is_nan(z.y) {
        return Z(nan_value(), nan_value());
    }
    if is_zero_c(z) {
        return Z(T(0.0), z.y);
    }
    let large = T(2.0) * sqrt(T(0.125) * abs(z.x) + hypot(T(0.125) * z.x, T(0.125) * z.y));
    let small = T(0.5) * abs(z.y) / large;
    if sign_bit(z.x) {
        return Z(small, with_sign(large, z.y));
    }
    return Z(large, with_sign(small, z.y));
}

// The direction of z; 0 of 0.
fn direction_c(z: Z) -> Z {
    let size = hypot(z.x, z.y);
    return select(z / size, z, is_zero_c(z));
}

// ---------------------------------------------------------------- trigonometric and hyperbolic functions

fn sin_c(z: Z) -> Z {
    return Z(sin_of(z.x) * cosh_of(z.y), cos_of(z.x) * sinh_of(z.y));
}

fn cos_c(z: Z) -> Z {
    return Z(cos_of(z.x) * cosh_of(z.y), -sin_of(z.x) * sinh_of(z.y));
}

fn tan_c(z: Z) -> Z {
    return over_i_c(tanh_c(times_i_c(z)));
}

fn sinh_c(z: Z) -> Z {
    return Z(sinh_of(z.x) * cos_of(z.y), cosh_of(z.x) * sin_of(z.y));
}

fn cosh_c(z: Z) -> Z {
    return Z(cosh_of(z.x) * cos_of(z.y), sinh_of(z.x) * sin_of(z.y));
}

// Kahan's: no part overflows before the result is known.
fn tanh_c(z: Z) -> Z {
    if less(T(20.0), abs(z.x)) {
        return Z(with_sign(T(1.0), z.x), T(4.0) * sin_of(z.y) * cos_of(z.y) * exp_of(T(-2.0) * abs(z.x)));
    }
    let t = tan_of(z.y);
    let s = sinh_of(z.x);
    let c = T(1.0) + t * t;
    let d = T(1.0) + c * s * s;
    return Z(c * sqrt(T(1.0) + s * s) * s / d, t / d);
}

fn asin_c(z: Z) -> Z {
    let a = sqrt_c(one_minus_c(z));
    let b = sqrt_c(one_plus_c(z));
    return Z(atan2_of(z.x, times_c(a, b).x), asinh_of(times_c(conjugate_c(a), b).y));
}

fn acos_c(z: Z) -> Z {
    let a = sqrt_c(one_minus_c(z));
    let b = sqrt_c(one_plus_c(z));
    return Z(T(2.0) * atan2_of(a.x, b.x), asinh_of(times_c(conjugate_c(b), a).y));
}

fn asinh_c(z: Z) -> Z {
    return over_i_c(asin_c(times_i_c(z)));
}

fn acosh_c(z: Z) -> Z {
    let a = sqrt_c(Z(z.x - T(1.0), z.y));
    let b = sqrt_c(one_plus_c(z));
    return Z(asinh_of(times_c(conjugate_c(a), b).x), T(2.0) * atan2_of(a.y, b.x));
}

fn atanh_c(z: Z) -> Z {
    let x = abs(z.x);
    let away = T(1.0) - x;
    let re = T(0.25) * log1p(T(4.0) * x / (away * away + z.y * z.y));
    return Z(with_sign(re, z.x), T(0.5) * atan2_of(T(2.0) * z.y, away * (T(1.0) + x) - z.y * z.y));
}

fn atan_c(z: Z) -> Z {
    return over_i_c(atanh_c(times_i_c(z)));
}

// sin(pi z) / (pi z); 1 at 0.
fn sinc_c(z: Z) -> Z {
    let v = z * T(3.141592653589793);
    if is_zero_c(z) {
        return Z(T(1.0), T(0.0));
    }
    return divide_c(sin_c(v), v);
}

// ---------------------------------------------------------------- of activations

fn silu_c(z: Z) -> Z {
    return divide_c(z, one_plus_c(exp_c(-z)));
}

// The derivative of silu, conjugated.
fn silu_slope_c(z: Z) -> Z {
    let s = sigmoid_c(z);
    return conjugate_c(times_c(s, one_plus_c(times_c(z, one_minus_c(s)))));
}

fn point_between_c(a: Z, b: Z, weight: Z) -> Z {
    if less(hypot(weight.x, weight.y), T(0.5)) {
        return a + times_c(weight, b - a);
    }
    return b - times_c(b - a, one_minus_c(weight));
}

fn number_for_c(v: T, nan: T, posinf: T, neginf: T) -> T {
    return select(select(v, select(posinf, neginf, sign_bit(v)), is_inf(v)), nan, is_nan(v));
}
