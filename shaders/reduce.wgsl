// Folds the elements of each result over any strided dims: sums, products, extremes and norms.
//
// LANES threads share a result, and 256 / LANES results a workgroup. Neighbouring threads take neighbouring elements of a
// row, or, with COLUMNS, neighbouring results. The grid's y splits each result into parts, which a second call folds.
//
// FOLD: 0 sum, 1 product, 2 largest, 3 smallest. BEFORE each element: 0 as it is, 1 |x|, 2 x^2, 3 nan becomes 0,
// 4 |x|^number. AFTER: 0 as it is, 1 divided by number, 2 its square root, 3 its root of order number.
// More than two reduced dims (DIMS) need the long way to an element. FLOAT says that X is f32.
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

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<X, 256>;

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
    if DIMS == 1u {
        return before(load_x(base + k * p.folded_strides.w));
    }
    if DIMS == 2u {
        let at = k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w;
        return before(load_x(base + at));
    }
    return before(load_x(base + place(k, p.folded, p.folded_strides)));
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

fn before(v: X) -> X {
    switch BEFORE {
        case 1u: { return abs(v); }
        case 2u: { return v * v; }
        case 3u: { return select(v, X(0), nan(v)); }
        case 4u: { return X(pow(abs(F(v)), p.number)); }
        default: { return v; }
    }
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
        case 3u: { return X(pow(F(v), 1.0 / p.number)); }
        default: { return v; }
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
) {
    let lane = select(thread % LANES, thread / ROWS, COLUMNS);
    let row = select(thread / LANES, thread % ROWS, COLUMNS);
    let apart = select(1u, ROWS, COLUMNS);
    for (var part = group.y; part < p.parts; part += count.y) {
        for (var first = group.x * ROWS; first < p.outputs; first += count.x * ROWS) {
            let output = first + row;
            var acc = X(FOLD & 1u);
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                var k = part * p.chunk + lane;
                let end = min(p.n, (part + 1u) * p.chunk);
                if FOLD >= 2u {
                    // An extreme has no neutral element: every lane begins with the part's first.
                    acc = element(base, part * p.chunk);
                }
                // Four chains, so that loads need not wait for each other.
                var b = acc;
                var c = acc;
                var d = acc;
                for (; k + 3u * LANES < end; k += 4u * LANES) {
                    acc = join(acc, element(base, k));
                    b = join(b, element(base, k + LANES));
                    c = join(c, element(base, k + 2u * LANES));
                    d = join(d, element(base, k + 3u * LANES));
                }
                for (; k < end; k += LANES) {
                    acc = join(acc, element(base, k));
                }
                acc = join(join(acc, b), join(c, d));
            }
            accs[thread] = acc;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    accs[thread] = join(accs[thread], accs[thread + half * apart]);
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                store_y(p.y_offset + part * p.outputs + output, Y(after(accs[thread])));
            }
            workgroupBarrier();
        }
    }
}
