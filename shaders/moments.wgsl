// Takes the mean of each result's elements over any strided dims, and their spread: squared deviations, variance or its root.
//
// Threads and parts are laid out as in reduce.wgsl. Four elements at a time are averaged exactly and joined to the rest by
// the formula of Chan, Golub and LeVeque. With AGAIN, `x` and `m2` are what a first call left of parts of `size` elements,
// `total` in all. SPREAD: 0 sum of squared deviations, 1 that divided by number, 2 the root of this, 3 1 / sqrt(variance +
// number).
// Uses the functions of `lanes`.
// Uses the functions of `moments_join`.
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

fn four(base: u32, k: u32) -> vec4<F> {
    if DIMS == 1u {
        return load_four_x(p.x_offset + element(base, k), p.folded_strides.w, 4u, 0.0);
    }
    return vec4(
        load_x(p.x_offset + element(base, k)),
        load_x(p.x_offset + element(base, k + 1u)),
        load_x(p.x_offset + element(base, k + 2u)),
        load_x(p.x_offset + element(base, k + 3u)),
    );
}

fn single(base: u32, k: u32) -> Moments {
    let at = element(base, k);
    if AGAIN {
        let n = min(p.size, p.total - k * p.size);
        return Moments(F(n), load_x(p.x_offset + at), load_m2(p.m2_offset + at));
    }
    return Moments(1.0, load_x(p.x_offset + at), 0.0);
}

@compute @workgroup_size(256)
fn main(t: Thread) {
    let lane = lane_of(t);
    let row = row_of(t);
    for (var part = t.group.y; part < p.parts; part += t.count.y) {
        for (var first = t.group.x * ROWS; first < p.outputs; first += t.count.x * ROWS) {
            let output = first + row;
            var acc = Moments(0.0, 0.0, 0.0);
            if output < p.outputs {
                let base = place(output, p.kept, p.kept_strides);
                let start = part * p.chunk;
                let end = min(p.n, start + p.chunk);
                // With AGAIN every element is joined by itself.
                let each = select(4u, 1u, AGAIN);
                var k = start + each * lane;
                for (; !AGAIN && k + 3u < end; k += 4u * LANES) {
                    let v = four(base, k);
                    let mean = v.x + 0.25 * ((v.y - v.x) + (v.z - v.x) + (v.w - v.x));
                    let d = v - mean;
                    acc = join(acc, Moments(4.0, mean, dot(d, d)));
                }
                for (; k < end; k += select(1u, LANES, AGAIN)) {
                    acc = join(acc, single(base, k));
                }
            }
            acc = joined(acc, t);
            if lane == 0u && output < p.outputs {
                let to = part * p.outputs + output;
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
        }
    }
}
