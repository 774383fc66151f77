// Finds the largest or smallest element of each result over any strided dims, and its place: the first of equal ones,
// and the first nan before all others.
//
// Threads and parts are laid out as in reduce.wgsl. With AGAIN the elements are those that a first call found in parts,
// and `before` has their places.
// Uses the functions of `lanes`.
struct Params {
    kept: vec4<u32>,
    kept_strides: vec4<u32>,
    folded: vec4<u32>,
    folded_strides: vec4<u32>,
    x_offset: u32,
    before_offset: u32,
    y_offset: u32,
    place_offset: u32,
    outputs: u32,
    n: u32,
    parts: u32,
    chunk: u32,
}

struct Found {
    value: X,
    place: u32,
}
alias Acc = Found;

fn locate(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
    var rest = i;
    var at = rest % sizes.w * strides.w;
    rest /= sizes.w;
    at += rest % sizes.z * strides.z;
    rest /= sizes.z;
    at += rest % sizes.y * strides.y;
    return at + rest / sizes.y * strides.x;
}

fn element(base: u32, k: u32) -> u32 {
    if DIMS == 1u {
        return base + k * p.folded_strides.w;
    }
    if DIMS == 2u {
        let at = k / p.folded.w * p.folded_strides.z + k % p.folded.w * p.folded_strides.w;
        return base + at;
    }
    return base + locate(k, p.folded, p.folded_strides);
}

/// The elements from k on, of which n are there.
fn four(base: u32, k: u32, n: u32, beyond: X) -> vec4<X> {
    if DIMS == 1u {
        return load_four_x(p.x_offset + element(base, k), p.folded_strides.w, n, beyond);
    }
    var v = vec4<X>(load_x(p.x_offset + element(base, k)), beyond, beyond, beyond);
    if n > 1u { v.y = load_x(p.x_offset + element(base, k + 1u)); }
    if n > 2u { v.z = load_x(p.x_offset + element(base, k + 2u)); }
    if n > 3u { v.w = load_x(p.x_offset + element(base, k + 3u)); }
    return v;
}

fn nan(v: X) -> bool {
    return FLOAT && is_nan(F(v));
}

/// Whether `a` is strictly ahead of `b`.
fn ahead(a: X, b: X) -> bool {
    if nan(a) || nan(b) {
        return nan(a) && !nan(b);
    }
    if LARGEST {
        return a > b;
    }
    return a < b;
}

/// The better of `a` and an element.
fn better(a: Found, v: X, place: u32) -> Found {
    if ahead(v, a.value) {
        return Found(v, place);
    }
    return a;
}
fn exchanged(a: Found, by: u32) -> Found {
    return Found(beside_x(a.value, by), beside(a.place, by));
}
fn join(a: Found, b: Found) -> Found {
    if ahead(b.value, a.value) || (!ahead(a.value, b.value) && b.place < a.place) {
        return b;
    }
    return a;
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row_of(t);
            let base = locate(output, p.kept, p.kept_strides);
            let start = part * p.chunk;
            var best = Found(X(0), start);
            if output < p.outputs {
                best.value = load_x(p.x_offset + element(base, start));
                let beyond = best.value;
                let end = min(p.n, start + p.chunk);
                for (var k = start + 4u * lane; k < end; k += 4u * LANES) {
                    let v = four(base, k, end - k, beyond);
                    best = better(best, v.x, k);
                    best = better(best, v.y, k + 1u);
                    best = better(best, v.z, k + 2u);
                    best = better(best, v.w, k + 3u);
                }
            }
            best = joined(best, t);
            if lane == 0u && output < p.outputs {
                let to = part * p.outputs + output;
                var found = Place(best.place);
                if AGAIN {
                    found = Place(load_before(p.before_offset + element(base, best.place)));
                }
                store_y(p.y_offset + to, Y(best.value));
                store_place(p.place_offset + to, found);
            }
        }
    }
}
