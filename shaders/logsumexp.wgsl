// Takes the logarithm of the sum of exponentials of each result's elements over any strided dims.
//
// Threads and parts are laid out as in reduce.wgsl; the same call joins parts, whose elements are logarithms themselves.
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
}

/// A sum of exponentials, as multiple of e^top. A finite start, so that nothing and minus infinity have no difference of
/// infinities.
struct Sum {
    top: F,
    sum: F,
}

alias Acc = Sum;

fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn element(base: u32, k: u32) -> F {
    if DIMS == 2u {
        let at = k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w;
        return load_x(base + at);
    }
    return load_x(base + place(k, p.folded, p.folded_strides));
}

/// The elements from k on, of which n are there.
fn four(base: u32, k: u32, n: u32, beyond: F) -> vec4<F> {
    if DIMS == 1u {
        return load_four_x(base + k * p.folded_strides.w, p.folded_strides.w, n, beyond);
    }
    var v = vec4<F>(element(base, k), beyond, beyond, beyond);
    if n > 1u { v.y = element(base, k + 1u); }
    if n > 2u { v.z = element(base, k + 2u); }
    if n > 3u { v.w = element(base, k + 3u); }
    return v;
}

/// e^(v - top), where both may be infinite.
fn part(v: F, top: F) -> F {
    return select(exp(v - top), 1.0, v == top);
}

/// Adds four elements, of which any beyond the end are minus infinity.
fn with_four(a: Sum, v: vec4<F>) -> Sum {
    let top = max(a.top, max(max(v.x, v.y), max(v.z, v.w)));
    var sum = a.sum;
    if top > a.top {
        sum *= exp(a.top - top);
    }
    sum += (part(v.x, top) + part(v.y, top)) + (part(v.z, top) + part(v.w, top));
    // A nan is no largest element, and stays.
    let odd = v.x + v.y + v.z + v.w;
    return Sum(max(a.top, top), select(sum, odd, is_nan(v.x) || is_nan(v.y) || is_nan(v.z) || is_nan(v.w)));
}
fn exchanged(a: Sum, by: u32) -> Sum {
    return Sum(beside_x(a.top, by), beside_x(a.sum, by));
}
fn join(a: Sum, b: Sum) -> Sum {
    let top = max(a.top, b.top);
    // Equal ones, which may be infinite, count once each.
    return Sum(top, a.sum * part(a.top, top) + b.sum * part(b.top, top));
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row;
            var acc = Sum(LOWEST, 0.0);
            let beyond = -infinity();
            if output < p.outputs {
                let base = p.x_offset + place(output, p.kept, p.kept_strides);
                let end = min(p.n, (part + 1u) * p.chunk);
                for (var k = part * p.chunk + 4u * lane; k < end; k += 4u * LANES) {
                    acc = with_four(acc, four(base, k, end - k, beyond));
                }
            }
            acc = joined(acc, t);
            if lane == 0u && output < p.outputs {
                store_y(p.y_offset + part * p.outputs + output, acc.top + log(acc.sum));
            }
        }
    }
}
