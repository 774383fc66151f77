// Finds the largest or smallest element of each result over any strided dims, and its place: the first of equal ones,
// and the first nan before all others.
//
// Threads and parts are laid out as in reduce.wgsl. With AGAIN the elements are those that a first call found in parts,
// and `before` has their places.
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

const ROWS: u32 = 256u / LANES;
var<workgroup> values: array<X, 256>;
var<workgroup> places: array<u32, 256>;

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
            let base = locate(output, p.kept, p.kept_strides);
            let start = part * p.chunk;
            var at = start;
            if output < p.outputs {
                var best = load_x(p.x_offset + element(base, start));
                let end = min(p.n, start + p.chunk);
                for (var k = start + lane; k < end; k += LANES) {
                    let v = load_x(p.x_offset + element(base, k));
                    if ahead(v, best) {
                        best = v;
                        at = k;
                    }
                }
                values[thread] = best;
                places[thread] = at;
            }
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    let other = thread + half * apart;
                    let later = ahead(values[thread], values[other]);
                    let sooner = ahead(values[other], values[thread]);
                    if sooner || (!later && places[other] < places[thread]) {
                        values[thread] = values[other];
                        places[thread] = places[other];
                    }
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                let to = part * p.outputs + output;
                at = places[thread];
                var found = Place(at);
                if AGAIN {
                    found = Place(load_before(p.before_offset + element(base, at)));
                }
                store_y(p.y_offset + to, Y(values[thread]));
                store_place(p.place_offset + to, found);
            }
            workgroupBarrier();
        }
    }
}
