// Takes the mean of each result's elements over any strided dims, and their spread: squared deviations, variance or its root.
//
// Threads and parts are laid out as in reduce.wgsl. Four elements at a time are averaged exactly and joined to the rest by
// the formula of Chan, Golub and LeVeque. With AGAIN, `x` and `m2` are what a first call left of parts of `size` elements,
// `total` in all. SPREAD: 0 sum of squared deviations, 1 that divided by number, 2 the root of this, 3 1 / sqrt(variance +
// number).
struct Params {
    kept: vec4<u32>,
    kept_strides: vec4<u32>,
    folded: vec4<u32>,
    folded_strides: vec4<u32>,
    x_offset: u32,
    m2_offset: u32,
    mean_offset: u32,
    spread_offset: u32,
    outputs: u32,
    n: u32,
    parts: u32,
    chunk: u32,
    size: u32,
    total: u32,
    number: F,
}

struct Moments {
    n: F,
    mean: F,
    m2: F,
}

const ROWS: u32 = 256u / LANES;
var<workgroup> accs: array<Moments, 256>;

fn place(i: u32, sizes: vec4<u32>, strides: vec4<u32>) -> u32 {
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
    return base + place(k, p.folded, p.folded_strides);
}

fn single(base: u32, k: u32) -> Moments {
    let at = element(base, k);
    if AGAIN {
        let n = min(p.size, p.total - k * p.size);
        return Moments(F(n), load_x(p.x_offset + at), load_m2(p.m2_offset + at));
    }
    return Moments(1.0, load_x(p.x_offset + at), 0.0);
}

fn meet(a: Moments, b: Moments) -> Moments {
    if a.n == 0.0 {
        return b;
    }
    let n = a.n + b.n;
    let share = b.n / n;
    let d = b.mean - a.mean;
    return Moments(n, a.mean + d * share, a.m2 + b.m2 + d * d * a.n * share);
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
            var acc = Moments(0.0, 0.0, 0.0);
            if output < p.outputs {
                let base = place(output, p.kept, p.kept_strides);
                var k = part * p.chunk + lane;
                let end = min(p.n, (part + 1u) * p.chunk);
                for (; !AGAIN && k + 3u * LANES < end; k += 4u * LANES) {
                    let v = vec4(
                        load_x(p.x_offset + element(base, k)),
                        load_x(p.x_offset + element(base, k + LANES)),
                        load_x(p.x_offset + element(base, k + 2u * LANES)),
                        load_x(p.x_offset + element(base, k + 3u * LANES)),
                    );
                    let mean = v.x + 0.25 * ((v.y - v.x) + (v.z - v.x) + (v.w - v.x));
                    let d = v - mean;
                    acc = meet(acc, Moments(4.0, mean, dot(d, d)));
                }
                for (; k < end; k += LANES) {
                    acc = meet(acc, single(base, k));
                }
            }
            accs[thread] = acc;
            workgroupBarrier();
            for (var half = LANES / 2u; half > 0u; half /= 2u) {
                if lane < half {
                    let other = accs[thread + half * apart];
                    if other.n > 0.0 {
                        accs[thread] = meet(accs[thread], other);
                    }
                }
                workgroupBarrier();
            }
            if lane == 0u && output < p.outputs {
                let to = part * p.outputs + output;
                acc = accs[thread];
                var spread = acc.m2;
                if SPREAD == 1u {
                    spread = acc.m2 / p.number;
                } else if SPREAD == 2u {
                    spread = sqrt(acc.m2 / p.number);
                } else if SPREAD == 3u {
                    spread = 1.0 / sqrt(acc.m2 / acc.n + p.number);
                }
                store_mean(p.mean_offset + to, acc.mean);
                store_spread(p.spread_offset + to, spread);
            }
            workgroupBarrier();
        }
    }
}
