// Folds the elements of each result over any strided dims: sums, products, extremes and norms.
//
// LANES threads share a result, and 256 / LANES results a workgroup. Neighbouring threads take neighbouring elements of a
// row, four each, or, with COLUMNS, neighbouring results. The grid's y splits each result into parts, which a second call folds.
//
// FOLD: 0 sum, 1 product, 2 largest, 3 smallest. BEFORE each element: 0 as it is, 1 |x|, 2 x^2, 3 nan becomes 0.
// AFTER: 0 as it is, 1 divided by number, 2 its square root.
// More than two reduced dims (DIMS) need the long way to an element. FLOAT says that X is f32.
// Uses the functions of `lanes`.
struct Params {
    kept: vec4<u32>,
    kept_strides: vec4<u32>,
    folded: vec4<u32>,
    folded_strides: vec4<u32>,
    x_offset: u32,
    y_offset: u32,
    outputs: u32,
    n: u32,
    parts: u32,
    chunk: u32,
    number: F,
}

alias Acc = X;

/// The place of element `i` of dims whose innermost is the last.
fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn element(base: u32, k: u32) -> X {
    if DIMS == 2u {
        return load_x(base + k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w);
    }
    return load_x(base + place(k, p.folded, p.folded_strides));
}
/// The elements from k on, of which n are there.
fn four(base: u32, k: u32, n: u32, beyond: X) -> vec4<X> {
    if DIMS == 1u {
        return load_four_x(base + k * p.folded_strides.w, p.folded_strides.w, n, beyond);
    }
    var v = vec4<X>(element(base, k), beyond, beyond, beyond);
    if n > 1u { v.y = element(base, k + 1u); }
    if n > 2u { v.z = element(base, k + 2u); }
    if n > 3u { v.w = element(base, k + 3u); }
    return v;
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn before(v: X) -> X {
    switch BEFORE {
        case 1u: { return abs(v); }
        case 2u: { return v * v; }
        case 3u: { return select(v, X(0), nan(v)); }
        default: { return v; }
    }
}

fn exchanged(a: X, by: u32) -> X {
    return beside_x(a, by);
}
fn join(a: X, b: X) -> X {
    switch FOLD {
        case 1u: { return a * b; }
        case 2u: { return select(a, b, (b > a && !nan(a)) || nan(b)); }
        case 3u: { return select(a, b, (b < a && !nan(a)) || nan(b)); }
        default: { return a + b; }
    }
}

fn after(v: X) -> X {
    switch AFTER {
        case 1u: { return X(F(v) / p.number); }
        case 2u: { return X(sqrt(F(v))); }
        default: { return v; }
    }
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row;
            var acc = X(FOLD & 1u);
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                let start = part * p.chunk;
                let end = min(p.n, (part + 1u) * p.chunk);
                if FOLD >= 2u {
                    // An extreme has no neutral element: every lane begins with the part's first.
                    acc = load_x(base + place(start, p.folded, p.folded_strides));
                }
                let beyond = acc;
                acc = before(acc);
                // Four chains, so that nothing waits for the sum before it.
                var b = acc;
                var c = acc;
                var d = acc;
                for (var k = start + 4u * lane; k < end; k += 4u * LANES) {
                    let v = four(base, k, end - k, beyond);
                    acc = join(acc, before(v.x));
                    b = join(b, before(v.y));
                    c = join(c, before(v.z));
                    d = join(d, before(v.w));
                }
                acc = join(join(acc, b), join(c, d));
            }
            acc = joined(acc, t);
            if lane == 0u && output < p.outputs {
                store_y(p.y_offset + part * p.outputs + output, Y(after(acc)));
            }
        }
    }
}
